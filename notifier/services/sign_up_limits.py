"""How often may somebody sign up, and how many mails may that cause?

Per address over all shops, per shop, per network, per product (trust WS-11). Counted in the
sign-up's own transaction, so a refused one leaves nothing behind.
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from notifier.errors import FieldProblem, InvalidInput, TooMany
from notifier.services.env import Env, ShopRef
from notifier.services.read_address import Address
from notifier.store import limits, people
from notifier.store.session import Transaction

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def may_write_to(
    env: Env, tx: Transaction, shop: ShopRef, address: Address, *, product_id: int
) -> bool:
    """Whether one more answer to a sign-up may go to the address and from the shop today.

    A yes is counted. No for role accounts and suppressed addresses.
    """
    key = (address.hash, shop.id, product_id)
    if not address.may_be_written_to or people.suppressed(tx, [key]):
        return False
    rules = env.config.limits
    now = env.now()
    per_address = rules.confirmations_per_address
    if per_address:
        bucket = f"confirm:{address.hash}"
        if limits.hits(tx, bucket, window=DAY, now=now) >= per_address:
            return False
        limits.count_hit(tx, bucket, window=DAY, now=now)
    per_shop = rules.confirmations_per_shop
    if per_shop:
        bucket = f"confirm:shop:{shop.id}"
        if limits.hits(tx, bucket, window=DAY, now=now) >= per_shop:
            return False
        limits.count_hit(tx, bucket, window=DAY, now=now)
    return True


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
    if rules.signups_per_network and network:
        allowed = rules.signups_per_network * (3 if has_worked else 1)
        count = limits.count_hit(tx, f"net:{network}", window=HOUR, now=now)
        if count > allowed:
            raise TooMany(
                "Too many sign-ups came from this network. Please try again later.",
                retry_after=limits.window_left(now, HOUR),
            )
    if rules.signups_per_product:
        bucket = f"product:{product_id}"
        count = limits.count_hit(tx, bucket, window=MINUTE, now=now)
        if count > rules.signups_per_product and not has_worked and policy != "never":
            _demand_work()


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
