"""How does a setting made in the admin take effect, in every process, without a restart?

The file says what is so at first; rows say what people changed since. Every process looks now and
then whether there is a new change, and builds its configuration anew. What would not fit is refused
before it is stored, so there is always a configuration that works.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from notifier.config import Config
from notifier.config_settings import Path, is_section, lay_over, lay_over_what_fits, may_be_set
from notifier.domain.person import Person
from notifier.errors import ConfigError, Conflict, InvalidInput, StoreBusy
from notifier.log import log
from notifier.sealing import SEAL, seal, unseal
from notifier.services.audit import note_change
from notifier.services.env import Env, use_config
from notifier.services.setting_effects import take_effect
from notifier.services.setting_kinds import is_secret, problems_of, secrets_sent_elsewhere
from notifier.store import settings as store
from notifier.store.session import Transaction

__all__ = ["AS_IN_FILE", "keep_fresh", "refresh", "save_settings", "settings_now"]

FRESH_FOR = 2.0  # seconds after which a process asks whether something was changed
AS_IN_FILE = object()  # as a new value: back to what the file says
LONGEST = 20_000  # characters of one value


def settings_now(env: Env, tx: Transaction) -> dict[Path, Any]:
    """What was set in the admin, secrets opened. One that does not open is left out with a word."""
    found: dict[Path, Any] = {}
    keys = env.signer.secrets_for(SEAL)
    for row in store.all_settings(tx):
        path = tuple(row.path.split("/"))
        if not row.sealed:
            found[path] = row.value
            continue
        try:
            found[path] = json.loads(unseal(row.sealed, about=f"setting:{row.path}", keys=keys))
        except ConfigError as error:
            log.error("secret setting left out", path=row.path, why=str(error))
    return found


def refresh(env: Env) -> bool:
    """Take over what was changed since; True when something was. Raises errors.StoreBusy."""
    with env.db.read() as tx:
        newest = store.newest_change(tx)
        if newest == env.settings_change:
            return False
        found = settings_now(env, tx)
    config, left_out = lay_over_what_fits(env.file_config, found)
    for path in left_out:
        log.warning("setting left out: it does not fit any more", path="/".join(path))
    use_config(env, config, change=newest)
    log.info("settings taken over", change=newest)
    return True


def keep_fresh(env: Env) -> bool:
    """The same, but asking at most every FRESH_FOR seconds, and never failing for it."""
    now = time.monotonic()
    if now - env.settings_asked_at < FRESH_FOR:
        return False
    env.settings_asked_at = now
    try:
        return refresh(env)
    except StoreBusy as error:
        log.warning("settings not looked at: database busy", why=str(error))
        return False


def save_settings(
    env: Env,
    changes: Mapping[Path, Any],
    *,
    by: Person,
    seen_change: int | None = None,
    under: Sequence[str] = (),
    ip: str = "",
) -> int:
    """Set these values (AS_IN_FILE: back to the file), all or none; how many changed.

    Values are as in the file: texts, numbers, lists; a length of time is `15m`. `seen_change` is
    the newest change under the paths `under` when the page was shown.

    Raises errors.InvalidInput naming each field that does not fit, errors.Conflict("stale") when
    somebody saved meanwhile.
    """
    for path, value in changes.items():
        _refuse(env, path, value)

    def work(tx: Transaction) -> int:
        store.hold(tx)
        if seen_change is not None:
            _refuse_stale(tx, seen_change, under=under)
        before = settings_now(env, tx)
        after = dict(before)
        for path, value in changes.items():
            if value is AS_IN_FILE:
                for one in [one for one in after if one[: len(path)] == path]:
                    del after[one]
            else:
                after[path] = value
        config = _refuse_what_does_not_fit(env, before, after, changes)
        done = sum(
            _write(
                env,
                tx,
                path,
                value,
                was=before.get(path),
                secret=is_secret(path, config=config) or is_secret(path, config=env.config),
                by=by,
            )
            for path, value in changes.items()
        )
        if done:
            names = ["/".join(path) for path in changes]
            take_effect(env, tx, config, changes)
            note_change(tx, env, "settings.saved", by=by, ip=ip, paths=names[:50])
        return done

    done = env.db.retry(work)
    refresh(env)
    return done


def _refuse_what_does_not_fit(
    env: Env, before: Mapping[Path, Any], after: Mapping[Path, Any], changes: Mapping[Path, Any]
) -> Config:
    """The configuration as it will be. Raises errors.InvalidInput."""
    config = lay_over(env.file_config, after)
    was, _ = lay_over_what_fits(env.file_config, before)
    problems = [
        *problems_of(config, changes),
        *secrets_sent_elsewhere(was, config, env.file_config, changes),
    ]
    if problems:
        raise InvalidInput(*problems)
    return config


def _refuse(env: Env, path: Path, value: Any) -> None:
    name = "/".join(path)
    whole = is_section(path) and value is not AS_IN_FILE
    if not may_be_set(path) or whole or name.count("/") != len(path) - 1 or len(name) > 400:
        raise InvalidInput.of(name, "not_here", "cannot be set here")
    if not all(path):
        raise InvalidInput.of(name, "no_name", "needs a name")
    if path in env.file_config.from_environment:
        raise InvalidInput.of(name, "by_environment", "is set by the environment of the service")
    if value is not AS_IN_FILE and len(json.dumps(value, ensure_ascii=False)) > LONGEST:
        raise InvalidInput.of(
            name, "too_long", f"is longer than {LONGEST} characters", most=LONGEST
        )


def _refuse_stale(tx: Transaction, seen: int, *, under: Sequence[str]) -> None:
    if store.newest_change(tx, under=under) != seen:
        latest = store.latest_changes(tx, under=under, limit=1)
        who = latest[0].by if latest else "Somebody"
        message = f"{who} saved meanwhile. Load the page again; nothing was saved."
        raise Conflict("stale", message, who=who)


def _write(
    env: Env, tx: Transaction, path: Path, value: Any, *, was: Any, secret: bool, by: Person
) -> bool:
    name, now = "/".join(path), env.now()
    shown = None if secret else was
    if value is AS_IN_FILE:
        who = by.name or by.email
        return store.remove(tx, name, was=shown, secret=secret, by=who, at=now) > 0
    if was == value:
        return False
    sealed = ""
    if secret:
        keys = env.signer.secrets_for(SEAL)
        sealed = seal(json.dumps(value), about=f"setting:{name}", keys=keys)
    store.put(tx, name, value, sealed=sealed, was=shown, by=by.name or by.email, at=now)
    return True
