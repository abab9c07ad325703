"""Where are the settings read from, and what is said of those that cannot be used?

From one TOML file. Every value can be overridden by an environment variable
`NOTIFIER__SECTION__KEY`, and by the content of a file named in `NOTIFIER__SECTION__KEY_FILE`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from notifier.config import Config
from notifier.errors import ConfigError

PREFIX = "NOTIFIER__"
_SIGNS = re.compile(r"[.-]")
_SECRET = re.compile(r"secret|password|token|url|apprise")  # a database's url holds one
LONGEST_SHOWN = 60
FILE_SETTINGS = frozenset({"ca_file", "dkim_key_file"})  # settings that are names of files


def load_config(path: Path | None, *, environ: Mapping[str, str] | None = None) -> Config:
    """Read the file and the environment. Raises errors.ConfigError with every problem found."""
    environ = os.environ if environ is None else environ
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError(
                f"There is no configuration at {path}. "
                "Run `notifier init`, or name it with --config."
            ) from error
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from error
    set_outside = _lay_over(tree, environ)
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, where=str(path or "environment"))) from error
    config._from_environment = set_outside
    return config


def _lay_over(tree: dict[str, Any], environ: Mapping[str, str]) -> frozenset[tuple[str, ...]]:
    """Write NOTIFIER__A__B values into the tree; the paths that were set.

    A section of the file is known by its name in capitals, with `_` for the signs that a shell's
    variables cannot have: NOTIFIER__SHOPS__MY_SHOP__NAME is of [shops.my-shop].
    """
    done = set()
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        path = name[len(PREFIX) :].lower().split("__")
        if path[-1].endswith("_file") and path[-1] not in FILE_SETTINGS:
            file = Path(value)
            try:
                value = file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{name} names {file}, which cannot be read: {error}") from error
            path[-1] = path[-1].removesuffix("_file")
        node = tree
        for place, step in enumerate(path):
            if not isinstance(node, dict):
                raise ConfigError(f"{name}: {path[place - 1]} is a value, not a section")
            path[place] = _as_in_file(step, node)
            if place < len(path) - 1:
                node = node.setdefault(path[place], {})
        node[path[-1]] = _read_value(value)
        done.add(tuple(path))
    return frozenset(done)


def _as_in_file(step: str, node: Mapping[str, Any]) -> str:
    """The key that is meant by one step of a variable's name: as it stands there, if it does."""
    if step in node:
        return step
    meant = [key for key in node if _SIGNS.sub("_", key.lower()) == _SIGNS.sub("_", step)]
    return meant[0] if len(meant) == 1 else step


def _read_value(text: str) -> Any:
    """A list is written as TOML; everything else is left to the field's own type."""
    if text.startswith("["):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _explain(error: ValidationError, *, where: str) -> str:
    lines = [f"{where} cannot be used:"]
    for problem in error.errors():
        place = ".".join(str(step) for step in problem["loc"])
        words = str(problem["msg"]).removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            words = "is not a setting; check the spelling (`notifier config --example` lists all)"
        elif problem["type"] == "missing":
            words = "is missing"
        elif problem["type"] != "value_error":  # whose words hold it
            words = _with_value(words, problem["input"], of=str(problem["loc"][-1]))
        lines.append(f"  {place}: {words}" if place else f"  {words}")
    return "\n".join(lines)


def _with_value(words: str, value: Any, *, of: str) -> str:
    """What is wanted, and what stands there; a secret is not repeated."""
    words = words.replace("Input should", "should").replace("String should", "should")
    if not isinstance(value, (str, int, float)) or _SECRET.search(of):
        return words
    return f"{words}, and is {str(value)[:LONGEST_SHOWN]!r}"
