"""What needs a person is looked at, decided and ticked off."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import notifier.services
from notifier.domain.rights import Role
from notifier.domain.sms_keywords import Wish
from notifier.services.alarm_said import say
from notifier.services.alarms import raise_alarm
from notifier.services.env import Env
from notifier.services.find_silent import SILENT
from notifier.services.hear_text import hear_text
from notifier.services.note_changes import hold_abnormal
from notifier.store.session import Transaction
from notifier.web.admin.page import words_of
from tests.web.admin.visitor import Admin
from tests.web.storefront import Storefront

PHONE = "+4915123456789"
SERVICES = Path(notifier.services.__file__).parent


@pytest.fixture
def ann(store: Storefront) -> int:
    """Her number waits for a shirt; she has texted what may mean stop."""
    store.stock("S", 0)
    made = store.wait("S", None, phone=PHONE)
    heard = {"event_id": "SM1", "address": PHONE, "text": "bus stop?", "wish": Wish.REVIEW}
    said: Any = SimpleNamespace(**heard, answered_by_provider=False, at=None)
    hear_text(store.env, said)
    return made


def open_alarms(store: Storefront) -> list[str]:
    found = store.rows("SELECT code FROM alarms WHERE cleared_at IS NULL ORDER BY id")
    return [str(one["code"]) for one in found]


def acts(store: Storefront) -> list[str]:
    found = store.rows("SELECT act FROM ledger WHERE book = 'audit' ORDER BY id")
    return [str(one["act"]) for one in found]


def test_a_text_that_was_no_stop_lets_everything_go_on(
    ann: int, admin: Admin, store: Storefront
) -> None:
    assert (store.state(ann), open_alarms(store)) == ("paused", ["sms.review"])
    path = f"/kettle/subscriptions/{ann}"
    links = admin.get("/kettle/").tree.xpath("//a/@href")
    assert any(str(one).endswith(path) for one in links)
    assert admin.get(path).tree.xpath("//button[@value='go_on']")

    assert admin.as_(Role.VIEWER).post(path, {"wish": "go_on"}).status == 403
    assert admin.post(path, {"wish": "go_on"}).status == 303

    assert (store.state(ann), open_alarms(store)) == ("waiting", [])
    assert acts(store)[-1] == "subscription.resumed"
    assert admin.post(path, {"wish": "go_on"}).status == 409
    assert not admin.get(path).tree.xpath("//button[@value='go_on']")


def test_a_text_that_was_a_stop_is_over_when_all_has_ended(
    ann: int, admin: Admin, store: Storefront
) -> None:
    assert admin.post(f"/kettle/subscriptions/{ann}", {"wish": "end"}).status == 303
    assert (store.state(ann), open_alarms(store)) == ("ended", [])


def test_an_alarm_is_ticked_off_by_who_may_edit_in_its_own_shop(
    admin: Admin, store: Storefront, env: Env
) -> None:
    for shop in ("kettle", None):
        env.db.retry(
            lambda tx, shop=shop: raise_alarm(
                env, tx, code="order.review", about=f"of {shop}", message="Look.",
                shop=env.shops[shop] if shop else None,
            )
        )  # fmt: skip
    [own, general] = store.rows("SELECT id FROM alarms ORDER BY id")
    done = f"/kettle/alarms/{own['id']}/done"
    olga_of_kettle = Admin(env, Role.OWNER, ("kettle",))
    for who, forms in ((admin, 2), (olga_of_kettle, 1)):
        assert len(who.get("/kettle/").tree.xpath("//form[contains(@action, '/alarms/')]")) == forms

    assert admin.as_(Role.VIEWER).post(done).status == 403
    assert admin.post(f"/cups/alarms/{own['id']}/done").status == 404
    of_all = f"/kettle/alarms/{general['id']}/done"
    assert olga_of_kettle.post(of_all).status == 404
    assert admin.as_(Role.EDITOR).post(done).status == 303
    assert open_alarms(store) == ["order.review"]
    assert acts(store)[-1] == "alarm.closed"
    assert admin.post(done).status == 404
    assert admin.post(of_all).status == 303
    assert open_alarms(store) == []


def test_an_alarm_leads_to_where_it_can_be_mended(
    admin: Admin, store: Storefront, env: Env
) -> None:
    shop = env.shop("kettle")

    def go_wrong(tx: Transaction) -> None:
        facts = {"system": "shopify"}
        raise_alarm(
            env, tx, code=SILENT, about="kettle/shopify", message="Silence.", shop=shop, facts=facts
        )
        facts = {"order": "#7"}
        raise_alarm(
            env, tx, code="order.review", about="kettle/7", message="Late.", shop=shop, facts=facts
        )

    env.db.retry(go_wrong)
    seen = admin.get("/kettle/")
    assert "A shop system tells nothing any more" in seen.text
    [way] = seen.tree.xpath("//section//a[contains(@href, '#field-')]/@href")
    page, _, field = str(way).partition("#")
    assert admin.get(page).tree.get_element_by_id(field) is not None
    assert seen.tree.xpath("//a[text()='See the order']/@href") == ["/kettle/orders/%237"]
    assert "#field-" not in admin.as_(Role.EDITOR).get("/kettle/").text


def test_every_alarm_has_a_heading_of_its_own() -> None:
    dotted = re.compile(r'^(?:[A-Z_]+ = |\s+code=)"([a-z]+)\.[a-z_]+"', re.MULTILINE)
    sources = [path.read_text(encoding="utf-8") for path in SERVICES.glob("*.py")]
    raised = {first for one in sources if "raise_alarm(" in one for first in dotted.findall(one)}
    assert len(raised) >= 10, "the alarms are not found any more"
    raised.discard("notifier")  # its ping is no alarm
    assert {one for one in raised if f"alarm_{one}" not in words_of("today", "en")} == set()


def test_alarms_and_holds_say_why_in_the_readers_language(
    admin: Admin, store: Storefront, env: Env
) -> None:
    shop, days = env.shop("kettle"), {"refund_by": "2026-04-30", "notice_by": ""}
    what = say("order_refund_overdue", **days)
    late = say("order", order="#7", line="1", title="Kettle", what=what)
    other = "What an older version said."
    german = {"name": "Olga", "locale": "de", "theme": "light"}

    def go_wrong(tx: Transaction) -> None:
        raise_alarm(env, tx, code="order.refund_overdue", about="7", message=late, shop=shop)
        raise_alarm(env, tx, code="source.odd", about="feed", message=other, shop=shop)

    env.db.retry(go_wrong)
    held = hold_abnormal(env, shop, count=400, source="feed", catalogue_size=1200)
    seen = admin.get("/kettle/").text
    assert "The refund should have been sent by 2026-04-30." in seen
    assert admin.post("/-/account/taste", german).status == 303
    seen = admin.get("/kettle/").text
    assert "Die Erstattung hätte bis 2026-04-30 gesendet sein sollen." in seen
    assert "Bestellung #7, Zeile 1 (Kettle):" in seen
    assert other in seen
    assert seen.count("brächte Neues über 400 von 1.200 Produkten") == 1  # the hold says it
    assert "brächte Neues über 400 von 1.200" in admin.get(f"/kettle/holds/{held}").text
