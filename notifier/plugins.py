"""Which channels and connectors exist, and how does configuration become one of them?

A file in channels/ or connectors/ registers itself by its name; strangers add theirs by entry
point (`notifier.channels`, `notifier.connectors`). A module is imported only when it is
configured, and its own `Settings` dataclass checks what was written.
"""

from __future__ import annotations

import pkgutil
import re
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from notifier import channels, connectors
from notifier.config import read_length
from notifier.config_values import problem_of
from notifier.connectors import shop_hooks
from notifier.errors import BadValue, ConfigError, FieldProblem

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_PACKAGES = {
    "notifier.channels": channels,
    "notifier.connectors": connectors,
    "notifier.connectors.shop_hooks": shop_hooks,
}


def kinds(group: str) -> list[str]:
    """Names of every channel, connector or reader of a shop system's webhooks that is there.
    `group` is one of `_PACKAGES`."""
    found = {
        module.name
        for module in pkgutil.iter_modules(_PACKAGES[group].__path__)
        if not module.ispkg and _is_plugin(group, module.name)
    }
    return sorted(found | {point.name for point in _entry_points(group)})


@cache
def _entry_points(group: str) -> tuple[EntryPoint, ...]:
    """What is installed does not change while a program runs, and asking takes milliseconds."""
    return tuple(entry_points(group=group))


@cache
def _is_plugin(group: str, name: str) -> bool:
    """Files without a class Channel or Source, or read_hook, are parts of a plugin, not plugins."""
    spec = _PACKAGES[group].__path__[0]
    with open(f"{spec}/{name}.py", encoding="utf-8") as file:
        source = file.read()
    return re.search(r"^(?:class (?:Channel|Source)|def read_hook)[:(]", source, re.M) is not None


@cache
def load(group: str, kind: str) -> ModuleType:
    """The module of one kind. Raises errors.ConfigError with the kinds that exist."""
    for point in _entry_points(group):
        if point.name == kind:
            module = point.load()
            if isinstance(module, ModuleType):
                return module
            raise ConfigError(f"Entry point {kind!r} in {group} must name a module.")
    known = kinds(group)
    if kind not in known:
        what = group.rpartition(".")[2].removesuffix("s")
        raise ConfigError(f"There is no {what} of kind {kind!r}. There are: {', '.join(known)}.")
    return import_module(f"{group}.{kind}")


def read_settings(module: ModuleType, written: dict[str, Any], *, where: str) -> Any:
    """The module's Settings from what was written. Raises errors.ConfigError with field and why."""
    settings_class = module.Settings
    if not is_dataclass(settings_class):
        raise ConfigError(f"{module.__name__}.Settings must be a dataclass.")
    known = {field.name: field for field in fields(settings_class)}
    unknown = sorted(set(written) - set(known))
    if unknown:
        raise ConfigError(
            f"{where}: {', '.join(unknown)} is not a setting of "
            f"{module.__name__.rpartition('.')[2]}; it knows {', '.join(sorted(known))}."
        )
    values = {}
    for name, value in written.items():
        try:
            values[name] = read_length(value) if "timedelta" in str(known[name].type) else value
        except BadValue as error:
            problem = FieldProblem(
                field=name, code=error.code, message=str(error), values=error.values
            )
            raise ConfigError(f"{where}.{name}: {error}", problem) from error
    try:
        return _adapter(cast(type[Any], settings_class)).validate_python(values)
    except ValidationError as error:
        lines = [
            f"{where}.{'.'.join(str(step) for step in problem['loc'])}: "
            + str(problem["msg"]).removeprefix("Value error, ")
            for problem in error.errors()
        ]
        problems = (problem_of(one, field=str((*one["loc"], "")[0])) for one in error.errors())
        raise ConfigError("\n".join(lines), *problems) from error


def _adapter(settings_class: type[Any]) -> TypeAdapter[Any]:
    if settings_class not in _ADAPTERS:
        settings_class.__pydantic_config__ = ConfigDict(extra="forbid")
        _ADAPTERS[settings_class] = TypeAdapter(settings_class)
    return _ADAPTERS[settings_class]
