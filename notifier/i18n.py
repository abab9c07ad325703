"""How does one say this in the reader's language?

Dates, money, spans of time and the fixed phrases of widget, pages and mails. The phrases live in
notifier/locales/<locale>.toml; every locale has the same keys (tests/meta/test_messages.py).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, numbers, units

from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.restock_history import Span

DEFAULT_LOCALE = "en"
_FOLDER = Path(__file__).resolve().parent / "locales"
_BY_AVAILABILITY = ("headline_", "intro_", "button_")
_NO_BUTTON = ("button_", "discontinued")
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi", "ps", "dv", "ckb", "sd", "ug"})


# --- which language -----------------------------------------------------------------------


@lru_cache(maxsize=1024)
def locale_chain(locale: str) -> tuple[str, ...]:
    """`de_at` → (`de-AT`, `de`): from the most exact name to the bare language."""
    parts = locale.strip().replace("_", "-").split("-")
    tidy = [parts[0].lower()]
    tidy += [p.upper() if len(p) == 2 else p.title() if len(p) == 4 else p for p in parts[1:]]
    return tuple("-".join(tidy[:length]) for length in range(len(tidy), 0, -1))


def choose_locale(
    wanted: str | Iterable[str], available: Iterable[str], *, default: str = DEFAULT_LOCALE
) -> str:
    """The one of `available` that serves a reader of `wanted` best, else `default`.

    `wanted` is one name or several, the dearest first; nonsense among them is passed over.
    `de-AT` is served by `de-AT`, then `de`, then any other German.
    """
    offered = {locale_chain(one)[0]: one for one in available}
    for want in (wanted,) if isinstance(wanted, str) else wanted:
        chain = locale_chain(want)
        for name in chain:
            if name in offered:
                return offered[name]
        for name, original in offered.items():
            if locale_chain(name)[-1] == chain[-1]:
                return original
    return default


def accepted_locales(header: str) -> tuple[str, ...]:
    """The languages of an Accept-Language header (RFC 9110 12.5.4), the dearest first."""
    ranked: list[tuple[float, str]] = []
    for item in header[:500].split(","):
        name, _, weight = item.strip().partition(";")
        number = weight.strip().removeprefix("q=")
        good = number.replace(".", "", 1).isdecimal()
        worth = float(number) if good else 0.0 if weight else 1.0
        if name and name != "*" and worth > 0:
            ranked.append((-worth, name.strip()))
    return tuple(name for _, name in sorted(ranked, key=lambda pair: pair[0]))


def direction(locale: str) -> str:
    """`ltr` or `rtl`, for the dir attribute."""
    return "rtl" if locale_chain(locale)[-1] in _RIGHT_TO_LEFT else "ltr"


@cache
def babel_locale(locale: str) -> Locale:
    """Babel's locale. Bare `en` is international English: 3 December 2026, not December 3."""
    for name in locale_chain(locale):
        try:
            return Locale.parse("en-001" if name == "en" else name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en_001")


# --- fixed phrases ------------------------------------------------------------------------


@cache
def available_locales() -> tuple[str, ...]:
    """The locales that have phrases, the default first."""
    found = sorted(path.stem for path in _FOLDER.glob("*.toml"))
    return (DEFAULT_LOCALE, *(name for name in found if name != DEFAULT_LOCALE))


def phrases(locale: str) -> Mapping[str, str]:
    """Every fixed phrase as `section.key`, in the nearest locale there is."""
    return _load(_nearest(locale))[0]


def section(locale: str, name: str) -> Mapping[str, str]:
    """The phrases of one section (`widget`, `page`, `consent`, `error`, `mail`) by bare key.

    Raises KeyError for a section that does not exist.
    """
    return _load(_nearest(locale))[1][name]


@lru_cache(maxsize=1024)
def _nearest(locale: str) -> str:
    return choose_locale(locale, available_locales())


@cache
def _load(locale: str) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    tables: dict[str, dict[str, str]] = tomllib.loads(
        (_FOLDER / f"{locale}.toml").read_text(encoding="utf-8")
    )
    flat = {f"{name}.{key}": text for name, table in tables.items() for key, text in table.items()}
    sections = {name: MappingProxyType(table) for name, table in tables.items()}
    return MappingProxyType(flat), MappingProxyType(sections)


def widget_texts(locale: str, *, availability: str, shop: str) -> dict[str, str]:
    """What the widget says for a variant that is `availability`: its `texts` by the widget's keys.

    `headline`, `intro` and `button` fit the availability (`button` is empty where there is
    nothing to wait for); `consent` and `consent_sms` are the exact wordings agreed to.
    """
    words = section(locale, "widget")
    said = {name: text for name, text in words.items() if not name.startswith(_BY_AVAILABILITY)}
    for part in _BY_AVAILABILITY:
        chosen = words.get(f"{part}{availability}", words.get(f"{part}unknown", ""))
        said[part.rstrip("_")] = "" if (part, availability) == _NO_BUTTON else chosen
    said["consent"] = consent_text(locale, "email").text
    said["consent_sms"] = consent_text(locale, "sms").text
    return {name: text.replace("{shop}", shop) for name, text in said.items()}


# --- consent ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """A wording somebody agrees to. `id` names exactly this wording in this language."""

    id: str
    locale: str
    purpose: str
    text: str

    def shown(self, *, shop: str) -> str:
        """The words as the reader sees them."""
        return self.text.replace("{shop}", shop)


def consent_text(locale: str, purpose: str) -> ConsentText:
    """What is agreed to for `purpose`: `email`, `sms` or `marketing` (trust SM-11, CP-3).

    Raises KeyError for another purpose.
    """
    return _consent(choose_locale(locale, available_locales()), purpose)


def consent_by_id(consent_id: str) -> ConsentText | None:
    """The wording an id names, or None when it is not (or no longer) one of ours."""
    return _consents().get(consent_id)


@cache
def _consent(locale: str, purpose: str) -> ConsentText:
    text = section(locale, "consent")[purpose]
    digest = hashlib.sha256(f"{locale}\0{purpose}\0{text}".encode()).hexdigest()
    name = f"{purpose}.{locale}.{digest[:10]}"
    return ConsentText(id=name, locale=locale, purpose=purpose, text=text)


@cache
def _consents() -> Mapping[str, ConsentText]:
    every = (
        _consent(locale, purpose)
        for locale in available_locales()
        for purpose in section(locale, "consent")
    )
    return {one.id: one for one in every}


# --- dates, money, spans ------------------------------------------------------------------


def format_date(day: date, locale: str) -> str:
    """`3 December 2026`, `3. Dezember 2026`, `3 de diciembre de 2026`."""
    return dates.format_date(day, "long", locale=babel_locale(locale))


def format_moment(at: datetime, zone: str, locale: str) -> str:
    """`20 April 2026, 23:59 (Central European Summer Time)`: an instant as it is in `zone`."""
    babel, there = babel_locale(locale), at.astimezone(ZoneInfo(zone))
    words = section(locale, "order_mail")["moment"]
    named = dates.get_timezone_name(there, width="long", locale=babel)
    said = words.replace("{day}", format_date(there.date(), locale))
    return said.replace("{time}", there.strftime("%H:%M")).replace("{zone}", named)


def format_money(amount: Decimal, currency: str, locale: str) -> str:
    """`€1,299.50`, `1.299,50 €`. Without a currency, the bare number.

    Blanks that may not break stay as they are.
    """
    # Bare `en` writes $ and ¥ as most readers of English do; international English has US$, JP¥.
    babel = Locale.parse("en") if locale.lower() == "en" else babel_locale(locale)
    if not currency:
        return numbers.format_decimal(amount, locale=babel)
    return numbers.format_currency(amount, currency, locale=babel)


def duration_words(length: timedelta, locale: str) -> str:
    """`48 hours`, `30 minutes`, `12 days`: whole units, hours up to three days."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 120 and minutes % 60:
        return _units(minutes, "minute", locale)
    hours = round(minutes / 60)
    if hours <= 72:
        return _units(hours, "hour", locale)
    return _units(round(hours / 24), "day", locale)


def age_words(age: timedelta, locale: str) -> str:
    """How old something we looked up is: `checked 5 minutes ago`, `checked just now`."""
    words = section(locale, "words")
    if age < timedelta(minutes=1):
        return words["checked_now"]
    ago = dates.format_timedelta(-age, add_direction=True, locale=babel_locale(locale))
    return words["checked"].replace("{ago}", ago)


def eta_words(eta: Eta | None, locale: str, today: date) -> str:
    """`around 3 December 2026`, `in February 2027`, `between 3 and 10 December 2026`.

    Never sharper than the source said. Empty when nothing is known or the time is over: a past
    date is not told to anybody.
    """
    if eta is None or eta.earliest is None or eta.latest is None or eta.is_past(today):
        return ""
    words = section(locale, "words")
    if eta.precision is EtaPrecision.MONTH:
        month = dates.format_skeleton("yMMMM", eta.earliest, locale=babel_locale(locale))
        return words["eta_month"].replace("{month}", month)
    if eta.precision is EtaPrecision.RANGE and eta.earliest != eta.latest:
        first, last = _span(eta.earliest, eta.latest, locale)
        return words["eta_range"].replace("{first}", first).replace("{last}", last)
    if eta.precision is EtaPrecision.UNKNOWN:
        return ""
    return words["eta_day"].replace("{day}", format_date(eta.earliest, locale))


def usually_back_words(span: Span, locale: str) -> str:
    """`Usually back within 3 weeks`: what was usual, never a promise."""
    words = section(locale, "words")
    key = f"usually_{span.unit.value}"
    text = words[f"{key}_one"] if span.count == 1 else words[key]
    return text.replace("{count}", str(span.count))


def order_ahead_words(eta: str, locale: str, *, is_preorder: bool) -> str:
    """`Can be ordered now, expected around 3 December 2026`; `eta` as `eta_words` says it or ''."""
    key = ("preorder_now" if is_preorder else "order_now") + ("_eta" if eta else "")
    return section(locale, "words")[key].replace("{eta}", eta)


def _span(earliest: date, latest: date, locale: str) -> tuple[str, str]:
    """The two ends, the first no longer than needed: (`3`, `10 December 2026`)."""
    babel, last = babel_locale(locale), format_date(latest, locale)
    if earliest.year != latest.year:
        return format_date(earliest, locale), last
    with_month = dates.format_skeleton("MMMMd", earliest, locale=babel)
    day = with_month.split()[0]
    if earliest.month == latest.month and day[0].isdigit():
        return day, last
    return with_month, last


def _units(count: int, unit: str, locale: str) -> str:
    return units.format_unit(count, f"duration-{unit}", length="long", locale=babel_locale(locale))
