"""What is set in the admin: where does it count, who wins, and what is refused?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from notifier.config_reading import load_config
from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.errors import Conflict, InvalidInput
from notifier.services.env import Env, open_env
from notifier.services.hook_log import list_deliveries, send_again, send_ping
from notifier.services.settings import AS_IN_FILE, refresh, save_settings
from notifier.store import settings, switches
from notifier.store.session import Database
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.world import ANN, BEN, SID, World

OLGA = Person(id=1, email="olga@kettle.example", name="Olga", role=Role.OWNER)
NAME = ("shops", "kettle", "name")
RATE = ("shops", "kettle", "release", "rate")


def save(env: Env, changes: dict[Any, Any], **more: Any) -> int:
    return save_settings(env, changes, by=OLGA, **more)


def another(world: World) -> Env:
    """Another process on the same database."""
    env = open_env(world.config, db=world.db, clock=world.clock)
    refresh(env)
    return env


def test_what_is_set_counts_here_and_in_other_processes_and_the_file_comes_back(
    world: World,
) -> None:
    other = another(world)
    save(world.env, {NAME: "Kettles", RATE: 5, ("limits", "max_active"): 7})

    assert world.env.shop("kettle").config.name == "Kettles"
    assert world.env.shop("kettle").config.release.rate == 5
    assert world.env.config.limits.max_active == 7
    assert other.shop("kettle").config.name == "Kettle & Co"
    assert refresh(other)
    assert other.shop("kettle").config.name == "Kettles"
    assert not refresh(other)

    save(world.env, {NAME: AS_IN_FILE})

    assert world.env.shop("kettle").config.name == "Kettle & Co"
    assert world.env.shop("kettle").config.release.rate == 5


def test_one_page_leaves_the_settings_of_another_alone(world: World) -> None:
    save(world.env, {NAME: "Kettles"})
    save(world.env, {RATE: 2})
    assert world.env.shop("kettle").config.name == "Kettles"


def test_a_shop_made_in_the_admin_is_there_at_once(world: World) -> None:
    new = {
        ("shops", "cups", "name"): "Cups",
        ("shops", "cups", "public_key"): "pk_cups_01",
        ("shops", "cups", "origins"): ["https://cups.example"],
    }
    save(world.env, new)
    assert world.env.shop("cups").config.origins == ("https://cups.example",)
    assert world.env.shop("cups").id != world.env.shop("kettle").id
    save(world.env, {("shops", "cups"): AS_IN_FILE})
    assert "cups" not in world.env.shops


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (RATE, -1, "shops/kettle/release/rate"),
        (RATE, "fast", "shops/kettle/release/rate"),
        (("shops", "kettle", "no_such"), 1, "is not a setting"),
        (("shops", "kettle", "time_zone"), "Mars/Phobos", "not a time zone"),
        (("shops", "kettle", "origins"), ["https://a.example/"], "trailing slash"),
        (("shops", "other", "locale"), "en", "is missing"),
        (("service", "secret_keys"), ["x"], "cannot be set here"),
        (("database", "url"), "sqlite://", "cannot be set here"),
        (("shops",), {}, "cannot be set here"),
        (NAME, "x" * 30_000, "longer than"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_nothing_is_stored(
    world: World, path: tuple[str, ...], value: Any, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        save(world.env, {path: value, ("limits", "max_active"): 9})
    with world.db.read() as tx:
        assert settings.all_settings(tx) == []
    assert world.env.config.limits.max_active != 9


def test_who_saves_second_is_told_who_was_first(world: World) -> None:
    with world.db.read() as tx:
        seen = settings.newest_change(tx, under=("shops/kettle",))
    save(world.env, {NAME: "Kettles"}, seen_change=seen, under=("shops/kettle",))

    with pytest.raises(Conflict, match="Olga saved meanwhile"):
        save(world.env, {NAME: "Pots"}, seen_change=seen, under=("shops/kettle",))

    assert world.env.shop("kettle").config.name == "Kettles"
    save(world.env, {("limits", "max_active"): 9}, seen_change=0, under=("limits",))


def test_a_secret_is_sealed_used_and_nowhere_readable(world: World) -> None:
    path = ("shops", "kettle", "keys", "server", "secret")
    save(world.env, {path: "sk_live_a_very_secret_key"})
    assert world.env.shop("kettle").config.keys["server"].secret == "sk_live_a_very_secret_key"
    with world.db.read() as tx:
        kept = str([*settings.all_settings(tx), *settings.latest_changes(tx, limit=9)])
        kept += str(tx.execute(text("SELECT act, facts FROM ledger")).all())
    assert "very_secret" not in kept
    assert "settings.saved" in kept


def test_the_environment_has_the_last_word(tmp_path: Path, database: Database) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[service]\nsecret_keys = ["a key that only tests would ever use"]\n'
        '[shops.kettle]\nname = "Kettle"\npublic_key = "pk_kettle"\n'
    )
    config = load_config(file, environ={"NOTIFIER__SHOPS__KETTLE__NAME": "From outside"})
    env = open_env(config, db=database)

    with pytest.raises(InvalidInput, match="environment"):
        save(env, {NAME: "Kettles"})
    save(env, {("shops", "kettle", "locale"): "de"})
    assert env.shop("kettle").config.name == "From outside"
    assert env.shop("kettle").config.locale == "de"


def test_a_setting_that_fits_no_more_is_left_out_and_the_rest_counts(world: World) -> None:
    save(world.env, {RATE: 5})
    with world.db.write() as tx:
        settings.put(tx, "shops/kettle/gone", 1, by="x", at=world.env.now())
    env = another(world)
    assert env.shop("kettle").config.release.rate == 5


def test_senders_use_a_channel_as_it_is_set_up_now(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 3)
    world.run()
    before = len(world.smtp.messages)
    with SmtpServer() as other:
        save(world.env, {("channels", "mail", "port"): other.port})
        world.see("SHIRT-M", 0)
        world.waits(BEN, "SHIRT-M")
        world.see("SHIRT-M", 3)
        world.run()
        assert len(world.smtp.messages) == before
        assert other.messages


def test_a_webhook_that_stopped_itself_is_tried_again_when_it_is_set_up_anew(world: World) -> None:
    hook = ("shops", "kettle", "webhooks", "erp")
    with WebhookReceiver() as receiver:
        receiver.answer_with(410)
        save(world.env, {(*hook, "url"): receiver.url, (*hook, "secret"): receiver.secret})
        gone = send_ping(world.env, world.shop, "erp", by=OLGA)
        world.run()
        with world.db.read() as tx:
            assert list(switches.all_off(tx, now=world.env.now())) == ["channel:webhook:kettle:erp"]

        save(world.env, {(*hook, "url"): f"{receiver.url}/new"})
        send_again(world.env, world.shop, "erp", gone, by=OLGA)
        send_ping(world.env, world.shop, "erp", by=OLGA)
        world.run()

        newest, oldest = list_deliveries(world.env, world.shop, "erp", limit=9)
        assert (newest.state, oldest.state) == ("accepted", "accepted")
        assert [event.path for event in receiver.events] == ["/hooks", "/hooks/new", "/hooks/new"]
        ids = [event.headers["webhook-id"] for event in receiver.events]
        assert ids[0] in ids[1:]
    with pytest.raises(Conflict):
        send_again(world.env, world.shop, "other", gone, by=OLGA)


def test_secrets_that_only_a_kind_knows_are_sealed_too(world: World) -> None:
    base = ("channels", "text")
    save(
        world.env,
        {
            (*base, "kind"): "sms_twilio",
            (*base, "account_sid"): SID,
            (*base, "auth_token"): "a token nobody sees",
            (*base, "from_number"): "+12125550100",
            (*base, "signing_keys"): ["one=a token nobody sees"],
        },
    )
    with world.db.read() as tx:
        kept = str([*settings.all_settings(tx), *settings.latest_changes(tx, limit=9)])
    assert "nobody sees" not in kept
    assert world.env.config.channels["text"].settings["signing_keys"] == ["one=a token nobody sees"]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("channels", "mail", "port"), 700_000, "700000"),
        (("channels", "mail", "no_such"), 1, "is not a setting"),
        (("channels", "mail", "ca_file"), "/etc/passwd", "cannot be set here"),
        (("shops", "kettle", "sources", "erp", "path"), "/etc", "cannot be set here"),
        (("channels", "new"), {"kind": "email_smtp"}, "cannot be set here"),
        (("channels", "a/b", "kind"), "email_smtp", "cannot be set here"),
        (("channels", "new", "kind"), "pigeon", "no channel of kind"),
    ],
)
def test_a_kinds_own_settings_are_checked_before_they_are_stored(
    world: World, path: tuple[str, ...], value: Any, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        save(world.env, {path: value})
