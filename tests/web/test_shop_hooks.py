"""What becomes of a delivery of Shopify or WooCommerce, and whom do we believe?

(trust WS-W1 to WS-W4; bad inputs 175 to 178, 194, 196, 197; FI-17 to FI-19)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from notifier.config import Config
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.metrics import HOOKS_IGNORED, HOOKS_REFUSED, UNMATCHED_ROWS
from notifier.services.env import Env, open_env
from notifier.services.find_silent import SILENT, find_silent
from notifier.services.observe import observe
from notifier.store.alarms import open_alarms
from notifier.store.releasing import purchases_of
from notifier.store.session import Database
from tests.fixture_readers import SECRET, headers_of
from tests.timing import SettableClock
from tests.web.storefront import Storefront, config

NEW, OLD = "the new secret", "the old secret"
DOMAIN = "kettle.myshopify.com"
ANN = "ann@example.com"


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    tree = config(tmp_path).model_dump()
    tree["service"]["operator_email"] = "olga@kettle.example"
    tree["shops"]["kettle"] |= {
        "shopify_domain": DOMAIN,
        "shopify_secrets": [NEW, OLD],
        "woocommerce_secrets": [NEW, OLD],
        "shopify_silence": "3h",
        "woocommerce_silence": "3h",
    }
    tree["shops"]["cups"] |= {"shopify_domain": DOMAIN}
    return open_env(Config.model_validate(tree), clock=clock, db=database)


def sign(body: bytes, secret: str = NEW) -> str:
    made = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(made).decode()


@dataclass(kw_only=True)
class Sender:
    """Sends what the shop's system would."""

    client: FlaskClient
    env: Env
    sent: int = field(default=0)

    def woo(self, topic: str, value: Any, **changed: Any) -> Any:
        return self._send("woocommerce", topic, value, **changed)

    def shopify(self, topic: str, value: Any, **changed: Any) -> Any:
        return self._send("shopify", topic, value, **changed)

    def _send(
        self,
        system: str,
        topic: str,
        value: Any,
        *,
        secret: str = NEW,
        shop: str = "kettle",
        at: datetime | None = None,
        **changed: str | None,
    ) -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.sent += 1
        names = {"signature": "X-WC-Webhook-Signature", "id": "X-WC-Webhook-Delivery-ID",
                 "topic": "X-WC-Webhook-Topic"}  # fmt: skip
        said = {"signature": sign(body, secret), "id": f"delivery-{self.sent}", "topic": topic}
        if system == "shopify":
            names = {"signature": "X-Shopify-Hmac-Sha256", "id": "X-Shopify-Webhook-Id",
                     "topic": "X-Shopify-Topic", "domain": "X-Shopify-Shop-Domain",
                     "at": "X-Shopify-Triggered-At"}  # fmt: skip
            moment = (at or self.env.now()).isoformat()
            said |= {"domain": DOMAIN, "at": moment}
        given = {name: value for name, value in (said | changed).items() if value is not None}
        headers = {names[name]: value for name, value in given.items()}
        return self.client.post(
            f"/hooks/{system}/{shop}",
            data=body,
            headers={"Content-Type": "application/json", **headers},
        )


@pytest.fixture
def sender(client: FlaskClient, env: Env) -> Sender:
    return Sender(client=client, env=env)


def woo_product(at: datetime, quantity: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "id": 14, "type": "simple", "status": "publish", "sku": "KETTLE", "name": "Beanie",
        "price": "18", "manage_stock": True, "stock_quantity": quantity, "parent_id": 0,
        "stock_status": "instock" if quantity > 0 else "outofstock",
        "date_modified_gmt": at.replace(tzinfo=None).isoformat(), **more,
    }  # fmt: skip


def goods(at: datetime, quantity: int | None = 3, **more: Any) -> dict[str, Any]:
    variant = {"id": 41, "sku": "KETTLE", "price": "10.00", "inventory_policy": "deny",
               "inventory_management": "shopify", "inventory_quantity": quantity}  # fmt: skip
    return {
        "id": 9, "title": "Mug", "handle": "mug", "status": "active", "variants": [variant | more],
        "updated_at": at.isoformat(),
    }  # fmt: skip


