"""How does a message look that somebody is writing right now? Nothing is stored or sent.

Rendered in the child process with one sample, or with the values of a real case, and with what the
shop has around its mails; a draft of that, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from notifier.domain.message import ABOUT_ORDERS, MessageKind
from notifier.domain.message_samples import SAMPLES, sample_context
from notifier.domain.sms_text import Segments, measure, outside_gsm7
from notifier.rendering import Rendered
from notifier.rendering.blocks import Blocks
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.examine import Finding
from notifier.rendering.short_text import MAX_SEGMENTS, MOST_ABOUT_ORDERS
from notifier.services.compose import shop_values
from notifier.services.env import Env, ShopRef
from notifier.services.load_around import load_around
from notifier.services.template_cases import case_context
from notifier.services.template_faults import missing_parts
from notifier.services.template_place import (
    Place,
    changed_parts,
    default_parts,
    message_kind,
    parts_of_kind,
)

_DARK = re.compile(r"\(prefers-color-scheme:\s*dark\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as it would arrive. `dear`: the characters that make its SMS UCS-2."""

    findings: tuple[Finding, ...]
    message: Rendered
    segments: Segments
    most_segments: int
    dear: tuple[str, ...] = ()


def show_draft(
    env: Env,
    room: DraftRoom,
    shop: ShopRef,
    place: Place,
    parts: Mapping[str, str],
    *,
    sample: str = SAMPLES[0],
    case: str = "",
    around: Blocks | None = None,
) -> Shown:
    """All faults of the written `parts`, and the message as far as it goes.

    `case`: the key of a real case; '' shows the sample. `around`: a draft of what stands around
    mails. Raises errors.NotFound for a case that is gone, errors.TooMany.
    """
    kind = message_kind(place.kind)
    sample = sample if sample in SAMPLES else SAMPLES[0]
    with env.db.read() as tx:
        default = default_parts(tx, place)
        around = around or load_around(tx, place.shop, place.locale)
    known = {part: text for part, text in parts.items() if part in parts_of_kind(kind)}
    whole = {**default, **changed_parts(known, default)}
    context = _values(env, shop, kind, place, sample=sample, case=case)
    draft = Draft(kind=kind, locale=place.locale, parts=whole, around=around)
    examined = room.examine(draft, sample=sample, context=context)
    short = examined.shown.short
    return Shown(
        findings=(*missing_parts(whole), *examined.findings),
        message=examined.shown,
        segments=measure(short),
        most_segments=MOST_ABOUT_ORDERS if kind in ABOUT_ORDERS else MAX_SEGMENTS,
        dear=outside_gsm7(short)[:12],
    )


def _values(
    env: Env, shop: ShopRef, kind: MessageKind, place: Place, *, sample: str, case: str
) -> dict[str, Any]:
    if case:
        return case_context(env, shop, kind, case, locale=place.locale)
    given = sample_context(kind, place.locale, sample)
    if sample == SAMPLES[0]:  # the other samples are about odd shops, too
        own = {name: value for name, value in shop_values(shop).items() if value}
        given["shop"] = {**given["shop"], **own}
    return given


def in_theme(html: str, theme: str) -> str:
    """The mail as a reader with a light or a dark screen sees it, whatever ours is."""
    if not html:
        return html
    dark = theme == "dark"
    fixed = _DARK.sub("all" if dark else "not all", html)
    scheme = "dark" if dark else "light"
    return fixed.replace("color-scheme: light dark", f"color-scheme: {scheme}").replace(
        'content="light dark"', f'content="{scheme}"'
    )


def blocks_draft(saved: Blocks, parts: Mapping[str, str]) -> Blocks:
    """What would stand around mails with these unsaved parts."""
    return replace(saved, parts={part: text for part, text in parts.items() if text.strip()})
