"""Why is a wave as large as it is, in the reader's language?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifier.i18n import section
from notifier.i18n_figures import format_number, format_percent
from notifier.services.asleep import ASLEEP
from notifier.store.releases import LAST_LOOK, ReleaseRow, WaveRow

_BY_FACT = frozenset(
    ("all", "per_unit", "fixed", "no_quantity", "reserved", "reserved_all", "too_few", "all_asleep")
)
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
        if facts.get(ASLEEP):
            parts.append(words["passed_asleep"].format(**plain))
    except (KeyError, IndexError):
        return reason
    return " ".join(parts)


def why_wave(wave: WaveRow, locale: str) -> str:
    """The same of a wave, with as many as it has told: the next in line may have wanted more than
    was left of it."""
    told = {"told_now": wave.told} if wave.told and "told_now" in wave.facts else {}
    said = why({**wave.facts, **told}, locale, reason=wave.reason)
    if wave.facts.get("rule") not in _WITHOUT_STOCK or wave.stock is None:
        return said
    there = section(locale, "release")["there"]
    return f"{there.format(stock=_number(wave.stock, locale))} {said}"


def why_nobody(release: ReleaseRow, locale: str) -> str:
    """Why nobody was told when a release was looked at last; empty when somebody was."""
    look = release.strategy.get(LAST_LOOK) if release.state == "running" else None
    return why(look["facts"], locale, reason=look["reason"]) if look else ""


def _seen(words: Mapping[str, str], facts: Mapping[str, Any], locale: str) -> str:
    """What was seen of those told before, or what is believed while nobody has been told."""
    return words["seen" if facts["told_before"] else "seen_none"].format(
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
