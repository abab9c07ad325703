"""How does what a shop has around all its mails change, without breaking one of them?

Before a header, a footer, a colour or an address is published, every message in every language is
rendered with it; one that would fail keeps all of it back, and all that would fail are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from notifier.domain.message import MessageKind
from notifier.errors import NotFound
from notifier.i18n import locale_chain
from notifier.rendering.blocks import (
    BLOCK_PARTS,
    BLOCKS,
    LOOK,
    LOOK_PART,
    NO_LANGUAGE,
    Blocks,
    Look,
    stored_look,
)
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.examine import Finding
from notifier.services.edit_template import run_once, store_version
from notifier.services.env import Env
from notifier.services.load_around import load_around
from notifier.services.template_author import Author
from notifier.services.template_faults import BrokenDraft, CannotPublish, Trouble
from notifier.services.template_place import (
    Place,
    default_parts,
    load_standing,
    parts_of_kind,
    tidy_text,
)
from notifier.store import templates
from notifier.store.session import Transaction


def look_place(shop: str) -> Place:
    """Where colours, logo and address are kept."""
    return Place(shop=shop, kind=LOOK, locale=NO_LANGUAGE)


def blocks_place(shop: str, locale: str) -> Place:
    """Where header and footer of a language are kept."""
    return Place(shop=shop, kind=BLOCKS, locale=locale)


def save_look(
    env: Env,
    room: DraftRoom,
    look: Look,
    *,
    shop: str,
    by: Author | str,
    expected_version: int,
    publish: bool,
    locales: Iterable[str],
) -> int:
    """Store colours, logo and address; the version's number.

    Raises CannotPublish with every mail and language it would break, errors.Conflict ("stale").
    """
    if publish:
        _check_every_mail(env, room, shop, locales, look=look)
    return _store(
        env,
        look_place(shop),
        {LOOK_PART: look.as_text()},
        by=by,
        expected_version=expected_version,
        publish=publish,
    )


def save_blocks(
    env: Env,
    room: DraftRoom,
    parts: Mapping[str, str],
    *,
    shop: str,
    locale: str,
    by: Author | str,
    expected_version: int,
    publish: bool,
    even_broken: bool = False,
) -> int:
    """Store header and footer of a language; the version's number.

    Raises BrokenDraft for what is wrong in them, CannotPublish with every mail they would break,
    errors.Conflict ("stale").
    """
    kept = tidy_blocks(parts)
    findings = room.examine_blocks(Blocks(parts=kept))
    if findings and (publish or not even_broken):
        raise BrokenDraft(findings)
    if publish:
        _check_every_mail(env, room, shop, [locale], parts=kept)
    return _store(
        env,
        blocks_place(shop, locale),
        kept,
        by=by,
        expected_version=expected_version,
        publish=publish,
        problem="\n".join(str(one) for one in findings)[:2000],
    )


def tidy_blocks(parts: Mapping[str, str]) -> dict[str, str]:
    """The blocks that say something."""
    return {part: tidy_text(parts[part]) for part in BLOCK_PARTS if parts.get(part, "").strip()}


def publish_stored(
    env: Env,
    room: DraftRoom,
    place: Place,
    *,
    version: int,
    by: Author | str,
    expected_version: int,
    locales: Iterable[str],
) -> int:
    """Publish a saved version of a block (also an old one) as a new version; its number.

    Raises errors.NotFound, and as `save_look` and `save_blocks` do.
    """
    with env.db.read() as tx:
        rows = templates.history(
            tx, shop=place.shop, locale=place.locale, kind=place.kind, limit=1000
        )
    parts = next((dict(one.parts) for one in rows if one.number == version), None)
    if parts is None:
        raise NotFound(f"There is no version {version}.")
    if place.kind == LOOK:
        return save_look(
            env,
            room,
            stored_look(parts.get(LOOK_PART, "")),
            shop=place.shop,
            by=by,
            expected_version=expected_version,
            publish=True,
            locales=locales,
        )
    return save_blocks(
        env,
        room,
        parts,
        shop=place.shop,
        locale=place.locale,
        by=by,
        expected_version=expected_version,
        publish=True,
    )


def _store(
    env: Env,
    place: Place,
    parts: Mapping[str, str],
    *,
    by: Author | str,
    expected_version: int,
    publish: bool,
    problem: str = "",
) -> int:
    def work(tx: Transaction) -> int:
        return store_version(
            tx,
            env,
            place,
            parts=parts,
            copied={},
            by=by,
            expected_version=expected_version,
            publish=publish,
            problem=problem,
        )

    return run_once(env, place, work)


def _check_every_mail(
    env: Env,
    room: DraftRoom,
    shop: str,
    locales: Iterable[str],
    *,
    look: Look | None = None,
    parts: Mapping[str, str] | None = None,
) -> None:
    """Render every message with it. Raises CannotPublish with all that would fail."""
    troubles: list[Trouble] = []
    for locale in locales:
        with env.db.read() as tx:
            around = load_around(tx, shop, locale)
            around = replace(around, look=look) if look is not None else around
            around = replace(around, parts=parts) if parts is not None else around
            drafts = [_sent_now(tx, shop, kind, locale, around) for kind in MessageKind]
        for draft in drafts:
            if draft.parts:
                found = room.mail_faults(draft)
                troubles += [_trouble(draft, finding) for finding in found]
    if troubles:
        raise CannotPublish(troubles)


def _sent_now(tx: Transaction, shop: str, kind: MessageKind, locale: str, around: Blocks) -> Draft:
    """What is sent of a kind in a language today."""
    place = Place(shop=shop, kind=kind.value, locale=locale)
    published = load_standing(tx, place).published
    parts = {**default_parts(tx, place), **(published.parts if published else {})}
    known = {part: parts[part] for part in parts_of_kind(kind) if part in parts}
    return Draft(kind=kind, locale=locale_chain(locale)[0], parts=known, around=around)


def _trouble(draft: Draft, finding: Finding) -> Trouble:
    return Trouble(kind=draft.kind.value, locale=draft.locale, finding=finding)
