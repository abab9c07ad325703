"""What does the API look like to a program that has never seen it? (OpenAPI 3.1)

Made from the operations and the very models that read and write; there is no second description.
https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from notifier import __version__
from notifier.web.api.operation import OPERATIONS, Operation
from notifier.web.api.shapes import ErrorAnswer, Nothing

PREFIX = "/api/v1"
_REF = "#/components/schemas/"
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
_ARGUMENT_SCHEMAS: dict[str, dict[str, Any]] = {
    "int": {"type": "integer", "minimum": 0},
    "path": {"type": "string", "minLength": 1},
    "": {"type": "string", "minLength": 1},
}
# 404 when it is not known
_OF_ONE_THING = ("/eta", "/eta/history", "/eta/suggestion", "/subscriptions")
_ERRORS = {
    400: "The request cannot be read: not JSON, not UTF-8, an argument twice.",
    401: "No key, or none of the configured ones.",
    403: "The key lacks the scope.",
    404: "There is no such thing in this shop.",
    409: "The state of things does not allow it now.",
    413: "The body is larger than the limit.",
    415: "The body is not JSON.",
    422: "A field is wrong, or an Idempotency-Key came with another body.",
    429: "Too many. Retry-After says when to come back.",
    503: "The database is busy. Retry-After says when to come back.",
}
_DESCRIPTION = (
    "For the shop's own servers. Send one of the shop's keys as a bearer token; the key decides "
    "the shop, its scopes decide what it may do. Times are UTC. Unknown fields are refused. A POST "
    "with an `Idempotency-Key` has one effect and one answer for 24 hours."
)


def describe(public_url: str) -> dict[str, Any]:
    """The OpenAPI document."""
    return {"servers": [{"url": public_url}], **_describe()}


@cache
def _describe() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for one in sorted(OPERATIONS, key=lambda one: (one.path, one.method)):
        path = PREFIX + _ARGUMENT.sub(r"{\2}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "notifier", "version": __version__, "description": _DESCRIPTION},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of shops.<shop>.keys in the configuration.",
                }
            },
        },
    }


@cache
def schemas() -> dict[str, Any]:
    """The shapes by name."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ErrorAnswer, "serialization")]
    for one in OPERATIONS:
        if one.method in ("POST", "PUT"):
            wanted.append((one.given, "validation"))
        if one.row is not None:
            wanted.append((one.row, "validation"))
        wanted.append((one.answer, "serialization"))
    _, found = models_json_schema(wanted, ref_template=_REF + "{model}")
    named: dict[str, Any] = found["$defs"]
    rows = {one.row.__name__ for one in OPERATIONS if one.row is not None}
    return {name: _tidy(shape, rows=rows) for name, shape in named.items() if name != "Nothing"}


def _tidy(value: Any, *, rows: set[str]) -> Any:
    """Descriptions on one line; rows that are read one by one by their name; no empty titles."""
    if isinstance(value, list):
        return [_tidy(one, rows=rows) for one in value]
    if not isinstance(value, dict):
        return value
    tidied = {name: _tidy(held, rows=rows) for name, held in value.items()}
    items = tidied.get("items")
    if isinstance(items, dict) and items.get("title") in rows:
        tidied["items"] = {"$ref": _REF + str(items["title"])}
    if isinstance(tidied.get("description"), str):
        tidied["description"] = " ".join(tidied["description"].split())
    return tidied


def _operation(one: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_id(one),
        "summary": one.summary,
        "description": f"{one.description} Scope: `{one.scope.value}`.".strip(),
        "tags": [one.path.split("/")[1]],
        "parameters": _parameters(one),
        "responses": _responses(one),
    }
    if one.method in ("POST", "PUT") and one.given is not Nothing:
        described["requestBody"] = {
            "required": True,
            "description": f"At most {one.limit // 1024} KiB.",
            "content": _json(one.given),
        }
    return described


def operation_id(one: Operation) -> str:
    """A name that code generators can use: `post_releases_pause`."""
    words = [word for word in one.path.split("/") if word and not word.startswith("<")]
    by_id = "_by_id" if one.path.endswith(">") else ""
    return "_".join([one.method.lower(), *words]) + by_id


def _parameters(one: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _ARGUMENT_SCHEMAS[kind]}
        for kind, name in _ARGUMENT.findall(one.path)
    ]
    if one.method in ("GET", "DELETE"):
        shape = one.given.model_json_schema()
        for name, schema in shape.get("properties", {}).items():
            described = _tidy(_resolved(schema, shape), rows=set())
            found.append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in shape.get("required", ()),
                    "description": described.pop("description", ""),
                    "schema": described,
                }
            )
    if one.method == "POST":
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key has one effect and one answer.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    return found


def _resolved(schema: Any, shape: dict[str, Any]) -> Any:
    """A query argument's schema with what it refers to written in its place."""
    if isinstance(schema, list):
        return [_resolved(one, shape) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return dict(shape["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    return {name: _resolved(held, shape) for name, held in schema.items()}


def _responses(one: Operation) -> dict[str, Any]:
    good = [one.status] if one.status == 200 else [one.status, 200]
    found: dict[str, Any] = {
        str(status): {
            "description": "Done." if status == 200 else "Made.",
            "content": _json(one.answer),
        }
        for status in good
    }
    has_body = one.method in ("POST", "PUT")
    for status, description in _ERRORS.items():
        if status in (413, 415) and not has_body:
            continue
        if status == 404 and "<" not in one.path and one.path not in _OF_ONE_THING:
            continue
        if status in (409, 429) and one.method != "POST":
            continue
        found[str(status)] = {"description": description, "content": _json(ErrorAnswer)}
    return found


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF + model.__name__}}}
