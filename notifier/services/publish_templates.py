"""How do all drafts of a shop become what is sent, or none of them?"""

from __future__ import annotations

from notifier.errors import NotFound
from notifier.rendering.draft_room import DraftRoom
from notifier.services.edit_template import mark_published, stale
from notifier.services.env import Env
from notifier.services.template_author import Author, named, note
from notifier.services.template_faults import CannotPublish, Trouble, faults_of
from notifier.services.template_place import Place, load_standing, message_kind
from notifier.store import templates
from notifier.store.session import Transaction


def publish_all(
    env: Env,
    room: DraftRoom,
    *,
    shop: str,
    by: Author | str,
) -> int:
    """Publish every draft of a shop, or none; how many.

    Raises CannotPublish with every message and language that would not render.
    """
    with env.db.read() as tx:
        current = templates.current_of_shop(tx, shop)
        drafts = [one for one in current if one.state == templates.DRAFT and is_message(one.kind)]
    troubles = []
    for draft in drafts:
        place = Place(shop=shop, kind=draft.kind, locale=draft.locale)
        for finding in faults_of(env, room, place, draft.parts):
            troubles.append(Trouble(kind=draft.kind, locale=draft.locale, finding=finding))
    if troubles:
        raise CannotPublish(troubles)

    def work(tx: Transaction) -> int:
        for draft in drafts:
            place = Place(shop=shop, kind=draft.kind, locale=draft.locale)
            standing = load_standing(tx, place)
            if standing.newest != draft.number:
                raise stale(tx, place)
            mark_published(tx, place, draft.number)
            note(tx, env, "published", place, standing, version=draft.number, by=named(by))
        return len(drafts)

    return env.db.retry(work)


def is_message(kind: str) -> bool:
    """Whether a stored template is a message, not a block."""
    try:
        message_kind(kind)
    except NotFound:
        return False
    return True
