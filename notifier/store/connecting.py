"""How does one connect to the database, on SQLite and on PostgreSQL, and with which safety?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

from notifier.errors import ConfigError
from notifier.store.patience import JOBS_WAIT, VISITORS_WAIT, patient_connection


def make_engine(url: str, *, pool_size: int) -> Engine:
    """The pool of connections to a database. Raises errors.ConfigError for one not known."""
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if url.startswith("postgresql"):
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=VISITORS_WAIT,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 3,
                "tcp_user_timeout": 5000,
                "application_name": "notifier",  # so that pg_stat_activity names us
                "options": "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=10000 "
                "-c idle_in_transaction_session_timeout=60000 "
                "-c jit=off",  # compiling a statement takes longer than any of ours may
            },
        )
        event.listen(engine, "do_connect", _connect_patiently)
        return engine
    if not url.startswith("sqlite"):
        raise ConfigError(
            f"database url {url.split('://', 1)[0]!r} is not known. "
            "Use sqlite:///notifier.db or postgresql://user@host/name."
        )
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=VISITORS_WAIT,
        connect_args={"check_same_thread": False, "timeout": JOBS_WAIT, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def without_password(url: str) -> tuple[str, str]:
    """A PostgreSQL URL for its own programs, and the password beside it."""
    parts = make_url(url)
    plain = parts.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False), str(parts.password or "")


def _connect_patiently(_dialect: Any, _record: Any, given: Any, named: dict[str, Any]) -> Any:
    return patient_connection().connect(*given, **named)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # the outbox must not forget a send on power loss
        f"busy_timeout={JOBS_WAIT * 1000:.0f}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
