"""Do people who waited elsewhere come onto our list, in their order and on proper grounds?"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.domain.availability import Availability
from notifier.errors import InvalidInput
from notifier.services.env import Env, open_env
from notifier.services.import_subscriptions import ImportReport, import_subscriptions
from notifier.services.privacy import erase_address
from notifier.store import people, shut_addresses
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.web.storefront import Storefront, config

OURS = (
    "email,variant,quantity,locale,created_at,state\n"
    "ann@example.com,S,2,de,2026-10-01T09:00:00Z,waiting\n"
    "ben@example.com,S,1,en,2026-09-01T09:00:00Z,waiting\n"
)


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    return open_env(config(tmp_path), clock=clock, db=database)


@pytest.fixture(autouse=True)
def _usual_csv() -> Iterator[None]:
    """The limit is the whole process's: a feed that was read before may have raised it."""
    before = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(before)


@pytest.fixture
def store(env: Env, tmp_path: Path) -> Storefront:
    made = Storefront(env=env, folder=tmp_path)
    for key in ("S", "M", "KETTLE"):
        made.stock(key, 0, sku=f"SKU-{key}")
    return made


def bring(store: Storefront, content: str | bytes, **said: Any) -> ImportReport:
    file = store.folder / "people.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = {"basis": "asked in our old shop", "evidence": "export of 2026-11-30", **said}
    return import_subscriptions(store.env, store.shop, file, **said)


def subscriptions(store: Storefront) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM subscriptions ORDER BY created_at, id")


def test_confirmed_people_wait_in_their_old_order_and_hear_nothing_of_the_move(
    store: Storefront,
) -> None:
    report = bring(store, OURS, confirmed=True)
    assert (report.rows, report.created, report.refused) == (2, 2, 0)
    assert not report.failed
    assert store.send() == []
    rows = subscriptions(store)
    assert [(row["state"], row["quantity"], row["locale"]) for row in rows] == [
        ("waiting", 1, "en"),
        ("waiting", 2, "de"),
    ]
    store.stock("S", 5, sku="SKU-S")
    assert [letter["address"] for letter in store.send()] == ["ben@example.com", "ann@example.com"]


def test_without_the_word_that_they_agreed_each_is_asked(store: Storefront) -> None:
    bring(store, OURS)
    assert [letter["kind"] for letter in store.send()] == ["confirm", "confirm"]
    assert {row["state"] for row in subscriptions(store)} == {"unconfirmed"}


def test_who_had_not_confirmed_there_is_asked_whatever_the_batch_says(store: Storefront) -> None:
    bring(store, "email,variant,state\nann@example.com,S,unconfirmed\n", confirmed=True)
    assert [row["state"] for row in subscriptions(store)] == ["unconfirmed"]


def test_the_grounds_are_kept_for_each_person_and_for_the_batch(store: Storefront) -> None:
    bring(store, OURS, confirmed=True)
    asked = store.rows("SELECT facts FROM ledger WHERE act = 'asked'")
    assert len(asked) == 2
    assert all("asked in our old shop: export of 2026-11-30" in str(row) for row in asked)
    batch = store.rows("SELECT facts FROM ledger WHERE act = 'imported'")
    assert "people.csv" in str(batch)


@pytest.mark.parametrize("missing", ["basis", "evidence"])
def test_a_batch_without_grounds_is_refused(store: Storefront, missing: str) -> None:
    with pytest.raises(InvalidInput, match=missing):
        bring(store, OURS, **{missing: "  "})
    assert subscriptions(store) == []


def test_a_dry_run_tells_the_same_and_does_nothing(store: Storefront) -> None:
    store.stock("KETTLE", 0, sku="SKU-KETTLE", availability=Availability.DISCONTINUED)
    content = OURS + (
        "ann@example.com,S,1,de,2026-10-02,waiting\nnobody,S,1,de,,waiting\n"
        "carol@example.com,S,0,de,,waiting\ndan@example.com,KETTLE,1,de,,waiting\n"
    )
    ahead = bring(store, content, dry_run=True)
    assert subscriptions(store) == []
    assert store.rows("SELECT * FROM ledger") == []
    done = bring(store, content)
    same = ("rows", "created", "known", "refused")
    assert [getattr(ahead, name) for name in same] == [getattr(done, name) for name in same]
    assert (done.created, done.known, done.refused) == (2, 1, 3)
    assert ahead.problems == done.problems


