"""Which key came with this request, and may it do this?

A key belongs to one shop of the configuration, so the key decides the shop. It is compared with
every configured key in constant time. Browsers have no business here: no answer carries CORS
headers.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import Response, request
from werkzeug.exceptions import Forbidden, Unauthorized

from notifier.domain.scope import EVERYTHING, Scope
from notifier.services.env import Env, ShopRef
from notifier.web.answers import error_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The shop whose key came, the key's name in the configuration, and what it may do."""

    shop: ShopRef
    key_name: str
    scopes: frozenset[str]

    @property
    def name(self) -> str:
        """For histories: who did it."""
        return f"api:{self.shop.slug}/{self.key_name}"

    def need(self, scope: Scope) -> None:
        """Raises 403 when the key lacks the scope."""
        if not {scope.value, EVERYTHING} & self.scopes:
            words = f"This key lacks the scope {scope.value}. Add it to the key's scopes."
            answer = error_answer(403, "missing_scope", words, field="Authorization")
            answer.headers["WWW-Authenticate"] = (
                f'Bearer realm="notifier", error="insufficient_scope", scope="{scope.value}"'
            )
            raise Forbidden(response=answer)


def identify(env: Env) -> Caller:
    """Who calls, by the bearer key (RFC 6750). Raises 401."""
    values = request.headers.getlist("Authorization")
    kind, _, given = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    found: Caller | None = None
    offered = given.strip(" ").encode("utf-8", "replace")
    for shop in env.shops.values():
        for name, key in shop.config.keys.items():
            # every key is compared, so that the time taken tells nothing
            if hmac.compare_digest(key.secret.encode(), offered):
                found = Caller(shop=shop, key_name=name, scopes=frozenset(key.scopes))
    if found is None or kind.lower() != "bearer":
        raise Unauthorized(response=_who_are_you(given=bool(values)))
    return found


def _who_are_you(*, given: bool) -> Response:
    words = "Send one of the shop's API keys: Authorization: Bearer <key>."
    if given:
        words = "This is not one of the configured API keys. " + words
    answer = error_answer(401, "unauthorized", words, field="Authorization")
    error = ', error="invalid_token"' if given else ""
    answer.headers["WWW-Authenticate"] = f'Bearer realm="notifier"{error}'
    return answer
