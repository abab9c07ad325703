"""How does a text message stay within its segments, whatever names a shop gives its things?

A text message is paid by the segment (trust SM-17). Names are written in the phone's own alphabet
and shortened until it fits; what still does not fit is refused rather than sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from notifier.domain.sms_text import measure, outside_gsm7, smarten
from notifier.domain.template_rules import MAX_OUTPUT
from notifier.errors import TemplateProblem
from notifier.rendering.filters import truncate

MAX_SEGMENTS = 2
MOST_ABOUT_ORDERS = 3  # for a long address of ours and names in a script that takes two bytes
_LENGTHS = ((50, 30), (36, 24), (24, 20), (14, 14))  # of the product's name, of the shop's
_SHORTEST_SHOP = 11  # what an alphanumeric sender name holds, too


def discreet(context: dict[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The context without the product's name, for what strangers may see (trust CP-10)."""
    if "product" not in context:
        return context
    item = words["item"]
    product = {**context["product"], "title": item, "name": item, "variant": ""}
    return {**context, "product": product, "variant": {"title": ""}}


def fit_short(
    render: Callable[[dict[str, Any]], str],
    context: dict[str, Any],
    *,
    words: Mapping[str, str],
    where: str,
    most: int = MAX_SEGMENTS,
) -> str:
    """The text with names as long as two segments allow. Raises TemplateProblem if none fit.

    `most`: how many segments a message may take that must go out, if two do not hold it.
    """
    candidates = shorter_contexts(context, words)
    return fit_texts((render(one) for one in candidates), where=where, most=most)


def fit_texts(texts: Iterable[str], *, where: str, most: int = MAX_SEGMENTS) -> str:
    """The first of ever shorter texts that two segments hold; see fit_short."""
    text = ""
    for one in texts:
        text = smarten(one)
        if len(text) <= MAX_OUTPUT["short.txt"] and measure(text).count <= MAX_SEGMENTS:
            return text
    cost = measure(text)
    if cost.count <= most:
        return text
    raise TemplateProblem(
        f"the text message needs {cost.count} segments of {cost.encoding} even with short"
        f" names; {most} is the most: {text!r:.80}",
        where=where,
    )


def shorter_contexts(context: dict[str, Any], words: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The context, then with ever shorter names, last without the product's."""
    yield context
    yield _with_names(context, product=in_gsm7, shop=in_gsm7)
    for of_product, of_shop in _LENGTHS:
        yield _with_names(context, product=_at_most(of_product), shop=_at_most(of_shop))
    yield _with_names(discreet(context, words), product=str, shop=_at_most(_SHORTEST_SHOP))


def _at_most(length: int) -> Callable[[str], str]:
    return lambda name: truncate(in_gsm7(name), length, "...")


def _with_names(
    context: dict[str, Any], *, product: Callable[[str], str], shop: Callable[[str], str]
) -> dict[str, Any]:
    """`context` with the product's and the shop's names changed."""
    renamed = {**context, "shop": {**context["shop"], "name": shop(context["shop"]["name"])}}
    if "product" in context:
        kept = context["product"]
        renamed["product"] = {
            **kept,
            "title": product(kept["title"]),
            "name": product(kept["name"]),
        }
    return renamed


def in_gsm7(name: str) -> str:
    """`name` without emoji and with bare letters where the phone's alphabet lacks an accent.

    A name in another script stays as it is: a name of question marks helps nobody.
    """
    plain = smarten(name)
    strange = outside_gsm7(plain)
    if not strange:
        return plain
    table = {ord(char): _bare_letter(char) for char in strange}
    if any(char.isalpha() and not table[ord(char)] for char in strange):
        return plain
    return " ".join(plain.translate(table).split()) or plain


def _bare_letter(char: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return bare if bare and not outside_gsm7(bare) else ""
