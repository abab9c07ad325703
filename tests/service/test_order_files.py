"""What becomes of orders, shipments and expected dates in a shop's CSV files?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from notifier.cli import main
from notifier.domain.order_delay import State
from notifier.errors import InvalidInput
from notifier.services.import_etas import import_etas
from notifier.services.import_orders import FileReport, import_orders, import_shipments
from notifier.services.order_given import EtaSaid, read_estimate
from tests.order_desk import Desk
from tests.world import ANN, BEN, World

HEAD = "order,line,completed_at,email,country,zone,sku,title,quantity,price,promise,eta,eta source"


@pytest.fixture
def engine_name() -> str:
    """What the database does is tested with test_take_orders."""
    return "sqlite"


@pytest.fixture
def desk(world: World) -> Desk:
    made = Desk(world)
    world.see("SHIRT-M", 0, sku="M-1")
    return made


def written(folder: Path, *rows: str, name: str = "orders.csv", head: str = HEAD) -> Path:
    file = folder / name
    file.write_bytes("\r\n".join((head, *rows)).encode())
    return file


def bring(desk: Desk, file: Path, **more: Any) -> FileReport:
    return import_orders(desk.world.env, desk.world.shop, file, **more)


def said(report: FileReport) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.code) for one in report.problems]


ANNS = f"#1,1,2026-03-02 09:00 -05:00,{ANN},US,America/New_York,M-1,,2,49.00,3-5 business days,,"


def test_rows_become_orders_and_the_same_file_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        ANNS,
        f"#2,1,2026-03-02T09:00Z,{BEN},DE,,M-1,,1,,,2026-03-20,supplier",
        "#1,2,,,,,,Tea cosy,1,5,,,",  # an export names the customer in the first row only
    )
    report = bring(desk, file)
    assert said(report) == []
    assert (report.rows, report.created) == (3, 2)
    desk.run()
    assert desk.told(ANN) == ["order_backordered", "order_backordered"]
    assert desk.told(BEN) == ["order_backordered"]
    assert desk.case("#1", "2").line.title == "Tea cosy"
    assert desk.line("#1").promised.isoformat() == "2026-03-09"
    again = bring(desk, file)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 2)


def test_an_order_with_one_wrong_row_is_left_out_whole_and_the_others_are_not(
    desk: Desk, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        ANNS,
        "#1,2,,,,,,Tea cosy,none,5,,,",
        f"#2,1,2026-03-02T09:00Z,{BEN},US,,no such,,1,,,,",
        f"#3,1,2026-03-02T09:00Z,{BEN},US,,M-1,,1,,,31/02/2027,x",
        f"#4,1,2026-03-02T09:00Z,{BEN},US,,M-1,,1,,,,",
        f"#4,2,2026-03-01T09:00Z,{BEN},US,,M-1,,1,,,,",
        f"#5,1,2026-03-02T09:00Z,{BEN},US,,M-1,,1,,,,",
        f",1,2026-03-02T09:00Z,{BEN},US,,M-1,,1,,,,",
    )
    report = bring(desk, file)
    assert said(report) == [
        (6 + 1, "completed_at", "differs"),
        (3, "quantity", "not_a_quantity"),
        (4, "sku", "unknown"),
        (5, "eta.date", "not_a_date"),
        (9, "ref", "unusable"),
    ]
    assert (report.created, report.refused) == (1, 5)
    assert [row["ref"] for row in desk.world.rows("SELECT ref FROM orders")] == ["#5"]


def test_a_dry_run_says_what_would_happen_and_stores_nothing(desk: Desk, tmp_path: Path) -> None:
    report = bring(desk, written(tmp_path, ANNS), dry_run=True)
    assert report.created == 1
    assert "would be taken" in list(report.lines("Orders"))[-1]
    assert desk.world.count("orders") == desk.world.count("messages") == 0


def test_times_without_a_zone_are_the_shops(desk: Desk, tmp_path: Path) -> None:
    rows = f"#1,1,2026-03-02 09:00,{ANN},US,,M-1,,1,,,,", f"#2,1,2026-03-01,{ANN},US,,M-1,,1,,,,"
    report = bring(desk, written(tmp_path, *rows))
    assert said(report) == []
    assert desk.case("#1").order.completed_at.isoformat() == "2026-03-02T09:00:00+00:00"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04...", "not_csv"),
        (b"\xff\xfeo\x00r\x00", "utf_16"),
        (b"order,email\n#1,a@b.co\n", "no_column"),
        (b"name of the pet\nRex\n", "no_column"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    desk: Desk, tmp_path: Path, octets: bytes, code: str
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(octets)
    with pytest.raises(InvalidInput) as error:
        bring(desk, file)
    assert error.value.problems[0].code == code


def test_other_separators_encodings_and_names_are_understood(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    text = (
        "Name;Created at;Billing Email;Shipping Country;Lineitem sku;Lineitem name;"
        "Lineitem quantity;Colour\r\n"
        f'#9;2026-03-02 09:00:00 -0500;{ANN};US;;"Tee für ""Zwei"";\nlose";2;grün\r\n'
    )
    file.write_bytes(text.encode("cp1252"))
    report = bring(desk, file)
    assert said(report) == []
    assert desk.case("#9").line.title.startswith('Tee für "Zwei"')


def test_shipments_are_taken_row_by_row(desk: Desk, tmp_path: Path) -> None:
    bring(desk, written(tmp_path, ANNS, "#1,2,,,,,,Tea cosy,1,5,,,"))
    desk.run()
    desk.at("2026-03-04")
    desk.cancels(ref="#1", line="2")
    desk.at("2026-03-05")
    file = written(
        tmp_path,
        "#1,1,2026-03-04T16:00Z,DHL,JD01",
        "#1,2,2026-03-05T09:00Z,DHL,JD02",
        "#9,1,2026-03-05T09:00Z,DHL,JD02",
        "#1,1,soon,DHL,JD01",
        name="shipped.csv",
        head="Order number,Line id,Shipped at,Tracking company,Tracking number",
    )
    report = import_shipments(desk.world.env, desk.world.shop, file, actor="olga")
    assert said(report) == [
        (3, "line", "cancelled"),
        (4, "line", "unknown"),
        (5, "shipped_at", "not_a_date"),
    ]
    assert (report.created, report.refused) == (1, 3)
    assert desk.line("#1", "1").state is State.SHIPPED
    again = import_shipments(desk.world.env, desk.world.shop, file, actor="olga")
    assert (again.created, again.unchanged) == (0, 1)


ETAS = "variant,sku,date,source,evidence"


def test_dates_of_a_file_are_set_all_or_none(desk: Desk, tmp_path: Path) -> None:
    world = desk.world

    def dates(*rows: str, **more: Any) -> Any:
        file = written(tmp_path, *rows, name="etas.csv", head=ETAS)
        return import_etas(world.env, world.shop, file, actor="olga", **more)

    wrong = dates(
        "SHIRT-S,,2026-05-10,supplier,PO 1",
        ",M-1,31/02/2026,supplier,",
        "nobody,,2026-05-10,supplier,",
        "SHIRT-S,,2026-05-11,supplier,",
        ",no such,2026-05-11,supplier,",
    )
    assert [(one.row, one.field, one.code) for one in wrong.problems] == [
        (3, "date", "not_a_date"),
        (5, "variant", "twice"),
        (6, "sku", "unknown"),
    ]
    unknown = dates("SHIRT-S,,2026-05-10,supplier,", "nobody,,2026-05-10,supplier,")
    assert [(one.row, one.code) for one in unknown.problems] == [(3, "unknown")]
    assert world.count("etas") == 0
    basis = dates("SHIRT-S,,2026-05-10,,")
    assert [(one.row, one.field, one.code) for one in basis.problems] == [(2, "source", "missing")]
    world.see("SHIRT-L", 3)
    done = dates("SHIRT-S,,2026-05-10,,PO 1", ",M-1,none,,", "SHIRT-L,,2026-05-10,,", source="list")
    assert (done.problems, done.changed, done.unchanged, done.available) == ([], 1, 1, 1)


def test_a_preview_of_a_file_says_what_its_dates_mean(desk: Desk, tmp_path: Path) -> None:
    desk.buy()
    desk.world.waits("eve@stranger.example")
    desk.run()
    file = written(tmp_path, "SHIRT-S,,2026-05-10,supplier,", name="etas.csv", head=ETAS)
    world = desk.world
    report = import_etas(world.env, world.shop, file, actor="olga", preview=True)
    assert (report.messages, report.subscribers) == ({"delay_notice": 1}, 1)
    assert report.first_notice_by is not None
    assert world.count("etas") == 0


# ---- by command ----


@pytest.fixture
def run(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command against the world's database, at the world's time."""
    import notifier.cli.ordering

    monkeypatch.setattr(notifier.cli.ordering, "open_env_only", lambda _: desk.world.env)

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    return call


