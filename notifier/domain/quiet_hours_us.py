"""When may a promotional SMS reach somebody in the USA, state by state?

Data as of 2026-11-21: the Telephone Consumer Protection Act (47 CFR 64.1200(c)(1): 8 to 21 h at
the called person's place) and the narrower state laws, from two compliance tables. Where these
two disagree the narrower reading stands, and the row says so. This is no legal advice. The
installed default is the safe preset of quiet_hours.py, which is narrower than the rows below.
"""

from __future__ import annotations

from datetime import date

from notifier.domain.quiet_hours import SAFE, Rules, Window, hours

__all__ = ["AS_OF", "FEDERAL", "STATES", "rules_for"]

AS_OF = date(2026, 11, 21)


def _rules(name: str, *windows: Window | None) -> Rules:
    """Rules from windows for Monday to Friday, Saturday, Sunday and holidays."""
    weekday, saturday, sunday, holiday = windows
    return Rules(
        name=name, weekday=weekday, saturday=saturday, sunday=sunday, holiday=holiday, as_of=AS_OF
    )


def _daily(name: str, window: Window) -> Rules:
    return _rules(name, window, window, window, window)


_8_TO_20, _8_TO_21, _9_TO_20 = hours(8, 20), hours(8, 21), hours(9, 20)
_9_TO_21, _10_TO_21, _10_TO_17 = hours(9, 21), hours(10, 21), hours(10, 17)

FEDERAL = _daily("US", _8_TO_21)

STATES: dict[str, Rules] = {
    # Evenings end at 20 h.
    **{state: _daily(state, _8_TO_20) for state in ("US-FL", "US-OK", "US-MD", "US-MA", "US-WA")},
    "US-NJ": _daily("US-NJ", _8_TO_20),  # one table only
    "US-CT": _daily("US-CT", _9_TO_20),
    "US-NV": _daily("US-NV", _9_TO_20),
    # Mornings begin later.
    "US-KY": _daily("US-KY", _10_TO_21),
    **{state: _daily(state, _9_TO_21) for state in ("US-MI", "US-MN", "US-NM")},
    **{state: _daily(state, _9_TO_21) for state in ("US-IL", "US-CA")},  # tables: 8 or 9
    # Sundays and holidays differ.
    "US-AL": _rules("US-AL", _8_TO_20, _8_TO_20, None, None),
    "US-LA": _rules("US-LA", _8_TO_20, _8_TO_20, None, None),
    "US-MS": _rules("US-MS", _8_TO_20, _8_TO_20, None, _8_TO_20),  # one table: Sundays too
    "US-TX": _rules("US-TX", _9_TO_21, _9_TO_21, hours(12, 21), _9_TO_21),
    "US-RI": _rules("US-RI", hours(9, 18), _10_TO_17, None, None),  # one table: Sunday 10 to 17
    "US-PA": _rules("US-PA", _8_TO_21, hours(8, 12), None, _8_TO_21),  # weekend not legible
}
"""State → its rules. A state that is not here keeps FEDERAL."""


def rules_for(region: str, *, state: str = "", detailed: bool = False) -> Rules:
    """The rules for a number of this country and state (domain.phone.Phone has both).

    Without `detailed` (the default of an installation), outside the USA and where the state is
    unknown the safe preset holds.
    """
    if not detailed or region != "US" or not state:
        return SAFE
    return STATES.get(state, FEDERAL)
