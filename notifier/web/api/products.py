"""How does a shop put its products, and which of them can be taken as they are?

Each product is read for itself: one that cannot be read is reported and holds up no other.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from flask import Blueprint
from pydantic import AfterValidator, Field, SkipValidation

from notifier.config import read_length
from notifier.domain.money import read_currency, read_money
from notifier.domain.one_line import one_line
from notifier.domain.scope import Scope
from notifier.errors import FieldProblem, InvalidInput
from notifier.services.put_products import WrittenProduct, put_products, written
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Amount, Key, Shape
from notifier.web.here import env
from notifier.web.read_json import BULK_LIMIT, as_model

blueprint = Blueprint("products", __name__)

MOST_PRODUCTS = 20_000
MOST_VARIANTS = 2_000
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_URL = re.compile(r"https?://[^\s/?#\\@]+[^\s\\]*", re.IGNORECASE)


def _is_url(value: str) -> str:
    if value and (not _URL.fullmatch(value) or "@" in value.split("/")[2]):
        raise ValueError(f"{value[:80]!r} is not a web address like https://shop.example/kettle")
    return value


def _are_locales(titles: dict[str, Title]) -> dict[str, Title]:
    for locale in titles:
        if not _LOCALE.fullmatch(locale):
            raise ValueError(f"{locale[:40]!r} is not a language such as de or pt-BR")
    return titles


Title = Annotated[str, Field(max_length=500), AfterValidator(one_line)]
Titles = Annotated[dict[str, Title], AfterValidator(_are_locales), Field(max_length=50)]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_is_url)]


class ReleaseStrategy(Shape):
    """How a restock of this product is told; what is left out is as in the shop's settings."""

    name: Literal["adaptive", "all", "per_unit", "fixed"]
    cautious: float | int | None = Field(
        None, ge=0, le=2, description="adaptive: 0 rather sell faster, 2 rather disappoint nobody."
    )
    rate: float | int | None = Field(None, gt=0, description="per_unit: people for each unit.")
    size: int | None = Field(None, ge=1, description="fixed: people in each wave.")
    interval: str | None = Field(None, description="Between two waves: 30m, 2h.")


class ProductVariant(Shape):
    """A variant. What is left out stays as it is; null takes it back."""

    key: Key = Field(min_length=1, description="The shop's own variant id.", examples=["4711"])
    sku: Key = Field("", examples=["KET-RED"])
    title: Title = Field("", examples=["Red"])
    titles: Titles = Field({}, description="By language.")
    url: Url = ""
    image_url: Url = ""
    price: Amount | None = Field(None, examples=["49.90 EUR"])
    regular_price: Amount | None = Field(None, description="The price before a reduction.")
    currency: str = Field("", max_length=3)
    alternatives: list[Key] = Field(
        [], max_length=20, description="Variants to offer when this one is discontinued."
    )
    alerts: bool = Field(True, description="False: nobody can wait for it.")
    min_quantity: int | None = Field(None, ge=1, le=10**9, description="Smallest order.")
    threshold: int | None = Field(None, ge=0, le=10**9, description="Units kept back.")


class Product(Shape):
    """A product with its variants. A new one without `variants` is its own one variant."""

    key: Key = Field(min_length=1, description="The shop's own product id.", examples=["kettle"])
    title: Title = Field("", examples=["Copper kettle"])
    titles: Titles = Field({}, description="By language.")
    url: Url = ""
    image_url: Url = ""
    published: bool = Field(True, description="False: nobody can wait for it and nobody is told.")
    alerts: bool = Field(True, description="False: nobody can wait for any of its variants.")
    strategy: ReleaseStrategy | None = None
    variants: list[ProductVariant] = Field([], max_length=MOST_VARIANTS)


class ProductPut(Shape):
    """Products are read one by one; see Product."""

    products: list[SkipValidation[Product]] = Field(min_length=1, max_length=MOST_PRODUCTS)


class Counts(Shape):
    created: int
    updated: int
    unchanged: int


class ProductNote(Shape):
    """What is wrong with one product. `item` counts from 0."""

    item: int
    key: str
    field: str
    code: str
    message: str


class ProductReport(Shape):
    """What became of the products."""

    accepted: int
    products: Counts
    variants: Counts
    rejected: list[ProductNote]


