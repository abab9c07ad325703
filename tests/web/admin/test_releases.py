"""Releases in the admin: seen, steered, held, foreseen."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from notifier.domain.rights import Role
from notifier.services.alarms import raise_alarm
from notifier.services.brake import BRAKED, find_brake
from notifier.store import switches
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import Storefront
from tests.web.stories import Tell


@pytest.fixture
def released(tell: Tell) -> int:
    """A release of two units to five people, one wave in; its id."""
    return tell(_released)


def _released(store: Storefront) -> int:
    store.stock("S", 0)
    for number in range(5):
        store.wait("S", f"guest{number}@example.com")
    store.stock("S", 2)
    store.send()
    return int(store.one("SELECT id FROM releases"))


def badge(seen: Seen) -> str:
    return str(seen.tree.xpath("string(//main//span[contains(@class, 'badge')])"))


def test_a_release_shows_its_waves_with_their_reasons(admin: Admin, released: int) -> None:
    listed = admin.get("/kettle/releases")
    assert "Linen shirt, S" in listed.said
    seen = admin.get(f"/kettle/releases/{released}")
    assert seen.heading == "Linen shirt, S"
    assert "Wave 1" in seen.said
    assert "no earlier release has shown what share buys: not known yet. 2 there, " in seen.said
    piece = admin.get(f"/kettle/releases/{released}?part=live")
    assert not piece.tree.xpath("//h1")
    assert "Wave 1" in piece.text


def test_a_sender_pauses_resumes_hurries_and_stops(
    admin: Admin, store: Storefront, released: int
) -> None:
    sender = admin.as_(Role.SENDER)
    path = f"/kettle/releases/{released}"
    with store.env.db.write() as tx:  # as between two waves
        tx.execute(text("UPDATE releases SET state = 'running', finished_at = NULL"))
    for wish, state in (("pause", "paused"), ("resume", "running"), ("now", "running")):
        assert sender.post(path, {"wish": wish}).status == 303
        assert badge(sender.get(path)) == state
    assert sender.post(path, {"wish": "stop"}).status == 303
    assert badge(sender.get(path)) == "stopped"
    with store.env.db.read() as tx:
        acts = set(tx.execute(text("SELECT act FROM ledger")).scalars())
    assert {"release.paused", "release.resumed", "release.hurried", "release.stopped"} <= acts


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_may_not_send_steers_no_release(admin: Admin, released: int, role: Role) -> None:
    other = admin.as_(role)
    assert other.post(f"/kettle/releases/{released}", {"wish": "stop"}).status == 403
    assert not other.get(f"/kettle/releases/{released}").tree.xpath("//main//form")


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/kettle/releases/{id}", {"wish": "sell"}, 422),
        ("/kettle/releases/{id}", {}, 422),
        ("/kettle/releases/99", {"wish": "stop"}, 404),
        ("/cups/releases/{id}", {"wish": "stop"}, 404),
        ("/kettle/releases/99999999999999999999999", {"wish": "stop"}, 404),
        ("/kettle/holds/99", {"wish": "released"}, 404),
    ],
)
def test_a_wish_that_cannot_be_is_refused(
    admin: Admin, released: int, path: str, data: dict[str, str], status: int
) -> None:
    assert admin.post(path.format(id=released), data).status == status


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=1000000000", "state=(select", "after=abc", "after=WyJ4Il0"]
)
def test_a_list_refuses_what_it_did_not_offer(admin: Admin, query: str) -> None:
    assert admin.get(f"/kettle/releases?{query}").status == 422


def test_a_list_goes_on_where_the_page_before_ended(admin: Admin, store: Storefront) -> None:
    for key in ("A1", "A2", "A3"):
        store.stock(key, 0)
        store.wait(key)
        store.stock(key, 1)
    store.send()
    first = admin.get("/kettle/releases?limit=2")
    assert len(first.tree.xpath("//tbody/tr")) == 2
    [more] = first.tree.xpath("//a[@rel='next']/@href")
    second = admin.get(more.removeprefix("/admin"))
    assert len(second.tree.xpath("//tbody/tr")) == 1


@pytest.mark.parametrize(
    ("variant", "units", "status"),
    [("S", "3", 200), ("S", "", 422), ("S", "-1", 422), ("S", "1e9", 422), ("NONE", "3", 422)],
)
def test_a_what_if_tells_nobody(
    admin: Admin, store: Storefront, released: int, variant: str, units: str, status: int
) -> None:
    store.stock("S", 0)
    before = len(store.letters())
    seen = admin.get(f"/kettle/what-if?variant={variant}&units={units}")
    assert seen.status == status
    assert store.send() == store.letters()[before:] == []


def test_alerts_that_wait_say_why_and_go_on_by_a_button(
    admin: Admin, store: Storefront, released: int
) -> None:
    why = "60 of the last 1,000 alerts by mail came back"
    pages = ("/kettle/", "/kettle/releases", f"/kettle/releases/{released}")
    env = store.env
    with env.db.write() as tx:
        name = switches.of_alerts("kettle")
        switches.turn(tx, name, off=True, why=f"{why} (6 %).", by="the brake", at=env.now())
        raise_alarm(env, tx, code=BRAKED, about="kettle", message=why, shop=store.shop)
    for page in pages:
        assert admin.get(page).said.count(why) == 1
    assert why not in admin.get("/cups/releases").said
    editor = admin.as_(Role.EDITOR)
    assert not editor.get("/kettle/releases").tree.xpath("//main//form")
    assert editor.post("/kettle/brake").status == 403
    assert admin.as_(Role.SENDER).post("/kettle/brake").status == 303
    assert find_brake(env, store.shop) is None
    for page in pages:
        assert why not in admin.get(page).said
