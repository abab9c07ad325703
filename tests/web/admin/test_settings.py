"""Settings in the admin: seen, changed, refused by name, taken back, and never a secret shown."""

from __future__ import annotations

import re
from typing import Any

import pytest

from notifier.domain.rights import Role
from notifier.log import mask
from notifier.services.env import Env, open_env
from notifier.services.settings import refresh
from notifier.web.admin.settings import PAGES, SERVICE
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import Storefront

HERE = "/kettle/settings"
ALL = [
    "",
    *(f"/{name}" for name in (*PAGES, *SERVICE)),
    "/history",
    "/shops",
    "/sources",
    "/sources/new?kind=feed",
    "/sources/new?kind=page",
    "/sources/new?kind=push",
    "/channels",
    "/channels/new?kind=email_smtp",
    "/channels/new?kind=sms_twilio",
    "/channels/of/mail",
    "/keys",
    "/webhooks",
    "/webhooks/new",
]


def fill_in(seen: Seen, **values: Any) -> dict[str, Any]:
    """What a browser would send for the page's form with these fields changed."""
    [form] = [
        one
        for one in seen.tree.xpath("//form")
        if one.xpath(".//input[@name='seen']") and not one.get("id")
    ]
    data: dict[str, Any] = {}
    for one in form.xpath(
        ".//input[@name and not(@disabled)] | .//textarea[@name and not(@disabled)]"
    ):
        if one.get("type") != "checkbox" or one.get("checked") is not None:
            data[one.get("name")] = (
                one.get("value") or (one.text or "").removeprefix("\n") or one.get("value", "")
            )
    for one in form.xpath(".//select[@name]"):
        data[one.get("name")] = one.xpath("string((.//option[@selected] | .//option)[1]/@value)")
    data.pop("csrf_token", None)
    for name, value in values.items():
        data[name if name in ("name", "slug") else f"s.{name}"] = value
    return {name: value for name, value in data.items() if value is not None}


def change(admin: Admin, path: str, **values: Any) -> Seen:
    return admin.post(f"{HERE}{path}", fill_in(admin.get(f"{HERE}{path}"), **values))


@pytest.mark.parametrize("path", ALL)
def test_every_page_opens_for_owners_only(admin: Admin, path: str) -> None:
    seen = admin.get(HERE + path)
    assert seen.status == 200, seen.said
    assert seen.heading
    assert admin.as_(Role.SENDER).get(HERE + path).status == 403
