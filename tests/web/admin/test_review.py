"""What a second look at the admin found: lists that lose their place, rights that reach too far."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from notifier.domain.order_delay.states import NextStep
from notifier.domain.rights import Role
from notifier.services import look_today
from notifier.services.alarms import raise_alarm
from notifier.services.announce import announce
from notifier.services.env import Env
from notifier.services.people import find_colleague
from notifier.web.admin.app import create_admin
from notifier.web.admin.paging import make_cursor
from tests.web.admin.visitor import Admin
from tests.web.storefront import RENDERER, Storefront


@pytest.mark.parametrize(
    "path",
    [
        f"orders?after={make_cursor('2026-03-02T10:00:00', 1)}",  # no time zone
        f"orders?after={make_cursor('0001-01-01T00:00:00+14:00', 1)}",
        f"products?view=out&after={make_cursor('2026-03-02T10:00:00', 1)}",
        f"demand?sort=money&after={make_cursor('NaN', 1)}",
        f"demand?sort=money&after={make_cursor('Infinity', 1)}",
        f"demand?sort=units&after={make_cursor('9' * 30, 1)}",
        f"demand?sort=waiting_since&after={make_cursor('2026-03-02', 1)}",
    ],
)
def test_a_place_we_did_not_write_is_refused(admin: Admin, path: str) -> None:
    assert admin.get(f"/kettle/{path}").status == 422


def test_of_those_who_signed_up_within_a_second_each_page_shows_others(
    store: Storefront, admin: Admin
) -> None:
    for key in ("S", "M", "KETTLE"):
        store.stock(key, 0)
        store.wait(key)
        store.env.clock.advance(timedelta(milliseconds=100))  # type: ignore[attr-defined]
    seen = []
    path = "/kettle/demand?sort=waiting_since&limit=1"
    for _ in range(4):
        page = admin.get(path)
        [name] = page.tree.xpath("//section[@class='card flush']//tbody/tr/th")
        seen.append(" ".join(name.text_content().split()))
        more = page.tree.xpath("//a[@rel='next']/@href")
        if not more:
            break
        path = more[0]
    assert len(seen) == len(set(seen)) == 3


def test_the_audit_log_goes_on_after_its_chain_was_walked(admin: Admin) -> None:
    admin.post("/-/account/taste", {"name": "Olga", "locale": "en", "theme": "dark"})
    page = admin.post("/-/audit/verify?limit=1")
    [following] = page.tree.xpath("//a[@rel='next']/@href")
    assert admin.get(following).status == 200


def test_who_enters_one_shop_only_exports_and_erases_nothing_of_another(
    store: Storefront, admin: Admin
) -> None:
    for shop in ("kettle", "cups"):
        store.stock("S", 0, shop=shop)
    here, there = store.wait("S"), store.wait("S", shop="cups")
    store.send()
    path = f"/kettle/subscriptions/{here}"
    sender = admin.as_(Role.SENDER, shops=("kettle",))
    own = sender.get(f"{path}/export.json").answer.get_json()
    whole = admin.get(f"{path}/export.json").answer.get_json()
    assert [one["shop"] for one in own["subscriptions"]] == ["kettle"]
    assert [one["shop"] for one in whole["subscriptions"]] == ["kettle", "cups"]
    assert len({one["shop_id"] for one in whole["messages"]}) == 2
    for name in ("messages", "ledger", "attempts"):
        assert len(own[name]) < len(whole[name])
    assert {one["shop_id"] for one in own["ledger"]} <= {store.shop.id, None}
    assert "/erase" not in sender.get(path).text
    assert sender.post(f"{path}/erase").status == 409
    assert store.state(there) == "waiting"


def test_today_shows_a_line_whose_next_step_has_moved_on_and_masks_alarms(
    store: Storefront, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a provider answered may hold an address."""
    store.env.db.retry(
        lambda tx: raise_alarm(
            store.env,
            tx,
            code="message.refused",
            about="back_in_stock/550",
            message="<ann@example.com>: 550 no such user",
            shop=store.shop,
        )
    )
    line = SimpleNamespace(
        order="1007", title="Kettle", quantity=1, next_step="", deadline=store.env.now()
    )
    page = SimpleNamespace(lines=(line,), last=None)
    for step in NextStep:
        line.next_step = step.value
        monkeypatch.setattr(look_today, "list_lines", lambda *_, **__: page)
        assert admin.get("/kettle/").status == 200
    assert "ann@example.com" in admin.get("/kettle/").said
    seen = admin.as_(Role.VIEWER).get("/kettle/").said
    assert "550 no such user" in seen
    assert "ann@example.com" not in seen


