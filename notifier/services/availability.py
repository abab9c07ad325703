"""What can be said about a product to a shopper who looks at its page now?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from notifier.domain.availability import Availability
from notifier.domain.backorder import Taking
from notifier.domain.eta import EtaPrecision
from notifier.domain.stock import Level, Stock
from notifier.errors import NotFound, StoreBusy
from notifier.i18n import (
    age_words,
    consent_text,
    eta_words,
    order_ahead_words,
    phrases,
    usually_back_words,
    widget_texts,
)
from notifier.log import log
from notifier.services.backorder import InForce, look_at, redecide
from notifier.services.env import Env, ShopRef
from notifier.services.product_words import product_title
from notifier.services.suggest_eta import usually_back
from notifier.services.write_message import media_of
from notifier.store import catalogue
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow


def describe(env: Env, shop: ShopRef, *, variant: str, product: str, locale: str) -> dict[str, Any]:
    """The widget's view of one variant, or of a product as a whole. Raises errors.NotFound."""
    seen = _look(env, shop, variant=variant, product=product)
    if seen.ahead is not None and not seen.ahead.is_stored:
        # the facts have changed since this was decided: so may what can be bought
        try:
            env.db.retry(lambda tx: redecide(env, tx, [seen.shown.id]))
        except StoreBusy as error:
            log.warning("backorders not decided anew", shop=shop.slug, why=str(error))
        else:
            seen = _look(env, shop, variant=variant, product=product)
    return _say(env, shop, seen, locale=locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is known of the variant that stands for what was asked for."""

    shown: VariantRow
    belief: Stock | None
    ahead: InForce | None
    known_at: datetime | None
    alternatives: list[VariantRow]
    whole_product: bool


def _look(env: Env, shop: ShopRef, *, variant: str, product: str) -> _Seen:
    with env.db.read() as tx:
        found = catalogue.find_variant(tx, shop.id, variant) if variant else None
        siblings = [found] if found else []
        if not found and product and not variant:
            product_id = catalogue.find_product_id(tx, shop.id, product)
            siblings = catalogue.variants_of(tx, product_id) if product_id else []
        open_to = [one for one in siblings if one and one.may_be_asked_for]
        if not open_to:
            raise NotFound(
                "This product is not known here, or takes no requests.",
                field="variant" if variant else "product",
            )
        beliefs = stock_store.load_stock(tx, [one.id for one in open_to])
        shown, belief = _choose(open_to, beliefs)
        known_at = stock_store.vouched_at(tx, shop.id, [shown.id]).get(shown.id)
        alternatives = catalogue.find_variants_by_key(tx, shop.id, shown.alternatives)
        return _Seen(
            shown=shown,
            belief=belief,
            ahead=look_at(env, tx, shop, shown.id, belief),
            known_at=known_at,
            alternatives=list(alternatives.values()),
            whole_product=found is None and len(open_to) > 1,
        )


def _choose(
    variants: list[VariantRow], beliefs: dict[int, Stock]
) -> tuple[VariantRow, Stock | None]:
    """The variant that can best be bought stands for the product."""
    best = max(variants, key=lambda one: beliefs[one.id].level if one.id in beliefs else Level.NONE)
    return best, beliefs.get(best.id)


def _say(env: Env, shop: ShopRef, seen: _Seen, *, locale: str) -> dict[str, Any]:
    variant, belief, whole_product = seen.shown, seen.belief, seen.whole_product
    word = belief.availability if belief else Availability.UNKNOWN
    there = belief is not None and belief.level > Level.NONE
    media = media_of(env, shop)
    asks = not there and word is not Availability.DISCONTINUED and bool(media)
    texts = widget_texts(locale, availability=_words_for(word, seen.ahead), shop=shop.config.name)
    if not shop.config.offers_marketing:
        texts.pop("marketing_label")
    eta = _eta(env, shop, belief, locale=locale)
    was_there = word is not Availability.PREORDER  # who was never there is not "back"
    usual = _usual(env, shop, variant, locale=locale) if asks and was_there and not eta else None
    shown_eta = eta or _as_eta(usual)
    if seen.ahead is not None and seen.ahead.decision is Taking.ACCEPT:
        shown_eta = _ordered_ahead(env, shop, belief, eta, usual, locale=locale)
    consent = consent_text(locale, "email")
    sms = consent_text(locale, "sms")
    return {
        "variant": "" if whole_product else variant.key,
        "product": variant.product_key,
        "title": product_title(variant, locale),
        "availability": (Availability.IN_STOCK if there else word).value,
        "can_subscribe": asks,
        "channels": media,
        "quantity": belief.quantity if belief and there else None,
        "eta": shown_eta,
        "usually_back": usual,
        "checked": _checked(env, seen.known_at, locale=locale),
        "alternatives": [
            {"title": product_title(one, locale), "url": one.page_url}
            for one in seen.alternatives
            if one.published and one.page_url
        ],
        "button": texts["button"],
        "texts": texts,
        "consent_text_id": consent.id,
        "consent_text_ids": {"email": consent.id, "sms": sms.id},
        "privacy_url": shop.config.privacy_url,
        "form_url": env.link(
            f"/f/{shop.config.public_key}?"
            + (
                f"product={quote(variant.product_key, safe='')}"
                if whole_product
                else f"variant={quote(variant.key, safe='')}"
            )
            + f"&lang={locale}"
        ),
        "lang": locale,
        **_taking(seen.ahead),
    }


def _taking(ahead: InForce | None) -> dict[str, str]:
    """Whether orders are taken for what is not there, and if not, why."""
    if ahead is None:
        return {}
    return {"backorder": ahead.decision.value, "backorder_reason": ahead.reason.value}


def _words_for(word: Availability, ahead: InForce | None) -> str:
    """Which texts fit: what cannot be ordered is sold out to a shopper, whatever it is called."""
    if ahead is None:
        return word.value
    accepts = ahead.decision is Taking.ACCEPT
    if word is Availability.PREORDER:
        return f"{word.value}_accept" if accepts else word.value
    return word.value if accepts else Availability.OUT_OF_STOCK.value


def _ordered_ahead(
    env: Env,
    shop: ShopRef,
    belief: Stock | None,
    eta: dict[str, Any] | None,
    usual: str | None,
    *,
    locale: str,
) -> dict[str, Any]:
    """That it can be ordered now, with the date or what was usual, where the date would stand."""
    today = env.now().astimezone(ZoneInfo(shop.config.time_zone)).date()
    date_words = eta_words(belief.eta, locale, today) if belief and eta else ""
    is_preorder = belief is not None and belief.availability is Availability.PREORDER
    said = order_ahead_words(date_words, locale, is_preorder=is_preorder)
    text = f"{said} · {usual}" if usual else said
    return {**(eta or {"iso": None, "precision": EtaPrecision.UNKNOWN.value}), "text": text}


def _eta(env: Env, shop: ShopRef, belief: Stock | None, *, locale: str) -> dict[str, Any] | None:
    """The expected date in words; a date that is past is never shown."""
    today = env.now().astimezone(ZoneInfo(shop.config.time_zone)).date()
    eta = belief.eta if belief else None
    if eta is None or eta.iso() is None or eta.is_past(today):
        return None
    return {
        "iso": eta.iso(),
        "precision": eta.precision.value,
        "text": phrases(locale)["widget.eta"].replace("{eta}", eta_words(eta, locale, today)),
    }


def _usual(env: Env, shop: ShopRef, variant: VariantRow, *, locale: str) -> str | None:
    """Within how long it was usually back, where the shop lets shoppers know."""
    span = usually_back(env, shop, variant)
    return usually_back_words(span, locale) if span else None


def _as_eta(usual: str | None) -> dict[str, Any] | None:
    """In the place of an expected date, which it is not: `iso` stays empty."""
    if usual is None:
        return None
    return {"iso": None, "precision": EtaPrecision.UNKNOWN.value, "text": usual}


def _checked(env: Env, known_at: datetime | None, *, locale: str) -> dict[str, str] | None:
    """How old the data are. Data from before our time is no data."""
    if known_at is None or known_at.year < 2000:
        return None
    age = max(env.now() - known_at, timedelta(0))
    return {"at": known_at.isoformat(), "text": age_words(age, locale)}
