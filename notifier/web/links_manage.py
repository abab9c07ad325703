"""Where does a customer see, change, take along and delete everything an address waits for?"""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from notifier.errors import Conflict, InvalidInput, NotFound, TooMany
from notifier.i18n import section
from notifier.services import manage
from notifier.services.change_address import change_address
from notifier.services.change_variant import change_variant
from notifier.services.confirm import resend_confirmation
from notifier.services.end_waiting import end, end_all
from notifier.services.privacy import erase_address, export_address
from notifier.services.subscribe import MAX_QUANTITY
from notifier.signing import Purpose
from notifier.web.guards import Guard, guarded
from notifier.web.here import circumstances, env
from notifier.web.link_forms import has_nonce, make_nonce, posted, read_link
from notifier.web.manage_view import ETA_NEWS, Entry, Overview, load_overview
from notifier.web.opened_link import Button
from notifier.web.pages import link_headers, own_path, page, redirect_to
from notifier.web.refusal import Wrong
from notifier.web.shopper_words import conflict_words, problem_words, wait_words

blueprint = Blueprint("manage", __name__)

PAGE = "m"
_STATUS = {Conflict: 409, TooMany: 429, InvalidInput: 422, NotFound: 404}
# What a person fills in, by the field that an error names.
_FIELDS = {name: name for name in ("quantity", "variant", "locale", "dates")}
_FIELDS |= {"email": "address", "phone": "address"}
_NOTHING_WRONG = Wrong()
# What an address bar may ask the page to say after an action: fixed phrases, nothing else.
_SAID = frozenset(("paused", "resumed", "changed", "stopped", "stopped_all", "resent", "moved"))


@blueprint.route("/m/<token>", methods=["GET", "POST"])
@guarded(Guard.LINK)
def all_notices(token: str) -> Response:
    """GET shows, POST changes one thing and comes back to what is shown."""
    contact_id = read_link(token, Purpose.MANAGE)
    overview = load_overview(contact_id)
    if request.method != "POST":
        said = request.args.get("said", "")
        return _show(overview, said=said if said in _SAID else "", about=_number("about"))
    form = posted()
    words = overview.words
    if not has_nonce(form, PAGE, contact_id):
        return _show(overview, trouble=words["trouble_stale"], status=400)
    act = form.get("act", "")
    if act in _FOR_ALL:
        return _FOR_ALL[act](overview, form)
    if act not in _FOR_ONE:
        return _show(overview, trouble=words["trouble_stale"], status=400)
    return _change_one(overview, act, form)


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


# --- one notice ---------------------------------------------------------------------------


def _change_one(overview: Overview, act: str, form: MultiDict[str, str]) -> Response:
    entries = {str(one.card.id): one for one in (*overview.waiting, *overview.unconfirmed)}
    entry = entries.get(form.get("item", ""))
    if entry is None:  # ended meanwhile, or never theirs
        return _show(overview, trouble=overview.words["trouble_gone"], status=409)
    id_ = entry.card.id
    try:
        said = _FOR_ONE[act](overview.contact_id, entry, form)
    except (Conflict, TooMany, InvalidInput, NotFound) as error:
        return _refused(load_overview(overview.contact_id), error, form, about=id_)
    where = own_path(f"{request.path}?said={said}&about={id_}#n{id_}")
    return redirect_to(where, status=303)


