"""How does an edited message template get from a draft to the people, without ever breaking?

A draft is rendered with every sample in a process that can be killed; only what passes is
published. A broken draft is refused with every fault, its line and its name; who wants to go on
tomorrow may keep it as it is, marked as broken, and nobody is sent it. Messages use the published
version; nothing published is the default.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from notifier.errors import Conflict, NotFound
from notifier.rendering import Rendered
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.sources import version_of
from notifier.services.env import Env
from notifier.services.template_author import Author, named, note
from notifier.services.template_faults import BrokenDraft, faults_of
from notifier.services.template_place import (
    Place,
    Standing,
    changed_parts,
    default_parts,
    load_standing,
)
from notifier.store import templates
from notifier.store.session import Transaction
from notifier.store.templates import SavedMeanwhile, Version

__all__ = [
    "back_to_default",
    "discard_draft",
    "mark_published",
    "preview",
    "publish_version",
    "roll_back",
    "run_once",
    "save_draft",
    "stale",
    "store_version",
]


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
    by: Author | str,
    expected_version: int,
    publish: bool = False,
    even_broken: bool = False,
    accepted: Collection[str] = (),
) -> int:
    """Store a draft as a new version; the version's number.

    `even_broken`: keep it with its faults; it cannot be published. `accepted`: parts whose new
    default the author has seen. Raises BrokenDraft for one that would not render everywhere,
    errors.Conflict ("stale") when somebody saved since `expected_version` was read.
    """
    place = Place(shop=shop, kind=draft.kind.value, locale=draft.locale)
    with env.db.read() as tx:
        default = default_parts(tx, place)
    parts = changed_parts(draft.parts, default)
    findings = faults_of(env, room, place, parts)
    if findings and (publish or not even_broken):
        raise BrokenDraft(findings)
    problem = "\n".join(str(one) for one in findings)[:2000]

    def work(tx: Transaction) -> int:
        copied = {part: default.get(part, "") for part in parts}
        standing = load_standing(tx, place)
        before = standing.current
        if standing.newest == expected_version and not accepted and _is_same(before, parts):
            return _take_as_it_is(tx, env, place, standing, publish=publish, by=named(by))
        for part, text in (before.copied if before else {}).items():
            if part in copied and part not in accepted:
                copied[part] = text
        return store_version(
            tx,
            env,
            place,
            parts=parts,
            copied=copied,
            by=by,
            expected_version=expected_version,
            publish=publish,
            problem=problem,
        )

    return run_once(env, place, work)


def _is_same(version: Version | None, parts: Mapping[str, str]) -> bool:
    return version is not None and dict(version.parts) == dict(parts)


def _take_as_it_is(
    tx: Transaction, env: Env, place: Place, standing: Standing, *, publish: bool, by: Author
) -> int:
    """Nothing was changed since the last version: it needs no copy to be published."""
    current = standing.draft or standing.published
    number = current.number if current else 0
    if publish and standing.draft is not None:
        mark_published(tx, place, number)
        note(tx, env, "published", place, standing, version=number, by=by)
    return number


def store_version(
    tx: Transaction,
    env: Env,
    place: Place,
    *,
    parts: Mapping[str, str],
    copied: Mapping[str, str],
    by: Author | str,
    expected_version: int,
    publish: bool,
    problem: str = "",
    act: str = "",
) -> int:
    """One more version, if nobody saved since `expected_version`. Raises errors.Conflict."""
    author, standing = named(by), load_standing(tx, place)
    if standing.newest != expected_version:
        raise stale(tx, place)
    number = standing.newest + 1
    templates.save_version(
        tx,
        shop=place.shop,
        locale=place.locale,
        kind=place.kind,
        version=number,
        parts=parts,
        state=templates.DRAFT,
        copied_from=version_of(*copied.values()) if copied else "",
        by=author.name,
        at=env.now(),
        copied=copied,
        problem=problem,
    )
    if publish:
        mark_published(tx, place, number)
    said = act or ("published" if publish else "saved")
    note(tx, env, said, place, standing, version=number, by=author)
    return number


def run_once(env: Env, place: Place, work: templates.Work) -> int:
    """Run `work`; who lost a race by an instant hears the same as who lost it by an hour."""
    try:
        return env.db.retry(work)
    except SavedMeanwhile:
        with env.db.read() as tx:
            raise stale(tx, place) from None


def stale(tx: Transaction, place: Place) -> Conflict:
    """Somebody saved meanwhile: who, and which version."""
    rows = templates.history(tx, shop=place.shop, locale=place.locale, kind=place.kind, limit=1)
    name, number = (rows[0].saved_by, rows[0].number) if rows else ("Somebody", 0)
    message = f"{name} saved version {number} meanwhile. Load it first."
    return Conflict("stale", message, who=name)


def publish_version(
    env: Env,
    room: DraftRoom,
    place: Place,
    *,
    version: int,
    by: Author | str,
) -> None:
    """Publish a saved version. It is checked once more. Raises BrokenDraft, errors.NotFound."""
    parts = dict(_load_version(env, place, version).parts)
    findings = faults_of(env, room, place, parts)
    if findings:
        raise BrokenDraft(findings)

    def work(tx: Transaction) -> None:
        standing = load_standing(tx, place)
        mark_published(tx, place, version)
        note(tx, env, "published", place, standing, version=version, by=named(by))

    env.db.retry(work)


def roll_back(
    env: Env,
    room: DraftRoom,
    place: Place,
    *,
    version: int,
    by: Author | str,
    expected_version: int,
) -> int:
    """Publish an old version again, as a new one: the history says who went back and when.

    Raises BrokenDraft when it would not render any more, errors.NotFound, errors.Conflict.
    """
    old = _load_version(env, place, version)
    findings = faults_of(env, room, place, old.parts)
    if findings:
        raise BrokenDraft(findings)

    def work(tx: Transaction) -> int:
        return store_version(
            tx,
            env,
            place,
            parts=old.parts,
            copied=old.copied,
            by=by,
            expected_version=expected_version,
            publish=True,
            act="rolled_back",
        )

    return run_once(env, place, work)


def _load_version(env: Env, place: Place, number: int) -> Version:
    with env.db.read() as tx:
        rows = templates.history(
            tx, shop=place.shop, locale=place.locale, kind=place.kind, limit=1000
        )
    found = next((one for one in rows if one.number == number), None)
    if found is None:
        raise NotFound(f"There is no version {number} of {place.locale}/{place.kind}.")
    return found


def discard_draft(env: Env, place: Place, *, by: Author | str) -> bool:
    """Set the draft aside; what is published stays. False when there is none."""

    def work(tx: Transaction) -> bool:
        standing = load_standing(tx, place)
        if standing.draft is None:
            return False
        templates.discard_drafts(tx, shop=place.shop, locale=place.locale, kind=place.kind)
        number = standing.draft.number
        note(tx, env, "discarded", place, standing, version=number, by=named(by))
        return True

    return env.db.retry(work)


def back_to_default(env: Env, place: Place, *, by: Author | str) -> bool:
    """Use the default again; False when that was so already. Drafts are set aside."""

    def work(tx: Transaction) -> bool:
        standing = load_standing(tx, place)
        published = standing.published
        if standing.draft is None and (published is None or not published.parts):
            return False
        templates.discard_drafts(tx, shop=place.shop, locale=place.locale, kind=place.kind)
        store_version(
            tx,
            env,
            place,
            parts={},
            copied={},
            by=by,
            expected_version=standing.newest,
            publish=True,
            act="unpublished",
        )
        return True

    return env.db.retry(work)


def mark_published(tx: Transaction, place: Place, number: int) -> None:
    """From now on this version is sent."""
    templates.publish_version(
        tx, shop=place.shop, locale=place.locale, kind=place.kind, version=number
    )
