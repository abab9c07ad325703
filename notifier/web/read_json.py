"""Is this body JSON as we want it? Strict: what JSON leaves open is refused here.

Refused: other content types, bodies over the limit, UTF-16, duplicate keys, NaN and Infinity, deep
nesting, lone surrogates, trailing text (trust L11, WS-18, bad inputs C).
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from notifier.errors import InvalidInput
from notifier.web.field_problems import problems_of

M = TypeVar("M", bound=BaseModel)

PUBLIC_LIMIT = 16 * 1024
BULK_LIMIT = 20 * 1024 * 1024
HOOK_LIMIT = 1024 * 1024

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # databases keep none


class BadField(BadRequest):
    """400 about one field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def raw_body(*, limit: int) -> bytes:
    """The request's bytes. Raises 413 when there are more than `limit`."""
    request.max_content_length = limit
    length = request.content_length
    if length is not None and length > limit:
        raise RequestEntityTooLarge(f"The body has {length} bytes; at most {limit} are read here.")
    body = request.get_data(cache=True)
    if len(body) > limit:
        raise RequestEntityTooLarge(f"The body has more than {limit} bytes.")
    return body


def json_body(*, limit: int = PUBLIC_LIMIT) -> Any:
    """The parsed body. Raises 415, 413 or 400 with a sentence."""
    return parse_json(json_bytes(limit=limit))


def json_bytes(*, limit: int = PUBLIC_LIMIT) -> bytes:
    """The body of a request that says that it is JSON. Raises 415 or 413 with a sentence."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON with Content-Type: application/json.")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send JSON in UTF-8.")
    return raw_body(limit=limit)


def parse_json(body: bytes) -> Any:
    """Strict JSON from bytes; raises 400 with a sentence."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8.") from error
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except RecursionError as error:
        raise BadRequest("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise BadRequest(f"The body is not valid JSON: {error}") from error
    try:
        written = json.dumps(value, ensure_ascii=False)
        written.encode("utf-8")
    except (UnicodeEncodeError, RecursionError) as error:
        raise BadRequest("The JSON holds half a character (a lone surrogate).") from error
    if _NUL.search(written):
        raise InvalidInput.of(
            _where_nul(value), "nul", "This holds a NUL character, which no text may have."
        )
    return value


def _where_nul(value: Any) -> str:
    """The field of the outermost object in which a NUL stands."""
    fields = value if isinstance(value, dict) else {}
    return next((key for key, one in fields.items() if _NUL.search(json.dumps(one))), "body")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} appears twice")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def as_model(model: type[M], value: Any, *, where: str = "") -> M:
    """The value as a pydantic model. Raises errors.InvalidInput naming each field."""
    if not isinstance(value, dict):
        raise InvalidInput.of(where or "body", "not_an_object", "Send a JSON object.")
    try:
        return model.model_validate(value, strict=True)
    except ValidationError as error:
        raise InvalidInput(*problems_of(error, value, where=where)) from error


def single(args: Any, *, allowed: set[str]) -> dict[str, str]:
    """Query arguments, each at most once (trust WS-18). Unknown ones are ignored, as browsers and
    trackers add their own."""
    found: dict[str, str] = {}
    for name in allowed:
        values = args.getlist(name)
        if len(values) > 1:
            raise BadField(name, f"{name} is given {len(values)} times; give it once.")
        if any("\x00" in value for value in values):
            raise BadField(name, f"{name} holds a NUL character, which no text may have.")
        if values:
            found[name] = values[0]
    return found
