"""What can be configured? Writes docs/configuration.md and config.example.toml from the program.

    python scripts/write_configuration.py           writes both
    python scripts/write_configuration.py --check   says which of them is old, exit 1

The descriptions are those of notifier/config*.py and of each channel's and connector's `Settings`;
tests/meta/test_docs.py keeps files and program equal.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import UnionType
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))

from pydantic import BaseModel  # noqa: E402
from pydantic_core import PydanticUndefined  # noqa: E402

from notifier import config, plugins  # noqa: E402
from notifier.config_alerts import AlertRules  # noqa: E402
from notifier.config_brake import BrakeRules  # noqa: E402
from notifier.config_example import example  # noqa: E402

HEAD = """\
# Configuration

This page is written by `scripts/write_configuration.py` from the program itself. To change a
description, change it in the code and run the script.

One TOML file. `--config FILE` names it, before or after the command, or `NOTIFIER_CONFIG`, else it
is `config.toml` in the folder you are in. `notifier config --example` prints a whole one
([config.example.toml](../config.example.toml)). An option that does not exist is refused, with its
place in the file. After a change run `notifier check`.

* **From the environment.** Every option is also `NOTIFIER__SECTION__OPTION`, in capitals, with two
  underscores between the steps: `NOTIFIER__SERVICE__PUBLIC_URL`,
  `NOTIFIER__SHOPS__KETTLE__STOCK__COOL_DOWN`. The environment wins over the file. A list is written
  as in TOML, `NOTIFIER__SHOPS__KETTLE__ORIGINS='["https://kettle.example"]'`; a single entry may
  stand alone.
* **Secrets from files.** `…_FILE` names a file that holds the value, without the space around it:
  `NOTIFIER__CHANNELS__MAIL__PASSWORD_FILE=/run/secrets/mail`. Options that are secret are marked
  with 🔒. (Two options end in `_file` themselves, `ca_file` and `dkim_key_file`: set those in the
  configuration file.) A secret written into the file itself is safe only if nobody else may read
  the file; `notifier init` makes it readable by its owner alone.
* **Lengths of time** are `90s`, `15m`, `6h`, `30d`, `2w`, or several together: `1h30m`.
* **Names.** Where a section's name holds `<…>` you choose the name. The environment knows it in
  capitals, with `_` for dashes and dots: `NOTIFIER__SHOPS__MY_SHOP__NAME` is of `[shops.my-shop]`.
"""

SECTIONS = (
    ("service", config.Service, "The service itself."),
    ("database", config.DatabaseSection, "Where all is kept; see [operating](operating.md)."),
    ("delivery", config.Delivery, "How messages leave."),
    ("retention", config.Retention, "How long things are kept."),
    ("limits", config.LimitRules, "How much one address, network, product or shop may ask for."),
    ("shops.<shop>", config.Shop, "One storefront."),
    ("shops.<shop>.stock", config.StockRules, "When a change of stock is believed and told."),
    ("shops.<shop>.release", config.ReleaseRules, "How many people are told at a time."),
    (
        "shops.<shop>.backorder",
        config.BackorderSettings,
        "When no more orders are taken for what is on backorder or on pre-order, see "
        "[operating](operating.md#backorders-and-pre-orders).",
    ),
    ("shops.<shop>.alerts", AlertRules, "Of what you hear without asking, and where."),
    (
        "shops.<shop>.brake",
        BrakeRules,
        "When alerts wait for a person because too many came back, see "
        "[operating](operating.md#alerts-wait).",
    ),
    (
        "shops.<shop>.sources.<source>",
        config.SourceSection,
        "Where stock is read. Beside these options stand those of its `kind`, see "
        "[connectors](#connectors); what they mean in practice is in [sources](sources.md).",
    ),
    (
        "shops.<shop>.keys.<key>",
        config.ApiKey,
        "A key for the shop's own servers, see [the API](api.md).",
    ),
    (
        "shops.<shop>.webhooks.<webhook>",
        config.WebhookSection,
        "Who hears of what happens. Beside these options stand those of "
        "[the channel `webhook`](#webhook).",
    ),
    (
        "channels.<channel>",
        config.ChannelSection,
        "A way to reach customers. Beside this option stand those of its `kind`, see "
        "[channels](#channels). A shop names its channels in `mail_channel` and `sms_channel`.",
    ),
    (
        "mailboxes.<mailbox>",
        config.MailboxSection,
        "A mailbox that bounces, complaints and stop requests come to; what is new in it is read "
        "every five minutes, and nothing in it is changed. See "
        "[operating](operating.md#mails-come-back).",
    ),
)

SECRET = {
    "Service.secret_keys",
    "Service.metrics_token",
    "DatabaseSection.url",  # it may hold a password
    "Shop.push_secrets",
    "Shop.shopify_secrets",
    "Shop.woocommerce_secrets",
    "ApiKey.secret",
    "MailboxSection.password",
}

GROUPS = (
    (
        "Channels",
        "notifier.channels",
        "Settings of `[channels.<channel>]`, by `kind`. More kinds: "
        "[add a channel](add-a-channel.md).",
    ),
    (
        "Connectors",
        "notifier.connectors",
        "Settings of `[shops.<shop>.sources.<source>]`, by `kind`. `push` has none: the shop sends "
        "its stock. More kinds: [add a connector](add-a-connector.md).",
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option as the tables show it. `default` is None where there is none."""

    name: str
    holds: str
    default: str | None
    meaning: str
    secret: bool = False

    @property
    def row(self) -> str:
        default = "needed" if self.default is None else f"`{self.default}`"
        lock = " 🔒" if self.secret else ""
        meaning = self.meaning.replace("|", "\\|").replace("<", "\\<")
        return f"| `{self.name}`{lock} | {self.holds} | {default} | {meaning} |"


