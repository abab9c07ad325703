"""Does a message say the right thing, in the right language, to the right recipient?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.domain.sms_text import measure
from notifier.errors import TemplateProblem
from notifier.rendering import (
    FileTemplates,
    Layered,
    Rendered,
    Renderer,
    TemplateSource,
    shipped_renderer,
)
from notifier.resources import templates_folder

KIND = MessageKind.BACK_IN_STOCK


class Table:
    """Edited templates by (shop, locale, part), as a table would give them."""

    def __init__(self, rows: Mapping[tuple[str, str, str], str], *, version: str = "v1") -> None:
        self.rows = dict(rows)
        self.version = version

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        text = self.rows.get((shop, locale, part))
        where = f"{shop or 'all'}/{locale}/{part}"
        if text is None:
            return None
        return TemplateSource(source=text, version=self.version, where=where, part=part)


def files() -> FileTemplates:
    return FileTemplates(templates_folder() / "messages")


def mail(
    renderer: Renderer | None = None,
    *,
    kind: MessageKind = KIND,
    locale: str = "en",
    shop: str = "kettle",
    shop_fields: dict[str, Any] | None = None,
    **changes: Any,
) -> Rendered:
    context = {**sample_context(kind, locale), **changes}
    context["shop"] = shop_fields or context["shop"]
    renderer = renderer or shipped_renderer()
    return renderer.render(kind, medium=Medium.EMAIL, shop=shop, locale=locale, context=context)


def sms(
    *, kind: MessageKind = KIND, shop_fields: dict[str, Any] | None = None, **changes: Any
) -> str:
    context = {**sample_context(kind, "en"), **changes}
    context["shop"] = shop_fields or context["shop"]
    renderer = shipped_renderer()
    return renderer.render(
        kind, medium=Medium.SMS, shop="kettle", locale="en", context=context
    ).short


def named(title: str, **more: Any) -> dict[str, Any]:
    return {**sample_context(KIND, "en")["product"], "title": title, **more}


def shop_with(**fields: Any) -> dict[str, Any]:
    return {**sample_context(KIND, "en")["shop"], **fields}


def test_d1_two_recipients_of_one_run_each_read_their_own_language() -> None:
    renderer = shipped_renderer()

    for_ann, for_ben = mail(renderer, locale="de-AT"), mail(renderer, locale="es")
    for_ann_again = mail(renderer, locale="de-AT")

    assert for_ann.subject == "Wasserkessel „Morgen“ (Seeblau / 1,7 l) ist wieder da"
    assert for_ben.subject == "Hervidor «Alba» (Azul mar / 1,7 l) vuelve a estar disponible"
    assert 'lang="de-AT"' in for_ann.html
    assert for_ann_again == for_ann


def test_d3_a_locale_without_templates_gets_the_default() -> None:
    message = mail(locale="fr")

    assert message.locale == "en"
    assert message.subject.endswith("is back in stock")


def test_d3_the_shops_own_words_come_first_then_the_locales_then_the_default() -> None:
    table = Table(
        {
            ("kettle", "de", "subject.txt"): "Kessel: {{ product.title }}",
            ("", "de", "subject.txt"): "Alle: {{ product.title }}",
        }
    )
    renderer = Renderer(Layered(table, files()))

    assert mail(renderer, locale="de-CH").subject.startswith("Kessel: ")
    assert mail(renderer, locale="de", shop="teapot").subject.startswith("Alle: ")
    assert mail(renderer, locale="en").subject.endswith("is back in stock")


def test_d3_a_message_never_mixes_two_languages() -> None:
    only_a_subject = Table({("", "fr", "subject.txt"): "{{ product.title }} est de retour"})

    message = mail(Renderer(Layered(only_a_subject, files())), locale="fr")

    assert message.subject.endswith("is back in stock")


def test_d3_a_missing_template_is_an_error_that_names_it() -> None:
    renderer = Renderer(Table({}))

    with pytest.raises(TemplateProblem, match=r"no subject\.txt and no email\.txt.*'de'") as caught:
        mail(renderer, locale="de")
    assert caught.value.where == KIND


def test_a_merchants_alarm_has_no_text_message() -> None:
    with pytest.raises(TemplateProblem, match=r"no short\.txt"):
        sms(kind=MessageKind.SOURCE_TROUBLE)


def test_d5_values_are_escaped_in_html_and_only_there() -> None:
    message = mail(product=named("Tea & <b>Toast</b>"), variant={"title": "'\"><img src=x>"})

    assert "Tea & <b>Toast</b>" in message.text
    assert "Tea & <b>Toast</b>" in message.subject
    assert "Tea &amp; &lt;b&gt;Toast" in message.html
    assert "<img src=x>" not in message.html


def test_a_name_that_looks_like_a_template_stays_a_name() -> None:
    assert "{{ 7*7 }}" in mail(product=named("{{ 7*7 }}")).text


@pytest.mark.parametrize(
    "title",
    ["Tea\r\nBcc: eve@evil.example", "Tea\x00pot", "Tea\u2028pot", "Tea\u202epot", "Tea\x85pot"],
)
def test_em12_a_subject_is_one_clean_line(title: str) -> None:
    subject = mail(product=named(title)).subject

    assert subject.isprintable()
    assert subject.startswith("Tea ")


def test_em12_a_subject_has_at_most_200_characters() -> None:
    table = Table({("", "en", "subject.txt"): "{{ product.title }}"})

    subject = mail(Renderer(Layered(table, files())), product=named("x" * 500)).subject

    assert len(subject) == 200
    assert subject.endswith("x…")


def test_emoji_that_are_joined_stay_joined() -> None:
    assert "👩‍🍳" in mail(product=named("Kettle 👩‍🍳")).subject


def test_em11_reason_address_and_unsubscribe_link_are_in_both_parts() -> None:
    message = mail()

    for part in (message.text, message.html):
        assert "You asked us on 3 November 2026 to tell you when" in part
        assert "12 Harbour Street" in part
        assert "https://notify.kettle.example/u/" in part


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    message = mail(product=named("Tea", image_url=url))

    assert url not in message.html
    assert "<img" not in message.html


def test_a_message_that_lost_its_link_is_not_sent() -> None:
    with pytest.raises(TemplateProblem, match=r"needs product\.url, but it is empty"):
        mail(product=named("Tea", url="javascript:alert(1)"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "colour is not a value"),
        ({"product": {"titel": "Tea"}}, r"product\.titel is not a value"),
        ({"quantity": "2"}, "quantity must be int"),
        ({"quantity": True}, "quantity must be int"),
        ({"product": object()}, "must be a dict"),
        ({"alternatives": [{}] * 101}, "at most 100"),
        ({"alternatives": {"title": "Tea"}}, "must be a list"),
    ],
)
def test_ws_t2_a_context_that_is_not_plain_and_known_is_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(TemplateProblem, match=said):
        mail(**changes)


def test_cp10_a_discreet_shop_names_no_product_where_others_may_read_it() -> None:
    shop = shop_with(discreet=True)

    assert mail(shop_fields=shop).subject == "Your item is back in stock"
    assert "your item is back in stock" in sms(shop_fields=shop)
    assert "Stovetop" not in sms(shop_fields=shop)
    assert "Stovetop" in mail(shop_fields=shop).text


@pytest.mark.parametrize(("accent", "ink"), [("#ffd54a", "#000000"), ("#1f5f4a", "#ffffff")])
def test_the_button_has_the_shops_colour_and_is_legible_on_it(accent: str, ink: str) -> None:
    html = mail(shop_fields=shop_with(accent=accent)).html

    assert f"background-color: {accent};color: {ink}" in html


def test_a_colour_that_is_none_does_not_get_into_the_styles() -> None:
    html = mail(shop_fields=shop_with(accent="red;background:url(x)")).html

    assert "url(x)" not in html


def test_styles_are_in_the_tags_and_the_dark_rules_stay() -> None:
    html = mail().html

    assert 'style="margin: 0 0 12px;font-size: 25px' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert html.index('<meta charset="utf-8">') < html.index("<style>")


def test_what_is_ordered_back_is_not_called_in_stock() -> None:
    message = mail(availability="backorder")

    assert message.subject.endswith("can be ordered again")
    assert "in stock" not in message.text


def test_sm12_a_text_message_names_the_shop_and_says_how_to_end_it() -> None:
    first = sms(kind=MessageKind.CONFIRM)

    assert first.startswith("Kettle & Co: ")
    assert first.endswith("STOP to end, HELP for help.")


def test_sm17_long_names_are_cut_until_two_segments_hold_the_text() -> None:
    text = sms(product=named("Blauer Wasserkessel mit Holzgriff " * 20))

    assert measure(text).count <= 2
    assert "https://notify.kettle.example/r/" in text


def test_sm17_a_text_that_never_fits_is_refused() -> None:
    with pytest.raises(TemplateProblem, match="needs 3 segments of GSM-7"):
        sms(product=named("Tea", url="https://notify.kettle.example/r/" + "x" * 300))


def test_an_accent_the_phone_lacks_is_dropped_before_a_name_is_cut() -> None:
    name = "Cafetera «Águila», la más grande"

    text = sms(product=named(name), shop_fields=shop_with(name="Cafés y Teteras del Puerto Viejo"))

    assert 'Cafetera "Aguila", la mas grande (Sea blue / 1.7 l) is back' in text
    assert measure(text).encoding == "GSM-7"


def test_a_name_in_another_script_is_not_turned_into_nothing() -> None:
    assert "קומקום" in sms(product=named("קומקום"), variant={"title": ""})


def test_the_version_names_exactly_the_words_that_were_used() -> None:
    table = Table({("", "en", "subject.txt"): "One {{ product.title }}"}, version="v1")
    renderer = Renderer(Layered(table, files()))
    before = mail(renderer)
    pinned = renderer.version(KIND, medium=Medium.EMAIL, shop="kettle", locale="en")

    table.rows[("", "en", "subject.txt")] = "Two {{ product.title }}"
    table.version = "v2"
    after = mail(renderer)

    assert pinned == before.version != after.version
    assert before.subject.startswith("One ")
    assert after.subject.startswith("Two ")
    assert mail(renderer, locale="de").version != after.version


def test_an_error_while_rendering_names_the_part_and_the_line() -> None:
    table = Table({("", "en", "email.html"): '<p\n class="muted">a</p>\n{{ product.titel }}\n'})

    with pytest.raises(TemplateProblem, match="titel") as caught:
        mail(Renderer(Layered(table, files())))

    assert (caught.value.where, caught.value.line) == ("all/en/email.html", 3)


def test_a_mail_that_gmail_would_clip_is_refused() -> None:
    table = Table({("", "en", "email.html"): "x" * 101_000})

    with pytest.raises(TemplateProblem, match="100000 is the most"):
        mail(Renderer(Layered(table, files())))


def test_old_versions_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifier.rendering.renderer._CACHED", 5)
    table = Table({("", "en", "subject.txt"): "{{ product.title }}"})
    renderer = Renderer(Layered(table, files()))

    for number in range(20):
        table.version = f"v{number}"
        mail(renderer)

    assert len(renderer._cache) <= 5
