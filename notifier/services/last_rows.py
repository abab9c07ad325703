"""What did a source show last, so that its next look need not be read where nothing has changed?

A look leaves its traces in a file beside the program, and a word in the source's row that names
them. The word is taken away in every transaction that changes what a row of the source is compared
with, and set again with the end of the look: traces that do not fit what is believed are never
used. Without them, with others than ours, or on another machine, the whole source is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import IO

from notifier.connectors.base import Look, Recalled, Traces
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.read_look import Reading, rules_salt
from notifier.store import sources
from notifier.store.session import Transaction
from notifier.store.sources import SourceRow

FOLDER = "looks"
WORD = "traces"  # in the source's cursor
_LONGEST_TITLE = 4096


@dataclass(slots=True, kw_only=True)
class LastRows:
    """What a look may take for read. `doubtful` and `named` are right once it was recalled:
    variants whose rows must be shown, and how many variants the source has named."""

    env: Env
    shop: ShopRef
    row: SourceRow
    doubtful: dict[str, int] = field(default_factory=dict)
    named: int = 0

    def recall(self) -> Recalled | None:
        """The traces of the last look that was believed, if they are here and still true."""
        word = self.row.cursor.get(WORD)
        file = self._open() if word else None
        if file is None:
            return None
        with self.env.db.read() as tx:
            self.named = sources.count_named(tx, self.row.id)
            true = word == word_of(tx, self.row) and _title(file) == self._title(str(word))
            if true:
                self.doubtful = sources.doubtful_variants(tx, self.row.id, name=self.row.name)
        if not true:
            file.close()
            return None
        return Recalled(traces=file, doubtful=self.doubtful.keys())

    def keep(self, traces: Traces) -> str | None:
        """Write them down; the word for them, None when that cannot be done."""
        word = secrets.token_hex(8)
        with self.env.db.read() as tx:
            self.named = sources.count_named(tx, self.row.id)
        path = self._path()
        fresh = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(json.dumps(self._title(word)).encode() + b"\n")
                traces.write(file)
            os.replace(fresh, path)
        except OSError as trouble:
            log.warning("the next look must read all", source=self.row.name, why=str(trouble))
            return None
        return word

    def _path(self) -> Path:
        return self.env.config.service.data_dir / FOLDER / f"source-{self.row.id}"

    def _open(self) -> IO[bytes] | None:
        try:
            return self._path().open("rb")
        except OSError:
            return None

    def _title(self, word: str) -> dict[str, str | int]:
        rules = hashlib.sha256(rules_salt(self.shop).encode()).hexdigest()[:32]
        return {"word": word, "rules": rules, "named": self.named}


def _title(file: IO[bytes]) -> object:
    try:
        return json.loads(file.readline(_LONGEST_TITLE))
    except ValueError:
        return None


def find_missing(
    env: Env, row: SourceRow, look: Look, reading: Reading, *, last: LastRows | None
) -> dict[str, int]:
    """Variants the source has named and a full look lacks: key → id, by id.

    They are looked for only when fewer were seen than the source has named.
    """
    missing: dict[str, int] = {}
    traces = look.traces if look.same else None
    with env.db.read() as tx:
        named = sources.count_named(tx, row.id)
        if look.same and last is not None:
            missing = {key: id_ for key, id_ in last.doubtful.items() if not reading.ids.has(key)}
        if named > look.same + reading.named + len(missing):
            missing = {
                key: id_
                for key, id_ in sources.named_variants(tx, row.id)
                if not (reading.ids.has(key) or (traces is not None and traces.has(key)))
            }
    return dict(sorted(missing.items(), key=itemgetter(1)))


def word_of(tx: Transaction, row: SourceRow) -> str | None:
    """The word for the traces of the source's last look, if they are still true."""
    now = sources.find_source(tx, row.shop_id, row.name)
    return now.cursor.get(WORD) if now else None


def untrue(tx: Transaction, row: SourceRow) -> None:
    """What the rows of a source are compared with changes in this transaction."""
    if WORD in row.cursor:
        sources.update_source(tx, row.id, cursor=without_word(row.cursor))


def without_word(cursor: Mapping[str, str]) -> dict[str, str]:
    """What of a cursor is the connector's."""
    return {name: value for name, value in cursor.items() if name != WORD}
