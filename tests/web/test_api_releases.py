"""What does the API say of waves, and of a restock that has not come?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from notifier.services.wave_words import why, why_wave
from notifier.store.waves import WaveRow
from tests.web.storefront import SECRET, Storefront

HEADERS = {"Authorization": f"Bearer {SECRET}"}
ADAPTIVE = {"name": "adaptive"}


def ask(client: FlaskClient, path: str) -> Any:
    return client.get(f"/api/v1{path}", headers=HEADERS)


@pytest.fixture
def line(client: FlaskClient, store: Storefront) -> None:
    """Twelve wait for a shirt that is released adaptively."""
    store.stock("S", 0)
    put = {"products": [{"key": "SHIRT", "strategy": ADAPTIVE, "variants": [{"key": "S"}]}]}
    assert client.put("/api/v1/products", json=put, headers=HEADERS).status_code == 200
    for number in range(12):
        store.wait("S", f"p{number}@example.com")


@pytest.mark.usefixtures("line")
def test_each_wave_shows_what_it_was_decided_on_in_the_readers_language(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 3)
    store.send()
    release = ask(client, "/releases").json["releases"][0]["id"]
    [wave] = ask(client, f"/releases/{release}").json["history"]
    assert wave["stock"] == 3
    assert 3 <= wave["told"] == wave["planned"] < 12
    assert 0 < wave["low"] < wave["buy_share"] < wave["high"] < 1
    assert wave["outstanding"] == 0
    assert wave["reason"].startswith("3 there. Nobody told before; of those told, 25% may buy (")
    [german] = ask(client, f"/releases/{release}?locale=de").json["history"]
    assert german["reason"].startswith("3 da. ")
    [unknown] = ask(client, f"/releases/{release}?locale=xx").json["history"]
    assert unknown["reason"] == wave["reason"]


@pytest.mark.usefixtures("line")
def test_before_a_restock_one_sees_whom_it_would_be_told_to(client: FlaskClient) -> None:
    some = ask(client, "/releases/what-if?variant=S&units=3").json
    assert (some["waiting"], some["strategy"], some["sms"]) == (12, "adaptive", 0)
    assert 3 <= some["at_once"] < 12
    assert some["sentence"].startswith(f"3 units now: {some['at_once']} of 12 told at once, ")
    all_ = ask(client, "/releases/what-if?variant=S&units=400&locale=es").json
    assert all_["sentence"] == "400 unidades ahora: a los 12 que esperan, de inmediato."
    assert all_["rest_by"] is not None
    assert ask(client, "/releases").json["releases"] == []
    unknown = ask(client, "/releases/what-if?variant=S&units=3&locale=xx").json
    assert unknown["sentence"] == some["sentence"]


def test_the_price_of_the_sms_is_reckoned_from_their_segments(
    client: FlaskClient, store: Storefront
) -> None:
    ref = store.env.shops["kettle"]
    priced = {"sms_segment_price": 0.05, "currency": "EUR"}
    store.env.shops["kettle"] = replace(ref, config=ref.config.model_copy(update=priced))
    store.stock("S", 0)
    for number in range(3):
        store.wait("S", None, phone=f"+491512345670{number}")
    found = ask(client, "/releases/what-if?variant=S&units=40").json
    assert (found["sms"], found["at_once"]) == (3, 3)
    assert found["segments"] in (1, 2)
    assert found["sms_price"] == pytest.approx(3 * 0.05 * found["segments"])
    assert f"about €0.{15 * found['segments']} in SMS." in found["sentence"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("variant=S&units=0", 422), ("units=3", 422), ("variant=NONE&units=3", 404)],
)
@pytest.mark.usefixtures("line")
def test_a_question_that_cannot_be_answered_is_refused(
    client: FlaskClient, query: str, status: int
) -> None:
    assert ask(client, f"/releases/what-if?{query}").status_code == status


def test_every_rule_is_said_in_every_language() -> None:
    facts = {
        "stock": 12,
        "told_before": 1_600,
        "claims": 7.25,
        "buy_share": 0.21,
        "low": 0.15,
        "high": 0.29,
        "told_now": 4,
        "people": 4,
        "rate": 3.0,
        "units": 36,
        "size": 50,
        "held": 2,
    }
    rules = ("nobody", "gone", "spoken_for", "wait", "patience", "fewer_than_units", "share")
    nobody_yet = {**facts, "rule": "share", "told_before": 0}
    assert len({why(nobody_yet, locale, reason="?") for locale in LOCALES} - {"?"}) == 3
    for rule in (*rules, "all", "per_unit", "fixed", "no_quantity", "reserved", "reserved_all"):
        said = {locale: why({**facts, "rule": rule}, locale, reason="?") for locale in LOCALES}
        assert len(set(said.values())) == 3, said
        assert not any("{" in words or words == "?" for words in said.values()), said
    assert why({**facts, "rule": "share"}, "de", reason="").startswith(
        "12 da. 1.600 benachrichtigt, davon kaufen vielleicht noch etwa 7,2 (21"
    )
    assert why({"rule": "of_the_future"}, "de", reason="As it was.") == "As it was."
    of_size = WaveRow(
        number=1,
        at=datetime(2026, 12, 1, tzinfo=UTC),
        stock=12,
        planned=50,
        told=50,
        reason="",
        facts={"rule": "fixed", "size": 50},
    )
    assert why_wave(of_size, "en") == (
        "12 there. What those told before might still have bought was not kept."
        " 50 people in each wave."
    )


LOCALES = ("en", "de", "es")
