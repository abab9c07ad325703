"""Is everything about an address found and erased, wherever it is, and nothing else?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from notifier.errors import NotFound
from notifier.services.announce import announce
from notifier.services.consent import Circumstances
from notifier.services.privacy import Erased, erase_address, export_address
from notifier.services.seal import seal_ledger
from notifier.store import ledger, shut_addresses
from notifier.store.people import find_contact
from tests.timing import SettableClock
from tests.web.storefront import Storefront
from tests.web.stories import Tell
from tests.web.visits import heading

ADDRESS = "ann@example.com"


@pytest.fixture
def address_hash(tell: Tell) -> str:
    """Ann waits at two shops, was told, clicked, and Ben waits too; her address's hash."""
    return tell(_address_hash)


def _address_hash(store: Storefront) -> str:
    who = Circumstances(
        ip="203.0.113.7", agent="Ann's browser", page_url="https://kettle.example/a"
    )
    for key in ("S", "TEAPOT"):
        store.stock(key, 0)
    store.stock("MUG", 0, shop="cups")
    for key, shop in (("S", "kettle"), ("TEAPOT", "kettle"), ("MUG", "cups")):
        store.wait(key, ADDRESS, shop=shop, circumstances=who)
    store.wait("S", "ben@example.com")
    store.stock("TEAPOT", 4)
    store.send()
    return store.env.signer.hash_address("email", ADDRESS)


def dump(store: Storefront) -> str:
    """Everything in the database, as text."""
    tables = ("contacts", "subscriptions", "messages", "attempts", "receipts", "clicks")
    tables += ("ledger", "suppressions", "alarms", "limits", "answers", "events", "releases")
    return json.dumps([store.rows(f"SELECT * FROM {name}") for name in tables], default=str)


def test_an_export_holds_every_row(store: Storefront, address_hash: str) -> None:
    rows = export_address(store.env, address_hash, by="owner")

    assert rows["contact"]["address"] == ADDRESS
    assert {(row["shop"], row["variant"]) for row in rows["subscriptions"]} == {
        ("kettle", "S"),
        ("kettle", "TEAPOT"),
        ("cups", "MUG"),
    }
    wanted = store.one(
        "SELECT count(*) FROM messages m JOIN contacts c ON c.id = m.contact_id "
        "WHERE c.address = :address",
        address=ADDRESS,
    )
    assert len(rows["messages"]) == wanted
    tried = {row["id"] for row in rows["messages"] if row["attempt_no"]}
    assert {row["message_id"] for row in rows["attempts"]} == tried != set()
    assert {row["personal"]["ip"] for row in rows["ledger"] if row["personal"]} == {"203.0.113.7"}
    assert "ben@example.com" not in json.dumps(rows)
    assert [row["act"] for row in store.rows("SELECT act FROM ledger WHERE book = 'audit'")] == [
        "exported"
    ]


def test_an_export_tells_of_tries_that_went_well_without_a_row_of_their_own(
    store: Storefront, address_hash: str
) -> None:
    before = export_address(store.env, address_hash, by="owner")["attempts"]
    with store.env.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM attempts WHERE outcome = 'accepted'")

    rows = export_address(store.env, address_hash, by="owner")["attempts"]
    said = ("message_id", "attempt_no", "phase", "outcome", "code")
    assert sorted([row[name] for name in said] for row in rows) == sorted(
        [row[name] for name in said] for row in before
    )


def test_an_address_nothing_is_stored_about_is_not_found(store: Storefront) -> None:
    with pytest.raises(NotFound):
        export_address(store.env, store.env.signer.hash_address("email", "eve@x.org"), by="owner")


def test_erasing_takes_the_address_out_of_everything(store: Storefront, address_hash: str) -> None:
    bens = store.rows(
        "SELECT s.* FROM subscriptions s JOIN contacts c ON c.id = s.contact_id "
        "WHERE c.address = 'ben@example.com'"
    )
    assert ADDRESS in dump(store)

    done = erase_address(store.env, address_hash, by="owner")

    assert done.subscriptions == 2, "the third was told already"
    left = dump(store)
    for personal in (ADDRESS, "203.0.113.7", "Ann's browser", "https://kettle.example/a"):
        assert personal not in left
    assert "ben@example.com" in left
    (ben,) = store.rows("SELECT * FROM subscriptions WHERE id = :id", id=bens[0]["id"])
    assert [ben] == bens


