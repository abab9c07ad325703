"""If so many units of a variant came now, who would be told when, and what would the SMS cost?

Nothing is stored. It is the shop's own strategy, run against what is known of its customers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from notifier.domain.adaptive_foresee import Foresight, foresee
from notifier.domain.adaptive_state import AdaptiveState
from notifier.domain.availability import Availability
from notifier.domain.order_delay.states import OPEN
from notifier.domain.stock import Level, level_of, saleable
from notifier.domain.waves import Strategy
from notifier.errors import InvalidInput
from notifier.i18n import available_locales, choose_locale, format_money, section
from notifier.i18n_figures import format_instant, format_number
from notifier.rendering import Renderer
from notifier.services.announce import strategy_for
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.foresee_sms import SmsForeseen, foresee_sms
from notifier.services.known_variant import known_variant
from notifier.services.product_words import product_title, variant_title
from notifier.services.shop_history import history_of
from notifier.store import line_size, orders
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

MOST_UNITS = 1_000_000
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseForeseen:
    """`seen.waiting` people, about `sms` of those told by SMS, each of `segments_least` to
    `segments`, as their languages need; `sms_price` in the shop's currency for all of these, None
    where no price of a segment is set. `sms_not_before`: when the first of those may be texted
    whose quiet hours it is now; None where it is nobody's."""

    variant: str
    title: str
    strategy: str
    seen: Foresight
    sms: int
    segments: int
    segments_least: int
    sms_not_before: datetime | None
    sms_price: Decimal | None
    sentence: str


def foresee_release(
    env: Env, renderer: Renderer, shop: ShopRef, key: str, *, units: int, locale: str = ""
) -> ReleaseForeseen:
    """`locale`: of the sentence; one that has no phrases is as the shop's. Raises errors.NotFound,
    and InvalidInput for a number of units that cannot be."""
    if not 1 <= units <= MOST_UNITS:
        message = f"{units} is not 1 to {MOST_UNITS:,} units."
        raise InvalidInput.of("units", "out_of_range", message, typed=units, most=MOST_UNITS)
    with env.db.read() as tx:
        variant = known_variant(tx, shop, key)
        strategy = strategy_for(shop, variant.strategy)
        state = _state(env, tx, shop, variant, strategy=strategy)
        left = _left_for_them(env, tx, shop, variant, units=units)
    hold_for = shop.config.release.hold_for
    if left:
        seen = replace(_foresee(state, strategy, units=left, hold_for=hold_for), units=units)
    else:
        seen = Foresight(
            units=units, waiting=state.waiting, at_once=0, told=0, last_at=None, sold_out_at=None
        )
    sms = SmsForeseen()
    if left:
        sms = foresee_sms(env, renderer, shop, variant, waiting=state.waiting)
    by_sms = min(sms.total / state.waiting, 1.0) if state.waiting else 0.0
    told_by_sms = round(by_sms * seen.told)
    price = shop.config.sms_segment_price
    cost = Decimal(str(price * sms.usual * told_by_sms)) if price and sms.total else None
    said = choose_locale(locale, available_locales(), default=shop.config.locale)
    return ReleaseForeseen(
        variant=key,
        title=_title(variant, said),
        strategy=strategy.name,
        seen=seen,
        sms=told_by_sms,
        segments=sms.most,
        segments_least=sms.least,
        sms_not_before=sms.not_before,
        sms_price=cost.quantize(Decimal("0.01")) if cost is not None else None,
        sentence=_sentence(shop, seen, sms, cost, locale=said),
    )


def _title(variant: VariantRow, locale: str) -> str:
    parts = dict.fromkeys((product_title(variant, locale), variant_title(variant, locale)))
    return ", ".join(part for part in parts if part)


def _left_for_them(
    env: Env, tx: Transaction, shop: ShopRef, variant: VariantRow, *, units: int
) -> int:
    """Of so many units, those that may be sold to who waits; none where that is no restock."""
    rules = rules_for(shop.config, variant)
    if level_of(Availability.IN_STOCK, units, rules=rules) is Level.NONE:
        return 0
    _, bought = orders.open_units(tx, variant.id, states=OPEN)
    return max((saleable(units, rules=rules) or 0) - bought, 0)


