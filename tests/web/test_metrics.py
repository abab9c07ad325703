"""What do the numbers say that Prometheus asks for? (trust RL-29)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from weakref import WeakKeyDictionary

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from notifier.config import LimitRules
from notifier.domain.message import MessageKind
from notifier.errors import StoreBusy, TooMany
from notifier.rendering import GivenParts, Renderer
from notifier.services import operation
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.deliver import Sender
from notifier.services.sign_in_wait import count_try
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from notifier.store import leases, sources, switches
from notifier.store.operation import opt_ins
from notifier.store.session import Transaction
from tests.plans import steps
from tests.timing import SettableClock
from tests.web.storefront import Storefront

Numbers = dict[str, float]


@pytest.fixture
def numbers(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Numbers]:
    """Every number as it is now, by its name and labels."""

    def read() -> Numbers:
        # tests share one open database, and with it what an earlier one counted
        monkeypatch.setattr(operation, "_COUNTED", WeakKeyDictionary())
        said = client.get("/metrics").get_data(as_text=True)
        return {
            f"{one.name}{sorted(one.labels.values())}": one.value
            for family in text_string_to_metric_families(said)
            for one in family.samples
        }

    return read


def risen(before: Numbers, after: Numbers) -> Numbers:
    """The counters that rose, by how much."""
    rose = {name: value - before.get(name, 0) for name, value in after.items()}
    return {
        name.removeprefix("notifier_"): by for name, by in rose.items() if by and "_total" in name
    }


def limited(store: Storefront, **rules: int) -> None:
    limits = LimitRules.model_validate(rules)
    store.env.config = store.env.config.model_copy(update={"limits": limits})


def ask(store: Storefront, email: str, *, ip: str = "") -> None:
    came = Circumstances(ip=ip)
    subscribe(store.env, store.shop, SignUp(variant="S", email=email, circumstances=came))


def test_the_way_from_asking_to_confirming_is_told(
    store: Storefront, numbers: Callable[[], Numbers], clock: SettableClock
) -> None:
    store.stock("S", 0)
    ask(store, "old@example.com")
    clock.advance(timedelta(days=2))
    asked = [store.ask("S", f"p{number}@example.com") for number in range(3)]
    store.send()
    confirm(store.env, asked[0], circumstances=Circumstances())
    found = numbers()
    funnel = {
        step: found[f"notifier_opt_ins['{step}']"] for step in ("asked", "mailed", "confirmed")
    }
    assert funnel == {"asked": 3, "mailed": 3, "confirmed": 1}


def test_who_asks_too_often_is_counted_by_the_limit_that_was_met(
    store: Storefront, numbers: Callable[[], Numbers]
) -> None:
    store.stock("S", 0)
    store.stock("CUP", 0, shop="cups")
    before = numbers()
    limited(store, signups_per_network=1, confirmations_per_shop=2)
    ask(store, "ann@example.com", ip="203.0.113.4")
    with pytest.raises(TooMany):
        ask(store, "ben@example.com", ip="203.0.113.5")
    limited(store, signups_per_network=100, confirmations_per_shop=1)
    ask(store, "cat@example.com")  # she hears of it by no error: no mail goes out
    limited(store, confirmations_per_address=1)
    subscribe(store.env, store.env.shop("cups"), SignUp(variant="CUP", email="ann@example.com"))
    for _ in range(20):
        try:
            count_try(store.env, what="password", whom="olga", ip="203.0.113.9")
        except TooMany:
            break
    assert risen(before, numbers()) == {
        "limited_total['network']": 1,
        "limited_total['shop']": 1,
        "limited_total['address']": 1,
        "limited_total['sign_in']": 1,
    }


def test_a_busy_database_is_counted_where_it_was_tried_again_and_where_it_was_given_up(
    store: Storefront, numbers: Callable[[], Numbers]
) -> None:
    left = [StoreBusy("busy"), StoreBusy("busy")]

    def work(_tx: Transaction) -> None:
        if left:
            raise left.pop()

    before = numbers()
    store.env.db.retry(work)
    between = numbers()
    assert risen(before, between) == {"database_busy_total['tried_again']": 2}
    left = [StoreBusy("busy")]
    with pytest.raises(StoreBusy):
        store.env.db.retry(work, tries=1)
    assert risen(between, numbers()) == {"database_busy_total['given_up']": 1}


def test_a_message_that_cannot_be_written_is_counted(
    store: Storefront, numbers: Callable[[], Numbers]
) -> None:
    store.stock("S", 0)
    ask(store, "ann@example.com")
    before = numbers()
    sender = Sender(store.env, Renderer(GivenParts(MessageKind.WAITING, {})))
    sender.send_due()
    sender.close()
    assert risen(before, numbers())["unwritable_total['confirm']"] == 1


def test_what_is_late_or_in_trouble_or_waits_is_told(
    store: Storefront, numbers: Callable[[], Numbers], clock: SettableClock
) -> None:
    env = store.env
    now = env.now()
    with env.db.write() as tx:
        source = sources.ensure_source(tx, shop_id=store.shop.id, name="feed", kind="feed", now=now)
        sources.update_source(
            tx, source.id, next_look_at=now, trouble_code="too_few_rows", failures=2
        )
        leases.record_job(tx, "sweep", started_at=now, finished_at=now, next_at=now, trouble="")
        name = switches.of_alerts("kettle")
        switches.turn(tx, name, off=True, why="", by="the brake", at=now)
    clock.advance(timedelta(seconds=90))
    found = numbers()
    assert found["notifier_source_late_seconds['kettle/feed']"] == 90
    assert found["notifier_source_trouble['kettle/feed', 'too_few_rows']"] == 1
    assert found["notifier_job_late_seconds['sweep']"] == 90
    assert found["notifier_alerts_braked['kettle']"] == 1
    assert found["notifier_alerts_braked['cups']"] == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])  # counts steps of its machine
def test_the_way_to_confirming_is_counted_without_a_look_at_older_sign_ups(
    store: Storefront, clock: SettableClock
) -> None:
    def counted() -> int:
        since = store.env.now() - timedelta(days=1)
        with store.env.db.read() as tx:
            return steps(store.env.db, lambda: opt_ins(tx, since=since))

    store.stock("S", 0)
    ask(store, "ann@example.com")
    few = counted()
    for number in range(40):
        ask(store, f"p{number}@example.com")
    clock.advance(timedelta(days=2))
    ask(store, "ben@example.com")
    assert counted() <= few + 20
