"""What did the year before look like? Made up from a seed, and lived through by the real services.

A clock that is set forward takes the place of the machine's; mails and texts of that year go to
servers of its own and are forgotten there, so the inbox begins empty.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from notifier.app import make_renderer
from notifier.channels.base import Receipt, ReceiptKind
from notifier.config import Config
from notifier.connectors.base import Look
from notifier.demo.goods import GOODS, find_kind
from notifier.demo.made_up_year import SEED, SignUpPlan, Step, StockPlan, plan_year
from notifier.demo.mailbox import MailServer
from notifier.demo.settings import OUR_NUMBER, SHOP
from notifier.demo.shop import Shelf
from notifier.demo.stage import Stage
from notifier.demo.twilio_network import PhoneNetwork
from notifier.domain.dates import read_eta
from notifier.domain.observation import Observation
from notifier.domain.subscription import Origin
from notifier.errors import Conflict, NotFound
from notifier.i18n import consent_text
from notifier.services.announce import announce
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.deliver import Sender
from notifier.services.end_waiting import end
from notifier.services.env import Env
from notifier.services.follow_link import find_target
from notifier.services.observe import apply_look
from notifier.services.receive import receive
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from notifier.signing import Purpose
from notifier.store import sources, timeline

__all__ = ["write_history"]

FEED = "feed"
ENDS_BEFORE = timedelta(minutes=40)  # the present begins after the last step
WAVES = 8
CONFIRMS = 0.87  # of those who asked
Say = Callable[[str], None]


@dataclass(slots=True)
class YearClock:
    """A clock that stands where it was set, and never goes back."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def set(self, at: datetime) -> None:
        self.now = max(self.now, at)


def write_history(stage: Stage, *, say: Say, stopping: threading.Event, length: timedelta) -> bool:
    """Live through so long a time before now; False when there was one already or it was cut."""
    with stage.env.db.read() as tx:
        if timeline.count_waiting(tx, stage.ref.id):
            say("  There is a history in this folder already.")
            return False
    say("  Living through a made-up year, some ten seconds long.")
    ends_at = stage.env.now() - ENDS_BEFORE
    clock = YearClock(ends_at - length)
    with _quiet_servers(stage, clock) as (env, phones):
        env.db.retry(
            lambda tx: sources.ensure_source(
                tx, shop_id=stage.ref.id, name=FEED, kind=FEED, now=clock.now
            )
        )
        year = _Year(env=env, clock=clock, phones=phones, sender=Sender(env, make_renderer(env)))
        try:
            return year.live(stage.shop.shelves(), until=ends_at, say=say, stopping=stopping)
        finally:
            year.sender.close()


@contextmanager
def _quiet_servers(stage: Stage, clock: YearClock) -> Iterator[tuple[Env, PhoneNetwork]]:
    """An environment of that year: its clock, and servers that keep nothing."""
    mail_server = MailServer(lambda _sender, _to, _raw: None)
    mail_server.start()
    keys = stage.keys
    phones = PhoneNetwork(
        account_sid=keys.account,
        auth_token=keys.token,
        numbers=(OUR_NUMBER,),
        services=(keys.service,),
        statuses=(),
        clock=clock,
    )
    try:
        with phones:
            config = _config(stage.env.config, smtp_port=mail_server.port, phone_url=phones.url)
            ref = replace(stage.ref, config=config.shops[SHOP])
            yield (
                Env(
                    db=stage.env.db,
                    config=config,
                    signer=stage.env.signer,
                    clock=clock,
                    shops={SHOP: ref},
                ),
                phones,
            )
    finally:
        mail_server.stop()


def _config(config: Config, *, smtp_port: int, phone_url: str) -> Config:
    tree: dict[str, Any] = config.model_dump()
    tree["channels"]["mail"]["port"] = smtp_port
    tree["channels"]["sms"].update(base_url=phone_url, rate_per_second=1000, daily_spend_cap=0)
    tree["shops"][SHOP]["waiting_mail"] = False  # half as many mails to make up
    return Config.model_validate(tree)