BOTH = pytest.mark.parametrize(
    "send",
    [
        lambda s, n, changed=None, **more: s.woo(
            "product.updated", woo_product(changed or s.env.now(), n), **more
        ),
        lambda s, n, changed=None, **more: s.shopify(
            "products/update", goods(changed or s.env.now(), n), **more
        ),
    ],
    ids=["woocommerce", "shopify"],
)


# ---- from the delivery to the letter ----


@BOTH
def test_who_waits_is_told_of_stock_that_came_by_webhook(
    send: Any, sender: Sender, store: Storefront, clock: SettableClock
) -> None:
    store.stock("KETTLE", 0)
    ann = store.wait("KETTLE")
    store.send()
    clock.advance(timedelta(minutes=1))

    answer = send(sender, 3)

    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["accepted"], answer.json["announced"]) == (
        "done", 1, 1,
    )  # fmt: skip
    [letter] = store.send()
    assert letter["kind"] == "back_in_stock"
    assert store.state(ann) == "told"
    assert store.one("SELECT quantity FROM stock") == 3


@pytest.mark.parametrize(
    ("system", "topic", "order", "variant"),
    [
        ("woo", "order.created", {"number": "35", "status": "processing"}, "product_id"),
        ("shopify", "orders/paid", {"order_number": 35, "financial_status": "paid"}, "variant_id"),
    ],
)
def test_an_order_by_webhook_counts_for_the_release_that_told_the_buyer(
    system: str, topic: str, order: dict[str, Any], variant: str,
    sender: Sender, store: Storefront, clock: SettableClock,
) -> None:  # fmt: skip
    store.stock("KETTLE", 0)
    store.wait("KETTLE")
    store.stock("KETTLE", 3)
    store.send()
    clock.advance(timedelta(minutes=20))
    moment = clock().isoformat()
    line = {"id": 1, variant: 14, "sku": "KETTLE", "quantity": 2}
    order |= {
        "id": 3500, "line_items": [line, {**line, "id": 2, "sku": "UNKNOWN", variant: 99}],
        "date_created_gmt": clock().replace(tzinfo=None).isoformat(), "created_at": moment,
        "billing": {"email": "Ann@Example.com ", "phone": "none"}, "email": "Ann@Example.com ",
    }  # fmt: skip
    send = getattr(sender, system)

    assert send(topic, order).json["purchases"] == 1
    [bought] = store.rows("SELECT ref, units, told, release_id, message_id, at FROM purchases")
    assert (bought["ref"], bought["units"], bool(bought["told"])) == ("35:1", 2, True)
    assert bought["release_id"] is not None
    assert bought["message_id"] is not None

    # another delivery of the same order, and one that calls it off, change nothing
    assert send(topic, order).json["purchases"] == 0
    stranger = order | {"number": "36", "order_number": 36, "email": "no address",
                        "billing": {"email": "no address"}}  # fmt: skip
    assert send(topic, stranger).json["purchases"] == 1
    off = order | {"number": "37", "order_number": 37, "status": "cancelled",
                   "cancelled_at": moment}  # fmt: skip
    assert send(topic, off).json["purchases"] == 0
    told = store.rows("SELECT ref, told FROM purchases ORDER BY id")
    assert [(one["ref"], one["told"]) for one in told][1] == ("36:1", None)


