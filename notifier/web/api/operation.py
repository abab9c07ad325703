"""How does one call of the API go, from the key to the answer?

Key, scope, Idempotency-Key, body or query, work, answer: the same for every operation. What is
written here about an operation is also what the OpenAPI description is made from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ValidationError

from notifier.domain.scope import Scope
from notifier.errors import InvalidInput
from notifier.web.api.access import Caller, identify
from notifier.web.api.once import answer_once
from notifier.web.api.shapes import Nothing
from notifier.web.field_problems import problems_of
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.read_json import PUBLIC_LIMIT, as_model, json_body, raw_body, single

G = TypeVar("G", bound=BaseModel)
P = ParamSpec("P")
Made = BaseModel | tuple[BaseModel, int]
View = Callable[..., Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the description shows it. `path` in Flask's spelling, below /api/v1."""

    method: str
    path: str
    name: str
    scope: Scope
    summary: str
    description: str
    given: type[BaseModel]
    answer: type[BaseModel]
    status: int
    limit: int
    row: type[BaseModel] | None


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    scope: Scope,
    summary: str,
    given: type[G],
    answer: type[BaseModel],
    status: int = 200,
    limit: int = PUBLIC_LIMIT,
    row: type[BaseModel] | None = None,
    blueprint: Blueprint | None = None,
) -> Callable[[Callable[Concatenate[Caller, G, P], Made]], View]:
    """Make a view of a function of (caller, given, **path arguments).

    `given` is the body of POST and PUT, the query of GET and DELETE; `row` is what a list in it
    holds when its rows are read one by one. Without a `blueprint` somebody else routes to it.
    """

    def decorate(work: Callable[Concatenate[Caller, G, P], Made]) -> View:
        @wraps(work)
        def view(*args: P.args, **arguments: P.kwargs) -> Response:
            caller = identify(env())
            caller.need(scope)

            def act() -> Response:
                return _answer(
                    work(caller, _read(method, given, limit=limit), *args, **arguments), status
                )

            if method == "POST":
                return answer_once(env(), caller, act, limit=limit)
            return act()

        OPERATIONS.append(
            Operation(
                method=method,
                path=path,
                name=work.__name__,
                scope=scope,
                summary=summary,
                description=" ".join((work.__doc__ or "").split()),
                given=given,
                answer=answer,
                status=status,
                limit=limit,
                row=row,
            )
        )
        marked: View = guarded(Guard.API_KEY)(view)
        if blueprint is not None:
            blueprint.add_url_rule(path, work.__name__, marked, methods=[method])
        return marked

    return decorate


def _read(method: str, given: type[G], *, limit: int) -> G:
    if method in ("GET", "DELETE"):
        return _read_query(given)
    if given is Nothing and not raw_body(limit=limit).strip():
        return given()
    return as_model(given, json_body(limit=limit))


def _read_query(given: type[G]) -> G:
    """Query arguments, each at most once; unknown ones are refused, as a misspelt filter would
    silently give everything."""
    known = set(given.model_fields)
    unknown = sorted(set(request.args) - known)
    if unknown:
        raise InvalidInput.of(
            unknown[0][:64],
            "unknown_argument",
            f"{unknown[0][:64]!r} is not known here; there are: {', '.join(sorted(known))}.",
        )
    said = single(request.args, allowed=known)
    try:
        return given.model_validate(said)
    except ValidationError as error:
        raise InvalidInput(*problems_of(error, said)) from error


def _answer(made: Made, status: int) -> Response:
    model, status = made if isinstance(made, tuple) else (made, status)
    answer = jsonify(model.model_dump(mode="json"))
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
