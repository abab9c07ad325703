"""How are the sign-ups that come at the same moment stored with as few statements as one?

When something sells out, hundreds ask for the same within a second. The usual ones among them, of
addresses that wait for nothing in the shop yet, are stored together: each step of
services/subscribe.py once for all of them. Whatever is not usual is left to that one, and if a
limit could be met, all are: who comes first may be over it or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind
from notifier.domain.stock import Level, Stock
from notifier.domain.subscription import Origin
from notifier.domain.work import Work
from notifier.errors import NotFound
from notifier.i18n import ConsentText
from notifier.services import sign_up_limits as rules
from notifier.services.consent import consent_entry
from notifier.services.env import Env, ShopRef
from notifier.services.read_address import Address
from notifier.services.wanted import SignUp, Wanted, eta_now, find_wanted, new_subscription, zone_of
from notifier.services.write_message import new_message
from notifier.store import joining, ledger, limits, outbox
from notifier.store import stock as stock_store
from notifier.store.limits import Hits, Sliding
from notifier.store.session import Transaction, soon
from notifier.store.write_line import ALONE, NotTogether


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One sign-up that has been read and found in order."""

    shop: ShopRef
    ask: SignUp
    address: Address
    text: ConsentText | None

    @property
    def is_plain(self) -> bool:
        """Whether somebody asks for one variant, on a page, and has to confirm it."""
        ask, config = self.ask, self.shop.config
        return bool(
            ask.origin in (Origin.WIDGET, Origin.FORM)
            and ask.variant
            and not (ask.product or ask.any_variant or ask.confirmed or ask.tags or ask.evidence)
            and ask.created_at is None
            and config.double_opt_in
            and (config.proof_of_work != "always" or ask.has_worked)
            and self.address.may_be_written_to
            and all(map(_is_clean, self._words()))
        )

    def _words(self) -> tuple[str, ...]:
        seen = self.ask.circumstances
        return (seen.ip, seen.agent, seen.page_url, seen.origin, self.ask.variant)


