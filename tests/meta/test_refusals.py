"""Has each error that a page can raise its sentence, in every language and with its values?

A new `raise` without one fails here: write the sentence into the catalogue that the page reads
(web/refusal.py says under which key), or, if no person can cause it, name it below.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import product

import pytest

from notifier import config
from notifier.i18n import available_locales, section
from notifier.web.admin.page import words_of
from notifier.web.admin.settings import PARTS, SERVICE
from tests.meta.checkout import CHECKOUT
from tests.meta.raised import Raised, module, raised_from

Words = Mapping[str, str]

_NAMES = re.compile(r"\{(\w+)\}")

# Which sections of locales/<language>.toml the customer's pages read, and what a page fills in.
CUSTOMERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "links_confirm": (("error",), ()),
    "links_keep": (("error",), ()),
    "links_unsubscribe": (("error",), ()),
    "links_product": (("error",), ()),
    "links_manage": (("manage_error", "error"), ()),
    "links_order": (("order_error", "error"), ("moment", "first", "last")),
    "form": (("error",), ()),
    "form_link": (("error",), ()),
    "widget": (("error",), ()),
}
# With a key of their own: the shop's servers. And what a shop's program takes for granted.
NOT_OF_CUSTOMERS = (
    "notifier.web.api",
    "notifier.domain.order_delay",  # what is stored was checked when it came
    "notifier.web.field_problems",  # the widget's own fields: `<field>_else`, else out_of_date
    "notifier.web.read_json",
    "notifier.web.shopper_words",  # says again what was raised
    "notifier.config",
    "notifier.config_alerts",
    "notifier.config_shop",
    "notifier.config_values",
)
# What no person types or chooses there: that the page is out of date is true of them, and of what
# is no text that it is no whole address.
NOT_TYPED = {
    ("email", "not_text"),
    ("phone", "not_text"),
    ("key", "missing"),
    ("variant", "missing"),
    ("variant", "not_of_product"),
    ("consent_text_id", "unknown_text"),
}


def lacks(
    raised: Sequence[Raised],
    catalogues: Sequence[Words],
    *,
    filled: Collection[str] = (),
    known: Collection[tuple[str, str]] = (),
) -> list[str]:
    """What has no sentence, or one with a gap that nobody fills."""
    found = set()
    for one in raised:
        if not one.codes:
            found.add(f"{one.place}: which codes? The source does not tell")
        for field, code in product(one.fields or {"*"}, one.codes or ()):
            keys = (f"conflict_{code}",)
            if one.kind == "InvalidInput":
                keys = (f"{field}_{code}", f"any_{code}")
            texts = [words[key] for key in keys for words in catalogues if key in words]
            if not texts and (field, code) not in known:
                found.add(f"{one.place}: no sentence for {keys[0]}")
            gaps = {gap for text in texts[:1] for gap in _NAMES.findall(text)}
            for gap in gaps - one.values - set(filled):
                found.add(f"{one.place}: nobody fills {{{gap}}} of {keys[0]}")
    return sorted(found)


@pytest.mark.parametrize("page", CUSTOMERS)
def test_what_a_customer_is_refused_is_said_in_every_language(page: str) -> None:
    sections, filled = CUSTOMERS[page]
    raised = raised_from([f"notifier.web.{page}"], but=NOT_OF_CUSTOMERS)
    for locale in available_locales():
        catalogues = [section(locale, name) for name in sections]
        assert lacks(raised, catalogues, filled=filled, known=NOT_TYPED) == [], locale


def test_every_page_that_customers_open_is_looked_at() -> None:
    links = module("notifier.web.links")
    assert links is not None
    pages = {name for home, name in links.imports.values() if home == "notifier.web"}
    of_operators, of_all = {"links_hold"}, {"page_styles"}
    assert pages - of_operators - of_all <= set(CUSTOMERS)


def test_an_error_without_a_sentence_is_found() -> None:
    raised = raised_from(["notifier.web.links_order"], but=NOT_OF_CUSTOMERS)
    says = dict(section("de", "order_error")) | dict(section("de", "error"))
    filled = ("moment", "first", "last")
    assert lacks(raised, [says], filled=filled) == []

    del says["conflict_sold_out"], says["until_no_date"]
    says["conflict_shipped"] = "{who} hat es versandt."

    assert lacks(raised, [says], filled=filled) == [
        "notifier.services.decide_order._find_swap: no sentence for conflict_sold_out",
        "notifier.services.order_answer._check_period: nobody fills {who} of conflict_shipped",
        "notifier.services.order_answer._need_open: nobody fills {who} of conflict_shipped",
        "notifier.services.order_answer.refuse_impossible: nobody fills {who} of conflict_shipped",
        "notifier.web.links_order._day: no sentence for until_no_date",
    ]


# What the admin's own pages read: first their own catalogue, then the shoppers'.
COMPUTED = {
    "notifier.config_values.problem_of": "pydantic's types: see below",
    "notifier.plugins.read_settings": "what BadValue says",
    "notifier.services.make_secrets.refuse_name": "what BadValue says",
    "notifier.services.import_subscriptions._bring": "that of a Conflict",
    "notifier.services.import_subscriptions._refuse": "says again what was found",
    "notifier.web.admin.settings_form._read": "what BadValue says",
}
NOT_OF_THE_ADMIN = ("notifier.web.api", "notifier.domain.order_delay", "notifier.connectors")


@cache
def _of_the_admin() -> list[Raised]:
    files = (CHECKOUT / "notifier" / "web" / "admin").glob("*.py")
    pages = sorted(f"notifier.web.admin.{one.stem}" for one in files if one.stem != "__init__")
    found = raised_from(pages, but=NOT_OF_THE_ADMIN)
    return [one for one in found if one.codes or one.place not in COMPUTED]


@pytest.mark.parametrize("locale", available_locales())
def test_what_is_refused_in_the_admin_is_said_in_every_language(locale: str) -> None:
    words = words_of("errors", locale)
    assert lacks(_of_the_admin(), [words, section(locale, "error")]) == []


def _bounds_of_settings() -> set[str]:
    """The types of error that pydantic has for what limits a setting of the admin."""
    types = {
        "Ge": "greater_than_equal",
        "Gt": "greater_than",
        "Le": "less_than_equal",
        "Lt": "less_than",
        "MinLen": "string_too_short",
        "MaxLen": "string_too_long",
        "_PydanticGeneralMetadata": "string_pattern_mismatch",
    }
    models = [config.Shop, *PARTS.values(), *(model for model, _ in SERVICE.values())]
    models += [config.SourceSection, config.WebhookSection]
    limits = (type(one).__name__ for model in models for info in model.model_fields.values()
              for one in info.metadata)  # fmt: skip
    others = {"BeforeValidator", "AfterValidator"}
    return {types[one] for one in limits if one not in others}


@pytest.mark.parametrize("locale", available_locales())
def test_what_pydantic_finds_in_a_setting_is_said_in_our_words(locale: str) -> None:
    words = words_of("errors", locale)
    always = {"missing", "literal_error", "enum", "value_error", "extra_forbidden"}
    always |= {f"{kind}_type" for kind in ("string", "int", "float", "bool", "time_delta")}
    assert {f"any_{one}" for one in always | _bounds_of_settings()} - set(words) == set()


_CODE = re.compile(r'code="(\w+)"|code = "(\w+)" if .* else "(\w*)"')


@pytest.mark.parametrize("locale", available_locales())
def test_what_is_found_in_a_template_with_a_code_is_said_in_every_language(locale: str) -> None:
    files = [*(CHECKOUT / "notifier" / "rendering").glob("*.py")]
    files.append(CHECKOUT / "notifier" / "domain" / "template_rules.py")
    found = {
        code
        for file in files
        if file.name != "blocks.py"  # the look of mails, a form like others
        for codes in _CODE.findall(file.read_text(encoding="utf-8"))
        for code in codes
        if code
    }
    assert {"variable", "variable_like", "tag", "empty"} <= found
    assert {f"template_{one}" for one in found} - set(words_of("errors", locale)) == set()
