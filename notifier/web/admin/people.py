"""Who works here: inviting people, what they may do, and shutting them out. For owners."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from notifier.domain.rights import Right, Role
from notifier.errors import Conflict, InvalidInput
from notifier.services import people
from notifier.services.entry_link import EntryLink
from notifier.services.mail_entry_link import mail_entry_link
from notifier.services.people import Wanted
from notifier.web.admin.door import needs, person
from notifier.web.admin.entering import status_of
from notifier.web.admin.page import locale, note, show, words_of
from notifier.web.admin.said import said_of
from notifier.web.here import env
from notifier.web.pages import fill

blueprint = Blueprint("people", __name__, url_prefix="/-/people")

ROLES = tuple(role.value for role in Role)


@blueprint.get("")
@needs(Right.OWN)
def index() -> Any:
    """Everybody who may sign in, and who may not any more."""
    return show("people", people=people.list_people(env()), my_id=person().id, every_shop=_shops())


@blueprint.get("/invite")
@needs(Right.OWN, fresh=True)
def invite() -> Any:
    return _invite_form()


@blueprint.post("/invite")
@needs(Right.OWN, fresh=True)
def invite_now() -> Any:
    form = request.form
    try:
        invited, link = people.invite(
            env(),
            email=form.get("email", ""),
            name=form.get("name", ""),
            wanted=_wanted(),
            by=person(),
            locale=form.get("locale", ""),
        )
    except (InvalidInput, Conflict) as error:
        return _invite_form(error)
    mailed = mail_entry_link(env(), invited, link, by=person().name)
    return _link_page(invited.email, link, mailed=mailed)


@blueprint.get("/<int:person_id>")
@needs(Right.OWN, fresh=True)
def one(person_id: int) -> Any:
    """One person: what they may do, and what one may do about them."""
    return _person_page(person_id)


@blueprint.post("/<int:person_id>/rights")
@needs(Right.OWN, fresh=True)
def rights(person_id: int) -> Any:
    try:
        people.change_rights(env(), person_id, wanted=_wanted(), by=person())
    except (InvalidInput, Conflict) as error:
        return _person_page(person_id, error)
    if person_id == person().id:
        return redirect(url_for("front.index"), code=303)
    return _back(person_id, "rights_saved")


@blueprint.post("/<int:person_id>/link")
@needs(Right.OWN, fresh=True)
def link(person_id: int) -> Any:
    """A one-time link for somebody who forgot the password, or lost the phone."""
    lost = request.form.get("lost", "") == "yes"
    whose, made = people.give_link(env(), person_id, by=person(), without_second_factor=lost)
    mailed = mail_entry_link(env(), whose, made, by=person().name)
    return _link_page(whose.email, made, mailed=mailed)


@blueprint.post("/<int:person_id>/out")
@needs(Right.OWN, fresh=True)
def out(person_id: int) -> Any:
    try:
        people.shut_out(env(), person_id, by=person())
    except Conflict as error:
        return _person_page(person_id, error)
    return _back(person_id, "shut_out_now")


@blueprint.post("/<int:person_id>/in")
@needs(Right.OWN, fresh=True)
def in_again(person_id: int) -> Any:
    people.let_in_again(env(), person_id, by=person())
    return _back(person_id, "let_in_now")


@blueprint.post("/<int:person_id>/remove")
@needs(Right.OWN, fresh=True)
def remove(person_id: int) -> Any:
    try:
        people.remove(env(), person_id, by=person())
    except Conflict as error:
        return _person_page(person_id, error)
    note(words_of("people", locale())["removed"])
    return redirect(url_for("people.index"), code=303)


def _wanted() -> Wanted:
    form = request.form
    return Wanted(role=form.get("role", ""), shops=tuple(form.getlist("shops")))


def _invite_form(error: Exception | None = None) -> Response:
    return show(
        "invite",
        status=status_of(error) if error else 200,
        trouble=said_of(error) if error else "",
        typed=request.form,
        ticked=request.form.getlist("shops"),
        roles=ROLES,
        every_shop=_shops(),
    )


def _person_page(person_id: int, error: Exception | None = None) -> Response:
    found = people.find_colleague(env(), person_id)
    return show(
        "colleague",
        status=status_of(error) if error else 200,
        trouble=said_of(error) if error else "",
        one=found,
        is_me=person_id == person().id,
        roles=ROLES,
        every_shop={**dict.fromkeys(found.person.shops, ""), **_shops()},
    )


def _link_page(email: str, made: EntryLink, *, mailed: bool) -> Response:
    return show("entry_link", email=email, link=made, mailed=mailed)


def _shops() -> dict[str, str]:
    return {slug: shop.config.name for slug, shop in env().shops.items()}


def _back(person_id: int, said: str) -> Any:
    name = people.find_colleague(env(), person_id).person.name
    note(fill(words_of("people", locale())[said], name=name))
    return redirect(url_for("people.one", person_id=person_id), code=303)
