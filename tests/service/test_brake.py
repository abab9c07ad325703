"""Too many alerts of a shop come back or are called spam: its alerts wait for a person (EM-25)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, text

from notifier.channels.base import Blame, Receipt, ReceiptKind
from notifier.cli import keeping, main
from notifier.domain.message import MessageKind
from notifier.services import brake as braking
from notifier.services.brake import brake, find_brake, lift_brake, why_braked
from notifier.services.check import check_all
from notifier.services.receive import receive
from notifier.services.sweep import sweep
from notifier.services.tell_merchant import apprise_channel
from notifier.services.write_message import write_message
from notifier.signing import Purpose
from notifier.store.tables.telling import attempts, messages
from tests.fakes.smtp_server import Fault
from tests.meanwhile import Meanwhile
from tests.plans import steps
from tests.world import ANN, BEN, OLGA, World

SLACK = "slack://TokenA/TokenB/TokenC/#stock"
numbers = itertools.count(1)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A shop that tells everybody at once, with an empty memory of what was heard."""
    braking._memories.clear()  # another database, though its object may be the same
    return make_world(release={"strategy": "all"})


def sent(world: World, count: int, *, first: int = 1, **said: Any) -> list[int]:
    """So many mails that left in the last minute, a few at a time; their ids."""
    values = {
        "shop_id": world.shop.id,
        "kind": "back_in_stock",
        "medium": "email",
        "channel": "mail",
        "locale": "en",
        "priority": 2,
        "state": "accepted",
        "attempt_no": 1,
    } | said
    with world.db.write() as tx:
        top = tx.execute(text("SELECT coalesce(max(id), 0) FROM messages")).scalar_one()
        rows = []
        for number in range(count):
            at = world.clock.now - timedelta(seconds=60 - number // 25)
            own = {"id": top + first + number, "created_at": at, "due_at": at, "finished_at": at}
            rows.append(own | values)
        tx.execute(insert(messages), rows)
        if tx.dialect.name == "postgresql":
            tx.execute(text("SELECT setval('messages_id_seq', (SELECT max(id) FROM messages))"))
    return [row["id"] for row in rows]


def said_later(world: World, ids: list[int], kind: ReceiptKind, **said: Any) -> None:
    for id_ in ids:
        receive(
            world.env,
            Receipt(
                provider="test",
                event_id=str(next(numbers)),
                kind=kind,
                uid=world.env.signer.make(Purpose.MESSAGE, id_),
                **said,
            ),
        )


def came_back(world: World, ids: list[int]) -> None:
    said_later(world, ids, ReceiptKind.BOUNCED, blame=Blame.ADDRESS, code="5.1.1")


def called_spam(world: World, ids: list[int]) -> None:
    said_later(world, ids, ReceiptKind.COMPLAINED, blame=Blame.POLICY, code="abuse")


def refused_at_once(world: World, ids: list[int], *, reason: str = "refused_address") -> None:
    """As a sender books it: state and reason of the message, and a row for the try."""
    with world.db.write() as tx:
        for id_ in ids:
            tx.execute(
                text("UPDATE messages SET state = 'refused', reason = :why WHERE id = :id"),
                {"id": id_, "why": reason},
            )
            tx.execute(
                insert(attempts).values(
                    message_id=id_,
                    attempt_no=1,
                    worker="w",
                    started_at=world.clock.now,
                    phase="answered",
                    outcome="refused",
                    blame=reason.removeprefix("refused_"),
                )
            )


def is_braked(world: World) -> bool:
    brake(world.env)
    return find_brake(world.env, world.shop) is not None


Heard = Callable[[World, list[int]], None]


@pytest.mark.parametrize(
    ("count", "bad", "hear", "kind", "brakes"),
    [
        (1000, 50, came_back, "back_in_stock", True),
        (1000, 49, came_back, "back_in_stock", False),
        (1000, 50, refused_at_once, "eta_revised", True),
        (3, 1, came_back, "back_in_stock", False),  # one of three says nothing
        (99, 9, came_back, "back_in_stock", False),
        (100, 5, came_back, "back_in_stock", True),
        (1000, 2, called_spam, "back_in_stock", True),
        (1000, 1, called_spam, "back_in_stock", False),  # nor does one person's click
        (1000, 200, came_back, "confirm", False),  # anybody can ask for one to any address
        (1000, 200, came_back, "delay_notice", False),
    ],
)
def test_alerts_wait_when_too_many_of_the_last_came_back_or_were_called_spam(
    world: World, count: int, bad: int, hear: Heard, kind: str, brakes: bool
) -> None:
    ids = sent(world, count, kind=kind)
    hear(world, ids[:: max(count // bad, 1)][:bad])
    assert is_braked(world) is brakes


def test_what_a_filter_refuses_counts_and_what_is_our_own_fault_does_not(world: World) -> None:
    ids = sent(world, 400)
    refused_at_once(world, ids[:50], reason="refused_content")
    refused_at_once(world, ids[50:60], reason="refused_policy")
    assert not is_braked(world)
    said_later(world, ids[60:70], ReceiptKind.FAILED, blame=Blame.POLICY, code="5.7.1")
    assert is_braked(world)


def test_only_the_last_thousand_up_to_the_newest_that_was_heard_of_count(world: World) -> None:
    sent(world, 1000)  # long ago, and nothing came back
    world.clock.advance(timedelta(hours=1))
    ids = sent(world, 1000)
    world.clock.advance(timedelta(hours=1))
    sent(world, 3000)  # a moment ago: what becomes of them nobody can know yet
    came_back(world, ids[::20])
    assert is_braked(world)


def test_the_limits_are_the_shops_and_zero_is_none(world: World) -> None:
    world.reconfigure(brake={"bounce_share": 0.0, "complaint_share": 0.5, "least_sends": 10})
    ids = sent(world, 20)
    came_back(world, ids[:9])
    called_spam(world, ids[9:18])
    assert not is_braked(world)
    world.reconfigure(brake={"bounce_share": 0.4, "least_sends": 10, "sends": 30})
    assert not is_braked(world)  # nothing new was heard
    came_back(world, ids[18:])
    assert is_braked(world)


def test_one_that_came_back_is_enough_where_it_is_too_much_of_what_the_shop_sends(
    world: World,
) -> None:
    world.reconfigure(brake={"bounce_share": 0.1, "least_sends": 10})
    came_back(world, sent(world, 10)[:1])
    assert is_braked(world)


def test_alerts_wait_and_what_is_owed_leaves(world: World) -> None:
    for key in ("SHIRT-S", "SHIRT-M"):
        world.see(key, 0)
    world.waits(ANN)
    ben = world.waits(BEN, "SHIRT-M")
    world.run()
    world.see("SHIRT-S", 3)
    world.announce()  # Ann's message is written, and has not left
    came_back(world, sent(world, 200)[::10])
    assert is_braked(world)
    world.see("SHIRT-M", 3)
    with world.db.write() as tx:
        row = world.subscription(ben)
        write_message(world.env, tx, MessageKind.MANAGE_LINK, shop=world.shop, subscription=row)
    world.run()
    assert not world.mails(kind="back_in_stock")
    assert len(world.mails(BEN, "manage_link")) == 1
    [ann] = world.rows("SELECT state, reason FROM messages WHERE state = 'due'")
    assert ann == {"state": "due", "reason": "alerts_braked"}

    world.clock.advance(timedelta(hours=3))
    world.run()
    assert lift_brake(world.env, world.shop, by="Olga")
    world.clock.advance(timedelta(minutes=6))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == len(world.mails(BEN, "back_in_stock")) == 1


def test_what_the_mail_server_refuses_while_a_release_runs_stops_the_rest_of_it(
    world: World,
) -> None:
    world.reconfigure(
        brake={"least_sends": 10},
        release={"strategy": "fixed", "size": 12, "interval": timedelta(minutes=5)},
    )
    world.see("SHIRT-S", 0)
    people = [f"p{number}@waits.example" for number in range(20)]
    waiting = [world.waits(one) for one in people]
    world.run()
    refused = [Fault(at="rcpt", rcpt=one, reply="550 5.7.1 Spam") for one in people[:2]]
    world.smtp.misbehave(*refused)
    world.see("SHIRT-S", 50)
    world.run()
    assert is_braked(world)
    for _ in range(4):
        world.clock.advance(timedelta(minutes=3))
        world.run()
    assert len(world.mails(kind="back_in_stock")) == 10
    assert lift_brake(world.env, world.shop, by="Olga")
    world.clock.advance(timedelta(minutes=6))
    world.run()
    assert len(world.mails(kind="back_in_stock")) == 18
    assert [world.subscription(one).state for one in waiting[12:]] == ["told"] * 8


def test_olga_hears_of_it_once_in_every_way_she_set_up(world: World) -> None:
    world.reconfigure(
        alerts={"mail_to": ["may@kettle.example"], "apprise": [SLACK]},
        webhooks={"erp": {"url": "https://erp.example/hook", "secret": "whsec_" + "a" * 32}},
    )
    ids = sent(world, 1000)
    came_back(world, ids[:60])
    assert (brake(world.env), brake(world.env)) == (1, 0)
    came_back(world, ids[60:80])
    assert brake(world.env) == 0
    told = world.rows("SELECT channel, address, kind FROM messages WHERE priority = 3 ORDER BY id")
    assert [(one["channel"], one["address"]) for one in told if "hook:" not in one["kind"]] == [
        ("mail", OLGA),
        ("mail", "may@kettle.example"),
        (apprise_channel(world.shop, SLACK), ""),
    ]
    assert [one["channel"] for one in told if one["kind"] == "hook:alerts.braked"] == [
        "webhook:kettle:erp"
    ]
    [alarm] = world.rows("SELECT code, about, message, cleared_at FROM alarms")
    assert (alarm["code"], alarm["about"], alarm["cleared_at"]) == ("alerts.braked", "kettle", None)
    assert alarm["message"].startswith("60 of the last 1,000 alerts by mail came back (6%, ")
    off = find_brake(world.env, world.shop)
    assert off is not None
    assert why_braked(world.env, world.shop, off, locale="de") == (
        "60 der letzten 1.000 Meldungen per Mail kamen zurück (6 %, die Grenze ist 5 %)."
    )
    with world.db.write() as tx:  # the others are not there
        tx.execute(text("UPDATE messages SET finished_at = due_at WHERE channel <> 'mail'"))
    world.deliver()
    [mail] = world.mails(OLGA)
    assert mail.parsed["Subject"] == "Kettle & Co: alerts to customers wait"
    said = mail.parsed.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "notifier resume-sending --shop kettle" in " ".join(said.split())
    assert world.count("ledger", "book = 'audit' AND act = 'alerts.braked'") == 1


@pytest.mark.parametrize("engine_name", ["postgres"])  # on SQLite one writes at a time
def test_of_two_who_look_at_the_same_moment_one_brakes_and_tells(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.reconfigure(alerts={"mail_to": ["may@kettle.example"]})
    came_back(world, sent(world, 1000)[:60])
    with Meanwhile(world, monkeypatch) as another:
        another.acts_after(braking.heard_of, "tally", lambda: as_another_process(world))
        braked = brake(world.env)
    assert (braked, another.answer()) == (1, 0)
    told = world.rows("SELECT address FROM messages WHERE priority = 3 ORDER BY id")
    assert [one["address"] for one in told] == [OLGA, "may@kettle.example"]
    assert world.count("ledger", "book = 'audit' AND act = 'alerts.braked'") == 1


def as_another_process(world: World) -> int:
    """A look with no memory of what was heard before."""
    braking._memories.clear()
    return brake(world.env)


def test_once_lifted_it_does_not_brake_again_for_what_was_sent_before(world: World) -> None:
    ids = sent(world, 1000)
    came_back(world, ids[:60])
    assert is_braked(world)
    assert lift_brake(world.env, world.shop, by="Olga")
    assert not lift_brake(world.env, world.shop, by="Olga")  # it was lifted already
    came_back(world, ids[60:200])  # what was sent before it, and comes back after it
    assert not is_braked(world)
    assert world.count("alarms", "cleared_at IS NULL") == 0
    [entry] = world.rows("SELECT facts FROM ledger WHERE act = 'alerts.resumed'")
    assert "Olga" in str(entry["facts"])

    world.clock.advance(timedelta(hours=1))
    new = sent(world, 100)
    came_back(world, new[:4])
    assert not is_braked(world)
    came_back(world, new[4:6])
    assert is_braked(world)


def test_nobody_is_asked_or_reminded_while_alerts_wait(world: World) -> None:
    world.reconfigure(subscription_lifetime=timedelta(days=1))
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    came_back(world, sent(world, 100)[:20])
    assert is_braked(world)
    world.clock.advance(timedelta(days=3))
    sweep(world.env)
    assert world.count("messages", "kind = 'still_waiting'") == 0
    lift_brake(world.env, world.shop, by="Olga")
    sweep(world.env)
    assert world.count("messages", "kind = 'still_waiting'") == 1


@pytest.mark.parametrize("engine_name", ["sqlite"])  # counts steps of its machine
def test_a_look_at_nothing_new_costs_next_to_nothing(make_world: Callable[..., World]) -> None:
    world = make_world()
    braking._memories.clear()
    came_back(world, sent(world, 2000)[:20])
    brake(world.env)
    assert steps(world.db, lambda: brake(world.env)) < 500


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
def test_who_operates_it_is_told_and_lets_alerts_go_on_by_a_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "open_env_only", lambda _context: world.env)
    monkeypatch.setattr(keeping, "set_up_log", lambda _level: None)
    came_back(world, sent(world, 100)[:20])
    assert is_braked(world)
    [said] = [one for one in check_all(world.env) if one.about == "switch alerts:kettle"]
    assert "20 of the last 100 alerts by mail came back" in said.message
    assert said.advice == "`notifier resume-sending --shop kettle` lets them go on."
    done = CliRunner().invoke(main, ["resume-sending", "--shop", "kettle"])
    assert done.exit_code == 0
    assert done.output.endswith("kettle sends again.\n")
    assert find_brake(world.env, world.shop) is None
