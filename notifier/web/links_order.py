"""Where does somebody who has bought what is not there wait, change, or end it?

Opening the page changes nothing, whoever opens it: a scanner, a preview, a friend (case F35). A
press of a button decides. No login; the link works for ever, and says what was decided.
"""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from notifier.domain.order_delay import ChoiceKind, Until
from notifier.errors import Conflict, InvalidInput
from notifier.i18n import section
from notifier.services.decide_order import decide
from notifier.services.order_answer import Answer, AnswerKind, days_of_period
from notifier.signing import Purpose
from notifier.web.guards import Guard, guarded
from notifier.web.here import circumstances, env
from notifier.web.link_forms import has_nonce, make_nonce, posted, read_link
from notifier.web.order_receipt import receipt
from notifier.web.order_view import OPEN_END, OrderView, open_order
from notifier.web.pages import page
from notifier.web.refusal import Wrong
from notifier.web.shopper_words import conflict_words, problem_words

blueprint = Blueprint("order", __name__)

PAGE = "o"
_FROM_MAIL = frozenset({"wait", "cancel", "withdraw"})
_ACTS = frozenset(AnswerKind)
_NOTHING_WRONG = Wrong()


@blueprint.route("/o/<token>", methods=["GET", "POST"])
@guarded(Guard.LINK)
def order(token: str) -> Response:
    """GET shows, POST decides. `?choose=` brings one choice into view and no more."""
    line_id = read_link(token, Purpose.ORDER)
    if request.method != "POST":
        choose = request.args.get("choose", "")
        return _show(open_order(line_id, choose=choose if choose in _FROM_MAIL else ""))
    form = posted()
    view = open_order(line_id)
    if not has_nonce(form, PAGE, line_id) or form.get("act") not in _ACTS:
        return _show(view, trouble=section(view.locale, "page")["stale"], status=400)
    try:
        answer = _read(form)
        if _is_to_be_confirmed(view, answer, form):
            return _ask_once(view)
        done = decide(env(), line_id, answer, circumstances=circumstances(), link=token)
    except Conflict as refused:
        now = open_order(line_id)
        return _show(now, trouble=_trouble(now, refused), status=409)
    except InvalidInput as error:
        wrong = _wrong(view, error, form)
        fields = {"until": view.period, "quantity": view.may_reduce}
        if fields.get(wrong.field):
            return _show(view, wrong=wrong, status=422)
        return _show(view, trouble=wrong.text, status=422)  # the page has no such field
    return receipt(open_order(line_id), done)


def _read(form: MultiDict[str, str]) -> Answer:
    """Raises errors.InvalidInput."""
    kind = AnswerKind(form["act"])
    return Answer(
        kind=kind,
        until=_day(form) if kind in (AnswerKind.WAIT, AnswerKind.SET_PERIOD) else None,
        quantity=_count(form) if kind is AnswerKind.QUANTITY else 0,
        variant=form.get("variant", "")[:255] if kind is AnswerKind.SWAP else "",
    )


def _day(form: MultiDict[str, str]) -> Until:
    text = form.get("until", "").strip()
    if text == OPEN_END:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput.of(
            "until", "no_date", f"{text[:20]!r} is no date such as 2026-12-24."
        ) from None


def _count(form: MultiDict[str, str]) -> int:
    text = form.get("quantity", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput.of("quantity", "not_a_number", "Give a whole number.")
    return int(text)


def _is_to_be_confirmed(view: OrderView, answer: Answer, form: MultiDict[str, str]) -> bool:
    """The withdrawal function has two steps (Directive 2011/83/EU art. 11a(3))."""
    possible = any(one.kind is ChoiceKind.WITHDRAW for one in view.shown.standing.choices)
    return answer.kind is AnswerKind.WITHDRAW and possible and form.get("sure") != "yes"


# --- pages --------------------------------------------------------------------------------


def _show(
    view: OrderView, *, trouble: str = "", wrong: Wrong = _NOTHING_WRONG, status: int = 200
) -> Response:
    return page(
        "order",
        locale=view.locale,
        shop=view.shown.shop,
        status=status,
        view=view,
        say=view.words,
        trouble=trouble,
        wrong=wrong,
        nonce=make_nonce(PAGE, view.shown.id),
    )


def _trouble(view: OrderView, refused: Conflict) -> str:
    says = section(view.locale, "order_error")
    return conflict_words(refused, says, locale=view.locale, moment=view.moment)


def _wrong(view: OrderView, error: InvalidInput, form: MultiDict[str, str]) -> Wrong:
    """What is said beside the field, also to what is no day or number: which there are."""
    problem, locale = error.problems[0], view.locale
    first, _, last = days_of_period(view.shown.case, view.shown.now)
    between: dict[str, object] = {"first": 1, "last": view.shown.case.line.quantity - 1}
    if problem.field == "until":
        between = {"first": view.day(first), "last": view.day(last)}
    says = section(locale, "order_error")
    return Wrong(
        field=problem.field,
        text=problem_words(problem, says, locale=locale, **between),
        typed=form.get(problem.field, "")[:40],
    )


def _ask_once(view: OrderView) -> Response:
    suffix = "_uk" if view.shown.standing.pack.name == "uk-cra-28" else ""
    return page(
        "order_confirm",
        locale=view.locale,
        shop=view.shown.shop,
        view=view,
        say=view.words,
        title=view.words[f"confirm_title{suffix}"],
        yes=view.words[f"confirm_yes{suffix}"],
        nonce=make_nonce(PAGE, view.shown.id),
    )
