"""Where do the browser tests of the admin work? Both apps on a port, and a week in them."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server

from notifier.domain.rights import Role
from notifier.services.env import open_env
from notifier.services.order_given import LineSaid, OrderSaid, read_order
from notifier.services.session_of import open_session
from notifier.services.take_orders import take_order
from notifier.store import accounts
from notifier.store.session import Database
from notifier.web.site import create_site
from tests.databases import SqliteTemplate
from tests.e2e.pages_site import tell_story
from tests.timing import SettableClock
from tests.web.storefront import RENDERER, Storefront, config

if TYPE_CHECKING:
    from playwright.sync_api import Page


class AdminSite:
    """The admin at `origin`/admin/. `site.sign_in(page)` gives the browser Olga's session."""

    def __init__(self, template: SqliteTemplate, folder: Path, **kettle: Any) -> None:
        self.clock = SettableClock()
        self.server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        # browsers offer passkeys and the clipboard on localhost, not on a bare address
        self.origin = f"http://localhost:{self.server.server_port}"
        settings = config(folder, service={"public_url": self.origin}, kettle=kettle)
        db = Database(template.copy_to(folder / "notifier.db"))
        self.env = open_env(settings, clock=self.clock, db=db)
        self.store = Storefront(env=self.env, folder=folder)
        self.server.app = create_site(self.env, RENDERER)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.env.db.close()

    def url(self, path: str) -> str:
        """The whole address of a page of the admin, e.g. of `/kettle/`."""
        return f"{self.origin}/admin{path}"

    def sign_in(self, page: Page, role: Role = Role.OWNER, *, locale: str = "en") -> int:
        """This browser is that of somebody of this role; the account's id."""

        def work(tx: Any) -> tuple[int, str]:
            person_id = accounts.add_account(
                tx,
                email=f"{role.value}@kettle.example",
                name="Olga" if role is Role.OWNER else role.value.title(),
                role=role.value,
                shops=(),
                locale=locale,
                user_handle=role.value,
                now=self.env.now(),
            )
            if person_id is None:
                found = accounts.find_by_email(tx, f"{role.value}@kettle.example")
                assert found is not None
                person_id = found.id
            return person_id, open_session(self.env, tx, person_id)

        person_id, token = self.env.db.retry(work)
        page.context.add_cookies([{"name": "notifier_admin", "value": token, "url": self.origin}])
        return person_id

    def tell_story(self) -> None:
        """A week of the shop: sign-ups, a release, orders that wait. Sessions are over after it."""
        tell_story(self.store, locale="en")
        self.clock.advance(timedelta(days=1))
        for number in range(12):
            self.store.wait("M", f"guest{number}@example.com")
            self.clock.advance(timedelta(hours=7))
        self.store.stock("M", 4)
        self.store.send()
        self.clock.advance(timedelta(days=1))
        for number, days in enumerate((1, 9), 1):
            said = OrderSaid(
                ref=f"#10{number}",
                completed_at=(self.env.now() - timedelta(days=days)).isoformat(),
                country="US",
                zone="America/New_York",
                email="ann@example.com",
                lines=[LineSaid(ref="1", variant="S", quantity=number)],
            )
            shop = self.store.shop
            given = read_order(
                said,
                shop_zone=shop.config.time_zone,
                currency=shop.config.currency,
                now=self.env.now(),
            )
            take_order(self.env, shop, given, source="api:kettle/server")
        self.store.send()
