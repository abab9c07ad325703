"""Who asked for a new link to what an address waits for, and may one be sent?

The answer is the same whether the address is known or not. A link goes to the address on file
only, and so seldom that nobody can be annoyed with it (trust CP-6, WS-6, WS-11).
"""

from __future__ import annotations

from notifier.domain.mail_address import is_role_account, normalise_email
from notifier.domain.message import Medium, MessageKind, priority_of
from notifier.domain.phone import normalise_phone
from notifier.domain.work import Work
from notifier.metrics import LIMITED
from notifier.services.env import Env, ShopRef
from notifier.services.read_address import Address
from notifier.services.sign_up_limits import count_network, mails_to, network_of
from notifier.services.write_message import WORTH_SENDING, channel_name
from notifier.store import limits, outbox, people, shut_addresses
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction, soon


def mail_manage_link(env: Env, typed: str, *, shop: ShopRef | None, ip: str) -> None:
    """Send a link to the address if something is stored about it; never say whether.

    `typed` is a mail address or a phone number as somebody typed it. Raises errors.InvalidInput
    for what is neither, and TooMany when one network asks too often.
    """
    address = read_typed(env, typed, shop=shop)

    def work(tx: Transaction) -> None:
        _count_network(env, tx, ip)
        is_due = _count_address(env, tx, address)
        contact = people.find_contact(tx, address_hash=address.hash)
        rows = people.subscriptions_of(tx, contact.id if contact else 0)
        sender = _sender_of(env, rows, wanted=shop)
        if not is_due or contact is None or contact.erased_at is not None or sender is None:
            return
        of_shop, latest = sender
        if shut_addresses.suppressed(tx, [(address.hash, of_shop.id, None)]):
            return
        _write(env, tx, contact, of_shop, locale=latest.locale)

    env.db.retry(work)


def read_typed(env: Env, typed: str, *, shop: ShopRef | None) -> Address:
    """A mail address or a phone number. Raises errors.InvalidInput."""
    if "@" in typed or not any(sign.isdigit() for sign in typed):
        mail = normalise_email(typed)
        return Address(
            medium=Medium.EMAIL,
            value=mail.address,
            hash=env.signer.hash_address(Medium.EMAIL, mail.address),
            may_be_written_to=not is_role_account(mail.address),
        )
    phone = normalise_phone(
        typed,
        default_region=shop.config.country if shop else "",
        allow_test_numbers=env.config.service.allow_private_addresses,
    )
    return Address(
        medium=Medium.SMS,
        value=phone.e164,
        hash=env.signer.hash_address(Medium.SMS, phone.e164),
        may_be_written_to=True,
    )


def _count_network(env: Env, tx: Transaction, ip: str) -> None:
    allowed = env.config.limits.signups_per_network
    network = network_of(ip)
    if not allowed or not network:
        return
    words = "Too many links were asked for from this network. Please try again later."
    count_network(tx, f"link:net:{network}", allowed=allowed, now=env.now(), words=words)


def _count_address(env: Env, tx: Transaction, address: Address) -> bool:
    """Whether one more mail may go there now; shared with confirmations."""
    rule, now = mails_to(env, address.hash), env.now()
    if not address.may_be_written_to:
        return False
    if limits.room_at(tx, rule, now=now) > now:
        LIMITED.labels(limit="address").inc()
        return False
    if rule.allowed:
        limits.count_sliding(tx, rule, at=now)
    return True


def _sender_of(
    env: Env, rows: list[SubscriptionRow], *, wanted: ShopRef | None
) -> tuple[ShopRef, SubscriptionRow] | None:
    """The shop that writes: the one asked at if it knows the address, else the latest one."""
    newest_first = sorted(
        rows, key=lambda row: (wanted is not None and row.shop_id == wanted.id, row.asked_at)
    )
    for row in reversed(newest_first):
        shop = env.shop_by_id(row.shop_id)
        if shop is not None:
            return shop, row
    return None


def _write(env: Env, tx: Transaction, contact: ContactRow, shop: ShopRef, *, locale: str) -> None:
    now = env.now()
    kind = MessageKind.MANAGE_LINK
    soon(tx, Work.DELIVER)
    outbox.add_message(
        tx,
        outbox.NewMessage(
            shop_id=shop.id,
            kind=kind.value,
            medium=contact.medium,
            channel=channel_name(shop, contact.medium),
            contact_id=contact.id,
            locale=locale,
            priority=priority_of(kind),
            due_at=now,
            expires_at=now + WORTH_SENDING,
        ),
        now=now,
    )
