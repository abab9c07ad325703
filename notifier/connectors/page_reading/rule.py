"""How does a merchant say what to look for on his own pages?

A signal is one line of text:

    button.add-to-cart                 a visible, usable element
    .stock-status :: Sold out          … whose text holds these words (case does not matter)
    .stock-status :: /sold\\s*out/      … whose text fits this regular expression
    :: /ships in (.+)/                 the same in all of the page's visible text

A value (eta, price, sku) is written the same way and gives the text, an attribute
(`.product @data-pid`), or the first group of the regular expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

from notifier.connectors.page_reading.timed_regex import check_pattern
from notifier.errors import ConfigError

MAX_SELECTOR = 300
SIGNALS = ("out_of_stock", "discontinued", "preorder", "backorder", "in_stock")
VALUES = ("eta", "price", "sku")

Signals = tuple[str, ...] | str

_WITH_ATTRIBUTE = re.compile(r"(.*\s)?@([A-Za-z_][\w:.-]*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A merchant's rule for the pages of one source. Empty: there is none.

    `within` is the selector of the product's own part of the page; nothing outside it counts, and
    without it nothing is concluded. `otherwise` is what a page with that part, but with none of
    the signals, means: `out_of_stock`, `in_stock`, or empty to go by the markup.
    """

    # A misspelt key in a configuration file must not be passed over in silence.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    within: str = ""
    in_stock: Signals = ()
    out_of_stock: Signals = ()
    preorder: Signals = ()
    backorder: Signals = ()
    discontinued: Signals = ()
    otherwise: str = ""
    eta: str = ""
    price: str = ""
    sku: str = ""

    def __post_init__(self) -> None:
        for name in SIGNALS:
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        compile_rule(self)

    @property
    def decides(self) -> bool:
        """True when the rule can say something about availability."""
        return any(getattr(self, name) for name in SIGNALS) or bool(self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One line of a rule, read: where to look (None: the whole page) and what to find there."""

    line: str
    path: Any = None
    attribute: str = ""
    words: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule whose lines are read. `signals` holds pairs of a SIGNALS name and its probes."""

    within: Any
    signals: tuple[tuple[str, tuple[Probe, ...]], ...]
    values: tuple[tuple[str, Probe], ...]


@lru_cache(maxsize=256)
def compile_rule(rule: Rule) -> CompiledRule:
    """Read every line of a rule. Raises ConfigError that names the field and the line."""
    if rule.otherwise not in ("", "out_of_stock", "in_stock"):
        raise ConfigError(
            f"rule.otherwise: {rule.otherwise!r} is not possible; write out_of_stock, in_stock "
            "or nothing."
        )
    if rule.otherwise and not rule.within:
        raise ConfigError(
            "rule.within: `otherwise` needs it. Only on a page that holds the product's own part "
            "does the absence of signals mean anything."
        )
    return CompiledRule(
        within=_selector(rule.within, field="rule.within") if rule.within else None,
        signals=tuple(
            (name, tuple(_probe(line, field=f"rule.{name}") for line in getattr(rule, name)))
            for name in SIGNALS
        ),
        values=tuple(
            (name, _probe(getattr(rule, name), field=f"rule.{name}"))
            for name in VALUES
            if getattr(rule, name)
        ),
    )


def _probe(line: str, *, field: str) -> Probe:
    if not isinstance(line, str) or not line.strip():
        raise ConfigError(f"{field}: {line!r} says nothing; write a CSS selector.")
    where, mark, wanted = f" {line} ".partition(" :: ")
    where, wanted = where.strip(), wanted.strip()
    if mark and not wanted:
        raise ConfigError(f"{field}: {line!r} has nothing after `::`.")
    attribute = ""
    if found := _WITH_ATTRIBUTE.fullmatch(where):
        where, attribute = (found[1] or "").strip(), found[2]
        if not where:
            raise ConfigError(f"{field}: {line!r} needs a CSS selector before @{attribute}.")
    is_pattern = len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/")
    if is_pattern:
        check_pattern(wanted[1:-1], field=field)
    return Probe(
        line=line,
        path=_selector(where, field=field) if where else None,
        attribute=attribute,
        words="" if is_pattern else wanted,
        pattern=wanted[1:-1] if is_pattern else "",
    )


def _selector(css: str, *, field: str) -> Any:
    if len(css) > MAX_SELECTOR:
        raise ConfigError(
            f"{field}: the selector has {len(css)} characters; at most {MAX_SELECTOR} are allowed."
        )
    try:
        return etree.XPath(HTMLTranslator().css_to_xpath(css, prefix="descendant-or-self::"))
    except (SelectorError, etree.XPathError, RecursionError) as trouble:
        raise ConfigError(f"{field}: {css!r} is no CSS selector ({trouble}).") from trouble