@pytest.mark.parametrize(
    ("system", "topics", "said", "off", "variant"),
    [
        (
            "woo",
            ("order.created", "order.updated"),
            {"number": "35", "status": "on-hold"},
            {"status": "cancelled"},
            "product_id",
        ),
        (
            "shopify",
            ("orders/create", "orders/cancelled"),
            {"order_number": 35, "financial_status": "paid"},
            {"cancelled_at": "2026-12-01T10:00:00Z", "financial_status": "refunded"},
            "variant_id",
        ),
    ],
)
def test_an_order_that_is_called_off_is_not_counted_any_more(
    system: str, topics: tuple[str, str], said: dict[str, Any], off: dict[str, Any], variant: str,
    sender: Sender, store: Storefront, clock: SettableClock, env: Env,
) -> None:  # fmt: skip
    store.stock("KETTLE", 3)
    moment = clock().isoformat()
    line = {"id": 1, variant: 14, "sku": "KETTLE", "quantity": 2}
    order = said | {"id": 3500, "line_items": [line], "created_at": moment,
                    "date_created_gmt": clock().replace(tzinfo=None).isoformat()}  # fmt: skip
    send = getattr(sender, system)
    placed, cancelled = topics

    def sold() -> list[int]:
        since = clock() - timedelta(days=1)
        variant_id = store.one("SELECT id FROM variants WHERE key = 'KETTLE'")
        with env.db.read() as tx:
            return [one.units for one in purchases_of(tx, variant_id, since=since)]

    assert send(placed, order).json["purchases"] == 1
    assert sold() == [2]
    answer = send(cancelled, order | off).json
    assert (answer["purchases"], answer["taken_back"]) == (0, 1)
    assert sold() == []
    assert send(cancelled, order | off).json["taken_back"] == 0

    # told anew, late, it stays called off; so does one whose end came before its beginning
    assert send(placed, order).json["purchases"] == 0
    other = order | {"number": "36", "order_number": 36}
    assert send(cancelled, other | off).json["taken_back"] == 0
    assert send(placed, other).json["purchases"] == 0
    assert sold() == []


# ---- whom we believe ----


NOT_SIGNED: tuple[dict[str, Any], ...] = (
    {"signature": None},
    {"signature": ""},
    {"signature": "not base64 at all"},
    {"signature": "A" * 44},
    {"signature": "schlüssel"},
    {"signature": "v1"},
    {"secret": "the secret of Eve"},
    {"shop": "cups"},  # it has no secret
    {"shop": "nobody"},
)


@BOTH
@pytest.mark.fault("FI-17")
def test_a_delivery_that_is_not_signed_right_is_refused(
    send: Any, sender: Sender, store: Storefront
) -> None:
    hooks = [HOOKS_REFUSED.labels(hook=name) for name in ("shopify", "woocommerce")]
    before = sum(one._value.get() for one in hooks)
    answers = [send(sender, 3, **changed) for changed in NOT_SIGNED]
    assert [one.status_code for one in answers] == [401] * len(NOT_SIGNED)
    assert len({one.get_data() for one in answers}) == 1, "nobody hears what was wrong"
    assert sum(one._value.get() for one in hooks) == before + len(NOT_SIGNED)
    assert store.rows("SELECT * FROM stock") == []


def test_a_delivery_for_another_domain_is_refused(sender: Sender, store: Storefront) -> None:
    said = goods(sender.env.now())
    russian = "ключ".encode().decode("latin-1")
    for domain in (None, "", "eve.myshopify.com", f"{DOMAIN}.eve.example", f"x{DOMAIN}", russian):
        assert sender.shopify("products/update", said, domain=domain).status_code == 401, domain
    assert sender.shopify("products/update", said, shop="cups", domain="").status_code == 401
    assert store.rows("SELECT * FROM stock") == []
    assert sender.shopify("products/update", said, domain=DOMAIN.upper()).status_code == 200


def test_what_is_signed_is_the_raw_body(sender: Sender, store: Storefront) -> None:
    loose = json.dumps(goods(sender.env.now()), indent=2).encode()
    parsed = sign(json.dumps(json.loads(loose)).encode())
    assert sender.shopify("products/update", loose, signature=parsed).status_code == 401
    assert store.rows("SELECT * FROM stock") == []
    assert sender.shopify("products/update", loose).status_code == 200


@BOTH
@pytest.mark.fault("FI-19")
def test_while_a_secret_is_changed_both_count(send: Any, sender: Sender, env: Env) -> None:
    assert [send(sender, n, secret=one).status_code for n, one in ((1, OLD), (2, NEW))] == [
        200, 200,
    ]  # fmt: skip
    kettle = env.shops["kettle"]
    after = {"shopify_secrets": (NEW,), "woocommerce_secrets": (NEW,)}
    env.shops["kettle"] = type(kettle)(
        id=kettle.id, slug=kettle.slug, config=kettle.config.model_copy(update=after)
    )
    assert send(sender, 3, secret=OLD).status_code == 401


