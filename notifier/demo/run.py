"""How does `notifier demo` put a whole shop together in one process, and take it down again?"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any

from notifier.app import Service, make_renderer, open_database, run_until_closed
from notifier.demo.banner import farewell, told_ports, welcome
from notifier.demo.clock import DemoClock
from notifier.demo.mailbox import Mailbox, MailServer
from notifier.demo.merchant_feed import FeedDesk
from notifier.demo.place import HOST, find_ports, lent_folder
from notifier.demo.settings import (
    OUR_NUMBER,
    Keys,
    Places,
    config_tree,
    make_config,
    read_keys,
    to_toml,
)
from notifier.demo.shop import Shop
from notifier.demo.stage import Stage
from notifier.demo.twilio_network import PhoneNetwork
from notifier.engine.jobs import JOBS
from notifier.errors import ConfigError
from notifier.log import log, set_up_logging
from notifier.services.env import Env, open_env
from notifier.services.poll import poll
from notifier.store.schema import migrate

__all__ = ["open_demo", "run_demo"]

LOOK_EVERY = timedelta(seconds=1)  # the product ticks slower; here somebody is watching
WATCHED = ("poll", "order_lines", "seal")
FEED = "feed"
YEAR = timedelta(days=365)
PATIENCE = 2.0  # seconds for pages under way
A_MOMENT = 0.2  # seconds
Say = Callable[[str], None]


def run_demo(*, port: int, history: bool, folder: Path | None) -> int:
    """Serve until Ctrl-C or SIGTERM; the exit code. Raises errors.ConfigError."""
    began = time.monotonic()
    stopping = threading.Event()
    length = YEAR if history else timedelta(0)
    with (
        _signals(stopping),
        lent_folder(folder) as place,
        _logging(place),
        open_demo(place, port=port, history=length, say=_say, stopping=stopping) as stage,
    ):
        if not stopping.is_set():
            _say(told_ports(port, stage.places))
            _say(welcome(stage.places, took=time.monotonic() - began, kept=folder is not None))
        while not stopping.wait(A_MOMENT):
            continue  # a handler runs only when this thread does
        _say(farewell(place, kept=folder is not None))
    return 0


@contextmanager
def open_demo(
    folder: Path,
    *,
    port: int = 0,
    history: timedelta = timedelta(0),
    say: Say = lambda _words: None,
    stopping: threading.Event | None = None,
) -> Iterator[Stage]:
    """The demo, running, in `folder`; everything is ended at the end of the block.

    `history`: how long a time before now is made up first.
    """
    with ExitStack() as last:
        stage = _set_up(folder, port=port, keep_all=bool(history), last=last)
        if history:
            from notifier.demo.history import write_history  # a year takes a while to import too

            write_history(stage, length=history, say=say, stopping=stopping or threading.Event())
        _serve_pages(stage, last)
        poll(stage.env, stage.ref, FEED, owner="demo")  # so that the first page has its widget
        stage.since = stage.env.now()
        service = _service(stage.env)
        service.start()
        last.callback(service.stop)
        last.callback(stage.stop)
        answer = stage.name_products()
        if not answer.ok:
            raise ConfigError(f"The demo's products were not taken: {answer.problem}")
        yield stage


def _set_up(folder: Path, *, port: int, keep_all: bool, last: ExitStack) -> Stage:
    first, second = find_ports(port)
    keys = read_keys(folder)
    clock = DemoClock(folder / "clock.txt")
    mailbox = Mailbox(folder / "mail", clock=clock)
    mail_server = MailServer(lambda sender, to, raw: mailbox.add(mail_from=sender, to=to, raw=raw))
    mail_server.start()
    last.callback(mail_server.stop)
    notifier = f"http://localhost:{first}"
    phones = _phones(keys, notifier, clock=clock)
    last.enter_context(phones)
    places = Places(
        folder=folder,
        notifier=notifier,
        storefront=f"http://localhost:{second}",
        listen=f"{HOST}:{first}",
        smtp_port=mail_server.port,
        phone_url=phones.url,
    )
    env = _open_notifier(places, keys, clock=clock, keep_all=keep_all)
    last.callback(env.db.close)
    shop = Shop(folder / "shop.json", clock=clock)
    return Stage(
        places=places,
        keys=keys,
        shop=shop,
        desk=FeedDesk(shop, origin=lambda: places.storefront),
        mailbox=mailbox,
        phones=phones,
        env=env,
        clock=clock,
        since=clock(),
    )


def _phones(keys: Keys, notifier: str, *, clock: DemoClock) -> PhoneNetwork:
    return PhoneNetwork(
        account_sid=keys.account,
        auth_token=keys.token,
        numbers=(OUR_NUMBER,),
        services=(keys.service,),
        inbound_url=f"{notifier}/hooks/twilio/inbound",
        clock=clock,
    )


def _open_notifier(places: Places, keys: Keys, *, clock: DemoClock, keep_all: bool) -> Env:
    tree = config_tree(places, keys, keep_all=keep_all)
    file = places.folder / "config.toml"
    file.touch(mode=0o600, exist_ok=True)  # it holds keys
    file.write_text(to_toml(tree), encoding="utf-8")
    config = make_config(tree)
    db = open_database(config)
    migrate(db)
    return open_env(config, db=db, clock=clock)


def _service(env: Env) -> Service:
    table = tuple(replace(job, every=LOOK_EVERY) if job.name in WATCHED else job for job in JOBS)
    return Service(
        env,
        make_renderer(env),
        web=True,
        jobs=True,
        senders=env.config.delivery.workers,
        table=table,
    )


def _serve_pages(stage: Stage, last: ExitStack) -> None:
    """The storefront and the demo's own pages, on the port after the notifier's."""
    from waitress.server import create_server

    from notifier.demo.pages import create_pages

    port = int(stage.places.storefront.rpartition(":")[2])
    try:
        server: Any = create_server(
            create_pages(stage), host=HOST, port=port, threads=12, ident=None
        )
    except OSError as error:
        raise ConfigError(f"Cannot listen on {HOST}:{port}: {error}.") from error
    closing = threading.Event()
    threading.Thread(
        target=run_until_closed, args=(server, closing), name="demo-pages", daemon=True
    ).start()

    def stop() -> None:
        # answer what has been asked; browsers keep idle connections, and nobody waits for those
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=PATIENCE)
        closing.set()
        server.close()

    last.callback(stop)


@contextmanager
def _logging(folder: Path) -> Iterator[None]:
    """Log into the folder: the terminal is for people. Open to the last, since threads end late."""
    set_up_logging(to=(folder / "notifier.log").open("a", encoding="utf-8"), as_json=False)
    yield


@contextmanager
def _signals(stopping: threading.Event) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM, SIGHUP) asks to stop, a second one does not wait."""
    asked = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]
    before = {number: signal.getsignal(number) for number in asked}
    heard: SimpleQueue[int] = SimpleQueue()  # an event's lock may be held where a handler runs

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        heard.put(number)

    def follow() -> None:
        heard.get()
        stopping.set()

    threading.Thread(target=follow, name="signals", daemon=True).start()
    for number in asked:
        signal.signal(number, on_signal)
    try:
        yield
    except KeyboardInterrupt:
        log.warning("demo ended at once")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(words: str) -> None:
    if not words:
        return
    with contextlib.suppress(BrokenPipeError):  # the terminal is gone; the demo still ends cleanly
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()
