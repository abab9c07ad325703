"""How does somebody write a message, and what happens to it: kept, published, tried, taken back?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from notifier.domain.message import MessageKind
from notifier.domain.message_samples import SAMPLES
from notifier.domain.rights import Right
from notifier.domain.template_rules import FILTERS, MAX_SOURCE, PIECES, must_print
from notifier.domain.template_variables import variables_of
from notifier.errors import Conflict, InvalidInput, TooMany
from notifier.rendering.draft import Draft
from notifier.rendering.examine import Finding
from notifier.services.edit_template import (
    back_to_default,
    discard_draft,
    save_draft,
)
from notifier.services.send_template_test import send_template_test
from notifier.services.template_cases import latest_cases
from notifier.services.template_faults import BrokenDraft, faults_of
from notifier.services.template_grid import languages
from notifier.services.template_history import changed_defaults, compare, load_history
from notifier.services.template_place import (
    Place,
    Standing,
    changed_parts,
    default_parts,
    first_words,
    message_kind,
    parts_of_kind,
)
from notifier.web.admin import page
from notifier.web.admin.door import needs, person, shop
from notifier.web.admin.page import note, show, words_of
from notifier.web.admin.said import said_of
from notifier.web.admin.template_languages import language_names
from notifier.web.admin.template_room import (
    author,
    expected_version,
    place_of,
    plain,
    room,
    wants_json,
    warm_room,
    written_parts,
)
from notifier.web.here import env

blueprint = Blueprint("templates_edit", __name__)

WORDS = "templates"
ACTS = ("save", "keep", "publish", "test", "discard", "default")
_HERE = "/<shop>/templates/<kind>/<locale>/"


@blueprint.get(_HERE)
@needs(Right.SEE)
def edit(kind: str, locale: str) -> Any:
    """The editor: what is published, or the draft that is newer."""
    place = place_of(kind, locale)
    warm_room()
    return _editor(place)


@blueprint.post(_HERE)
@needs(Right.EDIT)
def act(kind: str, locale: str) -> Any:
    """What a button of the editor does, with the text as it is in the form."""
    place = place_of(kind, locale)
    wish = request.form.get("act", "save")
    if wish not in ACTS:
        raise InvalidInput.of("act", "choice", f"must be one of {', '.join(ACTS)}")
    if wish == "discard":
        return _back(place, "discarded" if discard_draft(env(), place, by=author()) else "nothing")
    if wish == "default":
        return _back(
            place, "defaulted" if back_to_default(env(), place, by=author()) else "nothing"
        )
    return _write(place, wish, _all_parts(place))


def _write(place: Place, wish: str, parts: dict[str, str]) -> Any:
    try:
        if wish == "test":
            return _test(place, parts)
        version = save_draft(
            env(),
            room(),
            Draft(kind=MessageKind(place.kind), locale=place.locale, parts=parts),
            shop=place.shop,
            by=author(),
            expected_version=expected_version(),
            publish=wish == "publish",
            even_broken=wish == "keep",
            accepted=request.form.getlist("accepted"),
        )
    except BrokenDraft as error:
        return _refused(place, parts, 422, findings=error.findings, wish=wish)
    except Conflict as error:
        return _refused(place, parts, 409, problem=said_of(error), wish=wish)
    except TooMany as error:
        answer = _refused(place, parts, 429, problem=said_of(error), wish=wish)
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
        return answer
    said = {"publish": "published", "keep": "kept"}.get(wish, "saved")
    return _done(place, said, version)


def _all_parts(place: Place) -> dict[str, str]:
    """The form's parts; one that is not in it stays as it is."""
    given = written_parts()
    for part, text in given.items():
        if len(text) > 2 * MAX_SOURCE:
            most = 2 * MAX_SOURCE
            message = f"has {len(text)} characters; that is too many"
            raise InvalidInput.of(part, "too_long", message, most=most)
    with env().db.read() as tx:
        default = default_parts(tx, place)
    standing, _ = load_history(env(), place)
    own = dict(standing.current.parts) if standing.current else {}
    known = parts_of_kind(message_kind(place.kind))
    return {
        part: given.get(part, own.get(part, default.get(part, "")))
        for part in known
        if part in given or part in own or part in default
    }


def _test(place: Place, parts: dict[str, str]) -> Any:
    """The mail as written, to whoever is signed in."""
    trouble = send_template_test(
        env(),
        room(),
        shop(),
        place,
        parts,
        person=person(),
        sample=request.form.get("sample", SAMPLES[0]),
        case=request.form.get("case", ""),
    )
    words = words_of(WORDS, page.locale())
    if not trouble:
        said = words["tested"].replace("{address}", person().email)
        if wants_json():
            return _json({"said": said})
        return _editor(place, written=parts, said=said)
    return _refused(place, parts, 502, problem=words["not_tested"].replace("{why}", trouble))