def test_what_leaves_the_house_and_who_changed_a_date_is_in_the_audit_log(
    store: Storefront, admin: Admin
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    assert admin.get("/kettle/subscriptions.csv").status == 200
    date = {"wish": "save", "variant": "S", "date": "2027-03", "source": ""}
    assert admin.post("/kettle/products/SHIRT", date).status == 303
    assert admin.post(f"/kettle/subscriptions/{ann}", {"wish": "end"}).status == 303
    rows = store.rows("SELECT act FROM ledger WHERE book = 'audit' ORDER BY id")
    noted = [one["act"] for one in rows]
    assert noted[-3:] == ["subscriptions.exported", "eta.set", "subscription.ended"]


def test_what_is_wrong_is_said_before_a_file_begins(store: Storefront, admin: Admin) -> None:
    assert admin.get("/kettle/subscriptions.csv?address=a@").status == 422


def test_a_version_that_is_not_there_is_not_published(store: Storefront, admin: Admin) -> None:
    form = {"number": "7", "expected": "0"}
    for locale in ("", "en"):
        answer = admin.post("/kettle/templates/around/again", {**form, "locale": locale})
        assert answer.status == 404


def test_a_page_that_renews_itself_keeps_no_session_and_takes_no_page_away(
    store: Storefront, admin: Admin
) -> None:
    """Who went home half an hour ago is out, however long the screen still asks."""
    clock, asks = store.env.clock, {"HX-Request": "true"}
    asks["HX-Current-URL"] = "https://notify.example/kettle/?from=here"
    for _ in range(2):
        clock.advance(timedelta(minutes=16))  # type: ignore[attr-defined]
        last = admin.get("/kettle/?part=now", headers=asks)
    assert last.answer.headers["HX-Redirect"].endswith("next=/kettle/?from%3Dhere")
    again = admin.as_(Role.OWNER)
    clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]
    piece = again.get("/kettle/settings/webhooks/of/tell?part=log", headers=asks)
    assert (piece.status, piece.answer.headers.get("HX-Redirect")) == (204, None)


def test_to_send_to_many_asks_who_is_there_and_to_stop_does_not(
    store: Storefront, admin: Admin
) -> None:
    store.stock("S", 0)
    for name in "abc":
        store.wait("S", f"{name}@example.com")
    store.stock("S", 1)
    announce(store.env)
    [release] = store.rows("SELECT id, state FROM releases")
    store.env.clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]
    path = f"/kettle/releases/{release['id']}"
    for wish in ("now", "resume"):
        assert "/confirm" in admin.post(path, {"wish": wish}).location
    assert "/confirm" not in admin.post(path, {"wish": "stop"}).location


def test_the_admin_answers_under_the_address_it_listens_on(env: Env) -> None:
    service = env.config.service.model_copy(update={"admin_listen": "10.0.0.5:8026"})
    alone = replace(env, config=env.config.model_copy(update={"service": service}))
    visitor = create_admin(alone, RENDERER).test_client()
    for host, status in (("10.0.0.5:8026", 200), ("evil.example", 400)):
        assert visitor.get("/-/sign-in", base_url=f"https://{host}").status_code == status


def test_who_entered_only_a_shop_that_is_gone_does_not_enter_all_after_a_save(
    env: Env, admin: Admin
) -> None:
    editor = admin.as_(Role.EDITOR, shops=("gone",))
    path = f"/-/people/{editor.person_id}"
    form = admin.get(path).tree
    ticked = form.xpath("//input[@name='shops'][@checked]/@value")
    assert ticked == ["gone"]
    assert admin.post(f"{path}/rights", {"role": "viewer", "shops": ticked}).status == 303
    assert find_colleague(env, editor.person_id).person.shops == ("gone",)
    assert admin.post(f"{path}/rights", {"role": "viewer", "shops": ["other"]}).status == 422
