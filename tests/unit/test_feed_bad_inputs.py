"""What becomes of each bad input of the list for feeds and imports (trust 5.G, 199–206)?

`refused` names the code of a look that is not believed at all. Otherwise the good rows are there,
and `rows` says which are refused and `warned` what is said about the rest.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.availability import Availability
from notifier.errors import LookFailed
from tests.unit.feeds import google, look_at, rss

GOOD = "".join(f"G{n},in stock,{n + 1}\n" for n in range(60))
HEADER = "id,availability,quantity\n"
BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One bad input. `found`: id → (availability, quantity) that must come out."""

    number: int
    what: str
    body: bytes | str
    refused: str = ""
    found: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    warned: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


def table(*rows: str) -> str:
    """A table with sixty good rows, so that one bad row is below five per cent."""
    return HEADER + GOOD + "".join(f"{row}\n" for row in rows)


def listed(*items: Any) -> str:
    good = [{"id": f"G{n}", "availability": "in_stock"} for n in range(60)]
    return json.dumps([*good, *items])


BAD = [
    Bad(number=199, what="byte order mark", body=b"\xef\xbb\xbf" + table("A,in stock,1").encode(),
        found={"A": ("in_stock", 1)}),
    Bad(number=199, what="semicolons", body="id;availability;quantity\nA;out of stock;0\n",
        found={"A": ("out_of_stock", 0)}),
    Bad(number=199, what="semicolons and decimal commas",
        body="id;price;quantity;title\nA;1.234,50 EUR;2;Kettle, large\n",
        found={"A": ("in_stock", 2)}),
    Bad(number=199, what="sep= line of Excel", body="sep=;\nid;quantity\nA;2\n",
        found={"A": ("in_stock", 2)}),
    Bad(number=199, what="quoted line breaks",
        body='id,title,availability\nA,"two\nlines, and ""quotes""",in stock\nB,x,sold out\n',
        found={"A": ("in_stock", None), "B": ("out_of_stock", None)}),
    Bad(number=199, what="no header", body="A1,Kettle,sold out,5\nA2,Pan,sold out,0\n",
        refused="no_header"),
    Bad(number=199, what="header without an id", body="title,availability\nKettle,in stock\n",
        refused="no_id_column"),
    Bad(number=199, what="one row with extra columns", body=table("A,Lamp, big,in stock,2"),
        rows=("5 cells",), found={"G0": ("in_stock", 1), "A": ("unknown", None)}),
    Bad(number=199, what="empty extra columns", body=table("A,in stock,2,,,"),
        found={"A": ("in_stock", 2)}),
    Bad(number=199, what="short row", body=table("A,in stock"), found={"A": ("in_stock", None)}),
    Bad(number=199, what="a million columns in the header",
        body="id,availability" + ",x" * 1_000_000 + "\nA,in stock\n", refused="too_many_columns"),
    Bad(number=199, what="a million columns in a row",
        body=table("A,in stock,1" + ",y" * 1_000_000), rows=("1000003 cells",)),
    Bad(number=199, what="a cell of 1 MB beside the id",
        body="id,description,availability\nA," + "x" * 1_000_000 + ",in stock\n",
        found={"A": ("in_stock", None)}),
    Bad(number=199, what="an id of 1 MB", body=table("x" * 1_000_000 + ",in stock,1"),
        rows=("longer than 200",)),
    Bad(number=199, what="NUL", body=table("A,in\0 stock,1"), found={"A": ("in_stock", 1)},
        warned="NUL"),
    Bad(number=199, what="Latin-1",
        body="id,title,availability\nA,Töpfe,in stock\n".encode("latin-1"),
        found={"A": ("in_stock", None)}),
    Bad(number=199, what="UTF-16", body=table("A,in stock,1").encode("utf-16"),
        found={"A": ("in_stock", 1)}),
    Bad(number=199, what="UTF-16 without a mark", body=table("A,in stock,1").encode("utf-16-le"),
        found={"A": ("in_stock", 1)}),
    Bad(number=199, what="mixed line ends",
        body="id,availability\r\nA,in stock\nB,sold out\rC,in stock\r\n",
        found={"A": ("in_stock", None), "B": ("out_of_stock", None), "C": ("in_stock", None)}),
    Bad(number=199, what="comment rows above the header",
        body="# Required | the id,# Required | what, with commas\n\nid,availability\nA,in stock\n",
        found={"A": ("in_stock", None)}),
    Bad(number=199, what="quote that never closes",
        body='id,title,availability\nA,"oops,in stock\nB,x,in stock\n', refused="truncated"),
    Bad(number=199, what="quote of inches that another row closes",
        body='id\ttitle\tavailability\nA\t"9 inch pan\tsold out\nB\t"7 inch pan\tin stock\n',
        refused="bad_quotes"),
    Bad(number=199, what="quote that another row closes, with rows between",
        body='id,title,availability\nA,"9 inch pan,sold out\n' + "C,x,in stock\n" * 9
        + 'B,"7 inch" pan,in stock\n', refused="bad_quotes"),
    Bad(number=199, what="quotes within cells and a cell of several lines",
        body='id\ttitle\tavailability\nA\t9" pan, "small"\tin stock\n'
        'B\t"small" pan\tin stock\nC\t"two\nlines\tand ""one"""\tsold out\n',
        found={"A": ("in_stock", None), "B": ("in_stock", None), "C": ("out_of_stock", None)}),
    Bad(number=199, what="cut off in the last row",
        body="id,title,availability\nA,x,in stock\nB,x,in stock\nC,x", refused="truncated"),
    Bad(number=199, what="row without an id", body=table(",in stock,1"), rows=("no id",)),
    Bad(number=199, what="control characters in an id", body=table("A\x07B,in stock,1"),
        rows=("control characters",)),
    Bad(number=199, what="more than five per cent of bad rows",
        body=HEADER + "A,in stock,1\n" + ",in stock,1\n" * 4, refused="too_many_bad_rows"),
    Bad(number=199, what="header and nothing else", body=HEADER, refused="empty"),
    Bad(number=199, what="nothing at all", body=b"", refused="empty"),
    Bad(number=199, what="spaces", body=b" \n \n", refused="empty"),
    Bad(number=200, what="formula cells",
        body='id,title,availability\n"=1+1","=HYPERLINK(""http://evil"")",in stock\n',
        found={"=1+1": ("in_stock", None)}),
    Bad(number=202, what="NaN for a quantity", body=listed({"id": "A", "quantity": float("nan")}),
        rows=("not a number of units",)),
    Bad(number=202, what="NaN for the only row's quantity", body='[{"id":"A","quantity":NaN}]',
        refused="too_many_bad_rows"),
    Bad(number=202, what="Infinity for a price",
        body=listed({"id": "A", "availability": "in_stock", "price": float("inf")}),
        found={"A": ("in_stock", None)}, warned="price cannot be read"),
    Bad(number=202, what="deep nesting", body="[" * 200_000, refused="too_deep"),
    Bad(number=202, what="deep nesting in an item", body='[{"id":' + "[" * 200_000,
        refused="too_deep"),
    Bad(number=202, what="JSON cut off", body=listed({"id": "A"})[:-20], refused="truncated"),
    Bad(number=202, what="JSON cut off in a member", body='{"products":[{"id":"A"},{"id"',
        refused="truncated"),
    Bad(number=202, what="JSON with garbage behind", body='[{"id":"A"}] oops', refused="not_json"),
    Bad(number=202, what="JSON with a missing comma", body='[{"id":"A"} {"id":"B"}]',
        refused="not_json"),
    Bad(number=202, what="an error message in JSON", body='{"error":"no such feed"}',
        refused="no_items"),
    Bad(number=202, what="items that are no objects", body=listed("A"), rows=("not an object",)),
    Bad(number=203, what="entity bomb", body=BOMB + "]><rss><item><id>&j;</id></item></rss>",
        refused="xml_entities"),
    Bad(number=203, what="external entity",
        body='<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<rss><item><id>&x;</id></item></rss>", refused="xml_entities"),
    Bad(number=203, what="entity hidden in UTF-16",
        body='<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE rss [<!ENTITY x "y">]>'
        "<rss><item><id>&x;</id></item></rss>".encode("utf-16"), refused="xml_entities"),
    Bad(number=203, what="external document type",
        body=rss(google("A")).replace("?>", '?><!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">'),
        found={"A": ("in_stock", None)}),
    Bad(number=203, what="deeply nested XML",
        body="<rss>" + "<a>" * 3000 + "</a>" * 3000 + "<item><id>1</id></item></rss>",
        refused="too_deep"),
    Bad(number=203, what="XML without its closing tag", body=rss(google("A"), google("B"))[:-20],
        refused="truncated"),
    Bad(number=203, what="half a character",
        body=rss(google("A", more="<title>&#xD83D;</title>"), google("B")),
        found={"A": ("in_stock", None), "B": ("in_stock", None)}, warned="half a character"),
    Bad(number=203, what="XML of something else", body="<news><story/><story/></news>",
        refused="no_items"),
    Bad(number=203, what="control character in a title",
        body=rss(google("A", more="<title>a\x0bb</title>")), found={"A": ("in_stock", None)},
        warned="not well-formed"),
    Bad(number=203, what="unknown entity and bare ampersand",
        body=rss(google("A", more="<title>a&nbsp;b & c</title>")),
        found={"A": ("in_stock", None)}, warned="not well-formed"),
    Bad(number=205, what="negative", body=table("A,,-5"), found={"A": ("out_of_stock", 0)},
        warned="below zero"),
    Bad(number=205, what="decimal", body=table("A,,16.5"), found={"A": ("in_stock", 16)},
        warned="rounded down"),
    Bad(number=205, what="1,000 in English", body=table('A,,"1,000"'),
        found={"A": ("in_stock", 1000)}, settings={"decimal": "."}),
    Bad(number=205, what="1.000 in German", body=table("A,,1.000"),
        found={"A": ("in_stock", 1000)}, settings={"decimal": ","}),
    Bad(number=205, what="1.000 with nothing said", body=table("A,,1.000"),
        found={"A": ("in_stock", 1)}, warned="could mean two numbers"),
    Bad(number=205, what="Yes", body=table("A,,Yes"), found={"A": ("in_stock", None)}),
    Bad(number=205, what="a word in the quantity column", body=table("A,,Sold out"),
        found={"A": ("out_of_stock", None)}),
    Bad(number=205, what="empty stock", body=table("A,,"), found={"A": ("unknown", None)}),
    Bad(number=205, what="1e308", body=table("A,,1e308"), found={"A": ("in_stock", 10**9)},
        warned="cut to 10⁹"),
    Bad(number=205, what="NaN", body=table("A,,NaN"), rows=("not a number of units",)),
    Bad(number=205, what="plenty", body=table("A,,plenty"), rows=("not a number of units",)),
    Bad(number=205, what="plenty beside a word", body=table("A,in stock,plenty"),
        found={"A": ("in_stock", None)}, warned="quantity is not a number"),
    Bad(number=205, what="a word nobody knows", body=table("A,lieferbar in 3 Tagen,5"),
        found={"A": ("unknown", 5)}, warned="nobody knows: 'lieferbar in 3 Tagen' 1 times"),
    *(
        Bad(number=206, what=text,
            body=rss(google("A", "preorder", f"<g:availability_date>{text}</g:availability_date>")),
            found={"A": ("preorder", None)}, warned="no ETA")
        for text in ("31/02/2026", "2026-13-01", "tomorrow", "0001-01-01", "9999-12-31",
                     "03/04/2027")
    ),
    Bad(number=22, what="login page", refused="login_page",
        body="<!doctype html><title>Log in</title><form><input type=password></form>"),
    Bad(number=22, what="web page", refused="html_page",
        body='<?xml version="1.0"?>\n<!DOCTYPE html><html><body>Hello</body></html>'),
    Bad(number=22, what="picture", body=b"\x89PNG\r\n\x1a\n" + bytes(100), refused="not_text"),
    Bad(number=22, what="error in plain text", body="Service temporarily unavailable\n",
        refused="no_header"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.number} {bad.what}")
def test_bad_input_is_refused_or_reported_and_never_believed(bad: Bad, tmp_path: Path) -> None:
    if bad.refused:
        with pytest.raises(LookFailed) as caught:
            look_at(tmp_path / "feed", bad.body, **bad.settings)
        assert caught.value.code == bad.refused
        assert len(str(caught.value)) < 1000
        return

    seen, look = look_at(tmp_path / "feed", bad.body, **bad.settings)

    by_key = {o.key: o for o in seen}
    for key, (availability, quantity) in bad.found.items():
        assert (by_key[key].availability.value, by_key[key].quantity) == (availability, quantity)
    assert len(look.problems) == len(bad.rows)
    for problem, words in zip(look.problems, bad.rows, strict=True):
        assert words in problem.message
        assert problem.row > 0
        assert len(problem.value) <= 100
    assert bad.warned in " ".join(look.warnings)
    assert bool(look.warnings) == bool(bad.warned)
    if bad.number == 206:
        assert by_key["A"].eta is None


def test_one_bad_row_among_many_never_discards_the_rest(tmp_path: Path) -> None:
    seen, look = look_at(tmp_path / "feed", table("A,,NaN", ",in stock,1", "B,in stock,1"))

    assert look.rows == 61
    [unreadable] = [one for one in seen if one.availability is Availability.UNKNOWN]
    assert unreadable.key == "A"  # it is there, so it is not absent
    assert len(seen) == 62
    assert [p.row for p in look.problems] == [61, 62]
    assert look.full


def test_half_a_character_in_a_damaged_file_costs_its_text_alone(tmp_path: Path) -> None:
    whole = rss(google("A", more="<title>&#xD83D;</title>"), google("B"))
    body = whole.replace('xmlns:g="', 'xmlns:g="\0')
    seen, look = look_at(tmp_path / "feed", body)
    assert sorted(one.key for one in seen) == ["A", "B"]
    assert not look.full


@given(
    body=st.sampled_from([b.body if isinstance(b.body, bytes) else b.body.encode() for b in BAD])
    .filter(lambda body: 0 < len(body) < 5000),
    cuts=st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=5), st.integers(0, 20)),
                  max_size=5),
)  # fmt: skip
def test_no_damage_brings_anything_but_observations_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, cuts: list[tuple[int, bytes, int]]
) -> None:
    for at, added, removed in cuts:
        at = at % (len(body) + 1)
        body = body[:at] + added + body[at + removed :]

    with suppress(LookFailed):
        look_at(tmp_path_factory.getbasetemp() / "damaged", body)
