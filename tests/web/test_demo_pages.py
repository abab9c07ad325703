"""Do the demo's pages show what happens, and do what their buttons say? Over HTTP, no browser."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from notifier.demo.run import open_demo
from notifier.demo.shop import Act
from notifier.demo.stage import Stage
from tests.timing import wait_until

PATIENCE = 30
COOL_DOWN = timedelta(seconds=10)  # of the demo
PAGES = ("/", "/shop", "/p/ember-kettle", "/p/kumo-bowl?lang=de", "/inbox", "/phone", "/dial",
         "/privacy")  # fmt: skip
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_demo(tmp_path_factory.mktemp("demo")) as made:
        yield made


Visit = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def visit(stage: Stage) -> Visit:
    """GET, or POST when there is a form: (status, headers, body) of the page one ends at."""

    def visit(path: str, form: dict[str, Any] | None = None, **headers: str) -> Any:
        data = urlencode(form).encode() if form is not None else None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(stage.places.storefront + path, data=data, headers=named)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, dict(refused.headers), refused.read().decode()

    return visit


def dial(visit: Visit, path: str = "/dial.json", form: dict[str, Any] | None = None) -> Any:
    _, _, body = visit(path, form, **JSON)
    return json.loads(body)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_strict_policy_and_nothing_inline(visit: Visit, path: str) -> None:
    status, headers, body = visit(path)
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", body)
    scripts = re.findall(r"<script(?![^>]*\b(?:src=|type=\"application/))", body)
    assert scripts == []


def test_the_pages_policy_names_no_origin_but_the_notifiers(stage: Stage, visit: Visit) -> None:
    _, headers, _ = visit("/p/ember-kettle")
    named = re.findall(r"https?://[^\s;]+", headers["Content-Security-Policy"])
    assert set(named) == {stage.places.notifier}


def test_the_product_page_says_in_json_ld_what_is_on_the_shelf(stage: Stage, visit: Visit) -> None:
    stage.shop.act("TEAPOT-INK", Act.EMPTY)
    _, _, body = visit("/p/morning-teapot")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', body, re.DOTALL)
    assert found
    product = json.loads(found[1])
    words = {one["sku"]: one["availability"].rpartition("/")[2] for one in product["offers"]}
    assert (words["TEAPOT-MOSS"], words["TEAPOT-INK"]) == ("InStock", "OutOfStock")


@pytest.mark.parametrize("lang", ["en", "de", "es"])
def test_the_storefront_speaks_three_languages(visit: Visit, lang: str) -> None:
    _, _, body = visit(f"/p/ember-kettle?lang={lang}")
    assert f'<html lang="{lang}">' in body
    words = {"en": "Sold out", "de": "Ausverkauft", "es": "Agotado"}
    assert words[lang] in body


def test_without_script_a_link_leads_to_the_plain_form(stage: Stage, visit: Visit) -> None:
    _, _, body = visit("/p/ember-kettle?lang=de")
    link = re.search(r'<noscript><a href="([^"]+)"', body)
    assert link
    with urllib.request.urlopen(link[1].replace("&amp;", "&"), timeout=30) as answer:
        page = answer.read().decode()
    assert "Gusseisenkessel Glut" in page


def test_buying_lowers_the_stock_and_the_notifier_hears_of_it(stage: Stage, visit: Visit) -> None:
    before = stage.shop.shelf("WHISK-80").quantity or 0
    status, _, body = visit("/buy", {"variant": "WHISK-80"})
    assert status == 200
    assert "on its way to you" in body
    assert stage.shop.shelf("WHISK-80").quantity == before - 1

    def hears() -> bool:
        return dial(visit)["variants"]["WHISK-80"]["believed"]["quantity"] == before - 1

    wait_until(hears, PATIENCE, every=0.2)


def test_a_pushed_change_is_believed_before_the_answer(stage: Stage, visit: Visit) -> None:
    dial(visit, "/dial", {"way": "push"})
    try:
        state = dial(visit, "/dial/EARL-200", {"act": "empty"})
    finally:
        dial(visit, "/dial", {"way": "poll"})
    assert state["variants"]["EARL-200"]["believed"]["availability"] == "out_of_stock"
    assert any("Pushed: 1 changed" in beat["text"] for beat in state["story"])


def test_a_cut_feed_changes_nothing_and_olga_gets_an_alarm(stage: Stage, visit: Visit) -> None:
    dial(visit, "/dial", {"mischief": "truncated"})
    dial(visit, "/dial/COSY-1", {"act": "empty"})
    try:
        wait_until(lambda: dial(visit)["source"]["failures"] > 0, PATIENCE, every=0.2)
        assert dial(visit)["variants"]["COSY-1"]["believed"]["availability"] == "in_stock"
        wait_until(lambda: stage.mailbox.newest(to="olga@kettle.example"), PATIENCE, every=0.2)
    finally:
        dial(visit, "/dial", {"mischief": "none"})

    def believes() -> bool:
        return dial(visit)["variants"]["COSY-1"]["believed"]["availability"] == "out_of_stock"

    wait_until(believes, PATIENCE, every=0.2)


def test_what_flaps_inside_the_cool_down_is_announced_once(
    stage: Stage, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.demo.stage.FLAP_EVERY", 0.3)
    dial(visit, "/dial", {"way": "push"})
    dial(visit, "/dial/FLASK-SAND", {"act": "flap"})

    def story(step: str) -> list[dict[str, Any]]:
        beats = dial(visit, "/dial.json?variant=FLASK-SAND")["story"]
        return [one for one in beats if one["step"] == step]

    def announced() -> list[datetime]:
        events = [one for one in story("event") if "Back in stock" in one["text"]]
        return sorted(datetime.fromisoformat(one["at"]) for one in events)

    try:
        wait_until(lambda: len(story("look")) >= 6 and announced(), PATIENCE, every=0.2)
        times = announced()  # on a machine that stood still the cool-down may be over
        assert all(later - one >= COOL_DOWN for one, later in pairwise(times))
    finally:
        dial(visit, "/dial", {"way": "poll"})


def test_made_up_people_get_in_line_and_waves_say_why_they_are_so_large(
    stage: Stage, visit: Visit
) -> None:
    state = dial(visit, "/dial/BOWL-NIGHT", {"act": "guests", "count": "4"})
    assert state["variants"]["BOWL-NIGHT"]["believed"]["waiting"] == 4
    dial(visit, "/dial/BOWL-NIGHT", {"act": "restock"})

    def told() -> Any:
        beats = dial(visit, "/dial.json?variant=BOWL-NIGHT")["story"]
        return [one["text"] for one in beats if one["step"] == "wave"]

    [wave] = wait_until(told, PATIENCE, every=0.2)
    assert wave.startswith("Wave 1, 4 people told: 5 ")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/dial/KETTLE-12", {"act": "explode"}),
        ("/dial/KETTLE-12", {"act": "sell"}),
        ("/dial/KETTLE-12", {"act": "preorder", "eta": "yesterday"}),
        ("/dial/KETTLE-12", {"act": "guests", "count": "5000"}),
        ("/dial/SAMOVAR", {"act": "restock"}),
        ("/dial", {"mischief": "gone"}),
        ("/dial", {}),
        ("/phone", {"number": "+12125550199", "text": "STOP"}),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    visit: Visit, path: str, form: dict[str, str]
) -> None:
    status, _, body = visit(path, form, **JSON)
    assert status in (404, 422)
    assert json.loads(body)["error"].endswith(".")


def test_without_script_the_dial_turns_all_the_same(stage: Stage, visit: Visit) -> None:
    before = stage.shop.shelf("EARL-80").quantity or 0
    status, _, body = visit("/dial/EARL-80", {"act": "restock"}, Accept="text/html")
    assert status == 200
    assert "<h1" in body
    assert stage.shop.shelf("EARL-80").quantity == before + 5


def test_another_site_turns_no_dial(visit: Visit, stage: Stage) -> None:
    before = stage.shop.shelf("KETTLE-12")
    status, _, _ = visit("/dial/KETTLE-12", {"act": "restock"}, Origin="https://eve.example")
    assert status == 403
    assert stage.shop.shelf("KETTLE-12") == before


def test_another_name_for_this_machine_is_refused(visit: Visit) -> None:
    status, _, _ = visit("/dial", Host="eve.example")
    assert status == 400


def test_a_mail_is_shown_in_a_room_without_scripts(stage: Stage, visit: Visit) -> None:
    raw = (
        b"From: Eve <eve@stranger.example>\r\nTo: ann@waits.example\r\n"
        b"Subject: <script>alert(1)</script>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n"
        b"<html><head><style>@media (prefers-color-scheme: dark){p{color:red}}</style></head>"
        b"<body><script>alert(2)</script><p>Hello</p></body></html>\r\n"
    )
    mail = stage.mailbox.add(mail_from="eve@stranger.example", to="ann@waits.example", raw=raw)
    _, _, page = visit(f"/inbox/{mail.number}")
    assert "<script>alert" not in page
    _, headers, light = visit(f"/inbox/{mail.number}/body?scheme=light")
    assert headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "@media not all" in light
    _, _, dark = visit(f"/inbox/{mail.number}/body?scheme=dark")
    assert "@media all" in dark


def test_the_button_beside_the_sender_posts_only_to_the_notifier(
    stage: Stage, visit: Visit
) -> None:
    raw = (
        b"From: Eve <eve@stranger.example>\r\nTo: ann@waits.example\r\nSubject: Hi\r\n"
        b"List-Unsubscribe: <http://127.0.0.1:1/u/x>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHello\r\n"
    )
    mail = stage.mailbox.add(mail_from="eve@stranger.example", to="ann@waits.example", raw=raw)
    status, _, _ = visit(f"/inbox/{mail.number}/unsubscribe", {})
    assert status == 409


def test_a_page_that_is_not_there_says_so(visit: Visit) -> None:
    status, _, body = visit("/p/samovar", Accept="text/html")
    assert status == 404
    assert "no such thing" in body


def test_a_made_up_month_fills_the_list_of_what_is_wanted(tmp_path: Path) -> None:
    said: list[str] = []
    with open_demo(tmp_path, history=timedelta(days=30), say=said.append) as stage:
        asked = urllib.request.Request(
            f"{stage.places.notifier}/api/v1/demand",
            headers={"Authorization": f"Bearer {stage.keys.api}"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            demand = json.loads(answer.read())
        assert sum(one["people"] for one in demand["wanted"]) > 20
        assert stage.mailbox.count() == (0, 0)
        assert said[-1].strip().startswith("All of it")
