"""How are the items of an XML feed read one by one, whatever the feed calls them?

RSS 2.0 and a bare channel have `item`, Atom has `entry`, Yandex `offer`, Heureka `SHOPITEM`,
home-made ones `product`. Only direct children count, so a price inside `shipping` is not the
price; a stock that holds elements is looked into, and variants that have ids are read each for
itself. Entities are never resolved and a document that
declares any is refused. Damage that a browser would forgive is forgiven and noted; a file without
its closing tag is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from lxml import etree

from notifier.connectors.reading.columns import Field, Wanted, fold, wanted_names
from notifier.connectors.reading.comparison_codes import MARKS, NOKAUT, correct_codes
from notifier.connectors.reading.inherited import inherit
from notifier.connectors.reading.nested_stock import STOCK_FIELDS, unfold_stock
from notifier.connectors.reading.records import Hints, Notes, Record, Records
from notifier.connectors.reading.shop_answers import correct
from notifier.connectors.reading.xml_damage import note_damage
from notifier.connectors.reading.xml_elements import (
    at_path,
    holds_elements,
    inside_of,
    texts_of,
    without_halves,
)
from notifier.connectors.reading.xml_frame import (
    count_opened,
    declare_prefixes,
    refuse_cut_off,
    wrong_label,
)
from notifier.connectors.reading.xml_pieces import read_pieces
from notifier.connectors.reading.xml_safety import SAFELY
from notifier.domain.dates import read_instant
from notifier.errors import InvalidInput, LookFailed

ITEM_TAGS = (
    "item", "entry", "offer", "product", "shopitem", "article", "artikel", "produkt", "produit",
    "producto", "o", "row", "record", "vehicle", "listing", "stock_available",
)  # fmt: skip
_ATOM = "{http://www.w3.org/2005/Atom}"
_HEAD = 64 * 1024
_SYSTEMS = frozenset(["prestashop", "inventory"])  # of PrestaShop, of Salesforce
_VARIANT_TAGS = frozenset(["variants", "variations", "combinations", "skus", "varianten"])
_IDS = frozenset([Field.KEY, Field.SKU])
_STOCK = frozenset(STOCK_FIELDS)
_TIMES = frozenset(["lastbuilddate", "pubdate", "updated", "date", "generated", "createdat"])


def read_xml(body: IO[bytes], *, hints: Hints, notes: Notes) -> Records:
    """The records of an XML feed. Raises LookFailed when it is none or cannot be trusted."""
    notes.format = "xml"
    root = refuse_cut_off(body)
    reader = _XmlReader(hints, notes, root=root)
    source = declare_prefixes(body, root, notes)
    notes.flawless = source is body
    tags = item_tags(hints)
    context = etree.iterparse(
        source,
        events=("start", "end"),
        tag=[tag if tag.startswith("{") else f"{{*}}{tag}" for tag in tags],
        encoding=hints.encoding or wrong_label(body) or None,
        **SAFELY,
    )
    try:
        yield from reader.records(context)
    except etree.XMLSyntaxError as trouble:
        raise LookFailed(
            "not_xml", f"The feed is not XML that can be read: {trouble}."
        ) from trouble
    is_damaged = note_damage(
        context.error_log, notes, read=reader.number, count_items=lambda: reader.count_in(body)
    )
    if is_damaged:
        yield from reader.again(body)
    if not reader.number:
        raise LookFailed("no_items", _no_items(body, root))


class _XmlReader:
    def __init__(self, hints: Hints, notes: Notes, *, root: str) -> None:
        self._notes = notes
        self._taken = hints.columns
        self._is_of_system = root in _SYSTEMS
        self._wanted: Wanted = wanted_names(hints.columns)
        self._paths = {
            Field(ours): theirs
            for ours, theirs in hints.columns.items()
            if "/" in theirs or theirs.startswith("@")
        }
        self._plans: dict[str, list[tuple[Field, int]]] = {}
        self._chosen = ""
        self._containers: set[str] = set()  # tags that hold variants
        self._rows = 0
        self._site = NOKAUT if root == NOKAUT else ""
        self._has_codes = bool(self._site)
        self.number = 0

    def records(self, context: Any) -> Iterator[Record]:
        chosen = ""
        for event, element in context:
            if event == "start":
                if not chosen:
                    chosen = self._chosen = element.tag
                    self._look_round(element)
                continue
            if element.tag != chosen:
                continue
            self.number += 1
            yield from self._of_item(element)
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]

    def again(self, body: IO[bytes]) -> Iterator[Record]:
        """The items of a damaged file, each for itself; what counts is what is found in this."""
        tag = str(self._chosen).rpartition("}")[2]
        for number, element in enumerate(read_pieces(body, tag=tag, at_least=self.number), start=1):
            if number == 1:
                self._notes.forget_rows()
                self._rows = 0
            self.number = max(self.number, number)
            for record in self._of_item(element):
                record.is_again = True
                yield record

    def _of_item(self, element: Any) -> Iterator[Record]:
        """One record for an item, or one for each of its variants."""
        product = self._whole_values(element)
        variants = self._variants_in(element) if self._containers else []
        says_stock = any(_STOCK & values.keys() for values in variants)
        if not variants or (_STOCK & product.keys() and not says_stock):
            yield self._record(product)  # its variants are only named
        for values in variants:
            inherit(values, product, alone=len(variants) == 1)
            yield self._record(values)

    def _record(self, values: dict[Field, Any]) -> Record:
        self._rows += 1
        return Record(self._rows, values)

    def _variants_in(self, element: Any) -> list[dict[Field, Any]]:
        """What each variant says; nothing where not all of them have an id."""
        for child in element:
            if child.tag in self._containers and len(child):
                inside = [self._whole_values(one) for one in child if isinstance(one.tag, str)]
                if inside and all(values.keys() & _IDS for values in inside):
                    return inside
        return []

    def count_in(self, body: IO[bytes]) -> int:
        """How many items are opened in the file, by a plain search."""
        return count_opened(body, self._chosen)

    def _look_round(self, first: Any) -> None:
        """At the first item: refuse entities, and find the feed's own time."""
        tree = first.getroottree()
        dtd = tree.docinfo.internalDTD
        if dtd is not None and any(True for _ in dtd.iterentities()):
            raise LookFailed(
                "xml_entities", "The feed declares XML entities, which can hide an attack."
            )
        root = tree.getroot()
        texts = [value for name, value in root.attrib.items() if fold(name) in _TIMES]
        for element in (first, *first.iterancestors()):
            for earlier in element.itersiblings(preceding=True):
                if isinstance(earlier.tag, str) and fold(earlier.tag) in _TIMES and earlier.text:
                    texts.append(earlier.text)
        self._notes.data_at = max(filter(None, map(_instant, texts)), default=None)

    def _whole_values(self, element: Any) -> dict[Field, Any]:
        """Without what holds half of a character of two, such as &#xD83D;."""
        try:
            return self._values(element)
        except UnicodeDecodeError:
            self._notes.warn("a text holds half a character, so it was left out")
            return self._values(without_halves(element))

    def _values(self, element: Any) -> dict[Field, Any]:
        """What the direct children and the attributes of one item fill."""
        values: dict[Field, Any] = {}
        ranks: dict[Field, int] = {}
        if element.attrib:
            self._fill_from_attributes(values, ranks, element)
        plans = self._plans
        for child in element:
            tag = child.tag
            plan = plans.get(tag)
            if plan is None:
                # an entity nobody declared is a node without a name
                plan = self._plan(tag) if isinstance(tag, str) else []
            if not plan:
                continue
            text = child.text
            if len(child):
                if holds_elements(child):
                    self._look_into(child, plan, values)
                    continue
                text = "".join(child.itertext())
            if not text and tag == _ATOM + "link" and child.get("rel") in (None, "alternate"):
                text = child.get("href")
            if not text or text.isspace():
                continue
            for field, rank in plan:
                if rank < ranks.get(field, 1_000_000):
                    values[field] = text
                    ranks[field] = rank
        for field, path in self._paths.items():
            values[field] = at_path(element, path)
        if self._is_of_system:
            correct(values, texts_of(element), parent=None, taken=self._taken)
        if self._has_codes:
            said = {fold(n): v for n, v in (*element.attrib.items(), *texts_of(element).items())}
            correct_codes(values, said, tag=self._site or fold(element.tag), taken=self._taken)
        return values

    def _look_into(
        self, child: Any, plan: list[tuple[Field, int]], values: dict[Field, Any]
    ) -> None:
        """An element that holds elements says something of stock alone: `STOCK/AMOUNT`."""
        inside: dict[Field, Any] = {f: inside_of(child) for f, _ in plan if f in STOCK_FIELDS}
        unfold_stock(inside, wanted=self._wanted)
        for field, value in inside.items():
            values.setdefault(field, value)

    def _fill_from_attributes(
        self, values: dict[Field, Any], ranks: dict[Field, int], element: Any
    ) -> None:
        for name, value in element.attrib.items():
            plan = self._plans.get("@" + name)
            if plan is None:
                plan = self._plan("@" + name)
            for field, rank in plan:
                if value and not value.isspace():
                    values[field] = value
                    ranks[field] = rank

    def _plan(self, name: str) -> list[tuple[Field, int]]:
        """Which fields a tag fills. The same name in Google's space beats the one in Atom's."""
        plain = name.lstrip("@")
        self._has_codes = self._has_codes or fold(plain) in MARKS
        if fold(plain) in _VARIANT_TAGS:
            self._containers.add(name)
        atom = 1 if plain.startswith(_ATOM) else 0
        plan = [
            (field, 2 * rank + atom)
            for field, rank in self._wanted.get(fold(plain), ())
            if field not in self._paths
        ]
        if len(self._plans) < 5_000:
            self._plans[name] = plan
            if len(self._notes.columns) < 200:
                self._notes.columns.append(plain.rsplit("}", 1)[-1])
        return plan


def item_tags(hints: Hints) -> list[str]:
    """The tags one of which an item has."""
    return [hints.record] if hints.record else _both_cases(ITEM_TAGS)


def _both_cases(tags: tuple[str, ...]) -> list[str]:
    return [form for tag in tags for form in (tag, tag.capitalize(), tag.upper())]


def _instant(text: str) -> datetime | None:
    try:
        return read_instant(
            text.replace(" ", "T", 1) if re.match(r"\d{4}-\d\d-\d\d ", text) else text
        )
    except InvalidInput:
        return None


def _no_items(body: IO[bytes], root: str) -> str:
    """Says which tags repeat, because one of them is the item."""
    body.seek(0)
    tags = re.findall(rb"<([A-Za-z_][\w:.\-]*)", body.read(_HEAD))
    counted = {tag.decode(): tags.count(tag) for tag in dict.fromkeys(tags[:2000])}
    repeated = [f"{tag} ({n} times)" for tag, n in counted.items() if n > 1 and tag != root][:12]
    seen = f" Tags that repeat: {', '.join(repeated)}." if repeated else ""
    return f"The feed holds no items below <{root}>.{seen} Set `record` to the tag of one item."
