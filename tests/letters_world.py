"""Recipients, rows and an environment without a database, to write letters with."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, TypeVar

from notifier.channels.base import Letter
from notifier.channels.smtp.mime import Mail, build_mail
from notifier.channels.smtp.settings import Settings
from notifier.services.compose import Batch
from notifier.services.env import Env, ShopRef
from notifier.signing import Signer
from notifier.store.catalogue import VariantRow
from notifier.store.events import EventRow
from notifier.store.outbox import MessageRow
from notifier.store.people import ContactRow, SubscriptionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECRET = b"a secret of Olga's"
SETTINGS = Settings(
    host="localhost",
    from_address="Kettle & Co <hello@kettle.example>",
    bounce_domain="bounces.kettle.example",
)
Row = TypeVar("Row")
TOLD_BY_EVENT = ("back_in_stock", "eta_revised", "preorder_open", "broadcast")
WRITTEN = {
    "subject": "About {product}",
    "text": "It is late.\nSorry.",
    "short": "{product} is late.",
}


def row(of: type[Row], /, **given: Any) -> Row:
    """A row with these values and None elsewhere."""
    return of(**{one.name: given.get(one.name) for one in fields(of)})  # type: ignore[arg-type]


def make_env(**shop: Any) -> Env:
    """One shop, `kettle`; `shop` changes what is configured for it."""
    own = {
        "name": "Kettle & Co",
        "url": "https://kettle.example",
        "support_email": "help@kettle.example",
        "postal_address": "12 Harbour Street, Leith",
        "logo_url": "",
        "accent": "",
        "discreet": False,
        "sender": "Kettle & Co <hello@kettle.example>",
        "reply_to": "",
        "time_zone": "Europe/London",
    }
    kettle = ShopRef(id=1, slug="kettle", config=SimpleNamespace(**(own | shop)))  # type: ignore[arg-type]
    service = SimpleNamespace(public_url="https://notify.kettle.example")
    return Env(
        db=None,  # type: ignore[arg-type]
        config=SimpleNamespace(service=service),  # type: ignore[arg-type]
        signer=Signer(("a secret key of forty characters, or so",)),
        clock=lambda: NOW,
        shops={"kettle": kettle},
    )


def make_rows(
    kind: str,
    *,
    count: int,
    locale: str = "en",
    medium: str = "email",
    title: str = "Stovetop kettle",
    variant: str = "Sea blue",
    quantities: tuple[int, ...] = (1, 2, 3),
) -> tuple[list[MessageRow], Batch]:
    """`count` messages to different people, with all they are about."""
    kettle = row(
        VariantRow,
        id=7,
        shop_id=1,
        product_id=5,
        key="k7",
        title=variant,
        titles={},
        product_title=title,
        product_titles={},
        image_url="https://kettle.example/dawn.jpg",
        price=Decimal("39.90"),
        currency="EUR",
        alternatives=(),
    )
    facts = {"texts": {"en": WRITTEN}, "otherwise": "en"} if kind == "broadcast" else {}
    event = row(EventRow, id=3, shop_id=1, product_id=5, variant_id=7, facts=facts)
    batch = Batch(events={3: event}, variants={7: kettle}, by_product={5: [kettle]})
    messages = []
    for number in range(1, count + 1):
        batch.contacts[number] = row(
            ContactRow, id=number, address=f"ann{number}@waits.example" if medium == "email" else ""
        )
        batch.subscriptions[number] = row(
            SubscriptionRow,
            id=number,
            shop_id=1,
            contact_id=number,
            product_id=5,
            variant_id=7,
            quantity=quantities[number % len(quantities)],
            created_at=NOW - timedelta(days=7 * number),
            expires_at=NOW + timedelta(days=30 + number),
            locale=locale,
        )
        messages.append(
            row(
                MessageRow,
                id=number,
                shop_id=1,
                kind=kind,
                medium=medium,
                channel="post",
                contact_id=number,
                address="",
                subscription_id=None if kind == "manage_link" else number,
                event_id=3 if kind in TOLD_BY_EVENT else None,
                locale=locale,
                created_at=NOW,
                attempt_no=0,
                unknowns=0,
            )
        )
    return messages, batch


def mailed(letter: Letter) -> Mail:
    return build_mail(letter, settings=SETTINGS, secret=SECRET, now=NOW)
