"""Who waits for what, and what is one person's whole story?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from notifier.domain.message import Medium
from notifier.domain.rights import Right
from notifier.domain.subscription import SubscriptionState
from notifier.errors import InvalidInput
from notifier.services.audit import note_act
from notifier.services.env import Env, ShopRef
from notifier.services.go_on import TO_BE_READ, let_go_on, note_ended
from notifier.services.import_subscriptions import ImportReport, import_subscriptions
from notifier.services.list_subscriptions import Filter, Listed, end_of_shop, list_subscriptions
from notifier.services.see_person import (
    erase_person,
    export_person,
    may_erase,
    move_to_variant,
    resend,
    see_person,
)
from notifier.web.admin.csv_file import csv_answer
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import WRONG, counted, locale, note, show, words_of
from notifier.web.admin.paging import Page, asked_choice, asked_cursor, asked_limit, page_of
from notifier.web.admin.said import said_of
from notifier.web.here import env

blueprint = Blueprint("subscriptions", __name__)

STATES = ("", *(state.value for state in SubscriptionState))
MEDIA = ("", Medium.EMAIL.value, Medium.SMS.value)
BIGGEST = 2**63 - 1
COLUMNS = (
    "id", "product", "variant", "medium", "address", "state", "reason", "quantity", "locale",
    "origin", "created_at", "confirmed_at", "told_at", "ended_at",
)  # fmt: skip
CHUNK = 1000


@blueprint.get("/<shop>/subscriptions")
@needs(Right.SEE)
def index() -> Any:
    """Who is on the list, by what was asked for."""
    asked = _asked()
    after, limit = asked_cursor(int), asked_limit()
    wrong = ""
    try:
        found = list_subscriptions(
            env(),
            shop(),
            _filter(asked),
            address=_address(asked),
            after=after[0] if after else 0,
            limit=limit + 1,
        )
        page = page_of(found, limit=limit, last=lambda one: (one.id,))
    except InvalidInput as error:
        wrong = said_of(error)
        page = Page(rows=[])
    return show(
        "subscriptions",
        status=422 if wrong else 200,
        page=page,
        asked=asked,
        wrong=wrong,
        states=STATES[1:],
        media=MEDIA[1:],
    )


@blueprint.get("/<shop>/subscriptions.csv")
@needs(Right.SEE_ADDRESSES, fresh=True)
def as_csv() -> Any:
    """The same list as a file, whole."""
    asked = _asked()
    rows = _every(env(), shop(), _filter(asked), _address(asked))
    first = next(rows, None)  # what is wrong with the filter is said now, not in the file's midst
    note_act(env(), "subscriptions.exported", by=person(), shop=shop(), ip=_ip())
    return csv_answer(
        f"subscriptions-{shop().slug}", COLUMNS, chain([first] if first else [], rows)
    )


@blueprint.get("/<shop>/subscriptions/<int:subscription_id>")
@needs(Right.SEE)
def one(subscription_id: int) -> Any:
    """The person behind one subscription: all they asked for, were told or not, and why."""
    seen = see_person(env(), shop(), _id(subscription_id))
    return show(
        "person",
        seen=seen,
        subscription_id=subscription_id,
        may_erase=may_erase(env(), person()),
        to_be_read=TO_BE_READ,
    )


@blueprint.post("/<shop>/subscriptions/<int:subscription_id>")
@needs(Right.EDIT)
def change(subscription_id: int) -> Any:
    """End one, move it, send the confirmation again, or let it go on after a text was read."""
    id_, wish = _id(subscription_id), request.form.get("wish", "")
    words = words_of("subscriptions", locale())
    if wish == "end":
        ended = end_of_shop(env(), shop(), id_, method=f"person:{person().id}")
        if ended:
            note_act(
                env(), "subscription.ended", by=person(), shop=shop(), ip=_ip(), subscription=id_
            )
        note_ended(env(), id_)
        note(words["did_end" if ended else "was_ended"])
    elif wish == "move":
        move_to_variant(env(), shop(), id_, variant_id=_variant(), by=person())
        note(words["did_move"])
    elif wish == "go_on":
        let_go_on(env(), shop(), id_, by=person())
        note(words["did_go_on"])
    elif wish == "resend":
        resend(env(), shop(), id_, by=person())
        note(words["did_resend"])
    else:
        raise InvalidInput.of("wish", "choice", "must be end, move, resend or go_on")
    return redirect(url_for("subscriptions.one", subscription_id=subscription_id), code=303)


@blueprint.get("/<shop>/subscriptions/<int:subscription_id>/export.json")
@needs(Right.SEE_ADDRESSES, fresh=True)
def export(subscription_id: int) -> Any:
    """All that is stored about the address, to hand to its owner."""
    document = export_person(env(), shop(), _id(subscription_id), by=person())
    answer = Response(
        json.dumps(document, ensure_ascii=False, indent=2), mimetype="application/json"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="person-{subscription_id}.json"'
    return answer


@blueprint.post("/<shop>/subscriptions/<int:subscription_id>/erase")
@needs(Right.SEND, fresh=True)
def erase(subscription_id: int) -> Any:
    """Take everything about the address out, in every shop."""
    done = erase_person(env(), shop(), _id(subscription_id), by=person())
    words = words_of("subscriptions", locale())
    note(counted(words, "did_erase", done.subscriptions))
    return redirect(url_for("subscriptions.index"), code=303)


@blueprint.get("/<shop>/subscriptions/import")
@needs(Right.SEND)
def bring() -> Any:
    """The form to bring people of another system."""
    return show("subscriptions_import", report=None, asked={"basis": "", "evidence": ""}, wrong="")


@blueprint.post("/<shop>/subscriptions/import")
@needs(Right.SEND, fresh=True)
def bring_file() -> Any:
    """Try a file first, or bring it; the report says what became of each row."""
    file = request.files.get("file")
    asked = {name: request.form.get(name, "").strip() for name in ("basis", "evidence")}
    trial = request.form.get("wish") != "import"
    report: ImportReport | None = None
    wrong = ""
    try:
        if file is None or not file.filename:
            raise InvalidInput.of("file", "missing", "Choose a file first.")
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "import.csv"
            file.save(kept)
            report = import_subscriptions(
                env(),
                shop(),
                kept,
                confirmed=request.form.get("confirmed") == "yes",
                dry_run=trial,
                basis=asked["basis"],
                evidence=asked["evidence"],
            )
        if not trial:
            note_act(
                env(),
                "subscriptions.imported",
                by=person(),
                shop=shop(),
                ip=_ip(),
                rows=report.rows,
                created=report.created,
            )
    except InvalidInput as error:
        wrong = said_of(error)
        note(wrong, kind=WRONG)
    return show(
        "subscriptions_import",
        status=422 if wrong else 200,
        report=report,
        said=said_of,
        asked=asked,
        wrong=wrong,
    )


def _ip() -> str:
    return request.remote_addr or ""


def _asked() -> dict[str, str]:
    return {
        "state": asked_choice("state", STATES, default=""),
        "medium": asked_choice("medium", MEDIA, default=""),
        "product": request.args.get("product", "").strip()[:255],
        "variant": request.args.get("variant", "").strip()[:255],
        "address": request.args.get("address", "").strip()[:320],
    }


def _filter(asked: dict[str, str]) -> Filter:
    names = ("state", "medium", "product", "variant")
    return Filter(**{name: asked[name] for name in names})


def _address(asked: dict[str, str]) -> str:
    """Who may not see addresses finds nobody by one."""
    return asked["address"] if person().may(Right.SEE_ADDRESSES) else ""


def _every(service: Env, of_shop: ShopRef, where: Filter, address: str) -> Iterator[list[Any]]:
    """All rows as cells. The file is sent after the request is over, so nothing is asked of it."""
    after = 0
    while rows := list_subscriptions(
        service, of_shop, where, address=address, after=after, limit=CHUNK
    ):
        yield from (_cells(one) for one in rows)
        after = rows[-1].id


def _cells(one: Listed) -> list[Any]:
    return [
        value.isoformat(timespec="seconds") if hasattr(value, "isoformat") else value
        for value in (getattr(one, name) for name in COLUMNS)
    ]


def _variant() -> int | None:
    text = request.form.get("variant", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput.of("variant", "unknown", "is not a variant of this product")
    return int(text)


def _id(value: int) -> int:
    return min(value, BIGGEST)