@BOTH
@pytest.mark.fault("FI-18")
def test_a_replay_has_no_effect_also_days_later(
    send: Any, sender: Sender, store: Storefront, clock: SettableClock
) -> None:
    first = clock()
    body = send(sender, 3, id="one")
    assert body.json["status"] == "done"
    clock.advance(timedelta(minutes=1))
    send(sender, 0)
    for ago in (timedelta(minutes=10), timedelta(days=1)):
        clock.advance(ago)
        again = send(sender, 3, id="one", changed=first)
        assert (again.status_code, again.json) == (200, {"status": "before"})
    assert store.one("SELECT quantity FROM stock") == 0


def test_the_same_body_under_another_id_is_as_old_as_it_says(
    sender: Sender, store: Storefront, clock: SettableClock
) -> None:
    """Neither header is signed: who has seen a delivery could send it anew."""
    first = clock()
    sender.woo("product.updated", woo_product(first, 3))
    clock.advance(timedelta(hours=3))
    sender.woo("product.updated", woo_product(clock(), 0))
    assert sender.woo("product.updated", woo_product(first, 3)).status_code == 200
    assert sender.shopify("products/update", goods(first, 5)).status_code == 200
    assert store.one("SELECT quantity FROM stock") == 0


@BOTH
def test_an_id_counts_for_one_system_and_shop(send: Any, sender: Sender, store: Storefront) -> None:
    assert send(sender, 3, id="7").json["status"] == "done"
    assert (
        sender.woo("product.updated", woo_product(sender.env.now(), 4), id="8").json["status"]
        == "done"
    )
    assert (
        sender.shopify("products/update", goods(sender.env.now(), 5), id="8").json["status"]
        == "done"
    )
    assert store.one("SELECT quantity FROM stock") == 5


def test_all_that_woocommerce_sends_within_one_second_is_heard(
    sender: Sender, store: Storefront
) -> None:
    """Its id is made of the webhook's number and the second."""
    now = sender.env.now()
    sent = [woo_product(now, 3, id=15, sku="OTHER"), woo_product(now, 4)]
    answers = [sender.woo("product.updated", one, id="the second").json["status"] for one in sent]
    assert answers == ["done", "done"]
    assert store.one("SELECT max(quantity) FROM stock") == 4


@BOTH
def test_a_delivery_without_an_id_is_known_by_what_it_says(
    send: Any, sender: Sender, clock: SettableClock
) -> None:
    said = [send(sender, n, id=None).json["status"] for n in (3, 3, 4)]
    assert said == ["done", "before", "done"]


def test_what_a_late_try_says_is_older_than_what_is_known(
    sender: Sender, store: Storefront, clock: SettableClock
) -> None:
    written = clock()
    stripped = {k: v for k, v in goods(written, 9).items() if k != "updated_at"}
    clock.advance(timedelta(hours=1))
    sender.shopify("products/update", goods(clock(), 0))
    assert sender.shopify("products/update", stripped, at=written).status_code == 200
    assert store.one("SELECT quantity FROM stock") == 0
    sender.shopify("products/update", stripped)
    assert store.one("SELECT quantity FROM stock") == 9


# ---- what is asked, ignored and broken ----


def test_the_question_whether_somebody_is_here_is_answered_and_does_nothing(
    client: FlaskClient, env: Env, store: Storefront
) -> None:
    def ask(body: str, **headers: str) -> int:
        return client.post(
            "/hooks/woocommerce/kettle",
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
        ).status_code

    assert ask("webhook_id=5") == 200
    assert ask("webhook_id=5&stock=9") == 401
    assert ask("webhook_id=x") == 401
    assert ask("webhook_id=5", **{"X-WC-Webhook-Topic": "product.updated"}) == 401
    assert store.rows("SELECT * FROM stock") == []