def _done(place: Place, said: str, version: int) -> Any:
    words = words_of(WORDS, page.locale())
    text = words[f"said_{said}"].replace("{version}", str(version))
    if wants_json() and said != "published":
        standing, _ = load_history(env(), place)
        return _json({"said": text, "expected": standing.newest, "state": _state(standing)})
    note(text)
    where = url_for("templates_edit.edit", kind=place.kind, locale=place.locale)
    return _json({"said": text, "go": where}) if wants_json() else redirect(where, code=303)


def _back(place: Place, said: str) -> Any:
    words = words_of(WORDS, page.locale())
    note(words[f"said_{said}"])
    where = url_for("templates_edit.edit", kind=place.kind, locale=place.locale)
    return redirect(where, code=303)


def _refused(
    place: Place,
    parts: Mapping[str, str],
    status: int,
    *,
    findings: Sequence[Finding] = (),
    problem: str = "",
    wish: str = "",
) -> Response:
    """The editor again with the text that was not saved, and why it was not."""
    if wants_json() and status != 409:
        return _json(
            {"findings": [plain(one) for one in findings], "problem": problem}, status=status
        )
    return _editor(
        place, status=status, written=parts, findings=findings, problem=problem, wish=wish
    )


def _editor(
    place: Place,
    *,
    status: int = 200,
    written: Mapping[str, str] | None = None,
    findings: Sequence[Finding] = (),
    problem: str = "",
    wish: str = "",
    said: str = "",
) -> Response:
    kind = message_kind(place.kind)
    with env().db.read() as tx:
        default = default_parts(tx, place)
    standing, versions = load_history(env(), place)
    current = standing.current
    own = dict(current.parts) if current else {}
    base = default or first_words(place)
    begun = {**default, **own} if default or own else base
    shown = dict(written) if written is not None else begun
    if written is None and current and current.problem:
        findings = faults_of(env(), room(), place, current.parts)
    theirs = versions[0] if versions else None
    return show(
        "templates_edit",
        words=WORDS,
        status=status,
        place=place,
        kind=kind,
        standing=standing,
        state=_state(standing),
        is_new=not default and not own,
        parts=parts_of_kind(kind),
        shown={part: shown.get(part, "").rstrip("\r\n") for part in parts_of_kind(kind)},
        changed=frozenset(changed_parts(shown, default)),
        findings=findings,
        problem=problem,
        said=said,
        wish=wish,
        theirs=theirs,
        conflict=_conflict(place, status, shown, default, theirs),
        outdated=[one.part for one in changed_defaults(env(), place)],
        samples=SAMPLES,
        cases=latest_cases(env(), shop(), kind),
        chosen=request.values.get("sample", SAMPLES[0]),
        case=request.values.get("case", ""),
        languages=language_names(dict.fromkeys((*languages(shop()), place.locale)), page.locale()),
        variables=variables_of(kind, locale=place.locale),
        needed=must_print(kind, "email.txt"),
        pieces_known=PIECES,
        filters=sorted(FILTERS),
        completions=_completions(kind, place.locale),
        address=person().email,
    )


def _conflict(
    place: Place,
    status: int,
    shown: Mapping[str, str],
    default: Mapping[str, str],
    theirs: Any,
) -> Any:
    """What differs between the version somebody saved meanwhile and the text here."""
    if status != 409 or theirs is None:
        return ()
    return compare({**default, **theirs.parts}, shown)


def _state(standing: Standing) -> str:
    if standing.draft is not None:
        return "broken" if standing.draft.problem else "draft"
    published = standing.published
    return "changed" if published is not None and published.parts else "default"


def _completions(kind: MessageKind, locale: str) -> str:
    """What the editor completes, as JSON: exactly what a template of this kind may use."""
    return json.dumps(
        {
            "variables": [
                [one.path, one.type, one.meaning, one.sample[:120]]
                for one in variables_of(kind, locale=locale)
            ],
            "pieces": {name: list(wanted) for name, wanted in PIECES.items()},
            "filters": sorted(FILTERS),
        },
        ensure_ascii=False,
    )


def _json(answer: dict[str, Any], *, status: int = 200) -> Response:
    return Response(
        json.dumps(answer, ensure_ascii=False), status=status, mimetype="application/json"
    )
