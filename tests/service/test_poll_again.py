"""Does it come to the same whether a look reads a whole feed, or only what has changed in it?"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services import believe
from notifier.services import poll as polling
from notifier.services.last_rows import FOLDER, WORD
from notifier.services.observe import Report, observe
from notifier.services.poll import poll
from notifier.store import sources
from notifier.store.session import Database
from tests.databases import SqliteTemplate
from tests.fakes.smtp_server import SmtpServer
from tests.timing import SettableClock
from tests.world import ANN, World

WORDS = ("in_stock", "out_of_stock", "preorder", "never heard", "")
Shelf = dict[str, tuple[str, str]]


def row(key: str, word: str, title: str) -> str:
    return (
        f"<item><g:id>{key}</g:id><title>{title}</title><g:availability>{word}</g:availability>"
        f"<g:price>9.00 EUR</g:price></item>"
    )


def feed(rows: Shelf, *, twice: str = "") -> str:
    items = [row(key, *said) for key, said in rows.items()]
    if twice:
        items.append(row(twice, "out_of_stock", "again"))
    head = '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
    return head + "\n".join(items) + "</channel></rss>"


class Shop:
    """A world that looks at a feed in a file. `forgetful`: it reads the whole feed every time."""

    def __init__(self, world: World, folder: Path, *, forgetful: bool = False) -> None:
        self.world = world
        self.file = folder / "feed.xml"
        self._forgetful = forgetful

    def look(self, body: str) -> Report | None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(body)
        now = self.world.clock.advance(timedelta(minutes=20)).timestamp()
        os.utime(self.file, (now, now))
        if self._forgetful:
            for traces in (self.world.config.service.data_dir / FOLDER).glob("*"):
                traces.unlink()
        return poll(self.world.env, self.world.shop, "catalogue", owner="test")

    def state(self) -> dict[str, list[dict[str, Any]]]:
        tables = {
            "stock": "SELECT * FROM stock ORDER BY variant_id",
            "changes": "SELECT * FROM stock_changes ORDER BY id",
            "events": "SELECT kind, variant_id, at FROM events ORDER BY id",
            "variants": "SELECT * FROM variants ORDER BY id",
            "products": "SELECT * FROM products ORDER BY id",
            "digests": "SELECT * FROM source_variants ORDER BY source_id, variant_id",
            "sources": "SELECT state, rows, failures, trouble, vouched_at FROM sources ORDER BY id",
            "holds": "SELECT why, events FROM holds ORDER BY id",
        }
        return {name: self.world.rows(query) for name, query in tables.items()}


def config(folder: Path, **more: Any) -> dict[str, Any]:
    source = {"kind": "feed", "path": str(folder / "feed.xml"), "min_share": 0.3, **more}
    return {"release": {"strategy": "all"}, "sources": {"catalogue": source}}


@pytest.fixture
def two_shops(
    sqlite_template: SqliteTemplate, smtp: SmtpServer, tmp_path: Path
) -> Iterator[Callable[..., tuple[Shop, Shop]]]:
    """The same shop twice; the second one always reads the whole feed."""
    with ExitStack() as stack:

        def make(**more: Any) -> tuple[Shop, Shop]:
            shops = []
            for name in ("quick", "forgetful"):
                folder = tmp_path / name
                folder.mkdir()
                db = Database(sqlite_template.copy_to(folder / "notifier.db"))
                stack.callback(db.close)
                world = World(
                    db=db, clock=SettableClock(), smtp=smtp, data_dir=folder / "data",
                    shop=config(folder, **more),
                )  # fmt: skip
                stack.callback(world.close)
                shops.append(Shop(world, folder, forgetful=name == "forgetful"))
            return shops[0], shops[1]

        yield make


@pytest.mark.parametrize("means", ["unknown", "out_of_stock", "discontinued"])
def test_beliefs_and_events_are_those_of_a_shop_that_reads_everything(
    two_shops: Callable[..., tuple[Shop, Shop]], means: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = LogCapture()  # of its own: another test may have set up the logging of this process
    logger = structlog.wrap_logger(None, [said], structlog.BoundLogger)
    monkeypatch.setattr(polling, "log", logger)
    shops = two_shops(missing_means=means)
    chance = random.Random(means)
    rows: Shelf = {f"K{n}": (WORDS[n % 2], f"Kettle {n}") for n in range(60)}
    for turn in range(12):
        for _ in range(chance.choice((0, 1, 3))):
            rows[f"K{chance.randrange(63)}"] = (chance.choice(WORDS), chance.choice("xy"))
        if chance.random() < 0.4:
            rows.pop(f"K{chance.randrange(63)}", None)
        twice = f"K{chance.randrange(60)}" if chance.random() < 0.2 else ""
        pushed = f"K{chance.randrange(60)}" if chance.random() < 0.4 else ""
        units, ruled = chance.randrange(2), chance.random() < 0.1
        reports = []
        for shop in shops:
            if pushed:
                shop.world.see(pushed, units)
            if ruled:
                shop.world.reconfigure(stock={"confirm_looks": 1 + turn % 3})
            reports.append(shop.look(feed(rows, twice=twice)))
        assert reports[0] == reports[1]
        assert shops[0].state() == shops[1].state()
    assert sum(entry.get("unread", 0) for entry in said.entries) > 100


def shelf(**words: str) -> Shelf:
    return {key: (word, key) for key, word in words.items()}


MANY = {f"K{n}": "out_of_stock" for n in range(40)}


@pytest.fixture
def shop(make_world: Callable[..., World], tmp_path: Path) -> Shop:
    return Shop(make_world(**config(tmp_path)), tmp_path)


def word(shop: Shop) -> str | None:
    with shop.world.db.read() as tx:
        return sources.list_sources(tx)[0].cursor.get(WORD)


def test_a_restock_among_rows_that_are_not_read_reaches_who_waits(shop: Shop) -> None:
    shop.look(feed(shelf(**MANY)))
    shop.world.waits(ANN, "K7")
    shop.world.run()

    report = shop.look(feed(shelf(**{**MANY, "K7": "in_stock"})))
    shop.world.run()

    assert report is not None
    assert (report.rows, report.changed, report.announced) == (40, 1, 1)
    assert len(shop.world.mails(ANN, "back_in_stock")) == 1


def test_of_a_look_that_is_cut_short_nothing_is_remembered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of its changes are stored, the rest is not. Then the feed is as it was before."""
    shop.look(feed(shelf(**MANY)))
    assert word(shop)
    changed = {key: "in_stock" if n < 20 else "out_of_stock" for n, key in enumerate(MANY)}
    monkeypatch.setattr(believe, "CHUNK", 5)
    real, calls = sources.remember_digests, []

    def dies(*args: Any) -> None:
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(sources, "remember_digests", dies)
        with pytest.raises(KeyboardInterrupt):
            shop.look(feed(shelf(**changed)))
    assert word(shop) is None

    shop.world.clock.advance(timedelta(minutes=20))  # until the lease is over
    shop.look(feed(shelf(**MANY)))

    assert {row["availability"] for row in shop.world.rows("SELECT * FROM stock")} == {
        "out_of_stock"
    }


