"""After a restore nothing is sent until a person has looked (trust RL-32, RL-34, FI-38)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from notifier.errors import BadToken, ConfigError
from notifier.services import people
from notifier.services.backup import backup, enter_safe_mode, leave_safe_mode, restore
from notifier.services.entry_link import open_link
from notifier.services.env import open_env
from notifier.services.people import Wanted
from notifier.services.seal import seal_ledger
from notifier.services.session_of import find_session, open_session
from notifier.store.ledger import verify
from notifier.store.session import Database
from tests.world import ANN, BEN, OLGA, World


@pytest.fixture
def backed_up(world: World, database_url: str, tmp_path: Path, engine_name: str) -> Path:
    """A backup taken while a restock waits to be sent."""
    if engine_name == "postgres" and not shutil.which("pg_dump"):
        pytest.skip("pg_dump is not installed")
    world.env.config = world.config.model_copy(
        update={"database": world.config.database.model_copy(update={"url": database_url})}
    )
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    world.run()
    world.see("SHIRT-S", 5)
    world.announce()
    target = tmp_path / "backup.db"
    assert backup(world.env.config, target) > 0
    return target


def _restored(world: World, source: Path) -> World:
    """Everything was sent after the backup; then the disk died and the backup was put back."""
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    world.sender.close()
    world.db.close()
    restore(world.env.config, source)
    db = Database(world.env.config.database_url)
    config, clock = world.env.config, world.clock
    world.db = db
    world.env = open_env(config, clock=clock, db=db)
    from notifier.services.deliver import Sender

    world.sender = Sender(world.env, world.renderer)
    return world


@pytest.mark.fault("FI-38")
def test_a_restore_sends_nothing_until_a_person_has_looked(world: World, backed_up: Path) -> None:
    _restored(world, backed_up)
    found = enter_safe_mode(world.env)
    assert found.held == 2
    assert found.ledger_broken == ()
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert leave_safe_mode(world.env, send_held=False, by="Olga") == 2
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.count("messages", "reason = 'dropped_after_restore'") == 2


@pytest.mark.fault("FI-38")
def test_held_messages_can_be_sent_on(world: World, backed_up: Path) -> None:
    _restored(world, backed_up)
    enter_safe_mode(world.env)
    leave_safe_mode(world.env, send_held=True, by="Olga")
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 2


def test_the_ledger_of_a_backup_can_be_verified(world: World, backed_up: Path) -> None:
    _restored(world, backed_up)
    seal_ledger(world.env)
    with world.db.read() as tx:
        result = verify(tx)
    assert result.broken == ()
    assert result.sealed >= 4


@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_backup_is_put_back_over_what_a_newer_program_has_added(
    world: World, backed_up: Path
) -> None:
    with world.db.write() as tx:
        tx.exec_driver_sql("CREATE TABLE newer (shop integer REFERENCES shops (id))")
        tx.exec_driver_sql("CREATE VIEW newest AS SELECT shop FROM newer")
    _restored(world, backed_up)
    assert enter_safe_mode(world.env).held == 2
    with world.db.write() as tx:  # as the newer program's migration will
        tx.exec_driver_sql("CREATE TABLE newer (shop integer REFERENCES shops (id))")


@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_backup_that_breaks_off_leaves_the_database_as_it_is(
    world: World, backed_up: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.db"
    half.write_bytes(backed_up.read_bytes()[:-4000])
    before = world.count("messages")
    with pytest.raises(ConfigError, match="failed"):
        restore(world.env.config, half)
    assert world.count("messages") == before > 0


def test_what_is_no_backup_is_refused(world: World, tmp_path: Path, engine_name: str) -> None:
    if engine_name == "postgres":
        pytest.skip("pg_restore reads the file itself")
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"this is not a database" * 100)
    with pytest.raises(ConfigError, match="not a backup"):
        restore(world.env.config, junk)


def test_a_changed_entry_of_the_ledger_is_found(world: World) -> None:
    from sqlalchemy import text

    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    seal_ledger(world.env)
    with world.db.write() as tx:
        tx.execute(text("UPDATE ledger SET act = 'withdrawn' WHERE id = 2"))
    with world.db.read() as tx:
        assert any("was changed" in line for line in verify(tx).broken)
    with world.db.write() as tx:
        tx.execute(text("DELETE FROM ledger WHERE id = 2"))
    with world.db.read() as tx:
        assert any("missing" in line for line in verify(tx).broken)


def test_a_restore_signs_everybody_out(world: World) -> None:
    env = world.env
    olga, link = people.invite(env, email=OLGA, name="", wanted=Wanted(role="owner"), by=None)
    with env.db.write() as tx:
        token = open_session(env, tx, olga.id)
    enter_safe_mode(env)
    assert find_session(env, token) is None
    with pytest.raises(BadToken):
        open_link(env, link.url.rpartition("/")[2])
