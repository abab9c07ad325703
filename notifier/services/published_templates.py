"""Which texts have people published, as the one who writes a message asks for them?

Kept in memory and asked for anew every second: a published text is used by every process a second
later, and no letter waits for the database.
"""

from __future__ import annotations

import threading
import time

from notifier.domain.message import MessageKind
from notifier.errors import StoreBusy
from notifier.i18n import locale_chain
from notifier.log import log
from notifier.rendering import TemplateSource
from notifier.rendering.blocks import (
    BLOCK_PARTS,
    BLOCKS,
    LOOK,
    LOOK_PART,
    NO_BLOCKS,
    NO_LANGUAGE,
    Blocks,
    Look,
    stored_look,
)
from notifier.services.env import Env
from notifier.store import templates

FRESH_FOR = 1.0  # seconds after which the table is asked whether something was published


class PublishedTemplates:
    """A lookup of what people have published. Safe to share between threads."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._fingerprint: tuple[int, int] | None = None
        self._found: dict[tuple[str, str, str, str], TemplateSource] = {}
        self._around: dict[tuple[str, str], Blocks] = {}

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        """The published part for exactly this shop (empty: all shops) and locale, or None."""
        self._keep_fresh()
        return self._found.get((shop, locale, kind.value, part))

    def blocks(self, *, shop: str, locale: str) -> Blocks:
        """What the shop has around its mails in this language. No other language steps in."""
        self._keep_fresh()
        if not self._around:
            return NO_BLOCKS
        look, parts = Look(), {}
        versions = []
        for place in (shop, ""):
            own = self._around.get((place, NO_LANGUAGE))
            if own is not None:
                look, versions = own.look, [own.version]
                break
        for place, name in ((p, one) for p in (shop, "") for one in locale_chain(locale)):
            own = self._around.get((place, name))
            if own is not None:
                parts = dict(own.parts)
                versions.append(own.version)
                break
        return Blocks(look=look, parts=parts, version="+".join(versions))

    def _keep_fresh(self) -> None:
        with self._lock:
            if time.monotonic() - self._asked_at > FRESH_FOR:
                self._refresh()

    def _refresh(self) -> None:
        try:
            with self._env.db.read() as tx:
                now = templates.fingerprint(tx)
                if now != self._fingerprint:
                    self._take(templates.published(tx))
                    self._fingerprint = now
        except StoreBusy:
            log.warning("templates not refreshed: database busy")
        self._asked_at = time.monotonic()

    def _take(self, rows: list[templates.TemplateRow]) -> None:
        found: dict[tuple[str, str, str, str], TemplateSource] = {}
        words: dict[tuple[str, str], dict[str, str]] = {}
        around: dict[tuple[str, str], Blocks] = {}
        versions: dict[tuple[str, str], int] = {}
        for row in rows:
            place = (row.shop, row.locale)
            if row.kind == LOOK and row.part == LOOK_PART:
                around[place] = Blocks(look=stored_look(row.source), version=f"l{row.id}")
            elif row.kind == BLOCKS and row.part in BLOCK_PARTS:
                words.setdefault(place, {})[row.part] = row.source
                versions[place] = max(row.id, versions.get(place, 0))
            elif row.part != templates.HEAD:
                found[(row.shop, row.locale, row.kind, row.part)] = TemplateSource(
                    source=row.source,
                    version=f"{row.id}",
                    where=f"{row.locale}/{row.kind}/{row.part} version {row.version}",
                    part=row.part,
                )
        for place, parts in words.items():
            around[place] = Blocks(parts=parts, version=f"b{versions[place]}")
        self._found, self._around = found, around