def test_the_same_file_again_brings_nobody_twice(store: Storefront) -> None:
    bring(store, OURS, confirmed=True)
    again = bring(store, OURS, confirmed=True)
    assert (again.created, again.known) == (0, 2)
    store.stock("S", 5, sku="SKU-S")
    store.send()
    store.stock("S", 0, sku="SKU-S")
    after_telling = bring(store, OURS, confirmed=True)
    assert (after_telling.created, after_telling.known) == (0, 2)


def test_who_has_left_since_is_not_brought_back(store: Storefront, env: Env) -> None:
    bring(store, OURS, confirmed=True)
    with env.db.write() as tx:
        ids = [row["id"] for row in subscriptions(store)]
        people.move_subscriptions(tx, ids[:1], state="ended", ended_reason="customer")
        hash_ = env.signer.hash_address("email", "ann@example.com")
        shut_addresses.suppress(tx, address_hash=hash_, reason="bounced", source="", at=env.now())
    again = bring(store, OURS, confirmed=True)
    assert (again.created, again.left) == (0, 2)


def test_who_was_told_or_had_left_elsewhere_is_not_brought(store: Storefront) -> None:
    report = bring(
        store,
        "Email,VariantId,Status,Unsubscribed At\n"
        "ann@example.com,S,sent,\n"
        "ben@example.com,S,unsubscribed,\n"
        "carol@example.com,S,pending,2026-01-01\n"
        "dan@example.com,S,pending,\n",
    )
    assert (report.told, report.left, report.created) == (1, 2, 1)


def test_what_can_be_bought_is_not_waited_for(store: Storefront) -> None:
    store.stock("KETTLE", 3, sku="SKU-KETTLE")
    report = bring(store, "email,variant\nann@example.com,KETTLE\n")
    assert (report.available, report.created, report.failed) == (1, 0, False)


AMP = (
    "Email,ProductId,VariantId,Product Title,Variant Title,Subscribed At,Last Message Sent At\n"
    "ann@example.com,SHIRT,S,Linen shirt,S,2026-10-01 09:00:00,\n"
    "ben@example.com,SHIRT,S,Linen shirt,S,2026-09-01 09:00:00,2026-09-20 10:00:00\n"
)
SWYM = (
    "medium,mediumvalue,empi,epi,cts,addtomailinglist\n"
    "email,ann@example.com,SHIRT,S,1790845200000,1\n"
    "sms,+491711234567,SHIRT,M,1790845200000,0\n"
)
STOQ = (
    "customer_email,customer_phone,channel,shopify_product_id,shopify_variant_id,quantity,"
    "created_at,notified_at,unsubscribed\n"
    "ann@example.com,,email,SHIRT,S,2,2026-10-01T09:00:00Z,,false\n"
    ",491711234567,sms,SHIRT,M,1,2026-10-01T09:00:00Z,,false\n"
    "ben@example.com,,email,SHIRT,S,1,2026-10-01T09:00:00Z,2026-10-05T00:00:00Z,false\n"
)


@pytest.mark.parametrize(
    ("content", "created", "told"),
    [(AMP, 1, 1), (SWYM, 2, 0), (STOQ.replace(",4917", ",+4917"), 2, 1)],
)
def test_the_exports_of_other_apps_are_understood(
    store: Storefront, content: str, created: int, told: int
) -> None:
    report = bring(store, content, confirmed=True)
    assert (report.created, report.told, report.refused) == (created, told, 0), report.problems
    first = subscriptions(store)[0]
    assert store.one("SELECT created_at FROM subscriptions LIMIT 1") is not None
    assert str(first["created_at"]).startswith("2026-10-01 09:00:00")