def configuration() -> str:
    """The text of docs/configuration.md."""
    parts = [HEAD]
    for name, model, about in SECTIONS:
        parts.append(f"## `[{name}]`\n\n{about}\n\n{_table(options_of_model(model))}")
    for title, group, about in GROUPS:
        parts.append(f"## {title}\n\n{about}\n")
        for kind in plugins.kinds(group):
            module = plugins.load(group, kind)
            said = _first_paragraph(module.Settings.__doc__)
            table = _table(options_of_settings(module.Settings))
            parts.append(f"### `{kind}`\n\n{said}\n\n{table}")
    return "\n".join(parts)


def options_of_model(model: type[BaseModel]) -> Iterator[Option]:
    """The options of one section of the configuration."""
    for name, field in model.model_fields.items():
        if _is_subsection(field.annotation):
            continue
        needed = field.default is PydanticUndefined
        yield Option(
            name=name,
            holds=_holds(field.annotation, length=field.annotation is timedelta),
            default=None if needed else _toml(field.default),
            meaning=field.description or "",
            secret=f"{model.__name__}.{name}" in SECRET,
        )


def options_of_settings(settings: type[Any]) -> Iterator[Option]:
    """The settings of one channel or connector."""
    hints = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        default: str | None = None
        if field.default is not dataclasses.MISSING:
            default = _toml(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            default = "{}"
        yield Option(
            name=field.name,
            holds=_holds(hints[field.name], length="timedelta" in str(field.type)),
            default=default,
            meaning=str(field.metadata.get("help", "")),
            secret=bool(field.metadata.get("secret")),
        )


def _is_subsection(annotation: Any) -> bool:
    """Sections inside a section have tables of their own."""
    inner = typing.get_args(annotation)[-1:] or (annotation,)
    return isinstance(inner[0], type) and issubclass(inner[0], BaseModel)


def _holds(annotation: Any, *, length: bool) -> str:
    """What an option holds, in a word or two."""
    origin = typing.get_origin(annotation)
    if length:
        return "length of time"
    if origin is typing.Literal:
        return " ".join(f"`{one}`" if one else "empty" for one in typing.get_args(annotation))
    if origin in (tuple, list):
        return "list of texts"
    if dataclasses.is_dataclass(annotation) or origin in (dict, Mapping) or _is_mapping(origin):
        return "table"
    if origin is UnionType:
        return "text or list"
    words = {bool: "true or false", int: "whole number", float: "number", Path: "path"}
    return words.get(annotation, "text")


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _toml(value: Any) -> str:
    if isinstance(value, timedelta):
        return json.dumps(_length(int(value.total_seconds())))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Path):
        value = value.as_posix()
    return json.dumps(value, ensure_ascii=False)


def _length(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _table(options: Iterator[Option]) -> str:
    lines = ["| option | holds | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *(option.row for option in options), ""])


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


WRITTEN = {
    CHECKOUT / "docs" / "configuration.md": configuration,
    CHECKOUT / "config.example.toml": example,
}


def main(arguments: list[str]) -> int:
    old = [path for path, text in WRITTEN.items() if _differs(path, text())]
    for path in old:
        if "--check" in arguments:
            sys.stderr.write(f"{path} is old: run python scripts/write_configuration.py\n")
        else:
            path.write_text(WRITTEN[path](), encoding="utf-8")
            sys.stderr.write(f"wrote {path}\n")
    return 1 if old and "--check" in arguments else 0


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
