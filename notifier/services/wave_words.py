"""Why is a wave as large as it is, in the reader's language?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifier.i18n import section
from notifier.i18n_figures import format_number, format_percent
from notifier.services.asleep import PASSED_FOR
from notifier.services.before_wave import UNKNOWN
from notifier.store.releases import LAST_LOOK, ReleaseRow
from notifier.store.waves import WaveRow

_BY_FACT = frozenset(
    (
        *("all", "per_unit", "fixed", "no_quantity", "reserved", "reserved_all", "too_few"),
        *(f"all_{one}" for one in PASSED_FOR),
    )
)
NOT_KEPT = "not_kept"
_WITHOUT_STOCK = frozenset({"all", "fixed"})  # rules that do not go by it


def why(facts: Mapping[str, Any], locale: str, *, reason: str) -> str:
    """The facts of a wave or a plan as a sentence or two; `reason` as it was stored where they do
    not say enough, as with waves of before facts were kept."""
    words = section(locale, "release")
    rule = str(facts.get("rule", ""))
    if rule not in words:
        return reason
    plain = {name: _number(value, locale) for name, value in facts.items()}
    try:
        if rule in _BY_FACT:
            parts = [words[rule].format(**plain)]
        else:
            unknown = facts.get("stock") is None
            parts = [words["there_unknown" if unknown else "there"].format(**plain)]
            if facts.get("told_before") or facts.get("told_now"):
                parts.append(_seen(words, facts, locale))
            parts.append(words[rule].format(people=_number(facts.get("told_now", 0), locale)))
        if facts.get("left"):
            parts.append(words["left"].format(**plain))
        passed = (one for one in PASSED_FOR if facts.get(one))
        parts += [words[f"passed_{one}"].format(**plain) for one in passed]
    except (KeyError, IndexError):
        return reason
    return " ".join(parts)


def why_wave(wave: WaveRow, locale: str) -> str:
    """The same of a wave, with as many as it has told: the next in line may have wanted more than
    was left of it."""
    told = {"told_now": wave.told} if wave.told and "told_now" in wave.facts else {}
    words = section(locale, "release")
    parts = []
    if wave.facts.get("rule") in _WITHOUT_STOCK and wave.stock is not None:
        parts.append(words["there"].format(stock=_number(wave.stock, locale)))
    if wave.facts.get("rule") in _BY_FACT:
        parts.append(_before(words, wave.facts, locale))
    parts.append(why({**wave.facts, **told}, locale, reason=wave.reason))
    return " ".join(parts)


def why_nobody(release: ReleaseRow, locale: str) -> str:
    """Why nobody was told when a release was looked at last; empty when somebody was."""
    look = release.strategy.get(LAST_LOOK) if release.state == "running" else None
    return why(look["facts"], locale, reason=look["reason"]) if look else ""


def wave_as_dict(wave: WaveRow, locale: str) -> dict[str, Any]:
    """A wave by the names of the API, with what was known of those told before it: `outstanding`,
    sales that may still come; `buy_share`, the share that buys, between `low` and `high` with 90 %.
    None where that cannot be known, and `unknown` says why (services/before_wave), or not_kept for
    a wave of before it was kept."""
    facts = wave.facts
    return {
        **{name: getattr(wave, name) for name in ("number", "at", "stock", "planned", "told")},
        "outstanding": facts.get("claims"),
        **{name: facts.get(name) for name in ("buy_share", "low", "high")},
        "unknown": _why_unknown(facts),
        "rule": str(facts.get("rule", "")),
        "reason": why_wave(wave, locale),
    }


def _why_unknown(facts: Mapping[str, Any]) -> str:
    return str(facts.get(UNKNOWN, "" if "buy_share" in facts else NOT_KEPT))


def _before(words: Mapping[str, str], facts: Mapping[str, Any], locale: str) -> str:
    """What was known of those told before, also where the rule did not go by it."""
    unknown = _why_unknown(facts)
    if unknown:
        told = _number(facts.get("told_before", 0), locale)
        return words[f"before_{unknown}"].format(told=told)
    return _seen(words, facts, locale)


def _seen(words: Mapping[str, str], facts: Mapping[str, Any], locale: str) -> str:
    """What was seen of those told before, or what is believed while nobody has been told."""
    phrase = "seen_none"
    if facts["told_before"]:
        phrase = "seen_share" if facts.get("rule") == "reserved" else "seen"
    return words[phrase].format(
        told=_number(facts["told_before"], locale),
        claims=_number(round(float(facts["claims"]), 1), locale),
        **{
            name: format_percent(float(facts[fact]), locale)
            for name, fact in (("share", "buy_share"), ("low", "low"), ("high", "high"))
        },
    )


def _number(value: Any, locale: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return format_number(value, locale, digits=2)
