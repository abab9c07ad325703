"""What can a merchant say about his feed, and can it be so?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from notifier.connectors.reading.columns import check_columns
from notifier.domain.availability import Availability
from notifier.domain.money import read_currency
from notifier.errors import ConfigError, InvalidInput

__all__ = ["Settings"]

PRESETS = ("auto", "google", "meta", "openai", "yandex", "csv", "json", "xml")


def _help(text: str, *, secret: bool = False) -> dict[str, Any]:
    return {"help": text, "secret": secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A product feed. Only `url` or `path` is needed; the rest is found out where it is not said.

    Raises ConfigError for what cannot be, naming the setting.
    """

    url: str = field(default="", metadata=_help("Address of the feed, https."))
    path: str = field(default="", metadata=_help("A file or folder instead of an address."))
    pattern: str = field(default="*", metadata=_help("Files of the folder, e.g. stock-*.csv."))
    done_marker: bool = field(
        default=False, metadata=_help("Read a file only when <file>.done lies beside it.")
    )
    preset: Literal["auto", "google", "meta", "openai", "yandex", "csv", "json", "xml"] = field(
        default="auto", metadata=_help(f"{' | '.join(PRESETS)}. auto looks at the content.")
    )
    record: str = field(
        default="", metadata=_help("XML tag of one item, or JMESPath of the items in JSON.")
    )
    columns: dict[str, str] = field(
        default_factory=dict,
        metadata=_help('Our field = your column, tag or path, e.g. key = "article_no".'),
    )
    words: dict[str, str] = field(
        default_factory=dict,
        metadata=_help('Your word for availability = ours, e.g. "on its way" = "backorder".'),
    )
    default_currency: str = field(
        default="", metadata=_help("Currency of prices that name none, e.g. EUR.")
    )
    decimal: Literal["", ".", ","] = field(
        default="", metadata=_help("Decimal sign of your numbers. Empty: found out.")
    )
    date_order: Literal["", "dmy", "mdy"] = field(
        default="", metadata=_help("dmy or mdy, for dates such as 03/04/2027.")
    )
    encoding: str = field(default="", metadata=_help("Encoding of the file. Empty: found out."))
    delimiter: str = field(default="", metadata=_help("Delimiter of a table. Empty: found out."))
    full: bool = field(
        default=True, metadata=_help("The feed lists everything. false: only what changed.")
    )
    max_bytes: int = field(default=200 * 1024 * 1024, metadata=_help("Largest size, unpacked."))
    timeout: int = field(default=120, metadata=_help("Seconds for one download."))
    max_pages: int = field(
        default=200,
        metadata=_help("Most pages of a shop's API to read. 1: only the first."),
    )
    user: str = field(default="", metadata=_help("User of a feed behind a password."))
    password: str = field(default="", repr=False, metadata=_help("Its password.", secret=True))
    bearer: str = field(default="", repr=False, metadata=_help("Bearer token.", secret=True))
    headers: dict[str, str] = field(
        default_factory=dict, repr=False, metadata=_help("Further request headers.", secret=True)
    )
    ca_file: str = field(
        default="", metadata=_help("Authority to trust, as PEM. Empty: the system's.")
    )

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.path):
            raise ConfigError("url: give either url or path, and not both.")
        _one_of("preset", self.preset, PRESETS)
        _one_of("decimal", self.decimal, ("", ".", ","))
        _one_of("date_order", self.date_order, ("", "dmy", "mdy"))
        try:
            check_columns(self.columns)
        except InvalidInput as trouble:
            raise ConfigError(str(trouble)) from trouble
        for word in self.words.values():
            _one_of("words", word, tuple(Availability))
        if self.default_currency and not read_currency(self.default_currency):
            raise ConfigError(f"default_currency: {self.default_currency!r} is not one like EUR.")
        _check_encoding(self.encoding)
        if len(self.delimiter) > 1 and self.delimiter not in ("tab", "\\t"):
            raise ConfigError("delimiter: it is one character, or the word tab.")
        _between("max_bytes", self.max_bytes, 1024, 4 * 1024**3)
        _between("timeout", self.timeout, 1, 3600)
        _between("max_pages", self.max_pages, 1, 400)


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name}: {value!r} must be one of {', '.join(filter(None, allowed))}.")


def _between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name}: {value} must be between {low} and {high}.")


def _check_encoding(name: str) -> None:
    try:
        "".encode(name or "utf-8")
    except LookupError as trouble:
        raise ConfigError(f"encoding: {name!r} is not an encoding such as utf-8.") from trouble
