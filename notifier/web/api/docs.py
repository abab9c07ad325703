"""How does a person read the description of the API? A page of our own, without scripts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify
from jinja2 import Environment

from notifier.domain.scope import Scope
from notifier.web.api.description import PREFIX, describe
from notifier.web.guards import Guard, guarded
from notifier.web.here import env
from notifier.web.page_environment import page_environment
from notifier.web.pages import own_path

blueprint = Blueprint("docs", __name__)

SHEET = Path(__file__).parent.parent / "static" / "api.css"
POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


@blueprint.get("/openapi.json")
@guarded(Guard.ANYBODY)
def openapi() -> Response:
    """The description for programs."""
    answer = jsonify(describe(env().config.service.public_url))
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@blueprint.get("/docs.css")
@guarded(Guard.ANYBODY)
def sheet() -> Response:
    answer = Response(SHEET.read_bytes(), mimetype="text/css")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@blueprint.get("/docs")
@guarded(Guard.ANYBODY)
def docs() -> Response:
    """The description for people."""
    described = describe(env().config.service.public_url)
    html = (
        _environment()
        .get_template("docs.html")
        .render(
            api=described,
            operations=[
                {"method": method.upper(), "path": path, **one}
                for path, methods in described["paths"].items()
                for method, one in methods.items()
            ],
            schemas=described["components"]["schemas"],
            scopes=[scope.value for scope in Scope],
            base=env().config.service.public_url,
            style=own_path(f"{PREFIX}/docs.css"),
            openapi=own_path(f"{PREFIX}/openapi.json"),
        )
    )
    answer = Response(html, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def type_words(schema: dict[str, Any]) -> list[tuple[str, str]]:
    """What a value may be, as (words, name of a shape or empty)."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return [(name, name)]
    if "const" in schema:
        return [(json.dumps(schema["const"]), "")]
    if "enum" in schema:
        return [(json.dumps(one), "") for one in schema["enum"]]
    for key in ("anyOf", "allOf", "oneOf"):
        if key in schema:
            return [word for one in schema[key] for word in type_words(one)]
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return [(f"list of {words}", name) for words, name in type_words(schema.get("items", {}))]
    return [({"date-time": "time", "date": "day"}.get(str(schema.get("format")), kind), "")]


def limit_words(schema: dict[str, Any]) -> str:
    """The bounds of a value, in words."""
    said = [
        words.format(schema[name])
        for name, words in _LIMITS.items()
        if name in schema and abs(schema[name]) < 2**53
    ]
    if schema.get("default") not in (None, "", [], {}):
        said.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(said)


def example(schema: dict[str, Any], schemas: dict[str, Any], *, depth: int = 0) -> Any:
    """A value that shows the shape: the fields that are required or say an example."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, depth=depth)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("anyOf", "allOf", "oneOf"):
        if key in schema:
            return example(schema[key][0], schemas, depth=depth)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        required = schema.get("required", ())
        return {
            name: example(held, schemas, depth=depth + 1)
            for name, held in schema["properties"].items()
            if name in required or held.get("examples") or held.get("items", {}).get("$ref")
        }
    if kind == "array":
        return [example(schema.get("items", {}), schemas, depth=depth + 1)] if depth < 4 else []
    plain = {"string": "…", "integer": 1, "number": 1.5, "boolean": True, "object": {}}
    return schema.get("default") or plain.get(str(kind))


@cache
def _environment() -> Environment:
    return page_environment(
        "api",
        type_words=type_words,
        limit_words=limit_words,
        example=lambda schema, schemas: json.dumps(
            example(schema, schemas), indent=2, ensure_ascii=False
        ),
        anchor=lambda text: "".join(c if c.isalnum() else "-" for c in str(text)),
    )