def test_a_row_that_was_pushed_otherwise_is_weighed_although_the_feed_is_as_it_was(
    shop: Shop,
) -> None:
    shop.look(feed(shelf(**MANY)))
    pushed = Observation(key="K3", availability=Availability.IN_STOCK, quantity=4)
    observe(shop.world.env, shop.world.shop, [pushed])

    shop.look(feed(shelf(**MANY)) + "\n")

    [row] = shop.world.rows(
        "SELECT availability FROM stock s JOIN variants v ON v.id = s.variant_id WHERE key = 'K3'"
    )
    assert row["availability"] == "out_of_stock"


def test_a_shrunken_feed_is_refused_although_all_its_rows_are_known(shop: Shop) -> None:
    shop.look(feed(shelf(**MANY)))
    few = dict(list(MANY.items())[:10])

    assert shop.look(feed(shelf(**few))) is None
    assert shop.world.count("sources", "trouble_code = 'shrunken'") == 1


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(shop: Shop) -> None:
    folder = shop.world.config.service.data_dir / FOLDER
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way")

    assert shop.look(feed(shelf(**MANY))) is not None
    report = shop.look(feed(shelf(**{**MANY, "K7": "in_stock"})))

    assert report is not None
    assert (report.rows, report.changed) == (40, 1)
    assert word(shop) is None
