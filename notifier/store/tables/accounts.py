"""Who may sign in to the admin, with what, and who is signed in?"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata


def _account() -> Column[int]:
    """What belongs to an account goes with it."""
    key = ForeignKey("accounts.id", ondelete="CASCADE")
    return Column("account_id", BigId, key, nullable=False)


accounts = Table(
    "accounts",
    metadata,
    id_column(),
    Column("email", String(320), nullable=False),  # normalised, in small letters
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),  # domain.rights.Role
    Column("shops", Json, nullable=False, server_default=text("'[]'")),  # slugs; none: all of them
    Column("locale", String(16), nullable=False, server_default="en"),
    Column("theme", String(8), nullable=False, server_default=""),
    Column("password_hash", Text, nullable=False, server_default=""),  # argon2id; empty: none yet
    Column("password_at", Instant),
    Column("totp_sealed", Text, nullable=False, server_default=""),  # its key's id is in front
    Column("totp_at", Instant),  # null with a seed: shown, not yet proved with a code
    Column("totp_step", BigId, nullable=False, server_default=text("0")),  # of the last used code
    Column("user_handle", String(64), nullable=False),  # what passkeys know the account by
    Column("created_at", Instant, nullable=False),
    Column("signed_in_at", Instant),
    Column("disabled_at", Instant),
    UniqueConstraint("email"),
    UniqueConstraint("user_handle"),
    sqlite_autoincrement=True,  # the audit log names people by number: none is given twice
)

passkeys = Table(
    "passkeys",
    metadata,
    id_column(),
    _account(),
    Column("credential_id", String(1400), nullable=False),  # base64url; 1023 bytes at most
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigId, nullable=False, server_default=text("0")),
    Column("name", String(100), nullable=False),
    Column("transports", Json, nullable=False, server_default=text("'[]'")),
    Column("backed_up", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("credential_id"),
    Index("ix_passkeys_account_id", "account_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    id_column(),
    _account(),
    Column("code_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("account_id", "code_hash"),
)

sessions = Table(
    "sessions",
    metadata,
    id_column(),
    _account(),
    Column("token_hash", String(64), nullable=False),
    Column("stage", String(16), nullable=False),  # full | second_factor
    Column("method", String(16), nullable=False),  # password | passkey | link
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("fresh_at", Instant, nullable=False),  # when it was last proved who this is
    Column("expires_at", Instant, nullable=False),
    Column("wrong_codes", Integer, nullable=False, server_default=text("0")),
    Column("ip", String(64), nullable=False, server_default=""),
    Column("agent", String(300), nullable=False, server_default=""),
    UniqueConstraint("token_hash"),
    Index("ix_sessions_account_id", "account_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

entry_links = Table(
    "entry_links",  # the one-time links of invitations and forgotten passwords
    metadata,
    id_column(),
    _account(),
    Column("purpose", String(16), nullable=False),  # invite | reset
    Column("token_hash", String(64), nullable=False),
    Column("made_by", BigId),  # an account; null: the command line, or the person who forgot
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("token_hash"),
    Index("ix_entry_links_account_id", "account_id"),
)

sign_in_delays = Table(
    "sign_in_delays",  # of an account from one network, and of a network
    metadata,
    Column("bucket", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("free_at", Instant, nullable=False),  # the next try counts from here on
    Index("ix_sign_in_delays_last_at", "last_at"),
)
