"""Where do the browser tests open the pages? The public app on a port, with a story in it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import make_server

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation
from notifier.services.env import open_env
from notifier.services.manage import pause
from notifier.services.observe import observe
from notifier.signing import Purpose
from notifier.store.session import Database
from notifier.web.public import create_public
from tests.databases import SqliteTemplate
from tests.timing import SettableClock
from tests.web.storefront import KETTLE, RENDERER, Storefront, config

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A picture as a shop has it, drawn here so that nothing is fetched.
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" '
    'fill="#dfe7e2"/><path d="M30 26l10-6h16l10 6 12 12-9 8-7-5v33H34V41l-7 5-9-8z" '
    'fill="#5b8a72"/></svg>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Who waits for what: subscriptions of Ann and of Ben, and their contacts."""

    ann: int
    shirt: int
    teapot: int  # paused
    told: int
    spoon: int
    ben: int
    kettle: int  # not confirmed
    tray: int  # not confirmed


def tell_story(store: Storefront, *, locale: str) -> Story:
    """Ann waits, pauses and was told; Ben has confirmed nothing yet. Both read `locale`."""
    for size in ("S", "M", "L"):
        store.stock(size, 0, eta=Eta.on(date(2026, 12, 20)) if size == "S" else None)
    for key in ("TEAPOT", "KETTLE", "TRAY", "LID", "SPOON"):
        store.stock(key, 0)
    shirt = store.wait("S", locale=locale, quantity=2)
    teapot, told = store.wait("TEAPOT", locale=locale), store.wait("LID", locale=locale)
    ann = store.contact_of(shirt)
    pause(store.env, ann, teapot, until=store.env.now() + timedelta(days=30))
    store.stock("LID", 5)
    spoon = store.wait("SPOON", locale=locale)
    kettle = store.ask("KETTLE", "ben@example.com", locale=locale)
    tray = store.ask("TRAY", "ben@example.com", locale=locale)
    store.send()
    return Story(
        ann=ann,
        shirt=shirt,
        teapot=teapot,
        told=told,
        spoon=spoon,
        ben=store.contact_of(kettle),
        kettle=kettle,
        tray=tray,
    )


