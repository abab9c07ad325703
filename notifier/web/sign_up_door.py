"""Which sign-ups from a browser need not go through Flask?

The usual ones: read in full, found in order, and answered with what Flask has answered to another
one like it. So whatever the answer to a request depends on, its host, its origin, the shop, was
looked at by Flask once and is part of the key. All else is Flask's: each refusal, each way of
writing a request that browsers do not use, and the first of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from werkzeug.exceptions import HTTPException

from notifier.errors import InvalidInput, NotFound
from notifier.metrics import SIGN_UPS
from notifier.services.consent import Circumstances
from notifier.services.env import Env, ShopRef
from notifier.services.proof_of_work import spend_all, work_shown
from notifier.services.subscribe import subscribe_all
from notifier.web.at_once import REFUSED, SLOT, Heard, Ready, Start
from notifier.web.browser_sign_up import SubscribeBody, locale_of, read_sign_up, sign_up_of
from notifier.web.fast_door import LONGEST_KEY, MOST, PARTS, Application
from notifier.web.here import circumstances_of
from notifier.web.read_json import PUBLIC_LIMIT
from notifier.web.shopper_words import to_shopper

PATH = "/api/v1/subscriptions"
_UNUSUAL = ("HTTP_AUTHORIZATION", "HTTP_TRANSFER_ENCODING", REFUSED)

_Key = tuple[str | bool | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One sign-up that was read. `work`: the challenge that was solved for it, if one was."""

    shop: ShopRef
    body: SubscribeBody
    circumstances: Circumstances
    work: str | None
    answer: Ready


class SignUpDoor:
    """WSGI in front of the app, behind what says who asks."""

    def __init__(self, app: Application, env: Callable[[], Env]) -> None:
        self._app = app
        self._env = env
        self._answers: dict[_Key, Ready] = {}
        self._about: tuple[object, ...] = ()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        slot = environ.get(SLOT)
        body = _read(environ)
        if body is None:
            return self._app(environ, start) if slot is None else []
        key = (*map(environ.get, PARTS), body.key, body.locale, body.phone is None)
        wish = self._wish(environ, body, key)
        if slot is not None:
            if wish is not None:
                slot.do_all, slot.given = self.answer_all, wish
            return []
        if wish is None:
            return self._ask_and_learn(environ, start, key)
        [outcome] = self.answer_all([wish])
        if isinstance(outcome, Ready):
            return outcome.give(start)
        environ[REFUSED] = outcome
        return self._app(environ, start)

    def answer_all(self, wishes: Sequence[_Wish]) -> list[Ready | Exception]:
        """Put all of them on the list; of each the answer, or what is to be raised for it."""
        env = self._env()
        with env.db.for_visitors():
            worked = spend_all(env, [one.work for one in wishes])
            outcomes: list[Any] = [one if isinstance(one, Exception) else None for one in worked]
            left = [n for n, outcome in enumerate(outcomes) if outcome is None]
            asks = [
                (wishes[n].shop, sign_up_of(wishes[n].shop, wishes[n].body,
                 circumstances=wishes[n].circumstances, has_worked=worked[n] is True))
                for n in left
            ]  # fmt: skip
            for n, outcome in zip(left, subscribe_all(env, asks), strict=True):
                outcomes[n] = outcome
        return [self._answer(one, outcome) for one, outcome in zip(wishes, outcomes, strict=True)]

    @staticmethod
    def _answer(wish: _Wish, outcome: object) -> Ready | Exception:
        if isinstance(outcome, Exception):
            locale = locale_of(wish.shop, wish.body)
            return to_shopper(outcome, locale=locale, shop=wish.shop.config.name)
        SIGN_UPS.labels(answer="accepted").inc()
        return wish.answer

    def _wish(self, environ: dict[str, Any], body: SubscribeBody, key: _Key) -> _Wish | None:
        """None where Flask has not answered one like it yet, or would not take it."""
        env = self._env()
        about = (env, env.config, *env.shops.values())
        if about != self._about:  # the same objects, as a rule
            self._answers, self._about = {}, about
        answer = self._answers.get(key)
        if answer is None or body.website:
            return None
        try:
            shop = env.shop_by_key(body.key)
        except NotFound:
            return None
        return _Wish(
            shop=shop,
            body=body,
            circumstances=circumstances_of(environ, page_url=body.page_url),
            work=work_shown(env, shop, body.pow, about={body.variant, body.product} - {""}),
            answer=answer,
        )

    def _ask_and_learn(self, environ: dict[str, Any], start: Start, key: _Key) -> Iterable[bytes]:
        """Let Flask answer, and keep its answer if it took the sign-up."""
        answers = self._answers
        heard = Heard(self._app, environ, start)
        length = sum(len(str(part or "")) for part in key)
        if not heard.status.startswith("202") or length > LONGEST_KEY:
            return heard.answer
        ready = heard.whole()
        if len(answers) >= MOST:
            answers.clear()
        answers[key] = ready
        return [ready.body]


def _read(environ: dict[str, Any]) -> SubscribeBody | None:
    """The body, if this is a sign-up as browsers write it and found in order. It can be read
    again."""
    length = environ.get("CONTENT_LENGTH") or ""
    if (
        environ["PATH_INFO"] != PATH
        or environ["REQUEST_METHOD"] != "POST"
        or environ.get("CONTENT_TYPE") != "application/json"
        or not (length.isascii() and length.isdecimal() and int(length) <= PUBLIC_LIMIT)
        or any(name in environ for name in _UNUSUAL)
    ):
        return None
    raw = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(raw)
    try:
        return read_sign_up(raw)
    except (HTTPException, InvalidInput):
        return None
