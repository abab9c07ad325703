"""What stands behind a setting of a channel, source or webhook: which class, and what does it say?

The configuration knows of a channel only its kind. The rest is checked by the kind's own Settings,
so that what is set in the admin is refused there and then, not when the first letter is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, replace
from functools import cache
from typing import Any

from notifier import plugins
from notifier.config import ChannelSection, Config, SourceSection, WebhookSection
from notifier.config_settings import Path, names_file
from notifier.errors import ConfigError, FieldProblem

CHANNELS, CONNECTORS = "notifier.channels", "notifier.connectors"
PUSH, WEBHOOK = "push", "webhook"
_OF_SHOPS = frozenset({WEBHOOK, "apprise_alerts"})  # channels that are set up with a shop
ENDPOINTS = ("host", "url", "base_url")  # where a secret goes to
_SECRETS = frozenset(
    ("secret", "password", "auth_token", "push_secrets", "api_key", "token", "access_token")
) | {"apprise"}
Section = ChannelSection | SourceSection | WebhookSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One configured thing: where it is, and whose Settings read it."""

    base: Path
    group: str
    name: str
    section: Section

    @property
    def written(self) -> dict[str, Any]:
        """What its Settings are made from."""
        extra = dict(self.section.model_extra or {})
        if isinstance(self.section, WebhookSection):
            return {"url": self.section.url, "events": self.section.events, **extra}
        return extra


def kind_at(config: Config, path: Path) -> Kind | None:
    """What the setting at `path` belongs to; None: to the program itself, or to nothing."""
    if path[0] == "channels" and len(path) > 1:
        section = config.channels.get(path[1])
        if section is None:
            return None
        return Kind(base=path[:2], group=CHANNELS, name=section.kind, section=section)
    shop = config.shops.get(path[1]) if path[0] == "shops" and len(path) > 3 else None
    if shop is None:
        return None
    if path[2] == "sources" and (source := shop.sources.get(path[3])):
        if source.kind == PUSH:
            return None
        return Kind(base=path[:4], group=CONNECTORS, name=source.kind, section=source)
    if path[2] == "webhooks" and (hook := shop.webhooks.get(path[3])):
        return Kind(base=path[:4], group=CHANNELS, name=WEBHOOK, section=hook)
    return None


@cache
def setting_fields(group: str, name: str) -> dict[str, Field[Any]]:
    """The fields of its Settings. Raises errors.ConfigError for a kind that is not there."""
    return {one.name: one for one in fields(plugins.load(group, name).Settings)}


def offered_kinds(group: str) -> list[str]:
    """The kinds that can be set up in the admin: not those that need a file of this machine."""
    found = []
    for name in plugins.kinds(group):
        needed = [
            one.name
            for one in setting_fields(group, name).values()
            if one.default is MISSING and one.default_factory is MISSING
        ]
        base = ("channels", name) if group == CHANNELS else ("shops", "x", "sources", name)
        if name not in _OF_SHOPS and not any(names_file((*base, one)) for one in needed):
            found.append(name)
    return found


def is_secret(path: Path, *, config: Config | None = None) -> bool:
    """Never shown again once it is set: passwords, tokens, keys, and what a kind says is secret."""
    name = path[-1]
    if name in _SECRETS or name.endswith(("_secret", "_secrets", "_password", "_token", "_pem")):
        return True
    kind = kind_at(config, path) if config else None
    if kind is None or len(path) <= len(kind.base):
        return False
    found = _known(kind).get(path[len(kind.base)])
    return bool(found is not None and found.metadata.get("secret"))


def _known(kind: Kind) -> dict[str, Field[Any]]:
    try:
        return setting_fields(kind.group, kind.name)
    except ConfigError:
        return {}


def problems_of(config: Config, paths: Iterable[Path]) -> list[FieldProblem]:
    """What the Settings of the touched channels, sources and webhooks do not take."""
    kinds = {kind.base: kind for path in paths if (kind := kind_at(config, path))}
    return [problem for kind in kinds.values() for problem in _problems(kind)]


def _problems(kind: Kind) -> Iterator[FieldProblem]:
    where = ".".join(kind.base)
    try:
        module = plugins.load(kind.group, kind.name)
        plugins.read_settings(module, kind.written, where=where)
    except ConfigError as error:
        known = _known(kind)
        if error.problems:
            for one in error.problems:
                at = (*kind.base, one.field) if one.field in known else kind.base
                yield replace(one, field="/".join(at))
            return
        for line in str(error).splitlines():
            told = line.removeprefix(f"{where}.")
            head, _, rest = told.partition(": ")
            first = head.partition(".")[0]
            at = (*kind.base, first) if first in known and rest else kind.base
            words = rest if first in known and rest else told.removeprefix(f"{where}: ")
            yield FieldProblem(
                field="/".join(at), code="said", message=words, values={"said": words}
            )


def secrets_sent_elsewhere(
    before: Config, after: Config, file: Config, changes: Iterable[Path]
) -> list[FieldProblem]:
    """Secrets that would go to another place than the one they were entered for.

    Otherwise who may change an address, but not read a password, would have it sent to them.
    """
    touched, problems = set(changes), []
    for path in sorted(touched):
        was, now = kind_at(before, path), kind_at(after, path)
        if path[-1] not in ENDPOINTS or was is None or now is None or now.name == WEBHOOK:
            continue
        at_file = kind_at(file, path)
        place = now.written.get(path[-1])
        if place in (was.written.get(path[-1]), at_file and at_file.written.get(path[-1])):
            continue
        problems += [
            FieldProblem(
                field="/".join((*now.base, name)),
                code="again",
                message="enter it again: it would go to another address than before",
            )
            for name, one in _known(now).items()
            if one.metadata.get("secret")
            and was.written.get(name)
            and (*now.base, name) not in touched
        ]
    return problems