def test_the_commands_say_what_they_did(desk: Desk, tmp_path: Path, run: Any) -> None:
    orders = written(tmp_path, ANNS, f"#2,1,2026-03-02T09:00Z,{BEN},US,,no such,,1,,,,")
    done = run("orders", "import", "kettle", str(orders))
    assert done.exit_code == 1
    assert "row 3, sku: There is no variant 'no such'" in done.output
    assert "Orders: 1 taken, 0 changed, 0 as they were, 1 refused." in done.output
    preview = run("eta", "set", "kettle", "SHIRT-M", "2026-03-20", "--source", "s", "--preview")
    assert "1 x delay_notice" in preview.output
    assert "The law wants the first notice before 2026-03-10 04:00 UTC." in preview.output
    set_it = run("eta", "set", "kettle", "SHIRT-M", "2026-03-20", "--source", "supplier")
    assert (set_it.exit_code, set_it.output) == (0, "SHIRT-M: 2026-03-20 (before: none).\n")
    refused = run("eta", "set", "kettle", "SHIRT-M", "2026-03-21")
    assert (refused.exit_code, "needs its source" in refused.output) == (1, True)
    desk.run()
    listed = run("orders", "list", "kettle")
    assert "option_short" in listed.output
    assert "#1/1" in listed.output
    assert run("orders", "list", "kettle", "--due").output == "0 lines.\n"
    shown = run("orders", "show", "kettle", "#1").output
    for words in (
        "“3-5 business days”, until 2026-03-09",
        "16 CFR 435.2(b)(1)(ii)",
        "delay_notice",
    ):
        assert words in shown
    plain = json.loads(run("orders", "show", "kettle", "#1", "--json").output)
    assert plain["lines"][0]["next_step"] == "ship"
    missing = run("orders", "show", "kettle", "#404")
    assert (missing.exit_code, "There is no order" in missing.output) == (1, True)