@dataclass(slots=True, kw_only=True)
class _Year:
    env: Env
    clock: YearClock
    phones: PhoneNetwork
    sender: Sender
    rng: Random = field(default_factory=lambda: Random(SEED))
    shelves: dict[str, Shelf] = field(default_factory=dict)
    sign_ups: int = 0
    told: int = 0
    unanswered: list[int] = field(default_factory=list)

    def live(
        self,
        at_last: dict[str, Shelf],
        *,
        until: datetime,
        say: Say,
        stopping: threading.Event,
    ) -> bool:
        steps = plan_year(self.clock.now, until=until, at_last=at_last)
        quarter = 0
        for number, step in enumerate(steps):
            if stopping.is_set():
                return False
            self.clock.set(step.at)
            self._take(step)
            if number * 4 // len(steps) > quarter:
                quarter += 1
                say(self._report(quarter))
        self._look(at_last)
        self._send_all()
        say(self._report(4))
        return True

    def _report(self, quarter: int) -> str:
        part = ("", "A quarter", "Half", "Three quarters", "All")[quarter]
        return f"  {part} of it: {self.sign_ups} people have asked, {self.told} were told."

    def _take(self, step: Step) -> None:
        what = step.what
        if isinstance(what, StockPlan):
            self._look({**self.shelves, **what.shelves})
            if what.announces:
                self._release()
        elif isinstance(what, SignUpPlan):
            self._sign_up(what)
        else:
            self._end_of_day()

    def _look(self, shelves: dict[str, Shelf]) -> None:
        """One look at the feed as it was then, by the same way that a poll takes."""
        self.shelves = dict(shelves)
        shop = self.env.shop(SHOP)
        look = Look(observations=_seen(shelves, origin=shop.config.origins[0]), full=True)
        apply_look(self.env, shop, look, source=FEED, settings=shop.config.sources[FEED])

    def _sign_up(self, plan: SignUpPlan) -> None:
        shop = self.env.shop(SHOP)
        by: dict[str, Any] = {"phone": plan.address} if plan.by_sms else {"email": plan.address}
        medium = "sms" if plan.by_sms else "email"
        found = find_kind(plan.variant)
        ask = SignUp(
            variant=plan.variant,
            quantity=plan.quantity,
            locale=plan.locale,
            any_variant=plan.any_variant,
            consent_text_id=consent_text(plan.locale, medium).id,
            origin=Origin.WIDGET,
            circumstances=Circumstances(
                ip=plan.ip,
                agent="Mozilla/5.0 (made up)",
                page_url=f"{shop.config.origins[0]}/p/{found[0].slug}" if found else "",
                origin=shop.config.origins[0],
            ),
            **by,
        )
        try:
            made = subscribe(self.env, shop, ask)
        except (Conflict, NotFound):
            return  # it had come back before they asked
        if made is not None:
            self.sign_ups += 1
            self.unanswered.append(made)

    def _end_of_day(self) -> None:
        """Confirmations go out; next day most people have clicked."""
        if not self.unanswered:
            return
        self._send_all()
        for id_ in self.unanswered:
            if self.rng.random() < CONFIRMS:
                confirm(self.env, id_, circumstances=Circumstances())
        self.unanswered.clear()

    def _release(self) -> None:
        began = self.clock.now
        for _ in range(WAVES):
            if not self._send_all():
                break
            self.clock.set(self.clock.now + timedelta(seconds=11))
        self._afterwards(since=began)

    def _send_all(self) -> int:
        """Announce and send until nothing is due; how many messages were tried."""
        while announce(self.env):
            continue
        tried = 0
        while count := self.sender.send_due():
            tried += count
        for text in self.phones.messages:
            receive(
                self.env,
                Receipt(
                    provider="twilio",
                    event_id=f"{text.sid}:delivered",
                    kind=ReceiptKind.DELIVERED,
                    provider_id=text.sid,
                    at=self.clock.now,
                    code="delivered",
                ),
            )
        self.phones.messages.clear()
        return tried

    def _afterwards(self, *, since: datetime) -> None:
        """Some go and buy, a few have had enough, one reports spam."""
        with self.env.db.read() as tx:
            sent = timeline.messages_since(tx, self.env.shop(SHOP).id, since=since, limit=1000)
        alerts = [
            one
            for one in sent
            if one.kind == "back_in_stock" and one.state in ("accepted", "delivered")
        ]
        self.told += len(alerts)
        for alert in alerts:
            luck = self.rng.random()
            if luck < 0.46:
                find_target(self.env, alert.id, counted=True)
            elif luck > 0.96 and alert.subscription is not None:
                end(self.env, alert.subscription, circumstances=Circumstances())
            elif luck > 0.95 and alert.medium == "email":
                receive(
                    self.env,
                    Receipt(
                        provider="mailbox",
                        event_id=f"complaint-{alert.id}",
                        kind=ReceiptKind.COMPLAINED,
                        uid=self.env.signer.make(Purpose.MESSAGE, alert.id),
                        at=self.clock.now,
                        code="abuse",
                    ),
                )


def _seen(shelves: dict[str, Shelf], *, origin: str) -> Iterator[Observation]:
    """What a look at the feed would have shown."""
    for good in GOODS:
        for kind in good.kinds:
            shelf = shelves[kind.key]
            yield Observation(
                key=kind.key,
                product_key=good.key,
                availability=shelf.availability,
                quantity=shelf.quantity,
                eta=read_eta(shelf.eta) if shelf.eta else None,
                price=kind.price,
                currency="EUR",
                title=good.name["en"],
                variant_title=kind.label["en"],
                url=f"{origin}/p/{good.slug}?variant={kind.key}",
                image_url=f"{origin}/pictures/{kind.key}.svg",
                alternatives=good.alternatives,
            )
