"""Does our stand-in for Twilio speak as Twilio's own OpenAPI files say?

Set NOTIFIER_TWILIO_OPENAPI to the folder with `twilio_api_v2010.json` and
`twilio_messaging_v1.json` (in the npm package @twilio-alpha/mcp: package/twilio-oai/spec/json).
Without it these tests are skipped: the files are 2.5 MB and no part of this project.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.demo.twilio_wire import Answer, Asked
from tests.contracts.test_sms_twilio import Channel, a_letter, settings_for
from tests.fakes.twilio import FakeTwilio
from tests.timing import SettableClock

FILES = ("twilio_api_v2010.json", "twilio_messaging_v1.json")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "number": (int, float),
}


class Recorded(FakeTwilio):
    """A FakeTwilio that keeps what it answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.exchanges: list[tuple[Asked, Answer]] = []

    def answer(self, asked: Asked) -> Answer:
        answer = super().answer(asked)
        self.exchanges.append((asked, answer))
        return answer


class Specification:
    """Twilio's description of its API, as far as we use it."""

    def __init__(self, folder: Path) -> None:
        self._paths: list[tuple[re.Pattern[str], dict[str, Any], dict[str, Any]]] = []
        for name in FILES:
            document = json.loads((folder / name).read_text(encoding="utf-8"))
            for path, operations in document["paths"].items():
                pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
                self._paths.append((pattern, operations, document["components"]["schemas"]))

    def objections(self, asked: Asked, answer: Answer) -> Iterator[str]:
        for pattern, operations, schemas in self._paths:
            operation = operations.get(asked.method.lower())
            if operation is None or not pattern.fullmatch(asked.path):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            for media in content.values():
                for name, value in asked.form.items():
                    known = media["schema"]["properties"].get(name)
                    if known is None:
                        yield f"{asked.path} knows no parameter {name}"
                    elif known.get("type") == "integer" and not value.isdigit():
                        yield f"{asked.path} {name}: {value!r} is no integer"
                    elif not re.search(known.get("pattern", ""), value):
                        yield f"{asked.path} {name}: {value!r} is not {known['pattern']}"
            known_queries = {one["name"] for one in operation.get("parameters", [])}
            yield from (
                f"{asked.path} knows no query {name}"
                for name in asked.query
                if name not in known_queries
            )
            response = operation["responses"].get(str(answer.status))
            if response is None:
                yield f"{asked.method} {asked.path} never answers {answer.status}"
                return
            schema = next(iter(response["content"].values()))["schema"]
            yield from _mismatches(answer.body, schema, schemas, at=asked.path)
            return
        yield f"there is no {asked.method} {asked.path}"


def _mismatches(
    value: Any, schema: dict[str, Any], schemas: dict[str, Any], *, at: str
) -> Iterator[str]:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if value is None:
        if not schema.get("nullable") and not schema.get("enum"):
            yield f"{at} is null"
        return
    wanted = schema.get("type")
    if wanted and not isinstance(value, _TYPES[wanted]):
        yield f"{at}: {value!r} is no {wanted}"
        return
    if isinstance(value, str):
        if schema.get("enum") and value not in schema["enum"]:
            yield f"{at}: {value!r} is none of {schema['enum']}"
        if not re.search(schema.get("pattern", ""), value):
            yield f"{at}: {value!r} is not {schema['pattern']}"
    if isinstance(value, list) and "items" in schema:
        for one in value:
            yield from _mismatches(one, schema["items"], schemas, at=f"{at}[]")
    if isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name not in schema["properties"]:
                yield f"{at} has no field {name}"
            else:
                known = schema["properties"][name]
                yield from _mismatches(inner, known, schemas, at=f"{at}.{name}")


@pytest.fixture(scope="module")
def specification() -> Specification:
    folder = Path(os.environ.get("NOTIFIER_TWILIO_OPENAPI", "") or "/nowhere")
    if not all((folder / name).is_file() for name in FILES):
        pytest.skip("NOTIFIER_TWILIO_OPENAPI names no folder with Twilio's OpenAPI files")
    return Specification(folder)


@pytest.mark.parametrize(
    "sender", [{}, {"messaging_service_sid": "", "from_number": "+15005550006"}]
)
def test_what_we_ask_and_what_the_stand_in_answers_are_as_twilio_describes_them(
    specification: Specification, clock: SettableClock, sender: dict[str, str]
):
    with Recorded(clock=clock, short_codes=("54321",)) as twilio:
        channel = Channel(settings_for(twilio, **sender), clock=clock)
        again = a_letter(3, is_retry_of_unknown=True, first_tried_at=clock())
        list(channel.send([a_letter(1), a_letter(2), again], note=lambda *_: None))
        twilio.report(twilio.messages[0], "delivered")
        list(channel.send([again], note=lambda *_: None))
        channel.check()
        channel.ask_about(twilio.messages[0].sid, uid="m1.k3y")
        for n in range(201):
            twilio.text_back(f"+1212555{n:04}", "STOP", to="+15005550006")
        assert len(list(channel.texts_since(clock()))) == 201
        channel.close()
        exchanges = list(twilio.exchanges)
    objections = [
        one for asked, answer in exchanges for one in specification.objections(asked, answer)
    ]
    assert objections == []
    assert len({asked.path for asked, _ in exchanges}) >= 4
