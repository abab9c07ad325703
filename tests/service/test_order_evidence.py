"""One order's record: is all of it there, whole, and can it be read on paper?"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from notifier.cli import main
from notifier.domain.order_history import Happened
from notifier.errors import NotFound
from notifier.rendering.evidence_pdf import evidence_pdf
from notifier.services.evidence import gather_evidence
from notifier.services.privacy import erase_address
from notifier.services.seal import seal_ledger
from notifier.store import ledger
from tests.order_world import ANN, Bought, OrderWorld
from tests.world import World


@pytest.fixture
def orders(make_world: Callable[..., World]) -> OrderWorld:
    world = make_world()
    return OrderWorld(world.env, world.clock)


def a_long_story(orders: OrderWorld) -> Bought:
    """Bought, put off, told, put off again, told, cancelled."""
    orders.at("2026-03-02")
    bought = orders.order(ref="#1001", lines=[{"title": "Kettle 東京 <b>copper</b>"}])
    orders.at("2026-03-20")
    orders.expect(bought.line, "2026-04-10", source="supplier")
    orders.tell()
    orders.at("2026-04-05")
    orders.expect(bought.line, "2026-05-20", source="supplier")
    orders.tell()
    orders.at("2026-04-06")
    orders.happens(bought.line, Happened.CANCELLED)
    orders.tell()
    seal_ledger(orders.env)
    return bought


def test_the_record_has_every_date_every_notice_and_every_answer(orders: OrderWorld) -> None:
    a_long_story(orders)

    found = gather_evidence(orders.env, orders.shop, "#1001")

    json.dumps(found)  # plain values only
    [line] = found["lines"]
    assert found["order"]["customer"] == [{"medium": "email", "address": ANN}]
    told = [notice["kind"] for notice in line["notices"]]
    assert told[-3:] == ["delay_notice", "delay_renewed", "order_cancelled"]
    assert [event["kind"] for event in line["history"]].count("estimate") == 2
    assert line["stands"]["state"] == "refund_due"
    assert line["stands"]["refund"]["vested_on"] == "2026-04-06"
    assert all(reason["paragraph"] for reason in line["stands"]["reasons"])


def test_every_notice_is_chained_and_the_chain_holds(orders: OrderWorld) -> None:
    a_long_story(orders)

    found = gather_evidence(orders.env, orders.shop, "#1001")

    digests = {link["facts"]["digest"] for link in found["ledger"] if link["act"] == "offered"}
    assert digests == {notice["sha256"] for notice in found["lines"][0]["notices"]}
    assert all(link["sequence"] and link["hash"] for link in found["ledger"])
    with orders.env.db.read() as tx:
        assert ledger.verify(tx).broken == ()


def test_a_changed_notice_is_seen(orders: OrderWorld) -> None:
    a_long_story(orders)

    forged = "UPDATE notices SET text = 'we told you' WHERE kind = 'delay_notice'"
    orders.env.db.retry(lambda tx: tx.execute(text(forged)))

    [line] = gather_evidence(orders.env, orders.shop, "#1001")["lines"]
    assert [one["kind"] for one in line["notices"] if not one["intact"]] == ["delay_notice"]


def test_the_record_outlives_an_erasure(orders: OrderWorld) -> None:
    a_long_story(orders)

    erase_address(orders.env, orders.env.signer.hash_address("email", ANN), by="owner")

    found = gather_evidence(orders.env, orders.shop, "#1001")
    assert found["order"]["customer"] == [{"medium": "email", "address": ANN}]
    assert found["lines"][0]["notices"]
    assert found["ledger"]


def test_who_waits_for_an_order_hears_of_it_after_erasing_the_rest(orders: OrderWorld) -> None:
    orders.at("2026-03-02")
    bought = orders.order()
    orders.tell()
    erase_address(orders.env, orders.env.signer.hash_address("email", ANN), by="owner")
    orders.clock.advance(timedelta(days=1))

    orders.expect(bought.line, "2026-04-10")

    assert orders.tell() == ["delay_notice"]


def test_an_order_nobody_knows_is_not_found(orders: OrderWorld) -> None:
    with pytest.raises(NotFound, match="#404"):
        gather_evidence(orders.env, orders.shop, "#404")


def test_the_printed_record_carries_the_whole_one(orders: OrderWorld) -> None:
    a_long_story(orders)
    found = gather_evidence(orders.env, orders.shop, "#1001")

    printed = evidence_pdf(found)

    assert printed.startswith(b"%PDF-")
    assert json.loads(embedded(printed)) == found


def embedded(pdf: bytes) -> bytes:
    """The file inside the PDF that is JSON."""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            plain = zlib.decompress(stream)
        except zlib.error:
            plain = stream
        if plain.startswith(b'{\n  "format"'):
            return plain
    raise AssertionError("nothing is embedded")


def test_the_command_writes_both_forms(orders: OrderWorld, tmp_path: Path) -> None:
    a_long_story(orders)
    config = tmp_path / "config.toml"
    config.write_text(
        f"""[service]
public_url = "https://notify.kettle.example"
data_dir = "{tmp_path}/data"
secret_keys = ["a key that only tests would ever use"]
[database]
url = "{orders.env.db.engine.url.render_as_string(hide_password=False)}"
[shops.kettle]
name = "Kettle & Co"
url = "https://kettle.example"
public_key = "pk_kettle"
origins = ["https://kettle.example"]
sender = "hello@kettle.example"
postal_address = "1 Tea Street"
""",
        encoding="utf-8",
    )

    def write(name: str) -> Result:
        arguments = ["--config", str(config), "evidence", "kettle", "#1001", str(tmp_path / name)]
        return CliRunner().invoke(main, arguments)

    assert write("record.json").exit_code == 0
    assert write("record.pdf").exit_code == 0
    assert json.loads((tmp_path / "record.json").read_text())["order"]["ref"] == "#1001"
    assert (tmp_path / "record.pdf").read_bytes().startswith(b"%PDF-")
    refused = write("record.doc")
    assert refused.exit_code == 2
    assert ".json or .pdf" in refused.output
