"""When do entries of the ledger become part of the chain? Every few seconds, in batches."""

from __future__ import annotations

from notifier.services.env import Env
from notifier.store import ledger


def seal_ledger(env: Env) -> int:
    """Seal all that is unsealed; how many entries."""
    with env.db.read() as tx:
        books = [book for book in ledger.BOOKS if ledger.has_unsealed(tx, book)]
    return sum(_seal(env, book) for book in books)


def _seal(env: Env, book: str) -> int:
    sealed = 0
    while True:
        count = env.db.retry(lambda tx: ledger.seal(tx, book, limit=500))
        sealed += count
        if count < 500:
            return sealed
