"""How are the variants in a JSON feed found and read?

Without a map: lists of objects are products or variants; a product with a list of variants gives
one record each, and what a variant does not say its product does. OpenAI's product feed (agentic
commerce) keeps prices in the smallest unit and availability in an object. With a map, `record`
and the values of `columns` are JMESPath expressions.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import IO, Any

import jmespath
from jmespath.exceptions import JMESPathError

from notifier.connectors.reading.columns import Field, Wanted, fold, wanted_names
from notifier.connectors.reading.inherited import inherit
from notifier.connectors.reading.json_stream import json_pieces
from notifier.connectors.reading.json_variants import (
    VARIANT_LISTS,
    lists_sellers,
    member_of,
    node_of,
    variants_of,
)
from notifier.connectors.reading.nested_stock import STOCK_FIELDS, unfold_stock
from notifier.connectors.reading.paging import Paging, says_pages
from notifier.connectors.reading.records import Hints, Notes, Record, Records
from notifier.connectors.reading.shop_answers import correct, in_cents, is_sale, is_sales_list
from notifier.connectors.reading.text import find_encoding
from notifier.errors import LookFailed

_ITEM_LISTS = frozenset(
    (
        "products", "items", "entries", "offers", "variants", "feed", "data", "results", "rows",
        "records", "stock", "inventory", "listings", "articles", "nodes", "edges", "counts",
    )
)  # fmt: skip
_ALSO_OF_ONE_ITEM = frozenset(("variants", "offers"))
_STOCK = frozenset(STOCK_FIELDS)
_MAX_DEPTH = 4


def read_json(body: IO[bytes], *, hints: Hints, notes: Notes) -> Records:
    """The records of a JSON or JSON Lines feed. Raises LookFailed when it cannot be trusted."""
    notes.format = "json"
    encoding, errors = (hints.encoding, "replace") if hints.encoding else find_encoding(body)
    body.seek(0)
    stream = io.TextIOWrapper(body, encoding=encoding, errors=errors)
    finder = _Finder(hints, notes)
    try:
        yield from finder.mapped(stream) if hints.record else finder.found(stream)
    finally:
        stream.detach()
    finder.paging.judge(notes)
    if hints.record:
        notes.promised = 0  # the expression may leave items out
    if not finder.number:
        names = ", ".join(notes.columns[:20])
        raise LookFailed(
            "no_items",
            f"The JSON feed holds no items. Its names are: {names}. "
            "Set `record` to a JMESPath of the items, for example data.products[].",
        )


def is_item_list(name: str) -> bool:
    """Whether a list of this name in the outermost object holds items, whatever else is there."""
    return name in _ITEM_LISTS - _ALSO_OF_ONE_ITEM


def compile_path(expression: str) -> Any:
    """The JMESPath expression, ready. Raises LookFailed when it is none."""
    try:
        return jmespath.compile(expression)
    except JMESPathError as trouble:
        message = f"{expression!r} is not a JMESPath expression: {trouble}."
        raise LookFailed("bad_map", message) from trouble


class _Finder:
    def __init__(self, hints: Hints, notes: Notes) -> None:
        self._hints = hints
        self._notes = notes
        self._wanted: Wanted = wanted_names(hints.columns)
        self._paths = {
            Field(ours): compile_path(theirs)
            for ours, theirs in hints.columns.items()
            if not theirs.replace("_", "a").isalnum()
        }
        self._names: set[str] = set()
        self.paging = Paging()
        self.number = 0

    def mapped(self, stream: io.TextIOWrapper) -> Records:
        """The items that the merchant's expression finds. The document is read whole."""
        whole: dict[str, Any] | list[Any] = {}
        for name, value, is_element in json_pieces(stream):
            if name and isinstance(whole, dict):
                if is_element:
                    whole.setdefault(name, []).append(value)
                else:
                    whole[name] = value
            elif is_element:
                whole = whole if isinstance(whole, list) else []
                whole.append(value)
            else:
                whole = value
        self.paging.see("", whole)
        items = compile_path(self._hints.record).search(whole)
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, dict):
                self._notes.listed += 1
                yield from self._record(item)

    def found(self, stream: io.TextIOWrapper) -> Records:
        """The items as they come."""
        for name, value, is_element in json_pieces(stream):
            self._note(name)
            if is_element or not isinstance(value, dict):
                self.paging.see(name, [value] if is_element else value)
            if is_element and isinstance(value, dict):
                yield from self._goods(name, value)
            elif is_element and name == "" and value is not None:
                self.number += 1
                self._notes.rows += 1
                self._notes.refuse(
                    self.number, field="", value=value, message="The item is not an object."
                )
            elif isinstance(value, dict):
                yield from self._descend(value, 1)

    def _descend(self, value: dict[str, Any], depth: int) -> Records:
        """An object that is not in a list: an item itself, or a wrapper round a list of items."""
        if self._looks_like_item(value):
            yield from self._goods("", value)
            return
        if is_sale(value):
            return
        for name, member in value.items():
            self._note(name)
            if not isinstance(member, dict):
                self.paging.see(name, member)
            if isinstance(member, list):
                for element in member:
                    if isinstance(element, dict):
                        yield from self._goods(name, element)
            elif isinstance(member, dict) and depth < _MAX_DEPTH:
                yield from self._descend(member, depth + 1)

    def _goods(self, name: str, element: dict[str, Any]) -> Records:
        """A feed may list its categories, locations and orders too; those are not wanted."""
        node = node_of(element)
        element = node if isinstance(node, dict) else element
        if is_sale(element) or is_sales_list(name):
            return
        if not name or name.lower() in _ITEM_LISTS or self._looks_like_item(element):
            self._notes.listed += 1
            yield from self._items(element)

    def _looks_like_item(self, value: dict[str, Any]) -> bool:
        """It has an id and something that only goods have, and holds no items itself."""
        if lists_sellers(value):
            return True
        if any(isinstance(value.get(name), list) for name in _ITEM_LISTS - _ALSO_OF_ONE_ITEM):
            return False
        fields = {f for name in value for f, _ in self._wanted.get(fold(name), ())}
        has_id = bool(fields & {Field.KEY, Field.SKU})
        if any(isinstance(member_of(value, name), list) for name in VARIANT_LISTS):
            return has_id or not says_pages(value)  # Medusa lists variants page by page
        return has_id and bool(fields & {*_STOCK, Field.PRICE})

    def _items(self, product: dict[str, Any]) -> Records:
        """One record for an item, or one for each of its variants."""
        variants = variants_of(product)
        if not variants:
            yield from self._record(product)
            return
        parent = self._values(product)
        read = [self._values(variant) for variant in variants]
        if _STOCK & parent.keys() and not any(_STOCK & values.keys() for values in read):
            yield from self._record(product)  # its variants are only named
        for variant, values in zip(variants, read, strict=True):
            inherit(values, parent, alone=len(read) == 1)
            yield self._put_right(values, variant, product=product)

    def _record(self, item: dict[str, Any]) -> Iterator[Record]:
        yield self._put_right(self._values(item), item, product=None)

    def _put_right(
        self, values: dict[Field, Any], item: dict[str, Any], *, product: dict[str, Any] | None
    ) -> Record:
        correct(values, item, parent=product, taken=self._hints.columns)
        self.number += 1
        minor = (
            self._hints.preset == "openai" or _is_agentic(item) or in_cents(item, parent=product)
        )
        return Record(self.number, values, options=_options(item), minor_units=minor)

    def _values(self, item: dict[str, Any]) -> dict[Field, Any]:
        values: dict[Field, Any] = {}
        ranks: dict[Field, int] = {}
        for name, value in item.items():
            self._note(name)
            if value is None or value == "":
                continue
            for field, rank in self._wanted.get(fold(name), ()):
                if rank < ranks.get(field, 1_000_000) and field not in self._paths:
                    values[field] = value
                    ranks[field] = rank
        for field, path in self._paths.items():
            found = path.search(item)
            if found is not None:
                values[field] = found
        unfold_stock(values, wanted=self._wanted)
        if Field.IMAGE_URL not in values and isinstance(item.get("media"), list):
            values[Field.IMAGE_URL] = next(iter(item["media"]), None)
        return values

    def _note(self, name: str) -> None:
        if name and name not in self._names and len(self._names) < 200:
            self._names.add(name)
            self._notes.columns.append(name[:60])


def _is_agentic(item: Mapping[str, Any]) -> bool:
    """True for a variant of OpenAI's feed: its amounts are in the smallest unit."""
    said = item.get("availability")
    return (isinstance(said, dict) and "available" in said) or "variant_options" in item


def _options(item: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """`variant_options` of OpenAI, `attributes` of others: lists of name and value."""
    for name in ("variant_options", "options", "attributes"):
        listed = item.get(name)
        if isinstance(listed, list):
            return tuple(
                (str(o["name"])[:100], str(o["value"])[:100])
                for o in listed
                if isinstance(o, dict) and "name" in o and "value" in o
            )
    return ()
