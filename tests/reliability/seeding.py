"""What is there before the processes start: a configuration file, a shop, and people who wait?

Products and stock come in through the program's own services; the people are put into their
tables directly, since thousands of sign-ups would take longer than the test.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from notifier.clock import Clock, system_clock
from notifier.config_reading import load_config
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.announce import announce
from notifier.services.env import Env, open_env
from notifier.services.observe import observe
from notifier.store.tables.catalogue import variants
from notifier.store.tables.people import contacts, subscriptions

SID = "AC" + "0" * 32
TOKEN = "phone-network-token"  # the fake's default
OUR_NUMBER = "+15005550006"
VARIANT = "SHIRT-S"

CONFIG = """\
[service]
public_url = "https://notify.kettle.example"
secret_keys = ["a key that only tests would ever use"]
data_dir = "{folder}/var"
operator_email = "olga@kettle.example"
allow_private_addresses = true
allow_http = true

[database]
url = "{database_url}"

[delivery]
workers = {senders}
batch = {batch}
lease = "{lease}"
unknown_after = "{unknown_after}"

[channels.mail]
kind = "email_smtp"
host = "127.0.0.1"
port = {smtp_port}
security = "{security}"
from_address = "Kettle & Co <hello@kettle.example>"
connections = {connections}
{mail}
{sms}
[shops.kettle]
name = "Kettle & Co"
url = "https://kettle.example"
public_key = "pk_kettle"
origins = ["https://kettle.example"]
sender = "Kettle & Co <hello@kettle.example>"
postal_address = "Kettle & Co, 1 Tea Street, London"
time_zone = "Europe/London"
country = "US"
currency = "EUR"
sms_hours = "always"
sms_channel = "{sms_channel}"
waiting_mail = false

[shops.kettle.release]
strategy = "all"
"""

SMS = """
[channels.sms]
kind = "sms_twilio"
account_sid = "{sid}"
auth_token = "{token}"
from_number = "{number}"
base_url = "{url}"
rate_per_second = 1000
settling = 0.1
daily_spend_cap = 0
"""


def write_config(
    folder: Path,
    *,
    database_url: str,
    smtp_port: int,
    twilio_url: str = "",
    senders: int = 1,
    connections: int = 2,
    batch: int = 20,
    lease: str = "90s",
    unknown_after: str = "1s",
    security: str = "none",
    mail: str = "",
) -> Path:
    """config.toml as Olga would write it. `mail`: more lines for the mail channel."""
    sms = SMS.format(sid=SID, token=TOKEN, number=OUR_NUMBER, url=twilio_url) if twilio_url else ""
    path = folder / "config.toml"
    path.write_text(
        CONFIG.format(
            folder=folder,
            database_url=database_url,
            smtp_port=smtp_port,
            senders=senders,
            connections=connections,
            batch=batch,
            lease=lease,
            unknown_after=unknown_after,
            security=security,
            mail=mail,
            sms=sms,
            sms_channel="sms" if twilio_url else "",
        ),
        encoding="utf-8",
    )
    return path


def seed(
    config: Path,
    *,
    mails: int,
    texts: int = 0,
    announced: bool = True,
    clock: Clock = system_clock,
) -> Env:
    """People wait, the goods are back; `announced`: and the messages are due."""
    env = open_env(load_config(config), clock=clock)
    see(env, 0)
    _add_people(env, [("email", f"p{n}@waits.example") for n in range(mails)])
    _add_people(env, [("sms", f"+1212555{n:04}") for n in range(texts)])
    see(env, 100_000)
    if announced:
        while announce(env):
            continue
    return env


def see(env: Env, quantity: int) -> None:
    """One look shows this many."""
    seen = Observation(
        key=VARIANT,
        product_key="SHIRT",
        availability=Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK,
        quantity=quantity,
        title="Linen shirt",
        variant_title="S",
        url="https://kettle.example/p/shirt",
    )
    observe(env, env.shop("kettle"), [seen])


def _add_people(env: Env, people: list[tuple[str, str]]) -> None:
    if not people:
        return
    since = env.now() - timedelta(days=1)
    with env.db.write() as tx:
        variant = tx.execute(select(variants).where(variants.c.key == VARIANT)).one()
        tx.execute(
            insert(contacts),
            [
                {
                    "medium": medium,
                    "address": address,
                    "address_hash": f"hash of {address}",
                    "created_at": since,
                }
                for medium, address in people
            ],
        )
        rows = tx.execute(select(contacts.c.id, contacts.c.medium)).all()
        mine = [row for row in rows if row.medium == people[0][0]]
        tx.execute(
            insert(subscriptions), [_subscription(env, variant, row, since=since) for row in mine]
        )


def _subscription(env: Env, variant: Any, contact: Any, *, since: datetime) -> dict[str, Any]:
    return {
        "shop_id": env.shop("kettle").id,
        "contact_id": contact.id,
        "product_id": variant.product_id,
        "variant_id": variant.id,
        "target": f"v{variant.id}",
        "medium": contact.medium,
        "locale": "en",
        "state": "waiting",
        "origin": "import",
        "created_at": since + timedelta(milliseconds=contact.id),
        "asked_at": since,
        "confirmed_at": since,
        "expires_at": since + timedelta(days=365),
    }
