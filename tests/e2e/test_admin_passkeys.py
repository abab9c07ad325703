"""Does a passkey let somebody in, in a real browser with an authenticator of its own?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from notifier.store import accounts, passkeys

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.admin_site import AdminSite

pytestmark = pytest.mark.e2e


def plug_in(page: Page) -> tuple[Any, str]:
    """An authenticator that asks its holder for a finger, and finds it right."""
    devtools = page.context.new_cdp_session(page)
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
    return devtools, made["authenticatorId"]


def test_a_passkey_is_added_lets_in_confirms_and_is_removed(
    admin_site: AdminSite, olga: Page
) -> None:
    # given Olga, signed in, with an authenticator
    person_id = admin_site.sign_in(olga)
    devtools, authenticator = plug_in(olga)
    olga.goto(admin_site.url("/-/account"))

    # when she adds a passkey and signs out
    olga.get_by_label("What do you call it?").fill("My laptop")
    olga.get_by_role("button", name="Add a passkey").click()
    olga.get_by_text("The passkey is added").wait_for()
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
    devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    olga.context.clear_cookies()
    olga.goto(admin_site.url("/-/sign-in"))
    olga.get_by_role("button", name="Use a passkey").click()
    olga.get_by_role("alert").get_by_text("That did not work").wait_for()
    devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True}
    )

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
