"""What does the configuration become when what was set in the admin is laid over the file?

The order: file, then the admin, then the environment, which is the word of whoever runs the
machine. A setting that does not fit any more (a newer program knows it no longer) is left out with
a word, so that the service starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from notifier.config import Config
from notifier.config_values import problem_of
from notifier.errors import InvalidInput
from notifier.log import log

Path = tuple[str, ...]

# What the admin may set. The rest is about the machine: where the database is, where to listen,
# which keys sign.
OPEN_SECTIONS = ("delivery", "retention", "limits", "channels", "shops")
OPEN_OF_SERVICE = ("operator_email",)


def may_be_set(path: Path) -> bool:
    """Is this the admin's to set?"""
    if len(path) < 2 or names_file(path):
        return False
    return path[0] in OPEN_SECTIONS or (path[0] == "service" and path[1] in OPEN_OF_SERVICE)


def names_file(path: Path) -> bool:
    """Does it name a file of this machine? Who owns a shop need not own the machine."""
    of_channel = path[0] == "channels" and len(path) == 3
    of_source = path[:1] == ("shops",) and len(path) == 5 and path[2] == "sources"
    return (of_channel or of_source) and (path[-1] == "path" or path[-1].endswith("_file"))


def is_section(path: Path) -> bool:
    """Does it hold settings, rather than being one? Its values are set one by one."""
    if path[0] == "channels":
        return len(path) < 3
    if path[0] != "shops" or len(path) < 3:
        return len(path) < 2 or path[0] == "shops"
    if path[2] in ("sources", "keys", "webhooks"):
        return len(path) < 5
    return path[2] in ("stock", "release", "backorder", "alerts", "brake") and len(path) < 4


def lay_over(config: Config, settings: Mapping[Path, Any]) -> Config:
    """The configuration with these values in it. Raises errors.InvalidInput naming each field."""
    try:
        return Config.model_validate(_tree(config, settings))
    except ValidationError as error:
        problems = (problem_of(one, field="/".join(map(str, one["loc"]))) for one in error.errors())
        raise InvalidInput(*problems) from error


def lay_over_what_fits(config: Config, settings: Mapping[Path, Any]) -> tuple[Config, list[Path]]:
    """The same, leaving out what does not fit; the paths of those."""
    left = dict(settings)
    out: list[Path] = []
    while True:
        try:
            return Config.model_validate(_tree(config, left)), out
        except ValidationError as error:
            bad = {path for one in error.errors() for path in _near(left, one["loc"])}
            if not bad:
                log.error("settings of the admin do not fit", why=str(error))
                return config, [*out, *left]
            out += sorted(bad)
            for path in bad:
                del left[path]


def _tree(config: Config, settings: Mapping[Path, Any]) -> dict[str, Any]:
    tree = config.model_dump(exclude_unset=True)
    for path, value in sorted(settings.items()):
        if not may_be_set(path) or path in config.from_environment:
            continue
        node = tree
        for step in path[:-1]:
            inner = node.setdefault(step, {})
            if not isinstance(inner, dict):
                inner = node[step] = {}
            node = inner
        node[path[-1]] = value
    return tree


def _near(settings: Mapping[Path, Any], place: tuple[int | str, ...]) -> list[Path]:
    """The settings that a complaint about `place` is about: there, above or below it."""
    where = tuple(str(step) for step in place)
    return [path for path in settings if path[: len(where)] == where or where[: len(path)] == path]
