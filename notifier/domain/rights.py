"""What may a person who signs in do?

A role is a set of rights. Who only looks (a merchandiser, say) sees what is wanted, but nobody's
address (trust WS-35).
"""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    SEE = "see"  # every page, with addresses masked
    SEE_ADDRESSES = "see_addresses"
    EDIT = "edit"  # templates, dates, products, subscriptions
    SEND = "send"  # start, stop and write to many at once; decide about orders
    OWN = "own"  # people, keys, channels, sources, everything else


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    SENDER = "sender"
    OWNER = "owner"


_LOOKS = frozenset({Right.SEE})
_EDITS = _LOOKS | {Right.SEE_ADDRESSES, Right.EDIT}
_SENDS = _EDITS | {Right.SEND}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: _LOOKS,
    Role.EDITOR: _EDITS,
    Role.SENDER: _SENDS,
    Role.OWNER: frozenset(Right),
}


def may(role: Role, right: Right) -> bool:
    """May somebody of this role do that?"""
    return right in RIGHTS[role]
