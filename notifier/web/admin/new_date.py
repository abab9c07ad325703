"""How is a new expected date given: looked at first, with what it would mean, then saved?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from flask import redirect, request

from notifier.domain.dates import read_eta
from notifier.errors import InvalidInput
from notifier.services.foresee_eta import foresee_eta
from notifier.services.set_eta import set_eta, today_in
from notifier.web.admin.door import person, shop
from notifier.web.admin.page import WRONG, locale, note, words_of
from notifier.web.admin.said import said_of
from notifier.web.here import env


def answer_date(
    variants: Collection[str | None], *, unlisted: str, show_page: Callable[..., Any], back: str
) -> Any:
    """The answer to the form of eta_pieces.html, for one of `variants`.

    `show_page` takes status, asked and foreseen; `back` is where one is when it is saved.
    """
    asked = {name: request.form.get(name, "").strip() for name in ("variant", "date", "source")}
    if not asked["variant"] or asked["variant"] not in variants:
        raise InvalidInput.of("variant", "unknown", unlisted)
    try:
        eta = read_eta(asked["date"] or None, field="date", today=today_in(env(), shop()))
        if request.form.get("wish") == "save":
            by = f"person:{person().id}"
            done = set_eta(env(), shop(), asked["variant"], eta, source=asked["source"], actor=by)
            words = words_of("orders", locale())
            note(words["saved_date" if done.changed else "unchanged_date"])
            return redirect(back, code=303)
        foreseen = foresee_eta(env(), shop(), asked["variant"], eta, source=asked["source"])
    except InvalidInput as error:
        note(said_of(error), kind=WRONG)
        return show_page(status=422, asked=asked, foreseen=None)
    return show_page(status=200, asked=asked, foreseen=foreseen)
