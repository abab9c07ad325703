"""What does a shop say in which message, by which channel and in which language, at one look?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.message import ABOUT_ORDERS, Medium, MessageKind
from notifier.domain.template_rules import NO_SHORT_TEXT
from notifier.i18n import available_locales, locale_chain
from notifier.rendering.blocks import Blocks
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.examine import Finding
from notifier.rendering.sources import NEEDED, version_of
from notifier.services.env import Env, ShopRef
from notifier.services.load_around import load_around
from notifier.services.template_faults import faults_of
from notifier.services.template_place import Place, same_text, shipped_parts
from notifier.store import templates
from notifier.store.templates import Version

DEFAULT, CHANGED, MISSING = "default", "changed", "missing"
_AT_ONCE = (
    1.5  # seconds spent on rendering what is published anew; the rest waits for the next look
)
_TO_MERCHANT = frozenset({MessageKind.SOURCE_TROUBLE})
_checked: dict[tuple[Place, str], tuple[Finding, ...]] = {}
_MOST_CHECKED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind in one language by one channel.

    `state`: DEFAULT, CHANGED or MISSING, of what is sent now. `draft`: there is one that changes
    it. `broken`: why the draft, or what is published, would not render; ''. `outdated`: its default
    changed since it was copied.
    """

    kind: MessageKind
    locale: str
    medium: Medium
    state: str
    draft: bool = False
    broken: str = ""
    outdated: bool = False
    saved_by: str = ""
    saved_at: datetime | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """What it is to be found by."""
        return (
            self.state,
            *(("draft",) if self.draft else ()),
            *(("broken",) if self.broken else ()),
            *(("outdated",) if self.outdated else ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One kind. `group`: `waiting`, `bought` or `merchant`, by whom it is for."""

    kind: MessageKind
    group: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    locales: tuple[str, ...]
    rows: tuple[GridRow, ...]
    drafts: int
    counts: Mapping[str, int]


def load_grid(env: Env, room: DraftRoom, shop: ShopRef) -> Grid:
    """Every message of a shop. What is published and was not checked since this program started is
    rendered once."""
    with env.db.read() as tx:
        current = templates.current_of_shop(tx, shop.slug)
        locales = languages(shop, current)
        common = {
            (one.kind, one.locale): one.parts
            for one in templates.current_of_shop(tx, "")
            if one.state == templates.PUBLISHED
        }
        around = {one: load_around(tx, shop.slug, one) for one in locales}
    defaults = {
        (kind, locale): {
            **shipped_parts(Place(shop=shop.slug, kind=kind.value, locale=locale)),
            **common.get((kind.value, locale), {}),
        }
        for kind in MessageKind
        for locale in locales
    }
    known = {(one.kind, one.locale, one.state): one for one in current}
    until = time.monotonic() + _AT_ONCE
    rows = []
    for kind in MessageKind:
        cells: list[Cell] = []
        for locale in locales:
            published = known.get((kind.value, locale, templates.PUBLISHED))
            draft = known.get((kind.value, locale, templates.DRAFT))
            faults = _faults(env, room, published, around[locale], until=until)
            cells += _cells(kind, locale, published, draft, defaults[(kind, locale)], faults=faults)
        rows.append(GridRow(kind=kind, group=group_of(kind), cells=tuple(cells)))
    drafts = {(one.kind, one.locale) for one in current if one.state == templates.DRAFT}
    kinds = {kind.value for kind in MessageKind}
    return Grid(
        locales=locales,
        rows=tuple(rows),
        drafts=sum(1 for kind, _ in drafts if kind in kinds),
        counts=_counts(rows),
    )


def group_of(kind: MessageKind) -> str:
    """For whom a message is."""
    if kind in _TO_MERCHANT:
        return "merchant"
    return "bought" if kind in ABOUT_ORDERS else "waiting"


def languages(shop: ShopRef, versions: Iterable[Version] = ()) -> tuple[str, ...]:
    """The languages a shop may write in: its own first, those that come with the program, and those
    somebody has begun."""
    own = locale_chain(shop.config.locale)[-1]
    begun = sorted({one.locale for one in versions if one.locale not in ("", "*")})
    return tuple(dict.fromkeys((own, *available_locales(), *begun)))


def _faults(
    env: Env, room: DraftRoom, published: Version | None, around: Blocks, *, until: float
) -> tuple[Finding, ...]:
    """Why what is published would not render; remembered for as long as neither changes."""
    if published is None or not published.parts:
        return ()
    place = Place(shop=published.shop, kind=published.kind, locale=published.locale)
    texts = (*published.parts, *published.parts.values(), *around.parts.values())
    key = (place, version_of(around.look.as_text(), *texts))
    found = _checked.get(key)
    if found is None and time.monotonic() < until:
        found = faults_of(env, room, place, published.parts)
        if len(_checked) >= _MOST_CHECKED:
            _checked.clear()
        _checked[key] = found
    return found or ()


def _cells(
    kind: MessageKind,
    locale: str,
    published: Version | None,
    draft: Version | None,
    default: Mapping[str, str],
    *,
    faults: tuple[Finding, ...],
) -> list[Cell]:
    media = [Medium.EMAIL] if kind in NO_SHORT_TEXT else [Medium.EMAIL, Medium.SMS]
    return [
        _cell(kind, locale, medium, published, draft, default, faults=faults) for medium in media
    ]


def _cell(
    kind: MessageKind,
    locale: str,
    medium: Medium,
    published: Version | None,
    draft: Version | None,
    default: Mapping[str, str],
    *,
    faults: tuple[Finding, ...],
) -> Cell:
    parts = NEEDED[medium]
    sent = dict(published.parts) if published else {}
    planned = dict(draft.parts) if draft else sent
    whole = {**default, **sent}
    state = (
        MISSING
        if any(not whole.get(part, "").strip() for part in parts)
        else CHANGED
        if any(part in sent for part in parts)
        else DEFAULT
    )
    newest = draft or published
    touched = newest is not None and any(part in newest.parts for part in parts)
    broken = [str(one) for one in faults if one.part in parts or one.part not in _EVERY]
    if draft and draft.problem:
        broken += [line for line in draft.problem.splitlines() if line.startswith(parts)]
    return Cell(
        kind=kind,
        locale=locale,
        medium=medium,
        state=state,
        draft=draft is not None and any(_differs(part, sent, planned) for part in parts),
        broken=broken[0] if broken else "",
        outdated=newest is not None and any(_outdated(newest, part, default) for part in parts),
        saved_by=newest.saved_by if newest and touched else "",
        saved_at=newest.saved_at if newest and touched else None,
    )


_EVERY = frozenset(part for parts in NEEDED.values() for part in parts)


def _differs(part: str, sent: Mapping[str, str], planned: Mapping[str, str]) -> bool:
    return not same_text(sent.get(part, ""), planned.get(part, ""))


def _outdated(version: Version, part: str, default: Mapping[str, str]) -> bool:
    then, now = version.copied.get(part, ""), default.get(part, "")
    if part not in version.parts or not then or not now:
        return False
    return not same_text(then, now) and not same_text(version.parts[part], now)


def _counts(rows: Iterable[GridRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        for cell in row.cells:
            for mark in cell.marks:
                counts[mark] = counts.get(mark, 0) + 1
    return counts
