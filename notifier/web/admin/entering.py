"""What do the pages of signing in and of one's own account share: where to go on to, passkeys?"""

from __future__ import annotations

import json

from flask import request, url_for

from notifier.errors import Conflict, InvalidInput, TooMany
from notifier.services.passkeys import Site, site_of
from notifier.web.admin.own_path import own_path_or
from notifier.web.here import env


def asked_next() -> str:
    """Where to go afterwards: a path of ours, or the start. Never anywhere else."""
    return own_path_or(request.values.get("next", ""), url_for("front.index"))


def own_site_or_none() -> Site | None:
    return site_of(env(), asked_host=request.host)


def own_site() -> Site:
    """Raises errors.Conflict where no browser makes passkeys."""
    found = own_site_or_none()
    if found is None:
        raise Conflict("no_passkeys", "Passkeys need https and a name, not a bare address.")
    return found


def passkey_answer() -> object:
    """What the browser's authenticator said. Raises errors.InvalidInput."""
    try:
        return json.loads(request.form.get("answer", "")[:64_000])
    except (ValueError, RecursionError) as error:
        raise InvalidInput.of("passkey", "wrong", "This passkey is not known here.") from error


def status_of(error: Exception) -> int:
    return 429 if isinstance(error, TooMany) else 409 if isinstance(error, Conflict) else 422
