"""Who is behind an address, and what is the address of somebody we know?"""

from __future__ import annotations

from notifier.domain.message import Medium
from notifier.services.env import Env
from notifier.services.read_address import Address
from notifier.store import people
from notifier.store.people import ContactRow
from notifier.store.session import Transaction


def contact_at(env: Env, tx: Transaction, address: Address, *, time_zone: str = "") -> ContactRow:
    """Whoever an address belongs to; written down where nobody knew it. `time_zone`: as their
    browser says, for quiet hours."""
    return people.ensure_contact(
        tx,
        medium=address.medium.value,
        address=address.value,
        address_hash=address.hash,
        time_zone=time_zone,
        now=env.now(),
    )


def address_of(contact: ContactRow) -> Address:
    """Where somebody was written to before, and may be again."""
    return Address(
        medium=Medium(contact.medium),
        value=contact.address,
        hash=contact.address_hash,
        may_be_written_to=True,
    )
