"""How does a draft look in the mailbox of the one who writes it? Marks nothing, stores nothing.

It goes to nobody but the person who is signed in, so no mistyped address ever hears of a draft.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from notifier.channels.base import Letter, Outcome
from notifier.domain.message_samples import SAMPLES
from notifier.domain.person import Person
from notifier.errors import InvalidInput, TooMany
from notifier.rendering.blocks import Blocks
from notifier.rendering.draft_room import DraftRoom
from notifier.services.env import Env, ShopRef
from notifier.services.preview_template import show_draft
from notifier.services.send_test import post_now
from notifier.services.template_faults import BrokenDraft
from notifier.services.template_place import Place
from notifier.store import limits
from notifier.store.limits import Sliding
from notifier.store.session import Transaction

AT_MOST = 10
WITHIN = timedelta(minutes=10)
MARK = "[Test] "


def send_template_test(
    env: Env,
    room: DraftRoom,
    shop: ShopRef,
    place: Place,
    parts: Mapping[str, str],
    *,
    person: Person,
    sample: str = SAMPLES[0],
    case: str = "",
    around: Blocks | None = None,
) -> str:
    """Send the mail as written now to the person's own address; '' when the mail server took it,
    else what it said.

    Raises BrokenDraft, errors.TooMany, InvalidInput (the shop has no mail channel), ConfigError.
    """
    channel = shop.config.mail_channel
    if channel not in env.config.channels:
        raise InvalidInput.of("channel", "missing", "This shop has no channel for mails.")
    shown = show_draft(env, room, shop, place, parts, sample=sample, case=case, around=around)
    faults = [one for one in shown.findings if one.part != "short.txt"]
    if faults:
        raise BrokenDraft(faults)
    _count(env, person)
    letter = Letter(
        message_id=0,
        uid=f"test-{secrets.token_hex(8)}",
        attempt_no=1,
        kind=place.kind,
        address=person.email,
        shop=shop.slug,
        locale=shown.message.locale,
        sender=shop.config.sender,
        reply_to=shop.config.reply_to,
        subject=MARK + shown.message.subject,
        text=shown.message.text,
        html=shown.message.html,
    )
    result = post_now(env, channel, letter)
    if result.outcome is Outcome.ACCEPTED:
        return ""
    return f"{result.code} {result.detail}".strip()[:200] or result.outcome.value


def _count(env: Env, person: Person) -> None:
    rule = Sliding(bucket=f"template-test:{person.id}", allowed=AT_MOST, window=WITHIN)

    def work(tx: Transaction) -> None:
        now = env.now()
        if limits.room_at(tx, rule, now=now) > now:
            raise TooMany(
                f"You have sent {AT_MOST} tests within {int(WITHIN.total_seconds() // 60)} minutes."
                " Please wait a little.",
                retry_after=limits.room_at(tx, rule, now=now) - now,
            )
        limits.count_sliding(tx, rule, at=now)

    env.db.retry(work)
