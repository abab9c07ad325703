"""How is everything saved, and how does one come back without telling people twice?

After a restore the database does not know what was sent since the backup. So sending starts
paused, and what was due then is held until a person has looked (trust RL-32, RL-34).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifier.config import Config
from notifier.domain.work import Work
from notifier.errors import ConfigError, Conflict
from notifier.services.env import Env
from notifier.store import entry_links, held_messages, ledger, sessions, switches
from notifier.store.connecting import without_password
from notifier.store.session import Database, Transaction, soon

# Everything in our schema that no extension brought. The database is ours alone.
EMPTY = """
DO $$
DECLARE word text;
BEGIN
  FOREACH word IN ARRAY coalesce((
    SELECT array_agg(format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
        ELSE 'TABLE' END, n.nspname, c.relname))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i'))),
    '{}')
  LOOP EXECUTE word; END LOOP;
  FOREACH word IN ARRAY coalesce((
    SELECT array_agg(format('DROP ROUTINE IF EXISTS %I.%I(%s) CASCADE', n.nspname, p.proname,
        pg_get_function_identity_arguments(p.oid)))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY (current_schemas(false))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')), '{}')
  LOOP EXECUTE word; END LOOP;
  FOREACH word IN ARRAY coalesce((
    SELECT array_agg(format('DROP TYPE IF EXISTS %I.%I CASCADE', n.nspname, t.typname))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE n.nspname = ANY (current_schemas(false))
      AND (t.typtype IN ('e', 'd') OR c.relkind = 'c')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')), '{}')
  LOOP EXECUTE word; END LOOP;
END $$;
"""


LONGEST_LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore found: messages held for a person, and whether the ledger is whole."""

    held: int
    ledger_broken: tuple[str, ...]


def backup(config: Config, target: Path) -> int:
    """Write a consistent copy while the service runs; its size in bytes.

    SQLite: the online backup API. PostgreSQL: pg_dump in its custom format.
    """
    if target.exists():
        raise ConfigError(f"{target} exists already; name a new file.")
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.touch(mode=0o600)  # it holds addresses
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}.") from error
    db = Database(config.database_url, pool_size=1)
    path = db.path()
    db.close()
    if path is not None:
        if not path.exists():
            raise ConfigError(f"There is no database at {path}.")
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as source:
            with sqlite3.connect(unfinished) as copy:
                source.backup(copy, pages=1000, sleep=0.01)
            copy.close()
    else:
        _run_pg("pg_dump", config, ["--format=custom", f"--file={unfinished}"])
    os.replace(unfinished, target)
    return target.stat().st_size


def refuse_running(config: Config, *, now: datetime) -> None:
    """Raises errors.ConfigError while a service works on the SQLite file that is to be replaced: it
    would go on with the old one, and send. On PostgreSQL it sees at once that sending is paused."""
    db = Database(config.database_url, pool_size=1)
    path = db.path()
    db.close()
    if path is None or not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
            leases = file.execute("SELECT owner, until FROM leases").fetchall()
    except sqlite3.DatabaseError:
        return  # what is damaged may be replaced
    for owner, until in leases:
        ends = datetime.fromisoformat(until).replace(tzinfo=UTC)
        if now < ends <= now + LONGEST_LEASE:
            raise ConfigError(
                f"A service is at work on {path} ({owner}). Stop it first; where one has died, "
                f"try again in {(ends - now).seconds + 1} seconds."
            )


def restore(config: Config, source: Path) -> None:
    """Put a backup in the place of the database. The service must not be running."""
    if not source.exists():
        raise ConfigError(f"There is no backup at {source}.")
    db = Database(config.database_url, pool_size=1)
    path = db.path()
    db.close()
    if path is not None:
        _check_copy(source)
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        unfinished = path.with_name(path.name + ".part")
        shutil.copyfile(source, unfinished)
        os.replace(unfinished, path)
    else:
        _restore_postgres(config, source)


def _restore_postgres(config: Config, source: Path) -> None:
    """All or nothing: what is there goes, also what a newer program has added, then all comes.

    The backup is read to its end before anything is touched.
    """
    config.service.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=config.service.data_dir) as folder:
        script = Path(folder) / "backup.sql"
        _run_pg("pg_restore", config, ["--no-owner", f"--file={script}", str(source)], asks=False)
        empty = Path(folder) / "empty.sql"
        empty.write_text(EMPTY, encoding="utf-8")
        _run_pg(
            "psql",
            config,
            [
                "--no-psqlrc",
                "--quiet",
                "--single-transaction",
                "--set=ON_ERROR_STOP=1",
                "--output=/dev/null",
                f"--file={empty}",
                f"--file={script}",
            ],
        )


def enter_safe_mode(env: Env) -> Restored:
    """Pause sending and hold everything that was due, for a person to look at."""
    now = env.now()

    def work(tx: Transaction) -> Restored:
        switches.turn(
            tx,
            switches.SENDING,
            off=True,
            why="A backup was restored. Look at what is held, then `notifier resume-sending` "
            "with --send-held or --drop-held.",
            by="notifier restore",
            at=now,
        )
        sessions.end_everybodys(tx)  # what was ended after the backup must not begin again
        entry_links.drop_all(tx)
        held = held_messages.hold_open(tx, reason="restored_backup")
        verification = ledger.verify(tx)
        ledger.append(tx, book="audit", act="backup.restored", at=now, facts={"held": held})
        return Restored(held=held, ledger_broken=verification.broken)

    return env.db.retry(work)


def leave_safe_mode(env: Env, *, send_held: bool | None, by: str) -> int:
    """Send again; held messages are sent or dropped. How many there were.

    Raises errors.Conflict when there are some and `send_held` is None.
    """
    now = env.now()

    def work(tx: Transaction) -> int:
        held = held_messages.count_held(tx)
        if send_held is None and held:
            raise Conflict(
                "held_messages",
                f"{held} messages are held, since they may have been sent after the backup. "
                "Say what becomes of them: --send-held or --drop-held.",
            )
        switches.turn(tx, switches.SENDING, off=False, why="", by=by, at=now)
        soon(tx, Work.DELIVER)
        count = held_messages.release_held(tx, send=bool(send_held), now=now)
        ledger.append(
            tx,
            book="audit",
            act="sending.resumed",
            at=now,
            facts={"by": by, "held": count, "sent": send_held},
        )
        return count

    return env.db.retry(work)


def _check_copy(source: Path) -> None:
    try:
        with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as copy:
            answer = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{source} is not a backup of notifier: {error}.") from error
    if answer != "ok":
        raise ConfigError(f"{source} is damaged: {answer}.")


def _run_pg(program: str, config: Config, arguments: list[str], *, asks: bool = True) -> None:
    """Run a PostgreSQL program; the password goes by environment, never by argument.

    `asks`: it needs the database.
    """
    where, password = without_password(config.database_url)
    database = [f"--dbname={where}"] if asks else []
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    try:
        done = subprocess.run(
            [program, *database, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigError(
            f"{program} is not installed; it comes with PostgreSQL's client programs."
        ) from error
    if done.returncode:
        raise ConfigError(f"{program} failed: {done.stderr.strip()[:500]}")
