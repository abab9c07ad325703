"""Does every kind of message say all it must, in every language, whatever the names are?"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser

import pytest
from jinja2 import Environment, nodes

from notifier import i18n
from notifier.domain.message import ABOUT_ORDERS, TO_MERCHANT, Medium, MessageKind
from notifier.domain.message_context import complete_context
from notifier.domain.message_samples import SAMPLES, sample_context
from notifier.domain.sms_text import count_segments, outside_gsm7
from notifier.domain.template_rules import EMAIL_PARTS, NO_SHORT_TEXT, PARTS, PIECES
from notifier.rendering import Rendered, Renderer, shipped_renderer
from notifier.rendering.draft import Draft, try_draft
from notifier.resources import templates_folder

FOLDER = templates_folder() / "messages"
LOCALES = i18n.available_locales()
EVERY_KIND = tuple(MessageKind)
WITH_SHORT_TEXT = tuple(kind for kind in MessageKind if kind not in NO_SHORT_TEXT)


@cache
def renderer() -> Renderer:
    return shipped_renderer()


@contextmanager
def about(*words: str) -> Iterator[None]:
    """A failure says which one it was."""
    try:
        yield
    except AssertionError as error:
        error.add_note(" ".join(words))
        raise


def every_sample(check: Callable[[str, str], None]) -> None:
    """Calls `check` with every language and sample: a test for each would cost more than it."""
    for locale in LOCALES:
        for sample in SAMPLES:
            with about(locale, sample):
                check(locale, sample)


def every_language(check: Callable[[str], None]) -> None:
    for locale in LOCALES:
        with about(locale):
            check(locale)


@cache
def rendered(kind: MessageKind, locale: str, sample: str, medium: Medium) -> Rendered:
    context = sample_context(kind, locale, sample)
    return renderer().render(kind, medium=medium, shop="", locale=locale, context=context)


def parts_of(kind: MessageKind, locale: str) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in (FOLDER / locale / kind).iterdir()}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_has_every_part_in_every_language(kind: MessageKind) -> None:
    def check(locale: str) -> None:
        wanted = EMAIL_PARTS if kind in NO_SHORT_TEXT else PARTS

        assert sorted(parts_of(kind, locale)) == sorted(wanted)

    every_language(check)


def test_no_template_lies_where_no_message_looks_for_it() -> None:
    known = {(locale, str(kind)) for locale in LOCALES for kind in MessageKind}

    assert {path.parts[-3:-1] for path in FOLDER.glob("*/*/*")} == known


def test_there_are_at_least_six_samples_of_every_kind() -> None:
    assert len(SAMPLES) >= 6
    for kind in MessageKind:
        contexts = [str(complete_context(kind, sample_context(kind, "en", s))) for s in SAMPLES]
        assert len(set(contexts)) >= 6


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_mail_renders_with_its_text_twin(kind: MessageKind) -> None:
    def check(locale: str, sample: str) -> None:
        message = rendered(kind, locale, sample, Medium.EMAIL)

        assert message.locale == locale
        assert message.subject.isprintable() or "\u200d" in message.subject
        assert 5 < len(message.subject) <= 200
        reader = _Reader.of(message.html)
        assert reader.lang == locale
        assert reader.links <= set(_urls(message.text)) | reader.of_the_shop
        assert reader.pictures_without_alt == 0
        for word in ("None", "Undefined", "{{", "{%"):
            assert word not in _without_the_markup_sample(message.text, sample)

    every_sample(check)


@pytest.mark.parametrize("kind", WITH_SHORT_TEXT)
def test_every_text_message_names_the_shop_and_fits_two_segments(kind: MessageKind) -> None:
    def check(locale: str, sample: str) -> None:
        text = rendered(kind, locale, sample, Medium.SMS).short

        assert count_segments(text) in (1, 2)
        assert "\n" not in text
        assert text.partition(":")[0]
        assert ("STOP" in text) is (kind not in ABOUT_ORDERS)  # no keyword ends a legal notice
        assert all(url.startswith("https://notify.kettle.example/") for url in _urls(text))

    every_sample(check)


@pytest.mark.parametrize("kind", WITH_SHORT_TEXT)
def test_the_words_of_a_text_message_need_no_dear_characters(kind: MessageKind) -> None:
    def check(locale: str) -> None:
        assert outside_gsm7(rendered(kind, locale, "rich", Medium.SMS).short) == ()
        assert outside_gsm7(i18n.section(locale, "mail")["item"]) == ()

    every_language(check)


@pytest.mark.parametrize("locale", LOCALES)
def test_sm9_no_text_message_asks_for_a_reply_with_a_word_the_carrier_takes(locale: str) -> None:
    first = rendered(MessageKind.CONFIRM, locale, "rich", Medium.SMS).short

    assert "HELP" in first
    for kind in set(MessageKind) - NO_SHORT_TEXT:
        words = re.findall(r"\b[A-Z]{3,}\b", parts_of(kind, locale)["short.txt"])
        assert set(words) <= {"STOP", "HELP", "SMS"}


@pytest.mark.every_third
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_shipped_template_passes_the_rules_for_strangers(kind: MessageKind) -> None:
    def check(locale: str) -> None:
        assert try_draft(Draft(kind=kind, locale=locale, parts=parts_of(kind, locale)))

    every_language(check)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_variable_used_is_in_the_samples(kind: MessageKind) -> None:
    def check(locale: str) -> None:
        context = complete_context(kind, sample_context(kind, locale))

        for part, source in parts_of(kind, locale).items():
            for path in _paths(source):
                value: object = context
                for name in path.split("."):
                    assert isinstance(value, dict), f"{part}: {path}"
                    assert name in value, f"{part}: {path}"
                    value = value[name]

    every_language(check)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_mail_loads_nothing_but_the_product_and_the_logo(kind: MessageKind) -> None:
    def check(locale: str, sample: str) -> None:
        html = rendered(kind, locale, sample, Medium.EMAIL).html

        assert _Reader.of(html).sources <= {"https://kettle.example/img/dawn.jpg"}
        for outside in ("url(", "@import", "<link", "<script", "javascript:", "@font-face"):
            assert outside not in html.replace("&lt;script", "")

    every_sample(check)


@pytest.mark.parametrize("locale", LOCALES)
def test_em11_alerts_say_why_who_and_how_to_end_it(locale: str) -> None:
    for kind in (
        set(MessageKind)
        - ABOUT_ORDERS
        - {
            MessageKind.CONFIRM,
            MessageKind.MANAGE_LINK,
            *TO_MERCHANT,
        }
    ):
        message = rendered(kind, locale, "rich", Medium.EMAIL)
        asked_on = sample_context(kind, locale)["asked_on"]
        for part in (message.text, message.html):
            assert asked_on in part
            assert "12 Harbour Street" in part
            assert "https://notify.kettle.example/u/" in part
            assert "https://notify.kettle.example/m/" in part


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", sorted(ABOUT_ORDERS))
def test_od15_a_mail_about_an_order_says_why_and_who_and_offers_no_unsubscribe(
    kind: MessageKind, locale: str
) -> None:
    message = rendered(kind, locale, "rich", Medium.EMAIL)
    words = i18n.section(locale, "mail")

    for part in (message.text, message.html):
        assert sample_context(kind, locale)["order"]["placed_on"] in part
        assert "12 Harbour Street" in part
        assert words["unsubscribe"] not in part
        assert words["manage"] not in part
        assert not re.search(r"/[ump]/", part.replace("/p/dawn", ""))


@pytest.mark.parametrize("locale", LOCALES)
def test_no_language_lacks_a_phrase(locale: str) -> None:
    english, other = i18n.phrases("en"), i18n.phrases(locale)

    assert set(other) == set(english)
    assert all(text.strip() for text in other.values())


@pytest.mark.parametrize("locale", LOCALES)
def test_every_phrase_is_filled_in_with_the_same_values_in_every_language(locale: str) -> None:
    other = i18n.phrases(locale)

    for key, text in i18n.phrases("en").items():
        assert _fields(other[key]) == _fields(text), key


def test_every_language_of_the_phrases_has_messages() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(LOCALES)


class _Reader(HTMLParser):
    """What a mail program finds in the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.lang = ""
        self.links: set[str] = set()
        self.sources: set[str] = set()
        self.pictures_without_alt = 0
        self.of_the_shop = {"https://kettle.example"}

    @classmethod
    def of(cls, html: str) -> _Reader:
        reader = cls()
        reader.feed(html)
        reader.close()
        return reader

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.lang = found.get("lang") or self.lang
        href, src = found.get("href"), found.get("src")
        if href and not href.startswith("mailto:"):
            self.links.add(href)
        if src:
            self.sources.add(src)
        self.pictures_without_alt += tag == "img" and not found.get("alt")


def _urls(text: str) -> list[str]:
    return re.findall(r"https?://\S+", text)


def _without_the_markup_sample(text: str, sample: str) -> str:
    return text.replace("{{ 7*7 }}", "") if sample == "markup" else text


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _paths(source: str) -> Iterator[str]:
    """`product.url` for each such path in a template, without loop variables and pieces."""
    tree = Environment(autoescape=False).parse(source)
    own = {loop.target.name for loop in tree.find_all(nodes.For)} | {"loop", *PIECES}
    for node in tree.find_all((nodes.Getattr, nodes.Name)):
        names: list[str] = []
        inner: nodes.Node = node
        while isinstance(inner, nodes.Getattr):
            names.insert(0, inner.attr)
            inner = inner.node
        if isinstance(inner, nodes.Name) and inner.name not in own:
            yield ".".join([inner.name, *names])