def test_days_ahead_count_from_today_in_commands_files_and_orders(
    desk: Desk, tmp_path: Path, run: Any
) -> None:
    desk.at("2026-03-04")
    set_it = run("eta", "set", "kettle", "SHIRT-M", "in 2-4 weeks", "--source", "supplier")
    assert set_it.output == "SHIRT-M: 2026-03-18/2026-04-01 (before: none).\n"
    file = written(tmp_path, "SHIRT-S,,in 10 Tagen,supplier,", name="etas.csv", head=ETAS)
    assert run("eta", "import", "kettle", str(file)).exit_code == 0
    assert desk.world.count("etas", "earliest = '2026-03-14'") == 1
    said = EtaSaid(date="en 3 semanas", source="supplier")
    given = read_estimate(said, zone="America/New_York", now=desk.world.env.now())
    assert given.eta is not None
    assert given.eta.iso() == "2026-03-19/2026-03-25"


def test_a_list_of_what_is_due_has_what_is_late_as_well(desk: Desk, run: Any) -> None:
    desk.buy()
    desk.run()
    desk.at("2026-05-20")
    desk.run()
    [line] = [
        json.loads(one)
        for one in run("orders", "list", "kettle", "--due", "--json").output.splitlines()
    ]
    assert (line["state"], line["next_step"]) == ("refund_due", "send_refund")
