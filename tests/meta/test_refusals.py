"""Has each error that a page can raise its sentence, in every language and with its values?

A new `raise` without one fails here: write the sentence into the catalogue that the page reads
(web/refusal.py says under which key), or, if no person can cause it, name it below.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import product

import pytest

from notifier.i18n import available_locales, section
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
            texts = [words[key] for words in catalogues for key in keys if key in words]
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
