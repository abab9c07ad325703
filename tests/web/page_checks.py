"""What can be told of a page without a browser: is it whole, can it be read out, which language?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from lxml import html
from lxml.html import HtmlElement

from notifier import i18n

_SPOKEN = ("alt", "aria-label", "placeholder", "title")
_FIELD = re.compile(r"\{\w+\}")
_LETTERS = re.compile(r"[^\W\d_]{3}")


def faults_of(source: str, *, locale: str) -> list[str]:
    """What a screen reader or a reader of the language would stumble over; empty when nothing."""
    page = html.document_fromstring(source)
    return [*_frame_faults(page, locale), *_field_faults(page), *_english(page, locale)]


def _frame_faults(page: HtmlElement, locale: str) -> Iterator[str]:
    if page.get("lang") != locale:
        yield f"the page says it is in {page.get('lang')!r}"
    if not (page.findtext(".//title") or "").strip():
        yield "the page has no title"
    levels = [int(one.tag[1]) for one in page.iter("h1", "h2", "h3", "h4")]
    if levels.count(1) != 1 or levels[:1] != [1]:
        yield f"headings of levels {levels} do not begin with the only h1"
    if any(after > before + 1 for before, after in pairwise(levels)):
        yield f"headings of levels {levels} leave one out"
    if len(page.findall(".//main")) != 1:
        yield "there is not one main part"
    ids = Counter(page.xpath("//@id"))
    yield from (f"id {one!r} is there {count} times" for one, count in ids.items() if count > 1)
    for name in ("aria-describedby", "aria-labelledby", "for"):
        for named in page.xpath(f"//@{name}"):
            yield from (f"{name} names {one!r}" for one in named.split() if one not in ids)


def _field_faults(page: HtmlElement) -> Iterator[str]:
    labelled = set(page.xpath("//label/@for"))
    for one in page.iter("input", "select", "textarea"):
        inside = next(one.iterancestors("label"), None)
        named = one.get("id") in labelled or one.get("aria-label") or inside is not None
        if one.get("type") != "hidden" and not named:
            yield f"no label for the field {one.get('name')!r}"
    for one in page.iter("a", "button", "label", "legend", "option", "summary"):
        if not (one.text_content().strip() or one.get("aria-label") or one.xpath(".//img[@alt]")):
            yield f"an empty {one.tag}"
    yield from (f"no alt: {one.get('src')}" for one in page.iter("img") if one.get("alt") is None)
    yield from (f"a link to nowhere: {one.text}" for one in page.iter("a") if not one.get("href"))


def _english(page: HtmlElement, locale: str) -> Iterator[str]:
    """Phrases of ours in English on a page of another language, and names of months."""
    if locale == "en":
        return
    for said in _said(page):
        for phrase in _only_english(locale):
            is_there = phrase in said if " " in phrase else phrase == said
            if is_there:
                yield f"English: {phrase!r}"
        if re.search(r"\b(December|January|February)\b", said):
            yield f"an English date: {said!r}"


def _said(page: HtmlElement) -> Iterator[str]:
    """Every text of a page, also those that are only read out."""
    for one in page.iter():
        if isinstance(one.tag, str):
            texts = [one.text, one.tail, *(one.get(name) for name in _SPOKEN)]
            yield from (" ".join(text.split()) for text in texts if text and text.strip())


@cache
def _only_english(locale: str) -> set[str]:
    """The fixed parts of our English phrases that no phrase of the language has.

    Every language is called by its own name, so that its readers find it.
    """
    own = " ".join(i18n.phrases(locale).values())
    english = {key: text for key, text in i18n.phrases("en").items() if key != "words.language"}
    parts = (part.strip() for text in english.values() for part in _FIELD.split(text))
    return {part for part in parts if _LETTERS.search(part) and part not in own}
