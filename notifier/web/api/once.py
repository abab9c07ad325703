"""Does the same Idempotency-Key have one effect and one answer? (trust RL-23)

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from flask import Response, request

from notifier.services.answer_once import begin, finish, forget
from notifier.services.env import Env
from notifier.web.answers import error_answer
from notifier.web.api.access import Caller
from notifier.web.read_json import BadField, raw_body

HEADER = "Idempotency-Key"
LONGEST = 255
TRY_AGAIN = timedelta(seconds=1)


def answer_once(env: Env, caller: Caller, act: Callable[[], Response], *, limit: int) -> Response:
    """The answer of `act`; with an Idempotency-Key known already, the answer given then.

    What raises had no effect to remember: the same key may be sent again.
    """
    values = request.headers.getlist(HEADER)
    if not values:
        return act()
    key = values[0]
    if len(values) > 1 or not 0 < len(key) <= LONGEST or not key.isprintable():
        raise BadField(HEADER, f"Send one {HEADER} of 1 to {LONGEST} printable characters.")
    scope = f"{caller.name}:{request.path}"
    digest = hashlib.sha256(request.query_string + b"\n" + raw_body(limit=limit)).hexdigest()
    known = begin(env, scope, key, body_hash=digest)
    if known is None:
        return _act_and_remember(env, act, scope=scope, key=key)
    if known.body_hash != digest:
        return error_answer(
            422,
            "idempotency_mismatch",
            f"This {HEADER} came before with another body. Use a new one for each request.",
            field=HEADER,
        )
    if known.status is None:
        return error_answer(
            409,
            "in_progress",
            "The first request with this key is still being worked on. Ask again for its answer.",
            field=HEADER,
            retry_after=TRY_AGAIN,
        )
    answer = Response(known.body, status=known.status, mimetype="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _act_and_remember(env: Env, act: Callable[[], Response], *, scope: str, key: str) -> Response:
    try:
        answer = act()
    except BaseException:
        forget(env, scope, key)
        raise
    finish(env, scope, key, status=answer.status_code, body=answer.get_data())
    return answer