def test_an_unknown_topic_is_answered_counted_and_does_nothing(
    sender: Sender, store: Storefront
) -> None:
    counted = [HOOKS_IGNORED.labels(hook=name) for name in ("shopify", "woocommerce")]
    before = sum(one._value.get() for one in counted)
    topics = ("customer.created", "action.wc_custom", "", "x" * 5000)
    for topic in topics:
        assert sender.woo(topic, woo_product(sender.env.now())).status_code == 200
        assert sender.shopify(topic, goods(sender.env.now())).status_code == 200
    assert sum(one._value.get() for one in counted) == before + 2 * len(topics)
    assert store.rows("SELECT * FROM stock") == []


GARBAGE = (
    (b"not json", 400),
    (b'{"id": 14,}', 400),
    (b'{"id": NaN}', 400),
    (b"\xff\xfe", 400),
    (b"[" * 100_000, 400),
    (b'{"id": ' + b"9" * 5000 + b"}", 400),
    (b'{"id": "\\ud800"}', 400),
    (b'{"id": "\\u0000"}', 422),
    (b"[]", 422),
    (b"7", 422),
    (b"", 400),
    (b"{}", 200),
    (b'{"id": {"a": 1}, "variants": {"a": 1}, "line_items": 7}', 200),
    (b'{"id": 1e308, "variants": [[], {"id": 1e308, "inventory_quantity": 1e999}]}', 200),
    (b" " * (1024 * 1024 + 1), 413),
)


def test_garbage_is_never_our_fault(sender: Sender, store: Storefront) -> None:
    for body, status in GARBAGE:
        for topic in ("product.updated", "order.created"):
            assert sender.woo(topic, body).status_code == status, body[:80]
        for topic in ("products/update", "orders/create", "customers/redact"):
            assert sender.shopify(topic, body).status_code == status, body[:80]
    assert store.rows("SELECT * FROM stock") == []


@BOTH
def test_an_unknown_variant_is_stored_listed_and_counted(
    send: Any, sender: Sender, store: Storefront
) -> None:
    counted = UNMATCHED_ROWS.labels(shop="kettle")
    before = counted._value.get()
    answer = send(sender, 3)
    assert answer.json["unmatched"] in (["14"], ["41"])
    assert counted._value.get() == before + 1
    assert store.one("SELECT sku FROM variants") == "KETTLE"
    assert send(sender, 4).json["unmatched"] == [], "from now on it is known"


# ---- what the law has Shopify pass on ----