def test_nothing_more_is_sent_even_if_it_was_queued(store: Storefront, address_hash: str) -> None:
    store.stock("S", 9)
    while announce(store.env):
        pass

    erase_address(store.env, address_hash, by="owner")

    assert [letter["address"] for letter in store.send()] == ["ben@example.com"]


def test_the_ledger_keeps_its_facts_and_its_chain(store: Storefront, address_hash: str) -> None:
    seal_ledger(store.env)
    before = store.one(
        "SELECT count(*) FROM ledger WHERE address_hash = :hash AND book = 'consent'",
        hash=address_hash,
    )

    erase_address(store.env, address_hash, by="owner")

    seal_ledger(store.env)
    with store.env.db.read() as tx:
        assert ledger.verify(tx).broken == ()
        entries = list(ledger.entries_of(tx, address_hash))
    assert len([one for one in entries if one.book == "consent"]) == before
    assert all(one.personal is None for one in entries)
    assert entries[-1].act == "erased"


def test_erasing_twice_is_harmless(store: Storefront, address_hash: str) -> None:
    erase_address(store.env, address_hash, by="owner")
    before = store.everything()

    again = erase_address(store.env, address_hash, by="owner")

    assert again == Erased(subscriptions=0, messages=0, entries=0)
    assert store.everything() == before


def test_erasing_an_address_that_never_was_here_does_nothing(store: Storefront) -> None:
    before = store.everything()

    done = erase_address(store.env, "0" * 64, by="olga")

    assert not done
    assert store.everything() == before


def test_an_erasure_that_died_half_way_is_finished_by_the_next(
    store: Storefront, address_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("notifier.store.purge.erase_contact", die)
        with pytest.raises(KeyboardInterrupt):
            erase_address(store.env, address_hash, by="owner")
    assert ADDRESS in dump(store)

    erase_address(store.env, address_hash, by="owner")

    assert ADDRESS not in dump(store)


def test_who_said_stop_before_is_not_written_to_after(store: Storefront, address_hash: str) -> None:
    with store.env.db.write() as tx:
        shut_addresses.suppress(
            tx, address_hash=address_hash, reason="complained", source="fbl", at=store.env.now()
        )

    erase_address(store.env, address_hash, by="owner")
    store.ask("S", ADDRESS)

    assert store.send() == []
    assert store.one("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL") == 1


def test_a_later_sign_up_is_like_one_of_somebody_new(
    client: FlaskClient, store: Storefront, address_hash: str, clock: SettableClock
) -> None:
    erase_address(store.env, address_hash, by="owner")
    clock.advance(timedelta(days=1))

    again = store.ask("S", ADDRESS)

    assert store.state(again) == "unconfirmed", "it must be confirmed again"
    (mail,) = store.send()
    assert (mail["kind"], mail["address"]) == ("confirm", ADDRESS)
    page = client.get(store.links(mail)["c"])
    assert heading(page) == "Shall we tell you when it is back?"
    with store.env.db.read() as tx:
        contact = find_contact(tx, address_hash=address_hash)
    assert contact is not None
    assert contact.erased_at is None


def test_old_links_do_not_work_after_an_erasure(
    client: FlaskClient, store: Storefront, address_hash: str
) -> None:
    ids = [row["id"] for row in store.rows("SELECT id FROM subscriptions ORDER BY id")][:3]
    confirm, manage = store.confirm_path(ids[0]), store.manage_path(store.contact_of(ids[0]))
    erase_address(store.env, address_hash, by="owner")

    assert client.get(confirm).status_code == 404
    assert client.get(manage).status_code == 404
    stop = client.post(store.unsubscribe_path(ids[0]), data={"List-Unsubscribe": "One-Click"})
    assert stop.status_code == 200


def test_what_is_signed_up_while_erasing_is_erased_too(
    store: Storefront, address_hash: str
) -> None:
    erase_address(store.env, address_hash, by="owner")
    store.ask("S", ADDRESS)

    done = erase_address(store.env, address_hash, by="owner")

    assert done.subscriptions == 1
    assert ADDRESS not in dump(store)
