"""Which other programs stand beside a goal, and what did they do in the same run?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.contest import Line
from bench.oscar import PEER

SMTPLIB = "smtplib, one connection"
C_CLIENT = "smtp-source -s 16"


def words(topic: str, lines: Sequence[Line], absent: Mapping[str, str]) -> str:
    """One sentence or two; empty where there is no peer."""
    if topic not in _TOPICS:
        return ""
    oscar = next((line for line in lines if line.floor == PEER), None)
    if oscar is None and topic != "senders":
        return f"django-oscar: {absent[PEER]}" if PEER in absent else ""
    return _TOPICS[topic](lines, oscar, absent)


def _senders(lines: Sequence[Line], oscar: Line | None, absent: Mapping[str, str]) -> str:
    """As parts of the C client, which is 1."""
    yard = [one for one in lines if one.benchmark == "delivery" and one.floor == C_CLIENT]
    said: list[str] = []
    if yard:
        fast = yard[0].floor_rate
        plain = [one for one in lines if one.benchmark == "delivery" and one.floor == SMTPLIB]
        if plain:
            said.append(f"smtplib {plain[0].floor_rate / fast:.2f}")
        if oscar is not None:
            said.insert(0, f"django-oscar {oscar.floor_rate / fast:.3f}")
    if oscar is None and PEER in absent:
        said.append(f"django-oscar: {absent[PEER]}")
    return "; ".join(said)


def _growth(_lines: Sequence[Line], oscar: Line | None, _absent: Mapping[str, str]) -> str:
    assert oscar is not None
    seen = oscar.floor_extra
    return (
        f"django-oscar: {seen.get('cpu_us', 0):,.0f} µs, {seen.get('peak_mb', 0):,.0f} MB, "
        f"{seen.get('queries_each', 0):.0f} queries each"
    )


def _kills(_lines: Sequence[Line], oscar: Line | None, _absent: Mapping[str, str]) -> str:
    assert oscar is not None
    seen = oscar.floor_extra
    count = seen.get("alerts_mails", 0)
    return (
        f"django-oscar, of {count:,.0f}: {seen.get('lost-by-one-kill_mails', 0):,.0f} lost by one "
        f"kill, {seen.get('lost-by-an-outage_mails', 0):,.0f} while no mail server was there"
    )


_TOPICS = {"senders": _senders, "growth": _growth, "kills": _kills}