def test_a_calling_code_beside_a_number_counts(store: Storefront) -> None:
    content = "ProductID,VariationID,type,email,code,tel\nKETTLE,0,SMS,,49,01711234567\n"
    report = bring(store, content, confirmed=True)
    assert report.created == 1, report.problems
    assert store.one("SELECT address FROM contacts") == "+491711234567"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + OURS.encode(),
        OURS.replace(",", ";").encode(),
        OURS.replace(",", "\t").encode(),
        OURS.replace("\n", "\r\n").encode(),
        OURS.replace("\n", "\r\n", 1).encode(),
        ("\n\n" + OURS + "\n\n").encode(),
        OURS.replace("quantity", "Notiz für Sie").encode("cp1252"),
        OURS.replace("email", '"e-mail\naddress"').encode(),
        OURS.replace("waiting\n", "waiting,extra,columns\n").encode(),
    ],
)
def test_a_file_is_read_as_programs_really_write_it(store: Storefront, content: bytes) -> None:
    report = bring(store, content, confirmed=True)
    assert (report.created, report.refused) == (2, 0), report.problems


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"ann@example.com,S\n", "no_address"),
        (b"email,colour\nann@example.com,red\n", "no_product"),
        ("email,variant\n".encode("utf-16"), "utf_16"),
        (b"PK\x03\x04....", "not_csv"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_to_do(
    store: Storefront, content: bytes, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        bring(store, content)
    assert refused.value.problems[0].code == code


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("nobody,S,1", "email", None),
        ('=HYPERLINK("https://evil.example"),S,1', "email", None),
        ("ann@example.com,GONE,1", "variant", "unknown"),
        ("ann@example.com,,1", "variant", "missing"),
        (",S,1", "email", "missing"),
        ("ann@example.com,S,0", "quantity", "out_of_range"),
        ("ann@example.com,S,1.5", "quantity", "not_a_quantity"),
        ("ann@example.com,S,two", "quantity", "not_a_quantity"),
        ("ann@example.com,S,1e99", "quantity", "out_of_range"),
        ("ann@example.com,S,inf", "quantity", "not_a_quantity"),
        ("ann@example.com,4.12547E+13,1", "variant", "rounded"),
        ("ann@exa\x00mple.com,S,1", "row", "nul"),
        ("ann@example.com,S,1" + "," * 600, "row", "too_wide"),
        ("ann@example.com,S,1," + "x" * 30_000, "row", "too_long"),
        ("ann@example.com,S,1," + "x" * 200_000, "row", "csv"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_holds_up_no_other(
    store: Storefront, row: str, field: str, code: str | None
) -> None:
    report = bring(store, f"email,variant,quantity\n{row}\nben@example.com,S,1\n")
    assert (report.created, report.refused, report.failed) == (1, 1, True)
    problem = report.problems[0]
    assert (problem.row, problem.field) == (2, field)
    if code:
        assert problem.code == code
    assert "evil" not in str(subscriptions(store))


@pytest.mark.parametrize("created", ["31/02/2026", "tomorrow", "0001-01-01"])
def test_a_time_that_is_none_is_named(store: Storefront, created: str) -> None:
    report = bring(store, f"email,variant,created_at\nann@example.com,S,{created}\n")
    assert (report.refused, report.problems[0].field) == (1, "created_at")


def test_a_time_to_come_is_no_place_in_front_or_behind(store: Storefront, env: Env) -> None:
    bring(store, "email,variant,created_at\nann@example.com,S,2030-01-01\n")
    assert str(env.now().date()) in str(subscriptions(store)[0]["created_at"])


def test_the_report_is_for_people_and_for_programs(store: Storefront) -> None:
    report = bring(store, OURS + "nobody,S,1,de,,waiting\n")
    assert report.as_dict()["created"] == 2
    assert report.as_dict()["problems"][0]["row"] == 4
    lines = list(report.lines())
    assert lines[0].startswith("row 4, email: ")
    assert any("3 rows: 2 put on the list" in line for line in lines)


def test_progress_adds_up_to_the_file(store: Storefront) -> None:
    octets: list[int] = []
    bring(store, OURS, progress=octets.append)
    assert sum(octets) == len(OURS)


def test_who_wished_to_be_forgotten_is_not_brought_back(store: Storefront, env: Env) -> None:
    bring(store, OURS, confirmed=True)
    erase_address(env, env.signer.hash_address("email", "ann@example.com"), by="test")
    again = bring(store, OURS, confirmed=True)
    assert (again.created, again.left, again.known) == (0, 1, 1)