class Stories:
    """Each story told once a run and language, and copied for every test."""

    def __init__(self, template: SqliteTemplate, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._told: dict[str, Story] = {}

    def copy_to(self, folder: Path, *, locale: str) -> Story:
        """Puts the shop's files into `folder`."""
        source = self._folder / locale
        if locale not in self._told:
            source.mkdir()
            db = Database(self._template.copy_to(source / "notifier.db"))
            env = open_env(config(source), clock=SettableClock(), db=db)
            self._told[locale] = tell_story(Storefront(env=env, folder=source), locale=locale)
            db.close()
        for name in ("notifier.db", "letters.jsonl"):
            shutil.copyfile(source / name, folder / name)
        return self._told[locale]


class PagesSite:
    """The kettle shop's pages at `origin`, with a story in it."""

    def __init__(self, stories: Stories, folder: Path, *, locale: str = "en") -> None:
        self.locale = locale
        self.story = stories.copy_to(folder, locale=locale)
        self.clock = SettableClock()
        self.server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        settings = config(folder, service={"public_url": self.origin})
        db = Database(f"sqlite:///{folder / 'notifier.db'}")
        self.env = open_env(settings, clock=self.clock, db=db)
        self.store = Storefront(env=self.env, folder=folder)
        self.server.app = create_public(self.env, RENDERER)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.env.db.close()

    def hold(self) -> int:
        """The source shows far too much as back at once; the hold's id."""
        out = [
            Observation(
                key=f"CUP{n}", availability=Availability.OUT_OF_STOCK, quantity=0, title=f"Cup {n}"
            )
            for n in range(30)
        ]
        observe(self.env, self.store.shop, out)
        for n in (3, 4, 4):
            self.store.wait(f"CUP{n}", f"guest{n}{self.clock.now:%M}@example.com")
            self.clock.advance(timedelta(minutes=1))
        back = [
            Observation(
                key=f"CUP{n}", availability=Availability.IN_STOCK, quantity=9, title=f"Cup {n}"
            )
            for n in range(30)
        ]
        report = observe(self.env, self.store.shop, back)
        assert report.hold_id is not None
        return report.hold_id

    def token(self, letter: str, purpose: Purpose, subject: int) -> str:
        expires = None if purpose is Purpose.UNSUBSCRIBE else self.env.now() + timedelta(days=2)
        return f"/{letter}/{self.env.signer.make(purpose, subject, expires_at=expires)}"

    def show(self, page: Page, name: str) -> None:
        """Brings one of PAGES up in the browser."""
        page.route(
            "https://kettle.example/**",
            lambda route: route.fulfill(status=200, content_type="image/svg+xml", body=PICTURE),
        )
        PAGES[name](self, page)

    def open(self, page: Page, path: str) -> None:
        page.goto(self.origin + path)


def press(page: Page, act: str) -> None:
    click(page, f"button[name=act][value={act}]")


def click(page: Page, selector: str) -> None:
    """Clicks what leads on, and waits until the next page is there with its styles."""
    with page.expect_navigation(wait_until="load"):
        page.locator(selector).first.click()


def _confirm(site: PagesSite, page: Page) -> None:
    site.open(page, site.store.confirm_path(site.story.kettle))


def _confirmed(site: PagesSite, page: Page) -> None:
    _confirm(site, page)
    press(page, "confirm")


def _deleted(site: PagesSite, page: Page) -> None:
    _confirm(site, page)
    press(page, "delete")


def _available(site: PagesSite, page: Page) -> None:
    _confirm(site, page)
    site.store.stock("KETTLE", 3)
    press(page, "confirm")


def _told(site: PagesSite, page: Page) -> None:
    site.open(page, site.store.confirm_path(site.story.told))


def _too_late(site: PagesSite, page: Page) -> None:
    _confirm(site, page)
    press(page, "delete")
    _confirm(site, page)


def _stop(site: PagesSite, page: Page) -> None:
    site.open(page, site.store.unsubscribe_path(site.story.shirt))


def _stopped(site: PagesSite, page: Page) -> None:
    _stop(site, page)
    press(page, "stop")


def _stale(site: PagesSite, page: Page) -> None:
    _stop(site, page)
    site.clock.advance(timedelta(hours=2))
    press(page, "stop")


def _manage(site: PagesSite, page: Page) -> None:
    site.open(page, site.store.manage_path(site.story.ann))


def _manage_open(site: PagesSite, page: Page) -> None:
    _manage(site, page)
    page.locator("summary").first.click()


def _manage_said(site: PagesSite, page: Page) -> None:
    _manage_open(site, page)
    click(page, "button[name=days][value='90']:visible")


def _manage_trouble(site: PagesSite, page: Page) -> None:
    _manage_open(site, page)
    page.locator("input[name=address]:visible").fill("nonsense@")
    with page.expect_navigation(wait_until="load"):
        page.locator("input[name=address]:visible").press("Enter")


def _manage_unconfirmed(site: PagesSite, page: Page) -> None:
    site.open(page, site.store.manage_path(site.story.ben))


def _manage_empty(site: PagesSite, page: Page) -> None:
    _manage_unconfirmed(site, page)
    press(page, "stop_all")
    press(page, "stop_all")


def _erase(site: PagesSite, page: Page) -> None:
    _manage(site, page)
    press(page, "erase")


def _erased(site: PagesSite, page: Page) -> None:
    _erase(site, page)
    press(page, "erase")


def _keep(site: PagesSite, page: Page) -> None:
    site.open(page, site.token("k", Purpose.KEEP, site.story.spoon))


def _kept(site: PagesSite, page: Page) -> None:
    _keep(site, page)
    press(page, "keep")


def _hold(site: PagesSite, page: Page) -> None:
    site.open(page, site.token("h", Purpose.HOLD, site.hold()))


def _released(site: PagesSite, page: Page) -> None:
    _hold(site, page)
    press(page, "release")


def _form(site: PagesSite, page: Page) -> None:
    site.open(page, f"/f/{KETTLE}?product=SHIRT&lang={site.locale}")


def _form_wrong(site: PagesSite, page: Page) -> None:
    _form(site, page)
    page.fill("#email", "ann@")
    page.fill("#quantity", "2")
    click(page, "main button")


def _form_sms(site: PagesSite, page: Page) -> None:
    site.open(page, f"/f/{KETTLE}?variant=TEAPOT&lang={site.locale}")
    page.locator("input[name=medium][value=sms]").check()


def _form_done(site: PagesSite, page: Page) -> None:
    _form(site, page)
    page.fill("#email", "carla@example.com")
    click(page, "main button")


def _form_partly(site: PagesSite, page: Page) -> None:
    site.store.stock("M", 4)
    _form(site, page)


def _form_there(site: PagesSite, page: Page) -> None:
    site.open(page, f"/f/{KETTLE}?variant=LID&lang={site.locale}")


def _link(site: PagesSite, page: Page) -> None:
    site.open(page, f"/f/{KETTLE}/link")


def _link_done(site: PagesSite, page: Page) -> None:
    _link(site, page)
    page.fill("#address", "ann@example.com")
    click(page, "main button")


def _bad_link(site: PagesSite, page: Page) -> None:
    site.open(page, "/c/not-a-link")


PAGES: dict[str, Callable[[PagesSite, Page], None]] = {
    "confirm": _confirm,
    "confirmed": _confirmed,
    "deleted": _deleted,
    "available": _available,
    "told": _told,
    "too-late": _too_late,
    "stop": _stop,
    "stopped": _stopped,
    "stale": _stale,
    "manage": _manage,
    "manage-open": _manage_open,
    "manage-said": _manage_said,
    "manage-trouble": _manage_trouble,
    "manage-unconfirmed": _manage_unconfirmed,
    "manage-empty": _manage_empty,
    "erase": _erase,
    "erased": _erased,
    "keep": _keep,
    "kept": _kept,
    "hold": _hold,
    "released": _released,
    "form": _form,
    "form-wrong": _form_wrong,
    "form-sms": _form_sms,
    "form-done": _form_done,
    "form-partly": _form_partly,
    "form-there": _form_there,
    "link": _link,
    "link-done": _link_done,
    "bad-link": _bad_link,
}
