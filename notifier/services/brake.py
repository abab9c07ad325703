"""Do too many of a shop's alerts come back, or are they called spam? Then its alerts wait.

A mail provider that sees that long enough takes no mail of the shop any more, not even what is owed
(trust EM-25). What was heard is looked at by a job, so that sending and booking pay nothing for it.
A person lifts the brake; what left before that does not count again (decision 0049).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from notifier.domain.message import MessageKind
from notifier.domain.work import Work
from notifier.log import log
from notifier.services.alarm_said import SAID, Said, read, say, share
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env, ShopRef
from notifier.services.tell_merchant import tell_merchant
from notifier.store import alarms, ledger, switches
from notifier.store import brake as heard_of
from notifier.store.brake import Tally, Upto
from notifier.store.one_at_a_time import one_at_a_time
from notifier.store.session import Database, Transaction, soon
from notifier.store.switches import Off

BRAKED = "alerts.braked"
ITSELF = "the brake"
FIRST_LOOK_BACK = timedelta(days=1)  # what is older was looked at when it was heard
MEMORY = timedelta(days=30)  # what is said later about a mail says nothing of the sender of today


@dataclass(slots=True)
class _Memory:
    """Up to where was looked, and when the newest alert left of which something bad was heard:
    what becomes of those after it nobody knows yet."""

    upto: Upto | None = None
    newest: dict[tuple[int, bool], datetime] = field(default_factory=dict)


_memories: WeakKeyDictionary[Database, _Memory] = WeakKeyDictionary()


def brake(env: Env) -> int:
    """Look at what was heard since the last look; how many shops' alerts wait from now on."""
    memory = _memories.setdefault(env.db, _Memory())
    with env.db.read() as tx:
        upto = heard_of.last_said(tx)
        if upto == memory.upto:
            return 0
        back = MEMORY if memory.upto else FIRST_LOOK_BACK
        news = heard_of.heard_since(tx, memory.upto, upto=upto, sent_after=env.now() - back)
    for one in news:
        key = one.shop_id, one.is_spam
        memory.newest[key] = max(memory.newest.get(key, one.sent_at), one.sent_at)
    braked = 0
    for key in {(one.shop_id, one.is_spam) for one in news}:
        shop = env.shop_by_id(key[0])
        if shop is not None:
            braked += _weigh(env, shop, is_spam=key[1], upto=memory.newest[key])
    memory.upto = upto  # last: what breaks is looked at again
    return braked


def find_brake(env: Env, shop: ShopRef) -> Off | None:
    """Why and since when the shop's alerts wait; None when they do not."""
    with env.db.read() as tx:
        return switches.all_off(tx, now=env.now()).get(switches.of_alerts(shop.slug))


def why_braked(env: Env, shop: ShopRef, off: Off, *, locale: str) -> str:
    """Why the shop's alerts wait, in this language."""
    with env.db.read() as tx:
        alarm = alarms.latest_alarm(tx, code=BRAKED, about=shop.slug)
    said = alarm.facts.get(SAID) if alarm is not None and alarm.last_at >= off.at else None
    return read({SAID: said["values"]["why"]}, locale, stored=off.why) if said else off.why


def lift_brake(env: Env, shop: ShopRef, *, by: str) -> bool:
    """Alerts leave again, from now on counted anew. False when nothing held them."""

    def work(tx: Transaction) -> bool:
        now = env.now()
        name = switches.of_alerts(shop.slug)
        off = switches.all_off(tx, now=now).get(name)
        if off is None:
            return False
        switches.turn(tx, name, off=False, why="", by=by[:128], at=now)
        clear_alarm(env, tx, code=BRAKED, about=shop.slug)
        facts = {"by": by, "why": off.why}
        ledger.append(tx, book="audit", act="alerts.resumed", at=now, facts=facts, shop_id=shop.id)
        log.info("alerts resumed", shop=shop.slug, by=by)
        soon(tx, Work.ANNOUNCE)
        soon(tx, Work.DELIVER)
        return True

    return env.db.retry(work)


def _weigh(env: Env, shop: ShopRef, *, is_spam: bool, upto: datetime) -> int:
    """Stop the shop's alerts if it is too much; 1 when they were stopped by that."""
    rules = shop.config.brake
    name = switches.of_alerts(shop.slug)

    def work(tx: Transaction) -> int:
        now = env.now()
        one_at_a_time(tx, name)  # or two tell the merchant
        if name in switches.all_off(tx, now=now):
            return 0
        since = switches.on_since(tx, name)
        found = heard_of.tally(tx, shop.id, upto=upto, after=since, most=rules.sends)
        why = _why(shop, found, is_spam=is_spam) if found.sends >= rules.sends else None
        if not why:  # or by all that left, though the last of it may yet come back
            found = heard_of.tally(tx, shop.id, upto=now, after=since, most=rules.sends)
            why = _why(shop, found, is_spam=is_spam)
        if not why:
            return 0
        switches.turn(tx, name, off=True, why=str(why), by=ITSELF, at=now)
        _tell(env, tx, shop, why, found)
        return 1

    return env.db.retry(work)


def _why(shop: ShopRef, found: Tally, *, is_spam: bool) -> Said | None:
    """What is too much; None when nothing is."""
    rules = shop.config.brake
    count = found.called_spam if is_spam else found.came_back
    limit = rules.complaint_share if is_spam else rules.bounce_share
    least = rules.least_complaints if is_spam else 1
    if not limit or count < least or found.sends < min(rules.least_sends, rules.sends):
        return None
    if count < limit * found.sends:
        return None
    return say(
        "called_spam" if is_spam else "came_back",
        count=count,
        of=found.sends,
        share=share(count / found.sends),
        limit=share(limit),
    )


def _tell(env: Env, tx: Transaction, shop: ShopRef, why: Said, found: Tally) -> None:
    """The operator, the merchant, the shop's software and the audit log hear of it."""
    message = say("braked", why=why)
    facts = {
        "sends": found.sends,
        "came_back": found.came_back,
        "called_spam": found.called_spam,
        "advice": "Look where these addresses come from, an old list perhaps, and whether "
        "`notifier check` finds fault with the sender. Then let alerts go on, in the admin under "
        f"Today or with `notifier resume-sending --shop {shop.slug}`.",
    }
    raise_alarm(env, tx, code=BRAKED, about=shop.slug, message=message, shop=shop, facts=facts)
    tell_merchant(
        env,
        tx,
        shop,
        MessageKind.SOURCE_TROUBLE,
        {"code": BRAKED, "about": shop.slug, "message": str(message), **facts, **message.facts},
        besides=env.config.service.operator_email,
    )
    counted = {"why": str(why), "by": ITSELF}
    ledger.append(tx, book="audit", act=BRAKED, at=env.now(), facts=counted, shop_id=shop.id)
