"""What does a look show that is not believed already?

A row that shows what it showed last time is not weighed again, unless another source has spoken of
the variant since: then the newer word counts. A push speaks of now. What is fetched speaks of when
it was made: the row's own time, or the one the source gives its data (Last-Modified, a date in the
feed). Where neither is given it may be a copy: a row that has changed is taken as of now, and one
that has not as of `max_age` ago, the oldest that data of this source may be. See
docs/decisions/0014.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from notifier.config import SourceSection
from notifier.connectors.base import Look, RowProblem
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.seen_ids import Seen, SeenIds
from notifier.domain.storable import LONGEST_KEY, is_storable_key, storable
from notifier.services.env import ShopRef
from notifier.store.sources import Known

PUSH = "push"
AT_ONCE = 500  # rows that are compared with one query
SECOND = timedelta(seconds=1)  # an HTTP date has no fractions


@dataclass(slots=True, kw_only=True)
class Reading:
    """What was collected while reading a look to its end. Nothing of a row that is believed
    already but its id: a source may have a million.

    `named`: how many of the ids the source has named before; `known`: what is known of the rest.
    """

    seen: int = 0
    ids: SeenIds = field(default_factory=SeenIds)
    named: int = 0
    known: dict[str, Known] = field(default_factory=dict)
    changed: dict[str, tuple[Observation, str]] = field(default_factory=dict)
    unchanged: array[int] = field(default_factory=lambda: array("Q"))
    # unchanged, but another source spoke last
    disputed: dict[str, tuple[Observation, str]] = field(default_factory=dict)
    agreed: dict[Availability, list[int]] = field(default_factory=dict)


def read_look(
    look: Look,
    known_of: Callable[[Collection[str]], Mapping[str, Known]],
    *,
    shop: ShopRef,
    source: str,
    settings: SourceSection,
    now: datetime,
) -> Reading:
    """Read the stream to its end, keeping what must be weighed. Raises errors.LookFailed.

    `known_of` gives those variants with some ids which the source has named.
    """
    reading = Reading(seen=look.same)
    salt = rules_salt(shop)
    while some := list(islice(look.observations, AT_ONCE)):
        known = known_of({one.key for one in some if is_storable_key(one.key)})
        for one in some:
            reading.seen += 1
            before = known.get(one.key)
            if reading.ids.see(one.key, None) is Seen.NEW and before is not None:
                reading.named += 1
            _sort(look, reading, one, digest=digest_of(one, salt), before=before, source=source)
    _settle(look, reading, source=source, settings=settings, now=now)
    return reading


def _sort(
    look: Look,
    reading: Reading,
    one: Observation,
    *,
    digest: str,
    before: Known | None,
    source: str,
) -> None:
    # a row with a time of its own may be late, and one that knows nothing vouches for nothing
    unknown = one.availability is Availability.UNKNOWN
    doubtful = one.observed_at is not None or unknown
    same = before is not None and before.digest == digest and (look.full or not doubtful)
    if before is None or not same or one.key in reading.changed:
        reading.disputed.pop(one.key, None)
        if before is not None:
            reading.known[one.key] = before
        if is_storable_key(one.key):
            # the last row of a repeated id counts
            reading.changed[one.key] = (storable(one), digest)
        else:
            look.problems.append(_unusable_key(reading.seen, one.key))
        return
    if before.spoken_of_by == source or unknown:
        reading.unchanged.append(before.variant_id)
    else:
        reading.known[one.key] = before
        reading.disputed[one.key] = (storable(one), digest)


def _settle(
    look: Look,
    reading: Reading,
    *,
    source: str,
    settings: SourceSection,
    now: datetime,
) -> None:
    """Decide by age where another source spoke last. The look's own time is known at its end."""
    made_at = min(look.data_at + SECOND, now) if look.data_at is not None else None
    for key, (one, digest) in reading.changed.items():
        before = reading.known.get(key)
        by_other = before is not None and before.spoken_of_by not in ("", source)
        if by_other and made_at is not None and one.observed_at is None and look.full:
            # weighing ignores what is older than what is believed, and has it read again
            reading.changed[key] = (replace(one, observed_at=made_at), digest)
    undated = now if settings.kind == PUSH else now - settings.max_age
    for key, (one, digest) in reading.disputed.items():
        before = reading.known[key]
        as_of = one.observed_at or made_at or undated
        is_newer = before.seen_at is None or as_of >= before.seen_at
        if is_newer and not _says_no_more(one, before):
            reading.changed[key] = (one, digest)
        else:
            reading.agreed.setdefault(one.availability, []).append(before.variant_id)


def _says_no_more(one: Observation, before: Known) -> bool:
    """Whether all that it says is believed already, so that agreeing is enough."""
    return (
        one.availability.value == before.availability
        and one.quantity in (None, before.quantity)
        and one.eta is None
    )


def _unusable_key(row: int, key: str) -> RowProblem:
    words = f"An id has 1 to {LONGEST_KEY} characters, none of them NUL. The row was left out."
    return RowProblem(row=row, field="key", value=ascii(key[:80]), message=words)


def rules_salt(shop: ShopRef) -> str:
    """Part of every digest, so that a change of the shop's rules weighs everything anew."""
    return shop.config.stock.model_dump_json()


def digest_of(one: Observation, salt: str) -> str:
    """What an observation says, by the rules of its shop (`rules_salt`), in 24 characters."""
    text = repr((salt, replace(one, observed_at=None, warnings=())))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
