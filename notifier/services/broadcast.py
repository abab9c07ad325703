"""Whom does a message to all who wait for something reach, and how does it look to each?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from notifier.domain.broadcast import (
    Wording,
    chosen_language,
    problems,
)
from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.domain.sms_text import Segments, measure
from notifier.errors import FieldProblem, InvalidInput, NotFound, TemplateProblem
from notifier.rendering import Rendered, Renderer
from notifier.services.compose import shop_values
from notifier.services.compose_broadcast import written_news
from notifier.services.env import Env, ShopRef
from notifier.services.product_words import money, product_title, variant_title
from notifier.store import broadcasts, catalogue
from notifier.store.broadcasts import Earlier, Readers
from notifier.store.catalogue import VariantRow

__all__ = ["Audience", "Looked", "Target", "checked", "find_target", "look"]

NOT_AGAIN_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is written about. `whole_product`: to who waits for any of its variants; then
    `variant` is one of them."""

    product_id: int
    product_key: str
    variant: VariantRow
    whole_product: bool

    @property
    def variant_id(self) -> int | None:
        return None if self.whole_product else self.variant.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is waiting now. `recent`: the last message to them, if it is less than an hour old."""

    people: int
    readers: tuple[Readers, ...]
    recent: Earlier | None

    @property
    def locales(self) -> tuple[str, ...]:
        """Their languages, the most read first."""
        return tuple(dict.fromkeys(one.locale for one in self.readers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The message as readers of `locale` get it. `written_in`: the language of its words."""

    locale: str
    written_in: str
    mail: Rendered | None
    short: Rendered | None
    segments: Segments | None


def find_target(env: Env, shop: ShopRef, *, product: str, variant: str = "") -> Target:
    """By the product's key, and the variant's where it is only about that. Raises NotFound."""
    with env.db.read() as tx:
        product_id = catalogue.find_product_id(tx, shop.id, product)
        siblings = catalogue.variants_of(tx, product_id) if product_id is not None else []
    if product_id is None or not siblings:
        raise NotFound(f"There is no product {product[:80]!r} in this shop.")
    chosen = [one for one in siblings if one.key == variant] if variant else siblings[:1]
    if not chosen:
        raise NotFound(f"Product {product[:80]!r} has no variant {variant[:80]!r}.")
    return Target(
        product_id=product_id,
        product_key=product,
        variant=chosen[0],
        whole_product=not variant and len(siblings) > 1,
    )


def audience(env: Env, target: Target) -> Audience:
    """Who would get it if it were sent now."""
    now = env.now()
    with env.db.read() as tx:
        last = broadcasts.last_one(tx, target.product_id)
        return Audience(
            people=broadcasts.count_people(
                tx, product_id=target.product_id, variant_id=target.variant_id
            ),
            readers=tuple(
                broadcasts.readers(tx, product_id=target.product_id, variant_id=target.variant_id)
            ),
            recent=last if last and now - last.at < NOT_AGAIN_WITHIN else None,
        )


def checked(shop: ShopRef, found: Audience, texts: Mapping[str, Wording]) -> dict[str, Wording]:
    """The texts that were written. Raises InvalidInput with the field `<locale>.<name>`.

    Where none is written for a language somebody reads, that of the shop's own language is needed.
    """
    written = {locale: one for locale, one in texts.items() if not one.is_empty}
    wrong = [
        replace(problem, field=f"{locale}.{problem.field}")
        for locale, one in written.items()
        for problem in problems(one)
    ]
    otherwise = shop.config.locale
    without = [
        one for one in found.locales if not chosen_language(written, one, otherwise=otherwise)
    ]
    if without or not written:
        said = ", ".join(without or [otherwise])
        needed = f"is needed: nothing is written for {said}"
        wrong.append(
            FieldProblem(
                field=f"{otherwise}.text", code="needed", message=needed, values={"languages": said}
            )
        )
    if wrong:
        raise InvalidInput(*wrong)
    return written


def look(
    env: Env,
    renderer: Renderer,
    shop: ShopRef,
    target: Target,
    texts: Mapping[str, Wording],
    *,
    found: Audience,
) -> list[Looked]:
    """The message in each language it would be read in, by the media it would be read by.

    Raises InvalidInput, also for a text message that is too long, and TemplateProblem.
    """
    written = checked(shop, found, texts)
    looked, wrong = [], []
    for locale in found.locales:
        media = {one.medium for one in found.readers if one.locale == locale}
        language = chosen_language(written, locale, otherwise=shop.config.locale)
        context = _context(shop, target, written[language], locale=locale)
        mail = short = None
        if Medium.EMAIL in media:
            mail = _rendered(renderer, shop, Medium.EMAIL, locale, context)
        if Medium.SMS in media:
            try:
                short = _rendered(renderer, shop, Medium.SMS, locale, context)
            except TemplateProblem as error:
                wrong.append(
                    FieldProblem(
                        field=f"{language}.short", code="too_long_text", message=str(error)
                    )
                )
        looked.append(
            Looked(
                locale=locale,
                written_in=language,
                mail=mail,
                short=short,
                segments=measure(short.short) if short else None,
            )
        )
    if wrong:
        raise InvalidInput(*wrong)
    return looked


def _context(shop: ShopRef, target: Target, wording: Wording, *, locale: str) -> dict[str, Any]:
    """What the templates are given, with the links of a sample: a preview holds nobody's own."""
    variant = target.variant
    given = sample_context(MessageKind.BROADCAST, locale)
    own = variant_title(variant, locale)
    return {
        **given,
        **written_news(shop, wording, variant, locale=locale, whole_product=target.whole_product),
        "shop": shop_values(shop),
        "product": {
            **given["product"],
            "title": product_title(variant, locale),
            "image_url": variant.picture_url,
            "price": money(variant.price, variant.currency, locale),
            "regular_price": money(variant.regular_price, variant.currency, locale),
        },
        "variant": {"title": own},
        "any_variant": target.whole_product,
        "alternatives": [],
    }


def _rendered(
    renderer: Renderer, shop: ShopRef, medium: Medium, locale: str, context: dict[str, Any]
) -> Rendered:
    return renderer.render(
        MessageKind.BROADCAST, medium=medium, shop=shop.slug, locale=locale, context=context
    )
