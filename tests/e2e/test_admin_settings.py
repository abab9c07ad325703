"""A webhook from nothing to its first event, by hand: added, tried, seen in its log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from notifier.services.env import use_config
from tests.e2e.faults import find_faults_light_and_dark
from tests.fakes.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.admin_site import AdminSite

pytestmark = pytest.mark.e2e


def test_a_webhook_is_added_tried_and_seen_in_its_log(admin_site: AdminSite, olga: Page) -> None:
    allow_this_machine(admin_site)
    with WebhookReceiver() as receiver:
        # when Olga adds a webhook, at first with a slip
        olga.goto(admin_site.url("/kettle/settings"))
        olga.get_by_role("link", name=re.compile("^Webhooks")).click()
        olga.get_by_role("link", name="Add a webhook").click()
        olga.get_by_label("Name").fill("erp")
        olga.get_by_role("textbox", name="Address").fill("erp.kettle.example")
        olga.get_by_role("button", name="Add", exact=True).click()
        olga.get_by_text("is not a web address").wait_for()
        assert find_faults_light_and_dark(olga) == ""
        olga.get_by_label("Name").fill("erp")
        olga.get_by_role("textbox", name="Address").fill(receiver.url)
        olga.get_by_role("button", name="Add", exact=True).click()

        # then the secret is shown once
        secret = olga.get_by_label("Secret").input_value()
        assert secret.startswith("whsec_")
        olga.get_by_role("link", name="I have it").click()

        # and a test event goes the way of every event; the log renews itself
        olga.get_by_role("button", name="Send a test event").click()
        log = olga.get_by_role("table")
        log.get_by_text("notifier.ping", exact=True).wait_for()
        log.get_by_text("waiting").wait_for()
        admin_site.store.send()
        log.get_by_text("taken").wait_for()
        assert [event.headers["webhook-id"] != "" for event in receiver.events] == [True]
        assert find_faults_light_and_dark(olga) == ""
        assert secret not in olga.content()


def allow_this_machine(site: AdminSite) -> None:
    """As somebody who tries the service out has it."""
    config = site.env.file_config
    service = config.service.model_copy(
        update={"allow_private_addresses": True, "allow_http": True}
    )
    service.model_fields_set.update(("allow_private_addresses", "allow_http"))
    site.env.file_config = config.model_copy(update={"service": service})
    use_config(site.env, site.env.file_config, change=0)
