"""Does a passkey let somebody in, in a real browser with an authenticator of its own?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from notifier.domain.rights import Role
from notifier.store import accounts, passkeys
from notifier.store.tables import metadata

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.admin_site import AdminSite

pytestmark = pytest.mark.e2e


@pytest.fixture
def authenticator(olga: Page) -> Iterator[tuple[Any, str]]:
    """One that asks its holder for a finger, and finds it right; taken out again after the test,
    for the next one has the same browser."""
    devtools = olga.context.new_cdp_session(olga)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield devtools, made["authenticatorId"]
    devtools.send("WebAuthn.disable")
    devtools.detach()


def add(page: Page, site: AdminSite, name: str, *, button: str, done: str) -> None:
    """Give a passkey of this browser's authenticator a name and keep it."""
    page.goto(site.url("/-/account"))
    page.locator("#passkey-name").fill(name)
    page.get_by_role("button", name=button).click()
    page.get_by_text(done).wait_for()


def test_a_passkey_is_added_lets_in_confirms_and_is_removed(
    admin_site: AdminSite, olga: Page, authenticator: tuple[Any, str]
) -> None:
    # given Olga, signed in, with an authenticator
    person_id = admin_site.sign_in(olga)
    devtools, of_olga = authenticator

    # when she adds a passkey and signs out
    add(olga, admin_site, "My laptop", button="Add a passkey", done="The passkey is added")
    olga.context.clear_cookies()

    # then it lets her in without a word, to where she wanted
    olga.goto(admin_site.url("/-/account"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_text("with passkey").wait_for()

    # and it is enough before what is dangerous
    admin_site.clock.advance(timedelta(minutes=6))
    olga.goto(admin_site.url("/-/people/invite"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_role("heading", name="Invite somebody").wait_for()

    # and one whose holder was not asked for finger or PIN is refused
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": of_olga, "isUserVerified": False})
    olga.context.clear_cookies()
    olga.goto(admin_site.url("/-/sign-in"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_role("alert").get_by_text("That did not work").wait_for()
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": of_olga, "isUserVerified": True})

    # when she renames and removes it
    olga.get_by_role("button", name="Use a passkey").click()
    olga.wait_for_url("**/kettle/")
    olga.goto(admin_site.url("/-/account"))
    keys = olga.get_by_role("region", name="Passkeys")
    keys.get_by_text("Change").click()
    keys.get_by_label("Name").fill("Old laptop")
    keys.get_by_role("button", name="Save").click()
    olga.get_by_text("Old laptop").wait_for()
    keys.get_by_text("Change").click()
    keys.get_by_role("button", name="Remove").click()
    olga.get_by_role("dialog").get_by_role("button", name="Remove").click()
    olga.get_by_text("The passkey is gone").wait_for()

    # then it lets nobody in any more
    olga.context.clear_cookies()
    olga.goto(admin_site.url("/-/sign-in"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_text("This passkey is not known here").wait_for()
    with admin_site.env.db.read() as tx:
        account = accounts.find_account(tx, person_id)
        assert account is not None
        assert passkeys.list_passkeys(tx, account.id) == []


def test_a_wrong_authenticator_lets_nobody_in_and_says_so(
    admin_site: AdminSite, olga: Page, authenticator: tuple[Any, str]
) -> None:
    # given Ben's passkey, in the authenticator of this browser
    admin_site.sign_in(olga, Role.SENDER, locale="de")
    devtools, of_ben = authenticator
    add(olga, admin_site, "Handy", button="Passkey hinzufügen", done="Der Passkey ist da")

    # when he adds it again, then the device says that it is there
    olga.get_by_label("Wie nennen Sie ihn?").fill("Noch einmal")
    olga.get_by_role("button", name="Passkey hinzufügen").click()
    alert = olga.get_by_role("region", name="Passkeys").get_by_role("alert")
    alert.get_by_text("Dieses Gerät hat schon einen Passkey").wait_for()

    # when Olga is to show that it is she, then his does not do
    olga.context.clear_cookies()
    admin_site.sign_in(olga)
    admin_site.clock.advance(timedelta(minutes=6))
    olga.goto(admin_site.url("/-/people/invite"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_text("This passkey is not known here.").wait_for()

    # nor one that was removed from his account meanwhile
    admin_site.env.db.retry(lambda tx: tx.execute(metadata.tables["passkeys"].delete()))
    olga.context.clear_cookies()
    olga.goto(admin_site.url("/-/sign-in"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_text("This passkey is not known here.").wait_for()

    # nor an authenticator that has none: it is told beneath the button, and the password is there
    devtools.send("WebAuthn.clearCredentials", {"authenticatorId": of_ben})
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_role("alert").get_by_text("That did not work").wait_for()
    assert olga.get_by_label("Password", exact=True).is_enabled()


def test_who_has_as_many_as_there_may_be_reads_why_no_more_are_added(
    admin_site: AdminSite,
    olga: Page,
    authenticator: tuple[Any, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del authenticator  # it is there
    monkeypatch.setattr("notifier.services.passkeys.MOST", 1)
    admin_site.sign_in(olga)
    add(olga, admin_site, "My laptop", button="Add a passkey", done="The passkey is added")

    olga.get_by_label("What do you call it?").fill("One more")
    olga.get_by_role("button", name="Add a passkey").click()

    keys = olga.get_by_role("region", name="Passkeys")
    keys.get_by_role("alert").get_by_text("There are 1 already. Remove one first.").wait_for()
