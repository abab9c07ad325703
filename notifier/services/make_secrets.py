"""How does a shop get new keys, webhooks and push secrets? Each secret is given back once."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any

from notifier.config_settings import Path
from notifier.config_values import check_name
from notifier.domain.person import Person
from notifier.errors import BadValue, InvalidInput, NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.settings import AS_IN_FILE, save_settings

KEPT = 2  # push secrets that count at once, while one takes the place of the other


def new_key(
    env: Env, shop: ShopRef, name: str, *, scopes: Sequence[str], by: Person, ip: str = ""
) -> str:
    """A key for the shop's servers; what it is, to be shown once. Raises errors.InvalidInput."""
    refuse_name(name, taken=shop.config.keys, what="key")
    if not scopes:
        raise InvalidInput.of("scopes", "missing", "tick what the key may do")
    base = ("shops", shop.slug, "keys", name)
    made = f"sk_{secrets.token_urlsafe(32)}"
    save_settings(env, {(*base, "secret"): made, (*base, "scopes"): list(scopes)}, by=by, ip=ip)
    return made


def revoke_key(env: Env, shop: ShopRef, name: str, *, by: Person, ip: str = "") -> None:
    """It opens nothing any more. One of the file is shut by another secret, known to nobody."""
    if name not in shop.config.keys:
        raise NotFound(f"There is no key {name!r}.")
    base = ("shops", shop.slug, "keys", name)
    at_file = env.file_config.shops.get(shop.slug)
    changes: dict[Path, Any] = {base: AS_IN_FILE}
    if at_file is not None and name in at_file.keys:
        unknown = f"revoked_{secrets.token_urlsafe(32)}"
        changes = {(*base, "secret"): unknown, (*base, "scopes"): []}
    save_settings(env, changes, by=by, ip=ip)


def new_webhook_secret() -> str:
    """`whsec_…`, 32 random bytes, as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def rotate_webhook(env: Env, shop: ShopRef, name: str, *, by: Person, ip: str = "") -> str:
    """A new secret for a webhook; the old one signs beside it until the next time."""
    hook = shop.config.webhooks.get(name)
    if hook is None:
        raise NotFound(f"There is no webhook {name!r}.")
    base = ("shops", shop.slug, "webhooks", name)
    made = new_webhook_secret()
    old = (hook.model_extra or {}).get("secret")
    changes: dict[Path, Any] = {(*base, "secret"): made}
    if old:
        changes[(*base, "extra_secrets")] = [old]
    save_settings(env, changes, by=by, ip=ip)
    return made


def new_push_secret(env: Env, shop: ShopRef, *, by: Person, ip: str = "") -> str:
    """A secret for /hooks/stock; the newest of those before counts beside it."""
    made = new_webhook_secret()
    kept = [made, *shop.config.push_secrets][:KEPT]
    save_settings(env, {("shops", shop.slug, "push_secrets"): kept}, by=by, ip=ip)
    return made


def forget_old_push_secrets(env: Env, shop: ShopRef, *, by: Person, ip: str = "") -> None:
    """Only the newest counts from now on."""
    kept = list(shop.config.push_secrets[:1])
    save_settings(env, {("shops", shop.slug, "push_secrets"): kept}, by=by, ip=ip)


def new_public_key() -> str:
    return f"pk_{secrets.token_urlsafe(15)}"


def refuse_name(name: str, *, taken: Any, what: str) -> None:
    """Raises errors.InvalidInput for a name that cannot be one, or that is there."""
    try:
        check_name(name, what=what)
    except BadValue as error:
        raise InvalidInput.of("name", error.code, str(error), **error.values) from error
    if name in taken:
        raise InvalidInput.of("name", "taken", f"There is a {what} {name!r} already.", typed=name)
