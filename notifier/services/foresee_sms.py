"""How many SMS would a restock send, of how many segments each, and may they leave now?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.domain.sms_text import count_segments
from notifier.errors import InvalidInput, TemplateProblem
from notifier.i18n_figures import format_instant
from notifier.rendering import Renderer
from notifier.services.env import Env, ShopRef
from notifier.services.product_words import product_title, variant_title
from notifier.services.sms_hours import text_allowed_at
from notifier.signing import Purpose
from notifier.store import line_size
from notifier.store.catalogue import VariantRow

_FAR = 2**31  # the number of a message
_LOOKED_AT, _AMONG = 200, 20_000  # numbers, of the first in line: when may they be texted?
_READ_ALL = 100_000  # of more who wait, some are read


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsForeseen:
    """`people` in line by language, about, where many wait; the `segments` of a message in each
    that it can be written in. `not_before`: when the first of those may be texted whose quiet hours
    it is now; None where it is nobody's. `all_wait`: whether it is everybody's."""

    people: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)
    not_before: datetime | None = None
    all_wait: bool = False

    @property
    def total(self) -> int:
        return sum(self.people.values())

    @property
    def most(self) -> int:
        """Segments of the longest; 0 without any."""
        return max(self.segments.values(), default=0)

    @property
    def least(self) -> int:
        return min(self.segments.values(), default=0)

    @property
    def usual(self) -> float:
        """Segments of one message, on average."""
        counted = sum(count for locale, count in self.people.items() if locale in self.segments)
        each = sum(self.people[locale] * count for locale, count in self.segments.items())
        return each / counted if counted else 0.0


def foresee_sms(
    env: Env, renderer: Renderer, shop: ShopRef, variant: VariantRow, *, waiting: int
) -> SmsForeseen:
    """If all who wait for it by SMS were told now. `waiting`: how many wait in all."""
    if not shop.config.sms_channel:
        return SmsForeseen()
    line = {"product_id": variant.product_id, "variant_id": variant.id}
    with env.db.read() as tx:
        if waiting <= _READ_ALL:
            people = line_size.languages_of(tx, Medium.SMS.value, **line)
        else:
            people = line_size.languages_about(
                tx, Medium.SMS.value, shop_id=shop.id, waiting=waiting, **line
            )
        first = line_size.addresses_of(tx, Medium.SMS.value, among=_AMONG, limit=_LOOKED_AT, **line)
    if not people:
        return SmsForeseen()
    later, all_wait = _quiet_now(shop, first, now=env.now())
    written = {locale: _segments(env, renderer, shop, variant, locale=locale) for locale in people}
    return SmsForeseen(
        people=people,
        segments={locale: count for locale, count in written.items() if count},
        not_before=later,
        all_wait=all_wait,
    )


def _quiet_now(
    shop: ShopRef, numbers: Iterable[tuple[str, str]], *, now: datetime
) -> tuple[datetime | None, bool]:
    """When the first of those who may not be texted now may be, and whether that is all."""
    opens: list[datetime] = []
    at_once = False
    for address, zone in numbers:
        try:
            allowed = text_allowed_at(shop, address, declared_zone=zone, now=now)
        except InvalidInput:
            continue  # no number any more: it is not texted at all
        if allowed is not None and allowed > now:
            opens.append(allowed)
        at_once = at_once or allowed == now
    return min(opens, default=None), not at_once


def _segments(
    env: Env, renderer: Renderer, shop: ShopRef, variant: VariantRow, *, locale: str
) -> int:
    """Of the message as it is now, about this variant, with a link as long as the real ones; 0
    where it cannot be written."""
    context = sample_context(MessageKind.BACK_IN_STOCK, locale)
    context["shop"] = {
        **context["shop"],
        "name": shop.config.name,
        "discreet": shop.config.discreet,
    }
    token = env.signer.make(Purpose.PRODUCT, _FAR)
    context["product"] = {
        **context["product"],
        "title": product_title(variant, locale),
        "url": f"{env.config.service.public_url.rstrip('/')}/r/{token}",
    }
    context["variant"] = {"title": variant_title(variant, locale)}
    if shop.config.release.hold_for:
        until = env.now() + shop.config.release.hold_for
        zone = ZoneInfo(shop.config.time_zone)
        context["held_until"] = format_instant(until.astimezone(zone), locale)
    try:
        written = renderer.render(
            MessageKind.BACK_IN_STOCK,
            medium=Medium.SMS,
            shop=shop.slug,
            locale=locale,
            context=context,
        )
    except TemplateProblem:
        return 0
    return count_segments(written.short)