def _refused(
    overview: Overview,
    error: Conflict | TooMany | InvalidInput | NotFound,
    form: MultiDict[str, str],
    *,
    about: int,
) -> Response:
    """The page with what was wrong: beside its field where it has one, else at the top."""
    says, locale = section(overview.locale, "manage_error"), overview.locale
    trouble, wrong = "", Wrong()
    if isinstance(error, InvalidInput):
        problem = error.problems[0]
        trouble = problem_words(problem, says, locale=locale)
        name = _FIELDS.get(problem.field, "")
        if _is_on_page(overview, about, name):
            typed = form.get(name, "")[:254]
            trouble, wrong = "", Wrong(field=name, text=trouble, typed=typed)
    elif isinstance(error, Conflict):
        trouble = conflict_words(error, says, locale=locale)
    elif isinstance(error, TooMany):
        trouble = wait_words(error, locale=locale)
    else:
        trouble = overview.words["trouble_gone"]
    status = _STATUS[type(error)]
    answer = _show(overview, trouble=trouble, wrong=wrong, about=about, status=status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    return answer


def _is_on_page(overview: Overview, about: int, name: str) -> bool:
    """Whether this notice is shown with this field."""
    entry = next((one for one in overview.waiting if one.card.id == about), None)
    if entry is None or name not in _FIELDS.values():
        return False
    offered = {"variant": entry.variants, "locale": entry.locales}
    return bool(offered.get(name, True))


def _pause(contact_id: int, entry: Entry, form: MultiDict[str, str]) -> str:
    length = form.get("days", "")
    if length not in manage.PAUSES:
        raise InvalidInput.of("days", "not_offered", "Choose 30 or 90 days, or no end.")
    span = manage.PAUSES[length]
    manage.pause(env(), contact_id, entry.card.id, until=env().now() + span if span else None)
    return "paused"


def _resume(contact_id: int, entry: Entry, form: MultiDict[str, str]) -> str:
    manage.resume(env(), contact_id, entry.card.id)
    return "resumed"


def _change(contact_id: int, entry: Entry, form: MultiDict[str, str]) -> str:
    """The variant last: the rest always works; the variant may be there already."""
    id_ = entry.card.id
    if "quantity" in form:
        quantity = _whole_number(form["quantity"], field="quantity")
        manage.change_quantity(env(), contact_id, id_, quantity=quantity)
    if "locale" in form:
        manage.change_locale(env(), contact_id, id_, locale=form["locale"][:35])
    if "dates" in form:
        if form["dates"] not in ETA_NEWS:
            raise InvalidInput.of("dates", "not_offered", "Choose one of the answers shown.")
        manage.change_eta_news(env(), contact_id, id_, news=ETA_NEWS[form["dates"]])
    wanted = form.get("variant", "")
    if wanted and not any(one.is_chosen and one.value == wanted for one in entry.variants):
        variant = None if wanted == "any" else _whole_number(wanted, field="variant")
        change_variant(env(), contact_id, id_, variant_id=variant)
    return "changed"


def _whole_number(text: str, *, field: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput.of(
            field, "not_a_number", "Give a whole number.", first=1, last=MAX_QUANTITY
        )
    return int(text)


def _move(contact_id: int, entry: Entry, form: MultiDict[str, str]) -> str:
    typed = form.get("address", "")
    has_digits = any(sign.isdigit() for sign in typed)
    by_sms = "sms" in entry.media and "@" not in typed and has_digits
    change_address(
        env(),
        contact_id,
        entry.card.id,
        email=None if by_sms else typed,
        phone=typed if by_sms else None,
        circumstances=circumstances(),
    )
    return "moved"


def _resend(contact_id: int, entry: Entry, form: MultiDict[str, str]) -> str:
    resend_confirmation(env(), contact_id, entry.card.id)
    return "resent"


def _stop(contact_id: int, entry: Entry, form: MultiDict[str, str]) -> str:
    end(env(), entry.card.id, circumstances=circumstances(), method="manage")
    return "stopped"


_FOR_ONE: dict[str, Callable[[int, Entry, MultiDict[str, str]], str]] = {
    "pause": _pause,
    "resume": _resume,
    "change": _change,
    "move": _move,
    "resend": _resend,
    "stop": _stop,
}


# --- everything ---------------------------------------------------------------------------


def _stop_all(overview: Overview, form: MultiDict[str, str]) -> Response:
    if form.get("sure") != "yes":
        return _ask_once_more(overview, "stop_all")
    end_all(env(), overview.contact_id, circumstances=circumstances())
    return redirect_to(own_path(f"{request.path}?said=stopped_all"), status=303)


def _erase(overview: Overview, form: MultiDict[str, str]) -> Response:
    if form.get("sure") != "yes":
        return _ask_once_more(overview, "erase")
    erase_address(env(), overview.address_hash, by="owner")
    return page(
        "result",
        locale=overview.locale,
        shop=overview.shop,
        mood="good",
        title=overview.words["erased_title"],
        text=overview.words["erased_text"],
        card=None,
        also=[],
        ways=[],
    )


def _download(overview: Overview, form: MultiDict[str, str]) -> Response:
    rows = export_address(env(), overview.address_hash, by="owner")
    answer = Response(json.dumps(rows, ensure_ascii=False, indent=2), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-notices.json"'
    answer.headers.update(link_headers())
    return answer


_FOR_ALL: dict[str, Callable[[Overview, MultiDict[str, str]], Response]] = {
    "stop_all": _stop_all,
    "erase": _erase,
    "download": _download,
}


def _ask_once_more(overview: Overview, act: str) -> Response:
    """What cannot be taken back is asked once more."""
    words = overview.words
    return page(
        "ask",
        locale=overview.locale,
        shop=overview.shop,
        notice="",
        title=words[f"{act}_title"],
        intro=words[f"{act}_intro"].replace("{address}", overview.address),
        points=[],
        card=None,
        others=[],
        hidden={"sure": "yes"},
        buttons=[Button(act=act, label=words[f"{act}_yes"], look="danger")],
        nonce=make_nonce(PAGE, overview.contact_id),
        back=True,
    )


def _show(
    overview: Overview,
    *,
    said: str = "",
    trouble: str = "",
    wrong: Wrong = _NOTHING_WRONG,
    about: int = 0,
    status: int = 200,
) -> Response:
    words = overview.words
    return page(
        "manage",
        locale=overview.locale,
        shop=overview.shop,
        status=status,
        overview=overview,
        about=about,
        said=words[f"said_{said}"] if said else "",
        trouble=trouble,
        wrong=wrong,
        most=MAX_QUANTITY,
        nonce=make_nonce(PAGE, overview.contact_id),
    )
