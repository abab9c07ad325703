"""Which products and variants do a page's schema.org nodes name?

Products inside reviews, recommendations and lists are not what the page sells and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from notifier.connectors.page_reading.document import Document
from notifier.connectors.page_reading.offered import Offered
from notifier.connectors.page_reading.schema_nodes import (
    MAX_DEPTH,
    MAX_NODES,
    Node,
    first_text,
    nodes_of,
    text_value,
    types_of,
    values_of,
)
from notifier.connectors.page_reading.schema_offers import (
    OfferFacts,
    is_offer,
    is_rest,
    join_offers,
    offers_of,
    read_offer,
)

MAX_PRODUCTS = 500

_PRODUCTS = frozenset({"product", "productmodel", "individualproduct", "someproducts", "vehicle"})
_GROUPS = frozenset({"productgroup"})
# Sold things that shops mark up by what they are; only with an offer do they count as products.
_GOODS = frozenset(
    {"book", "videogame", "musicalbum", "musicrelease", "movie", "car", "motorcycle", "drug"}
)
_ELSEWHERE = frozenset(
    {
        "itemReviewed", "review", "reviews", "isRelatedTo", "isSimilarTo", "itemListElement",
        "isAccessoryOrSparePartFor", "isConsumableFor", "addOn", "mentions", "offers", "seller",
        "makesOffer", "hasOfferCatalog", "includesObject", "isVariantOf", "hasVariant",
        "recommendation", "brand", "manufacturer", "model", "isBasedOn", "subjectOf",
    }
)  # fmt: skip
_ID_NAMES = (
    "sku", "productID", "mpn", "gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn", "identifier",
)  # fmt: skip
_OPTION_NAMES = ("color", "size", "material", "pattern")
_PAGES = frozenset({"webpage", "itempage"})
_VARIANT_IN_URL = frozenset({"variant", "variation_id", "sku", "skuid", "pid", "variant_id"})


@dataclass(slots=True, kw_only=True)
class _Nodes:
    """What the walk through a page's nodes found. Filled once, then only read."""

    products: list[Node] = field(default_factory=list)
    groups: list[Node] = field(default_factory=list)
    loose_offers: list[Node] = field(default_factory=list)
    by_id: dict[str, Node] = field(default_factory=dict)
    seen: int = 0
    walked: set[int] = field(default_factory=set)
    main: set[int] = field(default_factory=set)


def read_products(
    roots: Sequence[Node], *, page: Document, source: str, today: date | None = None
) -> list[Offered]:
    """Every product and variant that the page itself is about, in the order of the page."""
    found = _Nodes()
    for root in roots:
        _index(root, found=found, depth=0)
    for root in roots:
        _walk(root, found=found, depth=0)
    _attach_loose_offers(found)
    reader = _Reader(page=page, source=source, today=today, found=found)
    offered: list[Offered] = []
    for group in found.groups:
        offered.extend(reader.read_group(group))
    taken = {id(v) for g in found.groups for v in reader.variants_of(g)}
    for product in found.products:
        if id(product) not in taken and len(offered) < MAX_PRODUCTS:
            offered.extend(reader.read_product(product))
    return offered[:MAX_PRODUCTS]


def _index(value: Any, *, found: _Nodes, depth: int) -> None:
    """Remember every node that carries an @id and more than that."""
    if depth > MAX_DEPTH or found.seen > MAX_NODES:
        return
    if isinstance(value, Mapping):
        found.seen += 1
        name = value.get("@id")
        if isinstance(name, str) and len(value) > 1:
            known = found.by_id.get(name)
            if known is None or len(known) < len(value):
                found.by_id[name] = value
        for child in value.values():
            _index(child, found=found, depth=depth + 1)
    elif isinstance(value, list):
        for child in value:
            _index(child, found=found, depth=depth + 1)


def _walk(value: Any, *, found: _Nodes, depth: int) -> None:
    if depth > MAX_DEPTH or id(value) in found.walked or len(found.walked) > MAX_NODES:
        return
    if isinstance(value, list):
        for child in value:
            _walk(child, found=found, depth=depth + 1)
    if not isinstance(value, Mapping):
        return
    found.walked.add(id(value))
    types = types_of(value)
    if types & _PAGES:
        found.main.update(id(_named(n, found)) for n in nodes_of(value, "mainEntity"))
    if types & _GROUPS or (types & _PRODUCTS and nodes_of(value, "hasVariant")):
        found.groups.append(value)
    elif types & _PRODUCTS or (types & _GOODS and nodes_of(value, "offers")):
        found.products.append(value)
    elif types and is_offer(value):
        found.loose_offers.append(value)
    if types & (_PRODUCTS | _GROUPS) and nodes_of(value, "offers"):
        return  # whatever else it names is related to it, by whatever property
    for name, child in value.items():
        if name not in _ELSEWHERE:
            _walk(child, found=found, depth=depth + 1)


def _named(node: Node, found: _Nodes) -> Node:
    """The node itself, or the one it only names."""
    return found.by_id.get(str(node.get("@id")), node) if len(node) == 1 else node