def _is_clean(word: str) -> bool:
    """Whether every way into every database keeps it as it is."""
    return "\0" not in word and word == word.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What a confirmation is about."""

    id: int
    contact_id: int
    medium: str
    locale: str


def subscribe_together(env: Env, tx: Transaction, asked: Sequence[Asked]) -> list[object]:
    """For each the id of its subscription, or ALONE where it has to be stored by itself.

    Raises write_line.NotTogether when nothing of it may stay stored.
    """
    done: dict[int, object] = {}
    for slug in dict.fromkeys(one.shop.slug for one in asked):
        batch = _Batch(env, tx, [one for one in asked if one.shop.slug == slug])
        batch.store()
        done.update(batch.made)
    return [done.get(id(one), ALONE) for one in asked]


class _Batch:
    """Those of one shop. `made`: the new subscriptions by the `id()` of who asked."""

    def __init__(self, env: Env, tx: Transaction, asked: Sequence[Asked]) -> None:
        self._env = env
        self._tx = tx
        self._shop = asked[0].shop
        self._now = env.now()
        self._wanted: dict[str, Wanted | None] = {}
        self._asked = self._first_of_each(asked)
        self._limits = {
            one.address.hash: rules.limits_of_confirmations(env, self._shop, one.address)
            for one in self._asked
        }
        self._of_shop = self._limits[self._asked[0].address.hash][2]
        self._counted_of_shop = 0  # confirmations of the last day
        self.made: dict[int, object] = {}

    def store(self) -> None:
        if self._env.config.limits.max_active < 1:
            return
        known = self._ask_what_is_known()
        self._keep(lambda one: self._wants(one) is not None)
        self._keep_those_who_cannot_buy()
        found = known()
        self._keep(lambda one: self._is_new(one, found))
        if len(self._asked) < 2:
            return
        beliefs, contacts = self._count_and_lock()
        rows = [
            new_subscription(
                self._env,
                self._shop,
                one.ask,
                contact_id=contacts[one.address.hash],
                medium=one.address.medium.value,
                wanted=self._its(one),
                waits_at_once=False,
                eta_told=eta_now(beliefs, self._its(one)),
            )
            for one in self._asked
        ]
        ids = joining.join_all(self._tx, rows)
        if len(ids) != len(rows):
            raise NotTogether  # somebody has just asked for the same elsewhere
        ledger.append_all(
            self._tx,
            [
                consent_of(
                    self._env, one, subscription_id=ids[row["contact_id"]], target=row["target"]
                )
                for one, row in zip(self._asked, rows, strict=True)
            ],
        )
        self._ask_to_confirm(rows, ids)
        for one, row in zip(self._asked, rows, strict=True):
            self.made[id(one)] = ids[row["contact_id"]]

    # -- who is usual

    @staticmethod
    def _first_of_each(asked: Iterable[Asked]) -> list[Asked]:
        """Who asks twice at the same moment asks a second time afterwards."""
        return list({one.address.hash: one for one in reversed(list(asked))}.values())

    def _keep(self, is_usual: object) -> None:
        self._asked = [one for one in self._asked if is_usual(one)]  # type: ignore[operator]

    def _wants(self, one: Asked) -> Wanted | None:
        """What is asked for by the same words is the same."""
        key = one.ask.variant
        if key not in self._wanted:
            try:
                self._wanted[key] = find_wanted(self._tx, self._shop, one.ask)
            except NotFound:
                self._wanted[key] = None
        return self._wanted[key]

    def _its(self, one: Asked) -> Wanted:
        found = self._wanted[one.ask.variant]
        assert found is not None
        return found

    def _variant_ids(self) -> set[int]:
        return {variant.id for one in self._asked for variant in self._its(one).variants}

    def _keep_those_who_cannot_buy(self) -> None:
        beliefs = stock_store.load_stock(self._tx, self._variant_ids())
        self._keep(lambda one: _is_out(beliefs, self._its(one), ask=one.ask))

    def _ask_what_is_known(self) -> Callable[[], dict[str, int]]:
        """Of all addresses and of their limits."""
        buckets = [rule.bucket for one in self._asked for rule in self._limits_of(one)]
        return joining.ask_known_of(
            self._tx,
            [one.address.hash for one in self._asked],
            shop_id=self._shop.id,
            buckets=[self._of_shop.bucket, *buckets],
            now=self._now,
        )

    def _is_new(self, one: Asked, known: dict[str, int]) -> bool:
        """Who has asked before or is suppressed is not usual, nor is an address to which something
        was sent lately: there may be no room for more."""
        return one.address.hash not in known and not any(
            rule.bucket in known for rule in self._limits_of(one)
        )

    def _limits_of(self, one: Asked) -> tuple[Sliding, ...]:
        """On confirmations to the address, and of the shop to it."""
        return self._limits[one.address.hash][:2]

    # -- counting and storing

    def _count_and_lock(self) -> tuple[dict[int, Stock], dict[str, int]]:
        """Count them as sign_up_limits.count_sign_up does, lock the stock as subscribe() does, so
        that a restock sees these or is seen by them (trust RL-21), and write down who they are.

        All on one way to the server, in the order of subscribe(): no deadlocks. What is believed of
        the stock, and the contacts by hash. Raises NotTogether when a limit is met, it is there, or
        one of them was signed up by another process since.
        """
        tx = self._tx
        hits = rules.hits_of_sign_ups(
            self._env,
            self._shop,
            [(one.ask.circumstances.ip, self._its(one).product_id, one.ask.has_worked)
             for one in self._asked],
        )  # fmt: skip
        limits.count_many(tx, hits, at=self._now)
        totals = limits.ask_totals(tx, [one.rule.bucket for one in hits], now=self._now)
        stock = stock_store.ask_stock(tx, self._variant_ids(), for_update=True)
        contacts = joining.ask_for_contacts(
            tx,
            [(one.address.medium.value, one.address.value, one.address.hash, zone_of(one.ask))
             for one in self._asked],
            now=self._now,
        )  # fmt: skip
        known = self._ask_what_is_known()  # once more, now that their contacts are held
        counted, beliefs = totals(), stock()
        if any(counted.get(one.rule.bucket, 0) > one.rule.allowed for one in hits):
            raise NotTogether
        if not all(_is_out(beliefs, self._its(one), ask=one.ask) for one in self._asked):
            raise NotTogether
        ids, found = contacts(), known()
        if not all(self._is_new(one, found) for one in self._asked):
            raise NotTogether
        self._counted_of_shop = found.get(self._of_shop.bucket, 0)
        return beliefs, ids

    def _ask_to_confirm(self, rows: Sequence[dict[str, object]], ids: dict[int, int]) -> None:
        of_shop = self._of_shop
        if of_shop.allowed and self._counted_of_shop + len(self._asked) > of_shop.allowed:
            raise NotTogether
        hits = [
            Hits(rule=rule, count=1)
            for one in self._asked
            for rule in self._limits_of(one)
            if rule.allowed
        ]
        if of_shop.allowed:
            hits.append(Hits(rule=of_shop, count=len(self._asked)))
        limits.count_many(self._tx, hits, at=self._now)
        new = []
        for row in rows:
            made = _Made(
                id=ids[row["contact_id"]],  # type: ignore[index]
                **{name: row[name] for name in ("contact_id", "medium", "locale")},  # type: ignore[arg-type]
            )
            facts = {"expires_at": row["expires_at"].isoformat()}  # type: ignore[attr-defined]
            new.append(
                new_message(
                    self._env,
                    MessageKind.CONFIRM,
                    shop=self._shop,
                    subscription=made,
                    facts=facts,
                    due_at=self._now,
                )
            )
        outbox.add_all(self._tx, new, now=self._now)
        soon(self._tx, Work.DELIVER)


def _is_out(beliefs: dict[int, Stock], wanted: Wanted, *, ask: SignUp) -> bool:
    """Whether the one variant is known, cannot be bought now, and may come back."""
    enough = Level.wanted(physical_only=ask.physical_only)
    belief = beliefs.get(wanted.variants[0].id)
    return (
        len(wanted.variants) == 1
        and belief is not None
        and belief.level < enough
        and belief.availability is not Availability.DISCONTINUED
    )


def consent_of(env: Env, asked: Asked, *, subscription_id: int, target: str) -> ledger.NewEntry:
    """What is kept as proof that it was asked for."""
    ask = asked.ask
    return consent_entry(
        env,
        act="asked",
        shop=asked.shop,
        address_hash=asked.address.hash,
        subscription_id=subscription_id,
        medium=asked.address.medium.value,
        circumstances=ask.circumstances,
        method=ask.origin,
        text=asked.text,
        facts={
            "target": target,
            "accepts_marketing": ask.accepts_marketing,
            **({"evidence": ask.evidence} if ask.evidence else {}),
        },
    )
