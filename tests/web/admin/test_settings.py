"""Settings in the admin: seen, changed, refused by name, taken back, and never a secret shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from notifier import config as notifier_config
from notifier.domain.rights import Role
from notifier.i18n import available_locales
from notifier.services.describe_settings import Describer
from notifier.services.env import Env, open_env
from notifier.store.session import Database
from notifier.web.admin.page import words_of
from notifier.web.admin.settings import ELSEWHERE, PAGES, PARTS, SERVICE
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.timing import SettableClock
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import Storefront, config

HERE = "/kettle/settings"
HIDDEN = "correct horse battery staple"
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
FEED = b"id,availability,title\nS,in stock,Shirt\n"
FIELDS = ".//input[@name and not(@disabled)] | .//textarea[@name and not(@disabled)]"


@pytest.fixture
def engine_name() -> str:
    """Where the databases differ is held by tests/service/test_settings.py."""
    return "sqlite"


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    """Sources and webhooks may be on this machine."""
    service = {"allow_private_addresses": True, "allow_http": True}
    return open_env(config(tmp_path, service=service), clock=clock, db=database)


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with serving() as server:
        server.replies["/feed.csv"] = Reply(body=FEED, headers={"Content-Type": "text/csv"})
        yield server


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as server:
        yield server


def fill_in(seen: Seen, **values: Any) -> dict[str, Any]:
    """What a browser would send for the form of the page, with these fields changed."""
    [form] = seen.tree.xpath("//form[.//input[@name='seen'] and not(@id)]")
    data: dict[str, Any] = {}
    for one in form.xpath(FIELDS):
        if one.get("type") != "checkbox" or one.get("checked") is not None:
            data[one.get("name")] = one.get("value") or (one.text or "").removeprefix("\n")
    for one in form.xpath(".//select[@name]"):
        data[one.get("name")] = (
            one.xpath("option[@selected]/@value") or one.xpath("option/@value")
        )[0]
    data.pop("csrf_token")
    for name, value in values.items():
        data[{"called": "name", "slug": "slug"}.get(name, f"s.{name}")] = value
    return {name: value for name, value in data.items() if value is not None}


def change(admin: Admin, path: str, **values: Any) -> Seen:
    """Open a page, change these fields (None: untick) and save."""
    return admin.post(HERE + path, fill_in(admin.get(HERE + path), **values))


def problem(seen: Seen, name: str) -> str:
    return str(seen.tree.xpath(f"string(//*[@id='problem-{name}'])"))


def stored(env: Env) -> dict[str, Any]:
    with env.db.read() as tx:
        rows = tx.execute(text("SELECT path, value FROM settings")).all()
    return {row.path: row.value for row in rows}


def test_every_page_opens_for_owners_only(admin: Admin) -> None:
    sender = admin.as_(Role.SENDER)
    for path in ALL:
        seen = admin.get(HERE + path)
        assert (seen.status, bool(seen.heading)) == (200, True), path
        assert sender.get(HERE + path).status == 403, path


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/shop", {}),
        ("/shops", {"slug": "x"}),
        ("/shops/remove", {"slug": "cups"}),
        ("/sources/new?kind=push", {"name": "x"}),
        ("/channels/of/mail", {}),
        ("/channels/of/mail/check", {}),
        ("/channels/of/mail/test", {}),
        ("/channels/of/mail/remove", {}),
        ("/keys", {"name": "x", "scopes": "*"}),
        ("/keys/revoke", {"name": "server"}),
        ("/keys/push", {}),
        ("/webhooks/new", {"name": "x"}),
    ],
)
def test_nobody_else_and_no_other_page_changes_anything(
    admin: Admin, path: str, data: dict[str, Any]
) -> None:
    assert admin.as_(Role.SENDER).post(HERE + path, data).status == 403
    assert admin.post(HERE + path, {**data, "csrf_token": None}).status == 403
    assert stored(admin.env) == {}


def test_who_owns_some_shops_sets_those_only(admin: Admin) -> None:
    some = admin.as_(Role.OWNER, shops=("kettle",))
    assert some.get(f"{HERE}/shop").status == 200
    assert some.get("/cups/settings/shop").status == 404
    for path in ("/limits", "/channels", "/channels/of/mail", "/shops"):
        assert some.get(HERE + path).status == 403, path


def test_only_what_was_changed_is_written_and_counts_at_once(admin: Admin, env: Env) -> None:
    assert change(admin, "/shop", name="Kettles", locales="en\nde").status == 303
    assert change(admin, "/consent", double_opt_in=None).status == 303
    assert change(admin, "/release", rate="2,5", interval="45m").status == 303
    assert change(admin, "/limits", max_active="7").status == 303
    assert change(admin, "/retention").status == 303

    own = env.shop("kettle").config
    assert (own.name, own.locales, own.double_opt_in) == ("Kettles", ("en", "de"), False)
    assert (own.release.rate, own.release.interval) == (2.5, timedelta(minutes=45))
    assert own.origins == ("https://kettle.example",)
    assert env.config.limits.max_active == 7
    assert set(stored(env)) == {
        "shops/kettle/name",
        "shops/kettle/locales",
        "shops/kettle/double_opt_in",
        "shops/kettle/release/rate",
        "shops/kettle/release/interval",
        "limits/max_active",
    }


def test_a_field_goes_back_to_the_file_and_all_is_in_the_history(admin: Admin, env: Env) -> None:
    change(admin, "/shop", name="Kettles")
    seen = admin.get(f"{HERE}/shop")
    assert "back to the file: Name" in seen.said
    [number] = seen.tree.xpath("//form[@id='back']//input[@name='seen']/@value")

    assert admin.post(f"{HERE}/shop", {"seen": number, "back": "name"}).status == 303

    assert env.shop("kettle").config.name == "Kettle & Co"
    rows = admin.get(f"{HERE}/history?limit=1")
    assert "shops/kettle/name Kettles–" in rows.said
    [following] = rows.tree.xpath("//a[@rel='next']/@href")
    assert "shops/kettle/name –Kettles" in admin.get(following.removeprefix("/admin")).said


@pytest.mark.parametrize(
    ("path", "name", "value", "says"),
    [
        ("/shop", "origins", "https://a.example/", "trailing slash"),
        ("/shop", "origins", "*", "not the address of a shop"),
        ("/shop", "time_zone", "Mars/Phobos", "not a time zone"),
        ("/shop", "name", "", "at least 1"),
        ("/shop", "country", "Germany", "at most 2"),
        ("/look", "accent", "red; } body {", "not a colour"),
        ("/consent", "subscription_lifetime", "0s", "1s or more"),
        ("/consent", "subscription_lifetime", "soon", "not a length of time"),
        ("/consent", "subscription_lifetime", "9999999999999999999d", "hundred years"),
        ("/consent", "proof_of_work", "maybe", "one of those shown"),
        ("/release", "rate", "inf", "not a number"),
        ("/release", "rate", "1e9", "not a number"),
        ("/release", "rate", "0", "more than 0."),
        ("/release", "size", "2.5", "not a whole number"),
        ("/release", "size", "9" * 30, "not a whole number"),
        ("/limits", "max_active", "", "write a number"),
        ("/limits", "max_active", "\u0663", "not a whole number"),
        ("/retention", "ended", "-1d", "not a length of time"),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field_and_kept(
    admin: Admin, path: str, name: str, value: str, says: str
) -> None:
    seen = change(admin, path, **{name: value})
    assert seen.status == 422
    assert says in problem(seen, name)
    [field] = seen.tree.xpath(f"//*[@id='s-{name}']")
    assert field.get("aria-invalid") == "true"
    if field.tag != "select":
        assert (field.get("value") or (field.text or "").strip() or "") == value
    assert stored(admin.env) == {}


def test_who_saves_second_is_told_and_overwrites_nothing_unseen(admin: Admin, env: Env) -> None:
    mine = fill_in(admin.get(f"{HERE}/shop"), name="Pots")
    change(admin.as_(Role.OWNER), "/shop", name="Kettles", url="https://new.example")

    seen = admin.post(f"{HERE}/shop", mine)

    assert seen.status == 409
    assert "saved meanwhile" in seen.said
    assert env.shop("kettle").config.name == "Kettles"
    again = fill_in(seen)
    assert (again["s.name"], again["s.url"]) == ("Pots", "https://new.example")
    assert admin.post(f"{HERE}/shop", again).status == 303
    assert env.shop("kettle").config.name == "Pots"
    assert env.shop("kettle").config.url == "https://new.example"
    assert admin.post(f"{HERE}/shop", {**mine, "seen": "x"}).status == 422


def test_another_page_is_not_meanwhile(admin: Admin, env: Env) -> None:
    mine = fill_in(admin.get(f"{HERE}/shop"), name="Pots")
    change(admin, "/look", reply_to="ask@kettle.example")
    assert admin.post(f"{HERE}/shop", mine).status == 303
    assert env.shop("kettle").config.reply_to == "ask@kettle.example"


def test_what_the_environment_set_is_shown_and_not_to_be_changed(admin: Admin, env: Env) -> None:
    env.file_config = env.file_config.model_copy()
    env.file_config._from_environment = frozenset({("limits", "max_active")})

    seen = admin.get(f"{HERE}/limits")
    assert "set by the environment" in seen.said
    assert seen.tree.xpath("//input[@id='s-max_active']/@disabled")
    data = {**fill_in(seen), "was.max_active": "100", "s.max_active": "5"}
    admin.post(f"{HERE}/limits", data)

    assert env.config.limits.max_active == 100
    assert stored(env) == {}


def test_a_shop_added_here_works_at_once(
    store: Storefront, admin: Admin, env: Env, client: FlaskClient
) -> None:
    made = change(
        admin, "/shops", slug="pots", name="Pots", origins="https://pots.example", country="GB"
    )
    assert made.status == 303
    assert "/pots/settings" in made.location
    key = env.shop("pots").config.public_key
    for origin, allowed in (("https://pots.example", True), ("https://eve.example", False)):
        answer = client.options("/api/v1/subscriptions", headers=asks_from(origin))
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
    store.stock("S", 0, shop="pots")
    asked = f"/api/v1/availability?key={key}&variant=S"
    assert client.get(asked, headers={"Origin": "https://pots.example"}).status_code == 200

    assert change(admin, "/shops", slug="pots", name="Again").status == 422
    assert "already" in problem(change(admin, "/shops", slug="kettle", name="Again"), "slug")
    assert change(admin, "/shops", slug="a/b", name="Again").status == 422
    assert admin.post(f"{HERE}/shops/remove", {"slug": "kettle"}).status == 404
    assert admin.post(f"{HERE}/shops/remove", {"slug": "pots"}).status == 303
    assert "pots" not in env.shops


def asks_from(origin: str) -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": "POST"}


# ---- channels ----


def add_mail(admin: Admin, **values: Any) -> Seen:
    given = {
        "called": "post",
        "host": "smtp.example",
        "from_address": "Kettle <hello@kettle.example>",
        "password": HIDDEN,
        "username": "kettle",
        **values,
    }
    return change(admin, "/channels/new?kind=email_smtp", **given)


def test_a_channel_is_added_by_its_own_form(admin: Admin, env: Env) -> None:
    assert add_mail(admin, port="465", security="tls").status == 303
    assert env.config.channels["post"].settings == {
        "host": "smtp.example",
        "from_address": "Kettle <hello@kettle.example>",
        "password": HIDDEN,
        "username": "kettle",
        "port": 465,
        "security": "tls",
    }
    assert add_mail(admin).status == 422
    assert admin.post(f"{HERE}/channels/of/post/remove").status == 303
    assert "post" not in env.config.channels


@pytest.mark.parametrize(
    ("values", "name", "says"),
    [
        ({"port": "70000"}, "port", "70000"),
        ({"host": ""}, "host", ""),
        ({"security": "ssl"}, "security", "one of those shown"),
        ({"from_address": "nobody"}, "from_address", "nobody"),
        ({"called": "../etc"}, "name", "cannot be a name"),
        ({"called": "mail"}, "name", "already"),
    ],
)
def test_a_channel_that_could_not_send_is_not_saved(
    admin: Admin, values: dict[str, str], name: str, says: str
) -> None:
    seen = add_mail(admin, **values)
    assert seen.status == 422
    assert says in problem(seen, name)
    assert problem(seen, name)
    assert HIDDEN not in seen.text
    assert stored(admin.env) == {}


def test_no_file_of_the_machine_is_named_here(admin: Admin, env: Env) -> None:
    assert admin.get(f"{HERE}/channels/new?kind=log_file").status == 422
    assert "only in the configuration file" in admin.get(f"{HERE}/channels/of/mail").said
    was = env.config.channels["mail"].settings["path"]
    data = {**fill_in(admin.get(f"{HERE}/channels/of/mail")), "was.path": "", "s.path": "/etc/x"}
    admin.post(f"{HERE}/channels/of/mail", data)
    assert env.config.channels["mail"].settings["path"] == was


def test_a_password_does_not_follow_to_another_server(admin: Admin, env: Env) -> None:
    add_mail(admin)
    page = "/channels/of/post"
    seen = change(admin, page, host="eve.example")
    assert seen.status == 422
    assert "Enter it again" in problem(seen, "password")
    assert env.config.channels["post"].settings["host"] == "smtp.example"
    assert change(admin, page, host="new.example", password="another").status == 303
    assert change(admin, page, port="2525").status == 303
    assert env.config.channels["post"].settings["password"] == "another"


def test_a_channel_is_checked_and_sends_a_test_to_oneself(
    store: Storefront, admin: Admin, env: Env
) -> None:
    assert "Letters are written to" in admin.post(f"{HERE}/channels/of/mail/check").said
    assert (
        "The provider took it"
        in admin.post(f"{HERE}/channels/of/sms/test", {"to": "+4915112345678"}).said
    )
    assert admin.post(f"{HERE}/channels/of/sms/test", {"to": "12"}).status == 422
    add_mail(admin, host="127.0.0.1", port="1", security="none", username="", password="")
    assert "wrong" in admin.post(f"{HERE}/channels/of/post/check").said
    used = admin.post(f"{HERE}/channels/of/none/check")
    assert used.status == 404


# ---- sources ----


def test_a_source_is_added_looked_at_and_removed(admin: Admin, env: Env, feeds: FeedServer) -> None:
    new, feed = "/sources/new?kind=feed", feeds.url("/feed.csv")
    assert change(admin, new, called="erp", url=feed, password=HIDDEN).status == 303
    assert env.shop("kettle").config.sources["erp"].settings["url"] == feed

    seen = admin.post(f"{HERE}/sources/of/erp/look")

    assert "Variants read: 1, of them in stock: 1" in seen.said
    with env.db.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM variants")).scalar_one() == 0
    assert HIDDEN not in seen.text
    assert change(admin, "/sources/of/erp", url=feeds.url("/gone"), password="x").status == 303
    assert "404" in admin.post(f"{HERE}/sources/of/erp/look").said
    assert admin.post(f"{HERE}/sources/of/erp/remove").status == 303
    assert env.shop("kettle").config.sources == {}


@pytest.mark.parametrize(
    ("kind", "values", "name"),
    [
        ("feed", {"url": ""}, "url"),
        ("feed", {"url": "https://x.example/feed", "columns": "no sign"}, "columns"),
        ("feed", {"url": "https://x.example/feed", "every": "0s"}, "every"),
        ("feed", {"url": "https://x.example/feed", "min_share": "200"}, "min_share"),
        ("page", {"urls": "https://x.example/p", "seconds_between": "0"}, "seconds_between"),
        ("page", {"urls": "https://x.example/p", "rule": "in_stok = .x :: yes"}, "rule"),
    ],
)
def test_a_source_that_could_not_be_read_is_not_saved(
    admin: Admin, kind: str, values: dict[str, str], name: str
) -> None:
    seen = change(admin, f"/sources/new?kind={kind}", called="erp", **values)
    assert seen.status == 422
    assert problem(seen, name), seen.said
    assert stored(admin.env) == {}


@pytest.mark.parametrize(
    ("written", "kept"),
    [("2", 0.02), ("0,3 %", 0.003), ("7.1", 0.071), ("0", 0.0), ("100", 1.0), ("29%", 0.29)],
)
def test_a_share_is_shown_and_written_in_per_cent(
    admin: Admin, env: Env, written: str, kept: float
) -> None:
    first = admin.get(f"{HERE}/brake").tree.xpath("//input[@name='s.bounce_share']/@value")
    assert first == ["5"]  # the file says nothing, which is 0.05

    assert change(admin, "/brake", bounce_share=written).status == 303

    assert env.shop("kettle").config.brake.bounce_share == kept
    [again] = admin.get(f"{HERE}/brake").tree.xpath("//input[@name='s.bounce_share']/@value")
    assert again == written.removesuffix("%").strip().replace(",", ".")
    assert change(admin, "/brake", bounce_share=again).status == 303
    assert env.shop("kettle").config.brake.bounce_share == kept


@pytest.mark.parametrize("written", ["101", "-1", "", "five", "0.05.1", "%"])
def test_what_is_no_share_is_not_saved(admin: Admin, written: str) -> None:
    seen = change(admin, "/brake", bounce_share=written)
    assert seen.status == 422
    assert problem(seen, "bounce_share")


# ---- keys and webhooks ----


def test_a_key_is_shown_once_works_at_once_and_is_revoked(
    admin: Admin, env: Env, client: FlaskClient
) -> None:
    seen = admin.post(f"{HERE}/keys", {"name": "erp", "scopes": "stock:write"})
    [key] = seen.tree.xpath("//input[@id='secret']/@value")
    assert key not in admin.get(f"{HERE}/keys").text
    assert push(client, key) == 200
    for wrong in ({"name": "erp", "scopes": "*"}, {"name": "x"}, {"name": "x", "scopes": "root"}):
        assert admin.post(f"{HERE}/keys", wrong).status == 422
    from_file = env.shop("kettle").config.keys["server"].secret
    assert push(client, from_file) == 200

    for name in ("erp", "server"):
        assert admin.post(f"{HERE}/keys/revoke", {"name": name}).status == 303

    assert (push(client, key), push(client, from_file)) == (401, 401)
    assert "revoked" in admin.get(f"{HERE}/keys").said
    assert admin.post(f"{HERE}/keys/revoke", {"name": "none"}).status == 404


def push(client: FlaskClient, key: str) -> int:
    answer = client.post(
        "/api/v1/stock",
        json={"observations": [{"variant": "S", "quantity": 1, "availability": "in_stock"}]},
        headers={"Authorization": f"Bearer {key}"},
    )
    return int(answer.status_code)


def test_push_secrets_overlap_while_one_takes_the_place_of_another(admin: Admin, env: Env) -> None:
    made = [
        admin.post(f"{HERE}/keys/push").tree.xpath("//input[@id='secret']/@value")[0]
        for _ in range(3)
    ]
    assert env.shop("kettle").config.push_secrets == (made[2], made[1])
    admin.post(f"{HERE}/keys/push/forget")
    assert env.shop("kettle").config.push_secrets == (made[2],)


def test_a_webhook_is_added_tried_logged_and_sent_again(
    store: Storefront, admin: Admin, env: Env, receiver: WebhookReceiver
) -> None:
    seen = change(admin, "/webhooks/new", called="erp", url=receiver.url, events="release.finished")
    [secret] = seen.tree.xpath("//input[@id='secret']/@value")
    one = f"{HERE}/webhooks/of/erp"
    assert "Nothing was sent to it yet" in admin.get(one).said

    assert admin.post(f"{one}/ping").status == 303
    assert "notifier.ping" in admin.get(one).said
    assert "waiting" in admin.get(f"{one}?part=log").said
    [number] = [row["id"] for row in hook_rows(env)]
    assert not admin.get(one).tree.xpath("//button[@name='delivery']")
    store.send()

    assert "taken" in admin.get(one).said
    assert admin.post(f"{one}/again", {"delivery": number}).status == 303
    store.send()
    assert len(receiver.events) == 2
    assert "taken" in admin.get(f"{HERE}/webhooks").said
    for wrong in ("-1", "x", "9" * 30):
        assert admin.post(f"{one}/again", {"delivery": wrong}).status == 422
    assert admin.post(f"{one}/again", {"delivery": number + 1}).status == 409

    # a new secret: the old one signs beside it
    rotated = admin.post(f"{one}/secret").tree.xpath("//input[@id='secret']/@value")[0]
    assert rotated != secret
    admin.post(f"{one}/ping")
    store.send()
    assert len(receiver.events[-1].headers["webhook-signature"].split()) == 2
    assert admin.post(f"{one}/remove").status == 303
    assert admin.get(one).status == 404


def hook_rows(env: Env) -> list[dict[str, Any]]:
    with env.db.read() as tx:
        rows = tx.execute(text("SELECT id, state FROM messages WHERE medium = 'webhook'"))
        return [dict(row._mapping) for row in rows]


def test_no_page_log_or_row_holds_a_secret_once_it_is_set(
    admin: Admin, env: Env, capsys: pytest.CaptureFixture[str]
) -> None:
    add_mail(admin)
    change(admin, "/sources/new?kind=feed", called="erp", url="https://f.example/x", bearer=HIDDEN)
    change(
        admin,
        "/channels/new?kind=sms_twilio",
        called="text",
        account_sid="AC" + "0" * 32,
        auth_token=HIDDEN,
        signing_keys=f"one={HIDDEN}",
        from_number="+12125550100",
    )
    admin.post(f"{HERE}/keys", {"name": "erp", "scopes": "*"})
    change(admin, "/webhooks/new", called="erp", url="https://h.example/x")
    secrets = {
        HIDDEN,
        env.shop("kettle").config.keys["erp"].secret,
        env.shop("kettle").config.keys["server"].secret,
        (env.shop("kettle").config.webhooks["erp"].model_extra or {})["secret"],
    }
    pages = [*ALL, "/channels/of/post", "/channels/of/text", "/sources/of/erp", "/webhooks/of/erp"]
    seen = "".join(admin.get(HERE + path).text for path in pages)
    seen += admin.get("/-/audit").text + capsys.readouterr().out
    with env.db.read() as tx:
        for table in ("settings", "setting_changes", "ledger"):
            seen += str(tx.execute(text(f"SELECT * FROM {table}")).all())
    assert [one for one in secrets if one in seen] == []
    assert "secret set" in admin.get(f"{HERE}/history").said


def test_what_was_signed_in_long_ago_must_be_shown_again_before_keys_are_made(
    admin: Admin, env: Env
) -> None:
    env.clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]
    for path in ("/keys", "/webhooks/new", "/channels/of/mail", "/sources/of/x/remove", "/shops"):
        assert "/confirm" in admin.post(HERE + path, {"name": "x", "scopes": "*"}).location, path
    assert stored(env) == {}


def test_every_field_is_called_something_in_every_language(env: Env) -> None:
    describer = Describer(env)
    shop = ("shops", "kettle")
    fields = [
        *describer.section(notifier_config.Shop, shop, group="shop"),
        *(one for kind in ("feed", "page") for one in describer.source(kind, (*shop, "-", "-"))),
        *(
            one
            for kind in ("email_smtp", "sms_twilio", "log_file")
            for one in describer.channel(kind, ("channels", "-"))
        ),
        *describer.webhook((*shop, "webhooks", "-")),
    ]
    for name, model in PARTS.items():
        fields += describer.section(model, (*shop, name), group=name)
    for name, (part, names) in SERVICE.items():
        fields += describer.section(part, (name,), group=name, names=names)
    for locale in available_locales():
        words = words_of("settings_fields", locale)
        needed = "" if locale == "en" else " | "  # English helps are those of the file
        missing = {
            f"{one.group}_{one.name}"
            for one in fields
            if one.name not in ELSEWHERE
            and not (needed in words.get(f"{one.group}_{one.name}", "") != "")
        }
        assert missing == set(), locale
        known = {f"{one.group}_{one.name}" for one in fields}
        assert set(words) - known == set(), "words of fields that are not there"