def _attach_loose_offers(found: _Nodes) -> None:
    """Offers outside any product: by itemOffered, else to the only product without an offer."""
    rest: list[Node] = []
    for offer in found.loose_offers:
        named = [n for n in nodes_of(offer, "itemOffered") if types_of(n) & _PRODUCTS]
        if named:
            found.products.append({"offers": [offer], **named[0]})
        else:
            rest.append(offer)
    if (
        not rest
        or len(found.products) != 1
        or found.groups
        or nodes_of(found.products[0], "offers")
    ):
        return
    merged: dict[str, Any] = {}
    for offer in rest:
        for name, value in offer.items():
            merged[name] = [*values_of(merged, name), *values_of({name: value}, name)]
    found.products[0] = {**found.products[0], "offers": [merged]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    page: Document
    source: str
    today: date | None
    found: _Nodes

    def whole(self, node: Node) -> Node:
        """The node an `@id` points at, when this one only names it."""
        name = node.get("@id")
        if isinstance(name, str) and name in self.found.by_id:
            target = self.found.by_id[name]
            if target is not node:
                return {**target, **{k: v for k, v in node.items() if v not in (None, "")}}
        return node

    def variants_of(self, group: Node) -> list[Node]:
        return nodes_of(group, "hasVariant")

    def offers(self, product: Node) -> list[Node]:
        resolved = [self.whole(o) for o in nodes_of(product, "offers")]
        return offers_of({**product, "offers": resolved})

    def read_group(self, group: Node) -> list[Offered]:
        """A ProductGroup's variants; the group itself when it lists none that can be told apart."""
        key = first_text(group, "productGroupID", "sku", "productID") or self._own_url(group)
        family = key or first_text(group, "name") or "group"
        is_main = id(group) in self.found.main
        variants: list[Offered] = []
        for variant in self.variants_of(group):
            node = self.whole(variant)
            inherited = {k: group[k] for k in ("image", "name") if k in group and k not in node}
            for offered in self.read_product({**inherited, **node}):
                group_key = offered.group or key
                variants.append(replace(offered, group=group_key, family=family, is_main=is_main))
        variants = [v for v in variants if v.has_offer or v.ids or v.urls]
        if variants and (any(v.has_offer for v in variants) or not self.offers(group)):
            return variants
        return [replace(o, summed=True) for o in self.read_product(group)]

    def read_product(self, product: Node) -> list[Offered]:
        """One product; one for each offer when the offers are told apart by sku or address."""
        is_main = id(product) in self.found.main
        product = self.whole(product)
        offers = self.offers(product)
        listed = [o for o in offers if not is_rest(o)]
        if len(offers) > 1 and self._are_variants(listed, product=product):
            key = first_text(product, "sku", "productID", "mpn") or self._own_url(product)
            return [
                replace(
                    self._offered(product, offers=[o], facts=read_offer(o, today=self.today)),
                    sku=first_text(o, "sku", "mpn") or self._number_in_url(o),
                    ids=self._ids(o),
                    group=self._group(product) or key,
                    family=key or first_text(product, "name") or "product",
                    is_main=is_main,
                    variant_title=first_text(o, "name"),
                )
                for o in listed
            ]
        facts = join_offers(offers, today=self.today)
        return [replace(self._offered(product, offers=offers, facts=facts), is_main=is_main)]

    def _are_variants(self, listed: Sequence[Node], *, product: Node) -> bool:
        """Told apart by names of their own; a single one by another than the product's."""
        names = [self._offer_name(o) for o in listed]
        of_product = self._ids(product) if len(listed) == 1 else frozenset()
        return all(names) and len(set(names) - of_product) == len(names)

    def _offered(self, product: Node, *, offers: Sequence[Node], facts: OfferFacts) -> Offered:
        skus = [first_text(product, n) for n in _ID_NAMES]
        ids = self._ids(product).union(*(self._ids(o) for o in offers))
        own = next((s for s in skus if s), "") or next((first_text(o, "sku") for o in offers), "")
        named = [first_text(product, "url"), *(first_text(o, "url") for o in offers)]
        if not any(named):
            named.append(first_text(product, "mainEntityOfPage", "@id"))
        return Offered(
            source=self.source,
            sku=own.removeprefix("sku:"),
            ids=ids,
            group=self._group(product),
            title=first_text(product, "name"),
            urls=tuple(dict.fromkeys(u for n in named if n and (u := self.page.resolve(n)))),
            image_url=self._image(product),
            options=tuple((n, t) for n in _OPTION_NAMES if (t := first_text(product, n))),
            availability=facts.availability,
            stated=facts.stated,
            summed=facts.summed,
            has_offer=bool(offers),
            quantity=facts.quantity,
            price=facts.price,
            currency=facts.currency,
            regular_price=facts.regular_price,
            eta=facts.eta,
            warnings=facts.warnings,
        )

    def _ids(self, node: Node) -> frozenset[str]:
        given = {text_value(v).removeprefix("sku:") for n in _ID_NAMES for v in values_of(node, n)}
        return frozenset(i for i in {*given, self._number_in_url(node)} if i)

    def _number_in_url(self, node: Node) -> str:
        """`…/products/mug?variant=4711` names the variant 4711."""
        try:
            query = parse_qsl(urlsplit(first_text(node, "url")).query)
        except ValueError:
            return ""
        return next((v for k, v in query if k.casefold() in _VARIANT_IN_URL and v), "")

    def _offer_name(self, offer: Node) -> str:
        """What tells this offer from its neighbours: its sku or GTIN, else a number in its URL."""
        return first_text(offer, *_ID_NAMES) or self._number_in_url(offer)

    def _group(self, product: Node) -> str:
        key = first_text(product, "inProductGroupWithID")
        for parent in nodes_of(product, "isVariantOf"):
            whole = self.whole(parent)
            key = key or first_text(whole, "productGroupID", "sku", "@id", "url")
        return key

    def _own_url(self, node: Node) -> str:
        return self.page.resolve(first_text(node, "url", "@id")) or self.page.base

    def _image(self, product: Node) -> str:
        for value in values_of(product, "image"):
            if isinstance(value, Mapping):
                address = first_text(value, "contentUrl", "url", "@id")
            else:
                address = text_value(value)
            if found := self.page.resolve(address):
                return found
        return ""
