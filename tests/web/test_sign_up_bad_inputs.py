"""Bad inputs at the public sign-up: trust 5.A (addresses), 5.B (phones and the rest), 5.C (HTTP).

For all of them: an answer in the one shape, never 5xx, nothing stored, nothing sent.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from notifier.services.env import Env
from tests.web.storefront import CUPS, KETTLE, Storefront

URL = "/api/v1/subscriptions"
SHOP = {"Origin": "https://kettle.example"}
OK = 202

LONG_LABEL = "x" * 64
# number in trust 5.A → what is sent as e-mail, and the status
ADDRESSES: list[tuple[str, object, int]] = [
    ("1", "", 422),
    ("2", None, 422),
    ("4", ["a@b.co"], 422),
    ("5", {"$ne": ""}, 422),
    ("7", "a@", 422),
    ("8", "@b.co", 422),
    ("10", "a@localhost", 422),
    ("11", "a@127.0.0.1", 422),
    ("13", "a@b..co", 422),
    ("14", ".a@b.co", 422),
    ("16", '"a b"@b.co', 422),
    ("17", "a@b@c.co", 422),
    ("19", "a@b.co\r\n", 422),
    ("20", " a@b.co ", OK),
    ("22", "a@b.co;evil@x.co", 422),
    ("23", "Bob <a@b.co>", 422),
    ("25", "a\x00@b.co", 422),
    ("26", "a\u200b@b.co", 422),
    ("28", "a" * 65 + "@b.co", 422),
    ("29", f"a@{LONG_LABEL}.co", 422),
    ("31", "a" * 1_000_000 + "@b.co", 413),
    ("32", "jörg@b.co", 422),
    ("34", "a@exämple.de", OK),
    ("35", "a@\uff42.co", OK),
    ("37", "a+tag@gmail.com", OK),
    ("38", "postmaster@b.co", OK),
    ("43", "a@b.c", 422),
]


@pytest.mark.parametrize(("number", "email", "status"), ADDRESSES, ids=[a[0] for a in ADDRESSES])
def test_5A_addresses(
    client: FlaskClient, store: Storefront, env: Env, number: str, email: object, status: int
) -> None:
    store.stock("S", 0)
    answer = client.post(URL, json=_body(email=email), headers=SHOP)
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    _check_refusal(answer, env, status)


def test_5A_44_half_a_character_is_refused(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    raw = json.dumps(_body(email="X")).replace('"X"', '"\\ud800@b.co"')
    answer = client.post(URL, data=raw, content_type="application/json", headers=SHOP)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("a@exämple.de", "a@xn--exmple-cua.de"), ("a@\uff42.co", "a@b.co"), (" A@B.co ", "a@b.co")],
)
def test_5A_34_35_addresses_are_stored_normalised(
    client: FlaskClient, store: Storefront, env: Env, typed: str, stored: str
) -> None:
    store.stock("S", 0)
    client.post(URL, json=_body(email=typed), headers=SHOP)
    assert _rows(env, "SELECT address FROM contacts") == [(stored,)]


def test_5A_38_a_role_account_is_answered_alike_and_gets_no_mail(
    client: FlaskClient, store: Storefront, env: Env
) -> None:
    store.stock("S", 0)
    plain = client.post(URL, json=_body(email="ann@b.co"), headers=SHOP)
    role = client.post(URL, json=_body(email="abuse@b.co"), headers=SHOP)
    assert role.get_data() == plain.get_data()
    assert [letter["address"] for letter in store.send()] == ["ann@b.co"]


def test_A15_the_answer_is_the_same_for_every_state_of_an_address(
    client: FlaskClient, store: Storefront, env: Env
) -> None:
    store.stock("S", 0)
    answers = [client.post(URL, json=_body(email="new@b.co"), headers=SHOP)]
    answers.append(client.post(URL, json=_body(email="new@b.co"), headers=SHOP))  # unconfirmed
    store.wait("S", "waits@b.co")
    answers.append(client.post(URL, json=_body(email="waits@b.co"), headers=SHOP))
    hashed = env.signer.hash_address("email", "shut@b.co")
    env.db.retry(lambda tx: _suppress(tx, hashed, env))
    answers.append(client.post(URL, json=_body(email="shut@b.co"), headers=SHOP))
    assert {a.status_code for a in answers} == {OK}
    assert len({a.get_data() for a in answers}) == 1
    assert len({tuple(sorted(a.headers)) for a in answers}) == 1


OTHERS: list[tuple[str, dict[str, Any], int]] = [
    ("46", {"phone": "+49 (151) 2345-6789"}, OK),
    ("47", {"phone": "+1212555123"}, 422),
    ("49", {"phone": "+999123456789"}, 422),
    ("50", {"phone": "911"}, 422),
    ("52", {"phone": "1-800-FLOWERS"}, 422),
    ("53", {"phone": "+15005550006"}, 422),
    ("55", {"phone": "+٤٩١٥١٢٣٤٥٦٧٨٩"}, OK),
    ("56", {"phone": "tel:+4915123456789"}, OK),
    ("58", {"phone": "+33612345678"}, 422),
    ("59", {"phone": "+493012345678"}, 422),
    ("64", {"variant": "NOPE"}, 404),
    ("65", {"variant": "CUP"}, 404),
    ("67", {"variant": "S", "product": "KETTLE"}, 422),
    ("70a", {"quantity": 0}, 422),
    ("70b", {"quantity": -1}, 422),
    ("70c", {"quantity": 1.5}, 422),
    ("70d", {"quantity": "two"}, 422),
    ("70e", {"quantity": 10**9}, 422),
    ("71", {"price": "NaN"}, 422),
    ("73", {"time_zone": "Mars/Phobos"}, OK),
    ("74", {"channel": "fax"}, 422),
    ("both", {"phone": "+4915123456789", "email": "a@b.co"}, 422),
    ("neither", {"email": None}, 422),
    ("consent", {"consent_text_id": "email.en.0000000000"}, 422),
    ("key", {"key": "pk_nobody"}, 404),
    ("key-type", {"key": 7}, 422),
]


@pytest.mark.parametrize(("number", "change", "status"), OTHERS, ids=[o[0] for o in OTHERS])
def test_5B_phones_products_quantities(
    client: FlaskClient,
    store: Storefront,
    env: Env,
    number: str,
    change: dict[str, Any],
    status: int,
) -> None:
    store.stock("S", 0)
    store.stock("KETTLE", 0)
    store.stock("CUP", 0, shop="cups")
    body = _body(email="ann@b.co")
    if "phone" in change and "email" not in change:
        del body["email"]
    body.update(change)
    answer = client.post(URL, json=body, headers=SHOP)
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    _check_refusal(answer, env, status)


def test_5B_68_what_is_there_is_refused_as_available(
    client: FlaskClient, store: Storefront, env: Env
) -> None:
    store.stock("S", 3)
    answer = client.post(URL, json=_body(email="ann@b.co"), headers=SHOP)
    assert answer.status_code == 409
    assert answer.get_json()["error"]["code"] == "available"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://kettle.example"
    _check_refusal(answer, env, 409)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}", "=HYPERLINK(1)", "a\r\nBcc: x@y.co"]
)
def test_5B_62_hostile_product_names_are_inert_in_mail(
    client: FlaskClient, store: Storefront, name: str
) -> None:
    store.stock("S", 0, title=name)
    client.post(URL, json=_body(email="ann@b.co"), headers=SHOP)
    [letter] = store.send()
    assert "<script>alert" not in letter["html"]
    assert "49" not in letter["subject"].replace("49.90", "")
    assert "\n" not in letter["subject"]
    assert "\r" not in letter["subject"]


NESTED = "[" * 200_000
LAYERS: list[tuple[str, dict[str, Any], int]] = [
    ("76 too large", {"data": b'{"key":"' + b"x" * 17_000 + b'"}'}, 413),
    ("77 nested", {"data": NESTED[:16_000].encode()}, 400),
    ("77 nested and large", {"data": NESTED.encode()}, 413),
    ("79 duplicate keys", {"data": b'{"key":"a","key":"b"}'}, 400),
    ("80 UTF-16", {"data": '{"key":"a"}'.encode("utf-16")}, 400),
    ("80 charset", {"content_type": "application/json; charset=utf-16"}, 415),
    ("83 trailing garbage", {"data": b'{"key":"a"} x'}, 400),
    ("85 text/plain", {"content_type": "text/plain"}, 415),
    ("86 form post", {"data": "key=a", "content_type": "application/x-www-form-urlencoded"}, 415),
    ("no body", {"data": b""}, 400),
    ("a list", {"data": b"[]"}, 422),
    ("NaN", {"data": b'{"key":"a","quantity":NaN}'}, 400),
    ("88 other origin", {"headers": {"Origin": "https://stranger.example"}}, 403),
    ("89 null origin", {"headers": {"Origin": "null"}}, 403),
    ("91 evil twin", {"headers": {"Origin": "https://evilkettle.example"}}, 403),
    ("91 suffix", {"headers": {"Origin": "https://kettle.example.evil.com"}}, 403),
    ("92 http", {"headers": {"Origin": "http://kettle.example"}}, 403),
    ("port", {"headers": {"Origin": "https://kettle.example:8443"}}, 403),
    ("another shop's", {"headers": {"Origin": "https://cups.example"}}, 403),
    ("unknown field", {"json": {"email": "a@b.co", "state": "waiting", "key": KETTLE}}, 422),
]


@pytest.mark.parametrize(("number", "change", "status"), LAYERS, ids=[row[0] for row in LAYERS])
def test_5C_http_and_json(
    client: FlaskClient,
    store: Storefront,
    env: Env,
    number: str,
    change: dict[str, Any],
    status: int,
) -> None:
    store.stock("S", 0)
    request: dict[str, Any] = {
        "data": json.dumps(_body(email="ann@b.co")).encode(),
        "content_type": "application/json",
        "headers": SHOP,
        **change,
    }
    if "json" in change:
        del request["data"], request["content_type"]
    answer = client.post(URL, **request)
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    _check_refusal(answer, env, status)
    if status == 403 and "another" not in number:
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"variant": "NOPE"}, 404, "variant"),
        ({"variant": "", "product": "NOPE"}, 404, "product"),
        ({"variant": ""}, 422, "variant"),
        ({"key": "pk_nobody"}, 404, "key"),
        ({"quantity": "two"}, 422, "quantity"),
    ],
)
def test_a_refusal_names_the_field_it_is_about(
    client: FlaskClient, store: Storefront, change: dict[str, Any], status: int, field: str
) -> None:
    store.stock("S", 0)
    answer = client.post(URL, json=_body(email="ann@b.co") | change, headers=SHOP)
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": "bogus"}, "„bogus“ ist keine vollständige E-Mail-Adresse."),
        ({"email": None, "phone": "911"}, "„911“ ist keine vollständige Mobilnummer."),
        ({"quantity": 0}, "Bitte geben Sie als Anzahl eine ganze Zahl von 1 bis 10000 ein."),
        ({"variant": "NOPE"}, "Er ist hier nicht bekannt, oder Kettle & Co nimmt"),
        ({"variant": "KETTLE"}, "Der Artikel ist wieder da"),
        ({"quantity": 2.5}, "Bitte geben Sie als Anzahl eine ganze Zahl ein"),
        ({"email": None, "phone": "+49 30 123456"}, "+4930123456 ist eine Festnetznummer."),
        ({"colour": "red"}, "Diese Seite ist nicht mehr aktuell."),
        ({"locale": "es", "quantity": 1.5}, "La cantidad debe ser un número entero"),
        ({"locale": "en", "email": "bogus"}, "“bogus” is not a complete e-mail address."),
    ],
)
def test_a_shopper_reads_a_refusal_in_the_language_of_the_page(
    client: FlaskClient, store: Storefront, change: dict[str, Any], says: str
) -> None:
    store.stock("S", 0)
    store.stock("KETTLE", 3)
    body = _body(email="ann@b.co") | {"locale": "de"} | change
    for _ in range(2):  # the second may be found out before the app is asked
        answer = client.post(URL, json=body, headers=SHOP)
        assert answer.get_json()["error"]["message"].startswith(says)


def test_what_is_too_much_to_be_read_is_refused_in_the_language_of_the_browser(
    client: FlaskClient, store: Storefront
) -> None:
    headers = SHOP | {"Accept-Language": "es"}
    answer = client.post(URL, json=_body(email="a@b.co" * 4000), headers=headers)
    assert answer.status_code == 413
    assert "Vuelva atrás y acórtelo" in answer.get_json()["error"]["message"]


def test_who_comes_too_often_reads_it_in_the_language_of_the_page(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    answers = [
        client.post(URL, json=_body(email=f"a{n}@b.co") | {"locale": "de"}, headers=SHOP)
        for n in range(22)
    ]
    assert answers[-1].status_code == 429
    assert answers[-1].get_json()["error"]["message"].startswith("Das war etwas zu oft.")


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("variant=S", 422, "key"),
        ("key=pk_nobody&variant=S", 404, "key"),
        (f"key={KETTLE}", 422, "variant"),
        (f"key={KETTLE}&variant=NOPE", 404, "variant"),
        (f"key={KETTLE}&product=NOPE", 404, "product"),
        (f"key={KETTLE}&variant=S&variant=S", 400, "variant"),
    ],
)
def test_a_question_for_availability_that_cannot_be_answered_names_the_field(
    client: FlaskClient, query: str, status: int, field: str
) -> None:
    answer = client.get(f"/api/v1/availability?{query}")
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field)


def test_5C_82_a_byte_order_mark_is_fine(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    raw = b"\xef\xbb\xbf" + json.dumps(_body(email="ann@b.co")).encode()
    answer = client.post(URL, data=raw, content_type="application/json", headers=SHOP)
    assert answer.status_code == OK


def test_5C_94_a_repeated_query_argument_is_refused(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/availability?key={KETTLE}&key={CUPS}&variant=S")
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH"])
def test_5C_95_other_methods_are_refused(client: FlaskClient, method: str) -> None:
    answer = client.open(URL, method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_5C_97_another_host_is_refused_and_links_stay_ours(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    answer = client.post(
        URL, json=_body(email="ann@b.co"), headers=SHOP, base_url="https://evil.example"
    )
    assert answer.status_code == 400
    client.post(URL, json=_body(email="ann@b.co"), headers=SHOP)
    [letter] = store.send()
    assert "evil.example" not in letter["text"]


def test_5C_98_a_forged_forwarded_header_does_not_change_who_is_counted(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    answers = [
        client.post(
            URL,
            json=_body(email=f"p{n}@b.co"),
            headers={**SHOP, "X-Forwarded-For": f"1.2.3.{n}"},
        )
        for n in range(22)
    ]
    assert answers[19].status_code == OK
    assert answers[20].status_code == 429
    assert int(answers[20].headers["Retry-After"]) > 0
    assert answers[20].get_json()["error"]["code"] == "too_many"


def test_5C_103_the_api_answers_json_whatever_is_accepted(client: FlaskClient) -> None:
    answer = client.post(URL, data=b"x", headers={**SHOP, "Accept": "text/html"})
    assert answer.is_json


def test_5C_106_a_filled_honeypot_looks_like_success_and_stores_nothing(
    client: FlaskClient, store: Storefront, env: Env
) -> None:
    """Acceptance A14."""
    store.stock("S", 0)
    honest = client.post(URL, json=_body(email="ann@b.co"), headers=SHOP)
    bot = client.post(URL, json=_body(email="bot@b.co", website="http://x"), headers=SHOP)
    assert (bot.status_code, bot.get_data()) == (honest.status_code, honest.get_data())
    assert _rows(env, "SELECT count(*) FROM contacts") == [(1,)]


def _body(**values: object) -> dict[str, Any]:
    return {"key": KETTLE, "variant": "S", "locale": "en", **values}


def _check_refusal(answer: Any, env: Env, status: int) -> None:
    if status == OK:
        return
    error = answer.get_json()["error"]
    assert error["code"]
    assert error["message"]
    assert "field" in error
    assert "Traceback" not in answer.get_data(as_text=True)
    for table in ("contacts", "subscriptions", "messages"):
        assert _rows(env, f"SELECT count(*) FROM {table}") == [(0,)], table


def _rows(env: Env, query: str) -> list[tuple[Any, ...]]:
    with env.db.read() as tx:
        return [tuple(row) for row in tx.execute(text(query))]


def _suppress(tx: Any, address_hash: str, env: Env) -> None:
    from notifier.store import shut_addresses

    shut_addresses.suppress(
        tx, address_hash=address_hash, reason="bounced", source="", at=env.now()
    )
