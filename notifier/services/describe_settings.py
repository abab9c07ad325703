"""Which settings are there to be made, what does each mean, and who has set it so far?

Read from the same descriptions as the configuration file, so that a new setting, channel or
connector has its form without anybody writing one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass
from enum import StrEnum
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from notifier import plugins
from notifier.config import Config, SourceSection, WebhookSection
from notifier.config_settings import Path, names_file
from notifier.services.env import Env
from notifier.services.setting_kinds import PUSH, WEBHOOK, is_secret, setting_fields
from notifier.services.setting_text import Shape, shape_of, text_of
from notifier.store import settings as store

RESTART = frozenset({("delivery", "workers")})  # read once, when the service starts
_PARAGRAPHS = frozenset({"postal_address"})
_OF_PUSH = ("max_age",)


class Origin(StrEnum):
    DEFAULT = "default"
    FILE = "file"
    ADMIN = "admin"
    ENVIRONMENT = "environment"
    MACHINE = "machine"  # the name of a file: only the configuration file can set it


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One field of a form. `group` and `name` lead to its words in other languages; `value` is as
    written, and empty for a secret; `can_go_back`: without what was set here there is another."""

    path: Path
    group: str
    label: str
    help: str
    shape: Shape
    choices: tuple[str, ...] = ()
    value: str = ""
    origin: Origin = Origin.DEFAULT
    secret: bool = False
    is_set: bool = False
    required: bool = False
    restart: bool = False
    can_go_back: bool = True

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def read_only(self) -> bool:
        return self.origin in (Origin.ENVIRONMENT, Origin.MACHINE)


class Describer:
    """Describes as of one moment: what is set, and where."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._now = env.config.model_dump(exclude_unset=True)
        self._file = env.file_config.model_dump(exclude_unset=True)
        with env.db.read() as tx:
            rows = store.all_settings(tx)
        self._here = {tuple(row.path.split("/")) for row in rows}

    def section(
        self, model: type[BaseModel], base: Path, *, group: str, names: Collection[str] = ()
    ) -> list[SettingField]:
        """The settings of a part of the configuration, or these of them."""
        found = []
        for name, info in model.model_fields.items():
            if not _is_one(info) or (names and name not in names):
                continue
            shape, choices = shape_of(info.annotation)
            if shape is Shape.NUMBER and _is_share(info):
                shape = Shape.SHARE
            found.append(
                self._field(
                    (*base, name),
                    group=group,
                    help_text=info.description or "",
                    shape=shape,
                    choices=choices,
                    default=None if info.default is PydanticUndefined else info.default,
                    required=info.is_required(),
                )
            )
        return found

    def kind(
        self, group: str, name: str, base: Path, *, but: Collection[str]
    ) -> list[SettingField]:
        """The settings of a channel or connector; `but`: those that the program has itself."""
        hints = get_type_hints(plugins.load(group, name).Settings)
        return [
            self._of_kind(one, hints[one.name], (*base, one.name), group=name)
            for one in setting_fields(group, name).values()
            if one.name not in but
        ]

    def source(self, kind: str, base: Path) -> list[SettingField]:
        """A source: what its kind needs, then how often it is looked at and what is believed."""
        own = set(SourceSection.model_fields)
        names = _OF_PUSH if kind == PUSH else tuple(own - {"kind"})
        common = self.section(SourceSection, base, group="source", names=names)
        if kind == PUSH:
            return common
        return [*self.kind("notifier.connectors", kind, base, but=own), *common]

    def channel(self, kind: str, base: Path) -> list[SettingField]:
        return self.kind("notifier.channels", kind, base, but=())

    def webhook(self, base: Path) -> list[SettingField]:
        """Where to; its secrets are made here and have no field."""
        rest = self.kind(
            "notifier.channels", WEBHOOK, base, but=("url", "events", "secret", "extra_secrets")
        )
        return [*self.section(WebhookSection, base, group=WEBHOOK), *rest]

    def _of_kind(self, one: Field[Any], hint: Any, path: Path, *, group: str) -> SettingField:
        shape, choices = shape_of(hint)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        return self._field(
            path,
            group=group,
            help_text=str(one.metadata.get("help", "")),
            shape=shape,
            choices=choices,
            default=None if default is MISSING else default,
            required=default is MISSING,
            secret=bool(one.metadata.get("secret")),
        )

    def _field(
        self,
        path: Path,
        *,
        group: str,
        help_text: str,
        shape: Shape,
        choices: tuple[str, ...],
        default: Any,
        required: bool,
        secret: bool = False,
    ) -> SettingField:
        secret = secret or is_secret(path)
        value = _at(self._now, path, default)
        if shape is Shape.TEXT and path[-1] in _PARAGRAPHS:
            shape = Shape.PARAGRAPH
        return SettingField(
            path=path,
            group=group,
            label=path[-1].replace("_", " ").capitalize(),
            help=help_text,
            shape=shape,
            choices=choices,
            value="" if secret else text_of(value, shape),
            origin=self._origin(path),
            secret=secret,
            is_set=bool(value),
            required=required,
            restart=path in RESTART,
            can_go_back=not required or _at(self._file, path, None) is not None,
        )

    def _origin(self, path: Path) -> Origin:
        if path in self._env.file_config.from_environment:
            return Origin.ENVIRONMENT
        if names_file(path):
            return Origin.MACHINE
        if any(one[: len(path)] == path for one in self._here):
            return Origin.ADMIN
        return Origin.DEFAULT if _at(self._file, path, None) is None else Origin.FILE

    def is_here(self, base: Path) -> bool:
        """Was it made in the admin, with nothing of it in the file?"""
        return _at(self._file, base, None) is None

    def is_touched(self, base: Path) -> bool:
        """Is anything of it set in the admin?"""
        return any(one[: len(base)] == base for one in self._here)


def _is_one(info: FieldInfo) -> bool:
    """Is it a setting, not a part with settings of its own?"""
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return False
    return not any(isinstance(one, type) and issubclass(one, BaseModel) for one in _inside(kind))


def is_share(path: Path) -> bool:
    """Is the setting at this path a share, which a form shows in per cent?"""
    kind: Any = Config
    info: FieldInfo | None = None
    for step in path:
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):  # a name, as of a shop
            kind = next((one for one in _inside(kind) if hasattr(one, "model_fields")), None)
            info = None
        elif (info := kind.model_fields.get(step)) is None:
            return False
        else:
            kind = info.annotation
    return info is not None and shape_of(kind)[0] is Shape.NUMBER and _is_share(info)


def _is_share(info: FieldInfo) -> bool:
    """Does it go from nothing to all?"""
    bounds = {(side, getattr(one, side, None)) for one in info.metadata for side in ("ge", "le")}
    return bounds >= {("ge", 0), ("le", 1)}


def _inside(kind: Any) -> Iterator[Any]:
    for one in getattr(kind, "__args__", ()):
        yield one
        yield from _inside(one)


def _at(tree: Mapping[str, Any], path: Path, default: Any) -> Any:
    node: Any = tree
    for step in path:
        if not isinstance(node, Mapping) or step not in node:
            return default
        node = node[step]
    return node
