"""Does the link in a message lead to the product, and only there?"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from notifier.signing import Purpose
from notifier.store import session
from tests.web.storefront import Storefront
from tests.web.visits import heading, words


def path_to(store: Storefront, **said: object) -> str:
    """The link in a back-in-stock mail about a shirt."""
    store.stock("S", 0, **said)
    ann = store.wait("S")
    store.send()
    store.stock("S", 3, **said)
    told = store.send()[-1]
    assert told["kind"] == "back_in_stock"
    assert store.state(ann) == "told"
    return store.links(told)["r"]


def test_it_leads_to_the_page_of_the_variant_with_utm_values(
    client: FlaskClient, store: Storefront
) -> None:
    answer = client.get(path_to(store))

    assert answer.status_code == 302
    to = urlsplit(answer.headers["Location"])
    assert (to.scheme, to.netloc, to.path) == ("https", "kettle.example", "/shirt")
    assert parse_qs(to.query) == {
        "size": ["S"],
        "utm_source": ["notifier"],
        "utm_medium": ["email"],
        "utm_campaign": ["back_in_stock"],
    }
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        (
            "https://kettle.example/p?utm_source=own&x=a%20b&x=2&empty=#top",
            "https://kettle.example/p?utm_source=own&x=a%20b&x=2&empty="
            "&utm_medium=email&utm_campaign=back_in_stock#top",
        ),
        (
            "https://kettle.example",
            "https://kettle.example/"
            "?utm_source=notifier&utm_medium=email&utm_campaign=back_in_stock",
        ),
        (
            "https://käse.example/größe?ü=ö",
            "https://xn--kse-qla.example/gr%C3%B6%C3%9Fe?%C3%BC=%C3%B6"
            "&utm_source=notifier&utm_medium=email&utm_campaign=back_in_stock",
        ),
    ],
)
def test_what_the_shop_has_in_its_address_stays(
    client: FlaskClient, store: Storefront, page: str, leads_to: str
) -> None:
    assert client.get(path_to(store, url=page)).headers["Location"] == leads_to


@pytest.mark.parametrize(
    "query", ["?to=https://evil.example", "?next=//evil.example", "?url=https%3A%2F%2Fevil.example"]
)
def test_nothing_in_the_request_changes_where_it_leads(
    client: FlaskClient, store: Storefront, query: str
) -> None:
    path = path_to(store)

    answer = client.get(path + query, headers={"Referer": "https://evil.example"})

    assert "evil" not in answer.headers["Location"]


@pytest.mark.parametrize(
    "page",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://[half", "ftp://x/y"],
)
def test_an_address_no_browser_should_open_is_not_followed(
    client: FlaskClient, store: Storefront, page: str
) -> None:
    store.stock("S", 0, url=page)
    store.wait("S")
    message = store.one("SELECT id FROM messages WHERE kind = 'waiting'")

    answer = client.get(f"/r/{store.env.signer.make(Purpose.PRODUCT, message)}")

    assert answer.status_code == 410
    assert "Location" not in answer.headers


def test_line_breaks_in_an_address_break_no_header(client: FlaskClient, store: Storefront) -> None:
    answer = client.get(path_to(store, url="https://kettle.example/a\r\nSet-Cookie: x=1"))

    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    assert "\n" not in answer.headers["Location"]


def test_a_click_of_a_person_is_counted_and_a_look_ahead_is_not(
    client: FlaskClient, store: Storefront
) -> None:
    path = path_to(store)
    client.head(path)
    client.get(path, headers={"Purpose": "prefetch"})
    client.get(path, headers={"Sec-Purpose": "prefetch"})
    assert store.one("SELECT count(*) FROM clicks") == 0

    client.get(path)
    client.get(path)

    assert store.one("SELECT count(*) FROM clicks") == 2
    assert store.one("SELECT clicked_at FROM subscriptions") is not None


def test_a_machine_that_clicks_all_day_fills_no_table(
    client: FlaskClient, store: Storefront
) -> None:
    path = path_to(store)

    client.get(path)
    with store.env.db.write() as tx:
        for _ in range(98):
            tx.exec_driver_sql(
                "INSERT INTO clicks (message_id, at) SELECT message_id, at "
                "FROM clicks WHERE id = (SELECT min(id) FROM clicks)"
            )

    for _ in range(3):
        assert client.get(path).status_code == 302

    assert store.one("SELECT count(*) FROM clicks") == 100


def test_a_product_that_is_gone_says_so(client: FlaskClient, store: Storefront) -> None:
    path = path_to(store)
    with store.env.db.write() as tx:
        tx.exec_driver_sql("UPDATE products SET published = false")

    page = client.get(path)

    assert page.status_code == 410
    assert heading(page) == "This product has no page any more"
    assert "“Linen shirt”" in words(page)
    assert store.one("SELECT count(*) FROM clicks") == 0


def test_a_database_that_takes_no_writes_does_not_keep_people_from_the_shop(
    client: FlaskClient, store: Storefront, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "VISITORS_WAIT", 0.05)
    if engine_name != "sqlite":
        pytest.skip("a lock on the whole database is SQLite's")
    path = path_to(store)
    with store.env.db.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        answer = client.get(path)
        other.rollback()

    assert answer.status_code == 302
    assert store.one("SELECT count(*) FROM clicks") == 0
