"""How does an edited message template get from a draft to the people, without ever breaking?

A draft is rendered with every sample in a process that can be killed; only what passes can be
saved and published. Messages use the published version; nothing published is the shipped default.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from notifier.domain.message import MessageKind
from notifier.errors import Conflict, NotFound, StoreBusy
from notifier.log import log
from notifier.rendering import Rendered, TemplateSource
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.services.env import Env
from notifier.store import ledger, templates
from notifier.store.session import Transaction

FRESH_FOR = 1.0  # seconds after which the table is asked whether something was published


class PublishedTemplates:
    """A lookup of what people have published. Safe to share between threads."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._fingerprint: tuple[int, int] | None = None
        self._found: dict[tuple[str, str, str, str], TemplateSource] = {}

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        """The published part for exactly this shop (empty: all shops) and locale, or None."""
        with self._lock:
            if time.monotonic() - self._asked_at > FRESH_FOR:
                self._refresh()
        return self._found.get((shop, locale, kind.value, part))

    def _refresh(self) -> None:
        try:
            with self._env.db.read() as tx:
                now = templates.fingerprint(tx)
                if now != self._fingerprint:
                    self._found = {
                        (row.shop, row.locale, row.kind, row.part): TemplateSource(
                            source=row.source,
                            version=f"{row.id}",
                            where=f"{row.locale}/{row.kind}/{row.part} version {row.version}",
                            part=row.part,
                        )
                        for row in templates.published(tx)
                    }
                    self._fingerprint = now
        except StoreBusy:
            log.warning("templates not refreshed: database busy")
        self._asked_at = time.monotonic()


def preview(room: DraftRoom, draft: Draft) -> tuple[Rendered, ...]:
    """The draft with each sample, rendered in a child process. Sends nothing, stores nothing.

    Raises errors.TemplateProblem with part, line and name.
    """
    return room.try_draft(draft)


def save_draft(
    env: Env,
    room: DraftRoom,
    draft: Draft,
    *,
    shop: str,
    by: str,
    expected_version: int,
    publish: bool = False,
) -> int:
    """Store a checked draft as a new version; the version's number.

    Raises errors.TemplateProblem for a draft that would not render everywhere, errors.Conflict
    ("stale") when somebody saved since `expected_version` was read.
    """
    room.try_draft(draft)

    def work(tx: Transaction) -> int:
        kind, locale = draft.kind.value, draft.locale
        newest = templates.newest_version(tx, shop=shop, locale=locale, kind=kind)
        if newest != expected_version:
            who = templates.versions_of(tx, shop=shop, locale=locale, kind=kind)
            name = who[0].saved_by if who else "somebody"
            raise Conflict("stale", f"{name} saved version {newest} meanwhile. Load it first.")
        templates.save_version(
            tx,
            shop=shop,
            locale=locale,
            kind=kind,
            version=newest + 1,
            parts=draft.parts,
            state="draft",
            copied_from="",
            by=by,
            at=env.now(),
        )
        if publish:
            templates.publish_version(tx, shop=shop, locale=locale, kind=kind, version=newest + 1)
        _audit(tx, env, "published" if publish else "saved", shop, draft, newest + 1, by)
        return newest + 1

    return env.db.retry(work)


def publish_version(
    env: Env,
    room: DraftRoom,
    *,
    kind: MessageKind,
    locale: str,
    shop: str,
    version: int,
    by: str,
) -> None:
    """Publish a saved version (also an old one: that is a roll-back). It is checked once more."""
    with env.db.read() as tx:
        rows = templates.versions_of(tx, shop=shop, locale=locale, kind=kind.value)
    parts = {row.part: row.source for row in rows if row.version == version}
    if not parts:
        raise NotFound(f"There is no version {version} of {locale}/{kind.value}.")
    draft = Draft(kind=kind, locale=locale, parts=parts)
    room.try_draft(draft)

    def work(tx: Transaction) -> None:
        templates.publish_version(tx, shop=shop, locale=locale, kind=kind.value, version=version)
        _audit(tx, env, "published", shop, draft, version, by)

    env.db.retry(work)


def back_to_default(env: Env, *, kind: MessageKind, locale: str, shop: str, by: str) -> bool:
    """Use what came with the program again; False when that was so already."""

    def work(tx: Transaction) -> bool:
        changed = templates.unpublish(tx, shop=shop, locale=locale, kind=kind.value)
        if changed:
            draft = Draft(kind=kind, locale=locale, parts={})
            _audit(tx, env, "unpublished", shop, draft, 0, by)
        return bool(changed)

    return env.db.retry(work)


def current_parts(env: Env, *, kind: MessageKind, locale: str, shop: str) -> Mapping[str, str]:
    """The newest saved parts, draft or not; empty when nobody has changed this template."""
    with env.db.read() as tx:
        rows = templates.versions_of(tx, shop=shop, locale=locale, kind=kind.value)
    newest = max((row.version for row in rows), default=0)
    return {row.part: row.source for row in rows if row.version == newest}


def _audit(
    tx: Transaction, env: Env, act: str, shop: str, draft: Draft, version: int, by: str
) -> None:
    ledger.append(
        tx,
        book="audit",
        act=f"template.{act}",
        at=env.now(),
        facts={
            "shop": shop,
            "kind": draft.kind.value,
            "locale": draft.locale,
            "version": version,
            "by": by,
        },
    )