def _state(
    env: Env, tx: Transaction, shop: ShopRef, variant: VariantRow, *, strategy: Strategy
) -> AdaptiveState:
    """A release that has not begun."""
    waiting, wanted = line_size.count_line(tx, product_id=variant.product_id, variant_id=variant.id)
    return AdaptiveState(
        now=env.now().astimezone(ZoneInfo(shop.config.time_zone)),
        stock=None,
        waiting=waiting,
        waiting_units=wanted,
        history=history_of(tx, shop, variant_id=variant.id, besides=0),
        cautious=strategy.cautious,
    )


def _foresee(
    state: AdaptiveState, strategy: Strategy, *, units: int, hold_for: timedelta
) -> Foresight:
    if strategy.name == "adaptive" and state.waiting and not hold_for:
        return foresee(state, units=units)
    each = _units_each(state)
    if hold_for:  # each who is told has a unit until the time is over, and then the next
        return _rounds(state, units, of=lambda left: left / each, every=hold_for)
    if strategy.name == "per_unit":
        rate = strategy.rate / each
        return _rounds(state, units, of=lambda left: left * rate, every=strategy.interval)
    size = strategy.size if strategy.name == "fixed" else state.waiting
    return _rounds(state, units, of=lambda left: size, every=strategy.interval)


def _units_each(state: AdaptiveState) -> float:
    """What one of the line asks for."""
    return max(state.waiting_units / state.waiting, 1.0) if state.waiting else 1.0


def _rounds(
    state: AdaptiveState, units: int, *, of: Callable[[float], float], every: timedelta
) -> Foresight:
    """Waves as large as a rule makes them `of` what is left, if as many buy as did before."""
    history, left, told, passed = state.history, float(units), 0, timedelta(0)
    looks = history.looked / (history.looked + history.not_looked)
    buys = history.bought / (history.bought + history.only_looked)
    each = _units_each(state)
    first = min(max(int(of(left)), 1), state.waiting)
    while True:
        people = min(max(int(of(left)), 1), state.waiting - told)
        told += people
        left -= people * looks * buys * each
        is_last = told == state.waiting
        if is_last or left < 1 or passed + every > _WEEK:
            break
        passed += every
    return Foresight(
        units=units,
        waiting=state.waiting,
        at_once=first,
        told=told,
        last_at=state.now + passed if is_last else None,
        sold_out_at=state.now + passed + every if left < 1 and not is_last else None,
    )


def _sentence(
    shop: ShopRef, seen: Foresight, sms: SmsForeseen, cost: Decimal | None, *, locale: str
) -> str:
    words = section(locale, "release")
    numbers = {
        "units": format_number(seen.units, locale),
        "waiting": format_number(seen.waiting, locale),
        "first": format_number(seen.at_once, locale),
        "told": format_number(seen.told, locale),
    }
    if not seen.waiting:
        return words["nobody"]
    zone = ZoneInfo(shop.config.time_zone)
    if not seen.told:
        first = words["if_none"]
    elif seen.at_once >= seen.waiting:
        first = words["if_all"]
    elif seen.last_at is not None:
        first = words["if_rest"]
        numbers["time"] = format_instant(seen.last_at.astimezone(zone), locale)
    elif seen.sold_out_at is not None:
        first = words["if_sold_out"]
        numbers["time"] = format_instant(seen.sold_out_at.astimezone(zone), locale)
    else:
        first = words["if_long"]
    parts = [first.format(**numbers)]
    if sms.most:
        each = words["if_segment" if sms.most == 1 else "if_segments"]
        few = "" if sms.least == sms.most else f"{sms.least}–"
        parts.append(each.format(segments=f"{few}{sms.most}"))
    if cost is not None:
        currency = shop.config.currency
        price = format_money(cost, currency, locale) if currency else f"{cost:.2f}"
        parts.append(words["if_price"].format(price=price))
    if sms.not_before is not None:
        quiet = words["if_quiet" if sms.all_wait else "if_quiet_some"]
        opens = sms.not_before.astimezone(zone)
        parts.append(quiet.format(time=format_instant(opens, locale)))
    return ", ".join(parts) + "."