def test_a_customer_whom_shopify_says_to_forget_is_forgotten(
    sender: Sender, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    ann = store.wait("KETTLE")
    ben = store.wait("KETTLE", "ben@example.com")
    said = {"shop_domain": DOMAIN, "customer": {"id": 1, "email": ANN, "phone": "555"}}
    assert sender.shopify("customers/redact", said).json["erased"] == 1
    assert (store.state(ann), store.state(ben)) == ("ended", "waiting")
    assert ANN not in json.dumps(store.everything(), default=str)


@pytest.mark.parametrize("topic", ["customers/data_request", "shop/redact"])
def test_what_only_a_person_can_answer_is_put_before_one(
    topic: str, sender: Sender, store: Storefront
) -> None:
    said = {"shop_domain": DOMAIN, "customer": {"id": 191167, "email": ANN}}
    assert sender.shopify(topic, said).status_code == 200
    [alarm] = store.rows("SELECT code, about, message, cleared_at FROM alarms")
    assert (alarm["code"], alarm["cleared_at"]) == ("privacy.asked", None)
    assert "Shopify" in alarm["message"]
    assert ANN not in str(alarm)


def test_a_variant_that_was_deleted_is_told_as_gone(
    sender: Sender, store: Storefront, clock: SettableClock
) -> None:
    observe(
        sender.env,
        store.shop,
        [
            Observation(key=key, product_key="9", availability=Availability.OUT_OF_STOCK)
            for key in ("41", "42")
        ],
    )
    clock.advance(timedelta(minutes=1))
    sender.shopify("products/delete", {"id": 9})
    states = store.rows("SELECT DISTINCT availability FROM stock")
    assert [one["availability"] for one in states] == ["discontinued"]


def test_real_deliveries_are_believed_with_the_secret_they_were_signed_with(
    client: FlaskClient, env: Env, store: Storefront, fixtures_dir: Path
) -> None:
    secrets = {"woocommerce_secrets": ("another", SECRET)}
    kettle = env.shops["kettle"]
    config_with = kettle.config.model_copy(update=secrets)
    env.shops["kettle"] = type(kettle)(id=kettle.id, slug=kettle.slug, config=config_with)
    for name in ("product_updated_simple", "product_updated_variation_back", "order_created"):
        file = fixtures_dir / f"woocommerce/hook_{name}.json"
        headers = {
            name: value
            for name, value in headers_of(file).items()
            if name.startswith(("X-WC-", "Content-Type"))
        }
        said = client.post("/hooks/woocommerce/kettle", data=file.read_bytes(), headers=headers)
        assert (said.status_code, said.json and said.json["status"]) == (200, "done")
    rows = store.rows(
        "SELECT v.key, v.sku, s.quantity FROM stock s JOIN variants v ON v.id = s.variant_id"
        " ORDER BY v.key"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("14", "woo-beanie", 1),
        ("34", "woo-hoodie-blue-logo", 5),
    ]
    assert store.one("SELECT ref FROM purchases") == "35:1"


# ---- when a system falls silent ----


def is_silent(env: Env) -> bool:
    """Whether somebody is called."""
    find_silent(env)
    with env.db.read() as tx:
        return any(one.code == SILENT for one in open_alarms(tx))


def wait_three_hours(env: Env, clock: SettableClock) -> None:
    """While the service runs."""
    for _ in range(3 * 4):
        clock.advance(timedelta(minutes=15))
        find_silent(env)


@pytest.fixture
def silent(env: Env, clock: SettableClock) -> Env:
    """Both systems have told nothing for three hours."""
    find_silent(env)
    wait_three_hours(env, clock)
    assert is_silent(env)
    return env


@BOTH
def test_the_next_delivery_that_is_taken_ends_the_alarm_about_silence(
    send: Any, silent: Env, sender: Sender, store: Storefront
) -> None:
    def about() -> set[str]:
        with silent.db.read() as tx:
            return {one.about.split("/")[1] for one in open_alarms(tx) if one.code == SILENT}

    assert about() == {"shopify", "woocommerce"}
    answer = send(sender, 3)
    assert answer.status_code == 200
    assert about() == {"shopify", "woocommerce"} - {answer.request.path.split("/")[2]}


def test_what_is_not_believed_or_not_taken_does_not_end_it(
    silent: Env, sender: Sender, store: Storefront
) -> None:
    with silent.db.read() as tx:
        before = open_alarms(tx)
    product = woo_product(silent.now())
    assert sender.woo("product.updated", product, secret="Eve's").status_code == 401
    assert sender.woo("product.updated", b"{").status_code == 400
    assert sender.woo("", b"webhook_id=7", signature=None).status_code == 200
    with silent.db.read() as tx:
        assert [one.id for one in open_alarms(tx)] == [one.id for one in before]

    # also one about something nothing is done for says that deliveries come
    assert sender.woo("coupon.created", {"id": 5}).status_code == 200
    with silent.db.read() as tx:
        assert [one.about for one in open_alarms(tx)] == ["kettle/shopify"]


def test_the_same_delivery_once_more_does_not_say_that_others_come(
    env: Env, clock: SettableClock, sender: Sender, store: Storefront
) -> None:
    product = woo_product(env.now())
    assert sender.woo("product.updated", product, id="seen").json["status"] == "done"
    wait_three_hours(env, clock)
    assert is_silent(env)
    assert sender.woo("product.updated", product, id="seen").json["status"] == "before"
    with env.db.read() as tx:
        assert "kettle/woocommerce" in {one.about for one in open_alarms(tx)}


def test_how_long_a_system_is_silent_can_be_watched(
    silent: Env, sender: Sender, client: FlaskClient, clock: SettableClock
) -> None:
    sender.woo("product.updated", woo_product(silent.now()))
    clock.advance(timedelta(minutes=10))
    said = client.get("/metrics").get_data(as_text=True)
    assert 'notifier_hook_silent_seconds{hook="kettle/woocommerce"} 600.0' in said
    assert 'notifier_hook_silent_seconds{hook="kettle/shopify"} 11400.0' in said
    assert 'source="kettle/hook' not in said
