"""Does a second look that reads only what has changed say what a look that reads all says?"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.connectors.base import Recalled, Traces
from notifier.connectors.feed import Settings, Source
from notifier.domain.observation import Observation
from notifier.errors import LookFailed
from tests.timing import SettableClock
from tests.unit.feeds import google, rss


@dataclass(frozen=True)
class Answer:
    """All that a look says."""

    rows: tuple[Observation, ...] = ()
    same: int = 0
    said: Any = None
    traces: Traces | None = None


def look(
    path: Path,
    body: bytes,
    before: Traces | None,
    *,
    doubtful: Collection[str] = (),
    **settings: Any,
) -> Answer:
    """Look at `body`; with the traces of a look `before`, only at what is not as it was then."""
    path.write_bytes(body)

    def recall() -> Recalled | None:
        if before is None:
            return None
        file = io.BytesIO()
        before.write(file)
        file.seek(0)
        return Recalled(traces=file, doubtful=doubtful)

    source = Source(Settings(path=str(path), **settings), clock=SettableClock(), recall=recall)
    try:
        found = source.look({})
        rows = tuple(found.observations)
    except LookFailed as trouble:
        return Answer(said=(trouble.code, str(trouble)))
    said = (found.full, found.rows, found.problems, sorted(found.warnings), found.not_modified)
    return Answer(rows=rows, same=found.same, said=said, traces=found.traces)


def check_same(path: Path, first: bytes, second: bytes, **settings: Any) -> int:
    """Both ways to look at `second` after `first` must agree; how many rows were not read."""
    before = look(path, first, None, **settings)
    whole = look(path, second, None, **settings)
    again = look(path, second, before.traces, **settings)
    assert again.said == whole.said
    earlier = {one.key: one for one in before.rows}
    unread = list(whole.rows)
    for one in again.rows:
        unread.remove(one)
    assert len(unread) == again.same
    assert all(earlier.get(one.key) == one for one in unread)
    assert [one for one in whole.rows if one in again.rows] == list(again.rows)
    return again.same


KEYS = [f"K-{n}" for n in range(40)]


def xml_row(key: str, word: str, more: str) -> str:
    return google(key, word, f"<g:title>{more}</g:title><g:price>1 EUR</g:price>")


def as_xml(rows: list[tuple[str, str, str]]) -> bytes:
    return rss(*(xml_row(*row) for row in rows), head="<title>Shop</title>").encode()


def as_csv(rows: list[tuple[str, str, str]]) -> bytes:
    cells = (f'{key},{word},"{more.replace(chr(34), chr(34) * 2)}"' for key, word, more in rows)
    return ("id,availability,title\n" + "\n".join(cells) + "\n").encode()


def as_json(rows: list[tuple[str, str, str]]) -> bytes:
    items = [{"id": k, "availability": w, "title": m, "price": "1 EUR"} for k, w, m in rows]
    return json.dumps({"version": 1, "products": items}, indent=1).encode()


def as_lines(rows: list[tuple[str, str, str]]) -> bytes:
    return "".join(
        json.dumps({"id": k, "availability": w, "title": m}) + "\n" for k, w, m in rows
    ).encode()


FORMATS = {"xml": as_xml, "csv": as_csv, "json": as_json, "lines": as_lines}
ROWS = [(key, "in_stock", f"Kettle {key}") for key in KEYS]
MORE = [
    "plain", "a, b", 'five " inches', "two\nlines", "&amp; &lt;", "<![CDATA[</item><item>]]>",
    "<!-- aside -->", "<?php x ?>", "é", "{]}", "\\", "# x",
]  # fmt: skip
WORDS = ["in_stock", "out_of_stock", "who knows", "", "preorder", "<item>", '"']
ROW = st.tuples(
    st.sampled_from([*KEYS, "NEW", "", "K-3 "]), st.sampled_from(WORDS), st.sampled_from(MORE)
)
CHANGE = st.tuples(
    st.sampled_from(["edit", "insert", "delete", "move", "twice"]), st.integers(0, 39), ROW
)


def changed(
    rows: list[tuple[str, str, str]], changes: list[tuple[str, int, tuple[str, str, str]]]
) -> list[tuple[str, str, str]]:
    rows = list(rows)
    for what, at, row in changes:
        at = min(at, len(rows) - 1)
        if what == "edit":
            rows[at] = row
        elif what == "insert":
            rows.insert(at, row)
        elif what == "delete" and len(rows) > 1:
            del rows[at]
        elif what == "move":
            rows.insert(0, rows.pop(at))
        elif what == "twice":
            rows.insert(at // 2, rows[at])
    return rows


@pytest.mark.parametrize("name", FORMATS)
@given(first=st.lists(CHANGE, max_size=3), then=st.lists(CHANGE, max_size=4))
def test_reading_what_changed_says_what_reading_all_says(
    tmp_path_factory: pytest.TempPathFactory, name: str, first: Any, then: Any
) -> None:
    write = FORMATS[name]
    rows = changed(ROWS, first)
    path = tmp_path_factory.getbasetemp() / f"again-{name}"
    check_same(path, write(rows), write(changed(rows, then)))


def twin(n: int, first: str = "in_stock") -> str:
    """A product with two variants."""
    a, b = ({"id": f"{n}-{m}", "availability": first if m else "preorder"} for m in (0, 1))
    return json.dumps({"id": n, "title": "Kettle", "variants": [a, b]})


TWINS = [twin(n) for n in range(9)]
CHANGED_TWINS = [twin(0, "out_of_stock"), *TWINS[1:]]
ITEMS = [google(key) for key in KEYS]
# two pieces that are one item, in a feed whose last piece is two items
SPLIT = [
    *ITEMS[:5], google("HALF", more="<!-- ") , "<g:id>OTHER</g:id> -->", *ITEMS[5:],
    google("OUT", more=f"<item>{google('IN')}</item>"),
]  # fmt: skip
TRAPS = {
    "an id that is also in a row cut short": (
        as_csv(ROWS), as_csv(ROWS).replace(b"K-32,", b"K-3\n,"),
    ),
    "products with variants": (
        f"[{', '.join(TWINS)}]".encode(), f"[{', '.join(CHANGED_TWINS)}]".encode(),
    ),
    "one of two variants, line by line": (
        "\n".join(TWINS).encode(), "\n".join(CHANGED_TWINS).encode(),
    ),
    "half an item that becomes a whole": (
        rss(*SPLIT).encode(), rss(*SPLIT).replace("<!-- ", "").encode(),
    ),
    "a prefix that nobody declares": (
        rss(*ITEMS[:3], google("X", more="<x:y>1</x:y>"), *ITEMS[3:]).encode(),
        rss(*ITEMS[:3], google("X", more="<x:y>1</x:y>"), *ITEMS[3:9], *ITEMS[11:]).encode(),
    ),
    "a comma that is missing": (
        as_json(ROWS),
        as_json(ROWS).replace(b'"Kettle K-7",\n   "price": "1 EUR"\n  },', b'"x"\n  }'),
    ),
    "another list behind the first": (
        as_json(ROWS),
        as_json(ROWS)[:-1] + b', "offers": [{"id": "K-1", "availability": "sold out"}]}',
    ),
    "a quote that swallows rows": (
        as_csv(ROWS), as_csv(ROWS).replace(b"K-7,in_stock,", b'K-7,in_stock,"'),
    ),
    "an item of the same kind by another name": (
        rss(*ITEMS).replace("<channel>", '<channel xmlns="u" xmlns:u="u">').encode(),
        rss(*ITEMS).replace("<channel>", '<channel xmlns="u" xmlns:u="u">')
        .replace("</channel>", f"<u:item>{google('U')}</u:item></channel>").encode(),
    ),
    "other bytes, another encoding": (
        as_csv(ROWS), as_csv(ROWS).decode().replace("K-9,in_stock", "K-9,épuisé").encode("latin-1"),
    ),
    "nothing but the end is left": (as_csv(ROWS), as_csv(ROWS[:-1])),
    "nothing is left": (as_csv(ROWS), b"id,availability,title\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_seen(tmp_path: Path, name: str) -> None:
    first, second = TRAPS[name]
    assert first != second
    check_same(tmp_path / "feed", first, second)
    check_same(tmp_path / "feed", first, first)
    check_same(tmp_path / "feed", second, first)


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_changed_row_and_the_last_are_read(tmp_path: Path, name: str) -> None:
    write = FORMATS[name]
    later = [*ROWS[:7], ("K-7", "out_of_stock", "x"), *ROWS[8:]]

    assert check_same(tmp_path / "feed", write(ROWS), write(later)) == 38
    assert check_same(tmp_path / "feed", write(ROWS), write(ROWS)) == 39
    assert check_same(tmp_path / "feed", write(ROWS), write([("N", "", "x"), *ROWS])) == 39


@pytest.mark.every_third
@pytest.mark.parametrize("name", FORMATS)
def test_damage_anywhere_is_found_as_if_all_were_read(tmp_path: Path, name: str) -> None:
    body = FORMATS[name](ROWS)
    chance = random.Random(name)
    for _ in range(60):
        at = chance.randrange(len(body))
        size = chance.choice((0, 1, 1, 5, 100, 100_000))
        instead = chance.choice(
            (b"", b"", b'"', b"<", b"<item>", b"</item>", b",", b"\n", b"\0", b"]")
        )
        check_same(tmp_path / "feed", body, body[:at] + instead + body[at + size :])


def test_a_row_that_is_doubtful_is_read_although_it_is_as_it_was(tmp_path: Path) -> None:
    body = as_xml(ROWS)
    before = look(tmp_path / "feed", body, None)

    again = look(tmp_path / "feed", body, before.traces, doubtful=["K-5"])

    assert [one.key for one in again.rows] == ["K-5", "K-39"]
    assert again.traces is not None
    assert [again.traces.has(key) for key in ("K-5", "K-6", "K-39")] == [True, True, False]


def test_traces_lead_from_look_to_look(tmp_path: Path) -> None:
    rows, chance = list(ROWS), random.Random(3)
    before = look(tmp_path / "feed", as_xml(rows), None)
    for turn in range(30):
        rows[chance.randrange(len(rows))] = (f"T-{turn}", "in_stock", "x")
        rows.insert(chance.randrange(len(rows)), (f"I-{turn}", "out_of_stock", "y"))
        del rows[chance.randrange(len(rows))]
        again = look(tmp_path / "feed", as_xml(rows), before.traces)
        whole = look(tmp_path / "feed", as_xml(rows), None)
        assert again.said == whole.said
        assert again.same + len(again.rows) == len(whole.rows)
        assert again.same >= 30
        before = again


def test_a_sale_that_begins_is_seen_in_a_row_that_did_not_change(tmp_path: Path) -> None:
    sale = "<g:price>9 EUR</g:price><g:sale_price>5 EUR</g:sale_price>"
    dated = (
        sale + "<g:sale_price_effective_date>2026-01-01/2027-01-01</g:sale_price_effective_date>"
    )
    body = rss(google("A", "in_stock", dated), google("B", "in_stock", sale), google("C")).encode()
    before = look(tmp_path / "feed", body, None)

    again = look(tmp_path / "feed", body, before.traces)

    assert [one.key for one in again.rows] == ["A", "C"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"words": {"in_stock": "preorder"}}),
        ({}, {"default_currency": "USD"}),
    ],
)
def test_other_settings_read_all(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    before = look(tmp_path / "feed", as_xml(ROWS), None, **first)
    assert look(tmp_path / "feed", as_xml(ROWS), before.traces, **second).same == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"xmlns:g=", b"xmlns:h='x' xmlns:g="),
        (b"http://base.google.com/ns/1.0", b"http://other.example"),
        (b"<channel>", b"<channel xmlns='http://www.w3.org/2005/Atom'>"),
        (b'<?xml version="1.0"?>', b'<?xml version="1.0" encoding="iso-8859-1"?>'),
    ],
)
def test_another_head_reads_all(tmp_path: Path, before: bytes, after: bytes) -> None:
    body = as_xml(ROWS)
    assert before in body
    assert check_same(tmp_path / "feed", body, body.replace(before, after)) == 0


def test_another_date_in_the_head_does_not(tmp_path: Path) -> None:
    head = "<lastBuildDate>2026-12-0{}T08:00:00Z</lastBuildDate>"
    bodies = [rss(*(google(key) for key in KEYS), head=head.format(n)).encode() for n in (1, 2)]
    assert check_same(tmp_path / "feed", *bodies) == 39


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"x" * 200, b"\xff"])
def test_damaged_traces_are_no_traces(tmp_path: Path, damage: bytes) -> None:
    before = look(tmp_path / "feed", as_xml(ROWS), None)

    class Damaged:
        def write(self, file: Any) -> None:
            whole = io.BytesIO()
            assert before.traces is not None
            before.traces.write(whole)
            file.write(whole.getvalue()[:-9] + damage if damage else b"")

        def has(self, key: str) -> bool:
            raise AssertionError(key)

    again = look(tmp_path / "feed", as_xml(ROWS), Damaged())
    assert (again.same, len(again.rows)) == (0, 40)


@pytest.mark.every_third
@pytest.mark.parametrize("kind", ["googlefeed", "metacatalog", "openai", "csv"])
def test_real_feeds_say_the_same_when_only_changes_are_read(
    fixtures_dir: Path, tmp_path: Path, kind: str
) -> None:
    chance = random.Random(kind)
    files = sorted((fixtures_dir / kind).iterdir())
    assert files
    for file in files:
        body = file.read_bytes()
        path = tmp_path / file.name
        check_same(path, body, body)
        for _ in range(8):
            at = chance.randrange(max(len(body), 1))
            cut = chance.choice((1, 3, 40, 2_000, len(body)))
            instead = chance.choice((b"", b"0", b"out of stock", b">", b"\n", b"{"))
            check_same(path, body, body[:at] + instead + body[at + cut :])
