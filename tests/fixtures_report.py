"""Do the collected files give the right answers? `python -m tests.fixtures_report` prints a table.

file | expected | got | ok, for every connector that has a reader; exit 1 when one is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from notifier.domain.observation import Observation
from notifier.errors import LookFailed
from tests.fixture_readers import IN_WORDS, READERS, Reader, is_hook, read_hook_file

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one file fared. `wrong` names every difference; empty means right."""

    path: str
    expected: str
    got: str
    wrong: tuple[str, ...] = ()


def fixtures_folder() -> Path:
    """$NOTIFIER_FIXTURES, else ../shared/fixtures beside the checkout."""
    return Path(os.environ.get("NOTIFIER_FIXTURES", CHECKOUT.parent / "shared" / "fixtures"))


def expected_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of EXPECTED.jsonl for which there is a reader."""
    lines = (folder / "EXPECTED.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [row for row in rows if reader_of(row) is not None]


def reader_of(row: dict[str, Any]) -> Reader | None:
    """What reads the row's file; None where nothing does."""
    return read_hook_file if is_hook(row["path"]) else READERS.get(row["connector"])


def judge(row: dict[str, Any], folder: Path) -> Verdict:
    """Read one file and compare."""
    items = row["items"] if row["items"] is not None else IN_WORDS.get(row["path"])
    read = reader_of(row)
    assert read is not None, row["path"]
    try:
        got = read(folder / row["path"])
    except LookFailed as trouble:
        wrong = () if items is None else (f"could not be read ({trouble.code})",)
        return Verdict(
            path=row["path"],
            expected=_short(row, items),
            got=f"refused: {trouble.code}",
            wrong=wrong,
        )
    return Verdict(
        path=row["path"],
        expected=_short(row, items),
        got=_summary(got),
        wrong=tuple(_differences(row, items, got)),
    )


def _differences(
    row: dict[str, Any], items: list[dict[str, Any]] | None, got: list[Observation]
) -> Iterator[str]:
    if items is None:
        if got:
            yield f"{len(got)} items where there are none"
        return
    if "count" in row and len(got) != row["count"]:
        yield f"{len(got)} items instead of {row['count']}"
    if "by_availability" in row:
        counted = Counter(o.availability.value for o in got)
        if counted != Counter(row["by_availability"]):
            yield f"{dict(counted)} instead of {row['by_availability']}"
    if row["items"] is not None and "count" not in row:
        # What says nothing about stock changes nothing, so it may be there besides.
        telling = [o for o in got if o.availability.value != "unknown"]
        if not len(telling) <= len(items) <= len(got):
            yield f"{len(got)} items instead of {len(items)}"
    left = list(got)
    for position, item in enumerate(items):
        seen = _find(item, left, position)
        if seen is None:
            yield f"no item {item['sku']}"
            continue
        left.remove(seen)
        yield from (f"{item['sku']}: {difference}" for difference in _item_differences(item, seen))


def _find(item: dict[str, Any], left: list[Observation], position: int) -> Observation | None:
    if item["sku"] == "(no sku)":
        return left[0] if left else None
    return next((o for o in left if item["sku"] in (o.key, o.sku)), None)


def _item_differences(item: dict[str, Any], seen: Observation) -> Iterator[str]:
    shown = {
        "availability": seen.availability.value,
        "quantity": seen.quantity,
        "currency": seen.currency,
        "group": seen.product_key,
    }
    for name, value in shown.items():
        if name in item and item[name] != value:
            yield f"{name} is {value}, not {item[name]}"
    for name, amount in (("price", seen.price), ("regular_price", seen.regular_price)):
        if item.get(name) is not None and amount != Decimal(item[name]):
            yield f"{name} is {amount}, not {item[name]}"
    if "eta" in item:
        forms = (None,) if seen.eta is None else (seen.eta.text, seen.eta.iso())
        if item["eta"] not in forms:
            yield f"eta is {forms}, not {item['eta']}"


def _short(row: dict[str, Any], items: list[dict[str, Any]] | None) -> str:
    if items is None:
        return str(row["answer"])[:60]
    states = row.get("by_availability") or Counter(item["availability"] for item in items)
    if "count" in row and "by_availability" not in row:
        return f"{row['count']} items"
    return _states(dict(states))


def _summary(got: list[Observation]) -> str:
    return _states(Counter(o.availability.value for o in got))


def _states(states: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "nothing"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of file names to look at")
    only = parser.parse_args(argv).only
    folder = fixtures_folder()
    if not folder.is_dir():
        print(f"There is no folder {folder}. Set NOTIFIER_FIXTURES to the collected files.")
        return 2
    rows = [r for r in expected_rows(folder) if not only or any(part in r["path"] for part in only)]
    verdicts = [judge(row, folder) for row in rows]
    width = max((len(v.path) for v in verdicts), default=4)
    print(f"{'file':<{width}} | {'expected':<40} | {'got':<40} | ok")
    for verdict in verdicts:
        ok = "no" if verdict.wrong else "yes"
        print(
            f"{verdict.path:<{width}} | {verdict.expected[:40]:<40} | {verdict.got[:40]:<40} | {ok}"
        )
        for difference in verdict.wrong[:10]:
            print(f"{'':<{width}}   {difference}")
    bad = sum(1 for verdict in verdicts if verdict.wrong)
    print(f"{len(verdicts)} files, {len(verdicts) - bad} right, {bad} wrong.")
    return 1 if bad or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
