"""How often may somebody sign up, and how many mails may that cause?

Per address over all shops, per address and shop, per shop, per network, per product (trust WS-11).
Mails are counted over any 24 hours, not by the calendar's days. Counted in the sign-up's own
transaction, so a refused one leaves nothing behind.
"""

from __future__ import annotations

import ipaddress
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.errors import FieldProblem, InvalidInput, TooMany
from notifier.metrics import LIMITED
from notifier.services.env import Env, ShopRef
from notifier.services.read_address import Address
from notifier.store import limits, shut_addresses
from notifier.store.limits import Hits, Sliding
from notifier.store.session import Transaction

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STEPS = 60
NO_LIMIT = sys.maxsize


def mails_to(env: Env, address_hash: str) -> Sliding:
    """The limit on answers to one address, shared by everything somebody else can cause."""
    allowed = env.config.limits.confirmations_per_address
    return Sliding(bucket=f"confirm:{address_hash}", allowed=allowed, window=DAY)


def _mails_of(env: Env, shop: ShopRef) -> Sliding:
    allowed = env.config.limits.confirmations_per_shop
    bucket = f"confirm:shop:{shop.id}"
    return Sliding(bucket=bucket, allowed=allowed, window=DAY, step=DAY / STEPS)


def _confirmations_to(env: Env, shop: ShopRef, address: Address) -> Sliding:
    """One an hour; more only where a day's limit says that more than 24 a day are meant."""
    a_day = env.config.limits.confirmations_per_address
    allowed = max(1, a_day // 24) if a_day else 0
    bucket = f"confirm:{address.hash}:{shop.id}"
    return Sliding(bucket=bucket, allowed=allowed, window=HOUR)


def limits_of_confirmations(
    env: Env, shop: ShopRef, address: Address
) -> tuple[Sliding, Sliding, Sliding]:
    """On confirmations to an address, of a shop to an address, and of a shop."""
    return mails_to(env, address.hash), _confirmations_to(env, shop, address), _mails_of(env, shop)


def may_write_to(
    env: Env, tx: Transaction, shop: ShopRef, address: Address, *, product_id: int
) -> bool:
    """Whether one more answer to a sign-up may go to the address and from the shop now.

    A yes is counted, a no never, whichever limit says it. No for role accounts and suppressed
    addresses.
    """
    rules, now = [mails_to(env, address.hash), _mails_of(env, shop)], env.now()
    may = _may_be_written_to(tx, shop, address, product_id=product_id)
    if not may or not _all_have_room(limits.have_room(tx, rules, now=now)):
        return False
    limits.count_all(tx, [rule for rule in rules if rule.allowed], at=now)
    return True


def when_to_confirm(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    address: Address,
    *,
    product_id: int,
    by_owner: bool = False,
) -> datetime | None:
    """When a confirmation may go to the address: now, or when the last one of the shop is an hour
    old. None when none may. An answer is counted as `may_write_to` counts.

    `by_owner`: asked for from behind a link in the owner's own mail, so no hour is waited.
    """
    if not _may_be_written_to(tx, shop, address, product_id=product_id):
        return None
    mails, now = [mails_to(env, address.hash), _mails_of(env, shop)], env.now()
    hourly = _confirmations_to(env, shop, address)
    *room, at_once = limits.have_room(tx, [*mails, hourly], now=now)
    if not _all_have_room(room):
        return None
    due_at = now if by_owner or at_once else limits.room_at(tx, hourly, now=now)
    limits.count_all(tx, [rule for rule in (*mails, hourly) if rule.allowed], at=due_at)
    return due_at


def _all_have_room(room: Sequence[bool]) -> bool:
    """Of the limits on mails to an address and of a shop; the one without is counted."""
    for limit, has_room in zip(("address", "shop"), room, strict=True):
        if not has_room:
            LIMITED.labels(limit=limit).inc()
    return all(room)


def _may_be_written_to(
    tx: Transaction, shop: ShopRef, address: Address, *, product_id: int
) -> bool:
    key = (address.hash, shop.id, product_id)
    return address.may_be_written_to and not shut_addresses.suppressed(tx, [key])


def count_sign_up(
    env: Env, tx: Transaction, shop: ShopRef, *, ip: str, product_id: int, has_worked: bool
) -> None:
    """Count a sign-up by a browser against its network and product.

    Work done for it buys room, nothing buys all room. Raises errors.TooMany, or errors.InvalidInput
    (`pow_required`).
    """
    rules = env.config.limits
    now = env.now()
    network = network_of(ip)
    policy = shop.config.proof_of_work
    if policy == "always" and not has_worked:
        _demand_work()
    allowed = _allowed_of_network(env, has_worked=has_worked)
    if allowed and network:
        words = "Too many sign-ups came from this network. Please try again later."
        count_network(tx, f"net:{network}", allowed=allowed, now=now, words=words)
    if rules.signups_per_product:
        bucket = f"product:{product_id}"
        count = limits.count_hit(tx, bucket, window=MINUTE, now=now)
        if count > rules.signups_per_product and not has_worked and policy != "never":
            LIMITED.labels(limit="product").inc()
            _demand_work()


def hits_of_sign_ups(env: Env, shop: ShopRef, asked: Sequence[tuple[str, int, bool]]) -> list[Hits]:
    """What `count_sign_up` would count of several, none of whom may meet a limit: each by the
    address of its browser, its product, and whether work was done for it."""
    networks: Counter[str] = Counter()
    most: dict[str, int] = {}
    for ip, _, has_worked in asked:
        network, allowed = network_of(ip), _allowed_of_network(env, has_worked=has_worked)
        if allowed and network:
            networks[network] += 1
            most[network] = min(most.get(network, allowed), allowed)
    hits = [
        Hits(rule=limit_of_network(f"net:{network}", allowed=most[network]), count=count)
        for network, count in networks.items()
    ]
    allowed = env.config.limits.signups_per_product
    if not allowed:
        return hits
    never = shop.config.proof_of_work == "never"
    # who has worked is free of that limit; above it, so must be all
    held = {id_ for _, id_, has_worked in asked if not (has_worked or never)}
    for id_, count in Counter(id_ for _, id_, _ in asked).items():
        most_of = allowed if id_ in held else NO_LIMIT
        rule = Sliding(bucket=f"product:{id_}", allowed=most_of, window=MINUTE)
        hits.append(Hits(rule=rule, count=count, by_the_clock=True))
    return hits


def _allowed_of_network(env: Env, *, has_worked: bool) -> int:
    return env.config.limits.signups_per_network * (3 if has_worked else 1)


def count_network(tx: Transaction, bucket: str, *, allowed: int, now: datetime, words: str) -> None:
    """Count one more of a network in this hour. Raises errors.TooMany with `words`.

    Counted first, so that two at once meet in the row; what is refused is rolled back.
    """
    rule = limit_of_network(bucket, allowed=allowed)
    if limits.count_sliding(tx, rule, at=now) > allowed:
        LIMITED.labels(limit="network").inc()
        raise TooMany(words, retry_after=limits.room_at(tx, rule, now=now) - now)


def limit_of_network(bucket: str, *, allowed: int) -> Sliding:
    """On what may come from a network in an hour."""
    return Sliding(bucket=bucket, allowed=allowed, window=HOUR, step=HOUR / STEPS)


def _demand_work() -> None:
    raise InvalidInput(
        FieldProblem(
            field="pow",
            code="pow_required",
            message="Please show that you are not a robot: reload the page, or use the form.",
        )
    )


def network_of(ip: str) -> str:
    """The /24 (or /64 for IPv6) an address is in, as one unit for limits; empty if unknown."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
