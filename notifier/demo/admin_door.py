"""How does somebody who tries the demo get into the admin? As Olga, without a password.

Cookies know no ports: what this page sets, the notifier's own pages on the same host read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request

from notifier.demo.settings import OLGA
from notifier.demo.storefront import stage
from notifier.domain.rights import Role
from notifier.services.session_of import open_session
from notifier.store import accounts
from notifier.store.session import Transaction

__all__ = ["blueprint", "make_olga"]

blueprint = Blueprint("admin_door", __name__)

COOKIE = "notifier_admin"


@blueprint.get("/admin")
def enter() -> Any:
    """Signed in as the owner of the shop, on to the admin."""
    on_stage = stage()
    env = on_stage.env
    agent = request.headers.get("User-Agent", "")

    def work(tx: Transaction) -> str:
        account = accounts.find_by_email(tx, OLGA)
        person_id = account.id if account else make_olga(tx, now=env.now())
        return open_session(env, tx, person_id, ip=request.remote_addr or "", agent=agent)

    token = env.db.retry(work)
    answer = redirect(f"{on_stage.places.notifier}/admin/", code=303)
    answer.set_cookie(COOKIE, token, path="/", httponly=True, samesite="Lax")
    return answer


def make_olga(tx: Transaction, *, now: datetime) -> int:
    """The owner's account; it has no password, so only this door leads in."""
    made = accounts.add_account(
        tx,
        email=OLGA,
        name="Olga",
        role=Role.OWNER.value,
        shops=(),
        locale="en",
        user_handle="olga",
        now=now,
    )
    assert made is not None  # looked for a moment ago, in the same transaction
    return made