@operation(
    "PUT",
    "/products",
    scope=Scope.PRODUCTS_WRITE,
    summary="Put products and variants",
    given=ProductPut,
    answer=ProductReport,
    limit=BULK_LIMIT,
    row=Product,
    blueprint=blueprint,
)
def put(caller: Caller, given: ProductPut) -> ProductReport:
    """Makes or changes them; what is left out stays, null takes back. Products that are not named
    stay. Stock is pushed by itself."""
    accepted: list[WrittenProduct] = []
    rejected: list[ProductNote] = []
    keys: set[str] = set()
    variant_keys: set[str] = set()
    for item, raw in enumerate(given.products):
        key = str(raw.get("key", ""))[:80] if isinstance(raw, dict) else ""
        try:
            one = _read(raw, keys=keys, variant_keys=variant_keys)
        except InvalidInput as error:
            rejected += [
                ProductNote(item=item, key=key, field=p.field, code=p.code, message=p.message)
                for p in error.problems
            ]
        else:
            accepted.append(one)
            keys.add(one.product.key)
            variant_keys.update(variant.key for variant in one.variants)
    if not accepted:
        raise InvalidInput(
            *(
                FieldProblem(
                    field=f"products.{note.item}.{note.field}",
                    code=note.code,
                    message=note.message,
                )
                for note in rejected[:20]
            )
        )
    done = put_products(env(), caller.shop, accepted)
    return ProductReport(
        accepted=len(accepted),
        products=_counts(done.products),
        variants=_counts(done.variants),
        rejected=rejected,
    )


def _counts(tally: Any) -> Counts:
    return Counts(created=tally.created, updated=tally.updated, unchanged=tally.unchanged)


def _read(raw: Any, *, keys: set[str], variant_keys: set[str]) -> WrittenProduct:
    """One product. Raises errors.InvalidInput, also for keys that were in this body before."""
    one = as_model(Product, raw)
    if one.key in keys:
        raise InvalidInput.of("key", "twice", f"The product {one.key!r} is in this body twice.")
    own: set[str] = set()
    for number, variant in enumerate(one.variants):
        if variant.key in variant_keys or variant.key in own:
            raise InvalidInput.of(
                f"variants.{number}.key",
                "twice",
                f"The variant {variant.key!r} is in this body twice.",
            )
        own.add(variant.key)
    plain = {"title", "titles", "url", "image_url", "published", "alerts"}
    said = {name: getattr(one, name) for name in one.model_fields_set & plain}
    if "strategy" in one.model_fields_set:
        said["strategy"] = _strategy(one.strategy)
    return WrittenProduct(
        product=written(one.key, **said),
        variants=tuple(
            _read_variant(variant, where=f"variants.{number}")
            for number, variant in enumerate(one.variants)
        ),
    )


_PLAIN = frozenset(
    {"sku", "title", "titles", "url", "image_url", "alternatives", "alerts"}
    | {"min_quantity", "threshold"}
)


def _read_variant(one: ProductVariant, *, where: str) -> Any:
    said = {name: getattr(one, name) for name in one.model_fields_set & _PLAIN}
    currency = ""
    if one.currency:
        currency = read_currency(one.currency)
        if not currency:
            raise InvalidInput.of(
                f"{where}.currency",
                "unknown_currency",
                f"{one.currency!r} is not a currency of ISO 4217 such as EUR.",
            )
        said["currency"] = currency
    for name in ("price", "regular_price"):
        if name in one.model_fields_set:
            money = read_money(getattr(one, name), field=f"{where}.{name}", currency=currency)
            said[name] = money.amount if money else None
            if money and money.currency:
                said["currency"] = money.currency
    return written(one.key, **said)


def _strategy(own: ReleaseStrategy | None) -> dict[str, Any] | None:
    if own is None:
        return None
    kept: dict[str, Any] = {"name": own.name}
    if own.cautious is not None:
        kept["cautious"] = own.cautious
    if own.rate is not None:
        kept["rate"] = own.rate
    if own.size is not None:
        kept["size"] = own.size
    if own.interval is not None:
        try:
            length: Any = read_length(own.interval)
        except ValueError as error:
            raise InvalidInput.of("strategy.interval", "not_a_length", f"{error}.") from error
        if not 60 <= length.total_seconds() <= 30 * 86400:
            raise InvalidInput.of(
                "strategy.interval", "out_of_range", f"{own.interval} is not 1m to 30d."
            )
        kept["interval"] = length.total_seconds()
    return kept
