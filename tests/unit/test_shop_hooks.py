"""What do the webhooks of Shopify and WooCommerce say, in every shape they come in?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.config import Shop
from notifier.connectors.shop_hooks import shopify, woocommerce
from notifier.domain.shop_news import Asked, ShopNews

NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
Seen = dict[str, tuple[str, int | None]]


def woo(topic: str, value: Any) -> ShopNews:
    return woocommerce.read_hook(topic, value, at=None, site="", currency="EUR", now=NOW)


def shop(topic: str, value: Any, *, at: datetime | None = None) -> ShopNews:
    site = "https://kettle.example"
    return shopify.read_hook(topic, value, at=at, site=site, currency="EUR", now=NOW)


def seen(news: ShopNews) -> Seen:
    return {one.key: (one.availability.value, one.quantity) for one in news.seen}


# ---- WooCommerce ----


def product(**more: Any) -> dict[str, Any]:
    return {
        "id": 14, "type": "simple", "status": "publish", "sku": "beanie", "name": "Beanie",
        "price": "18", "regular_price": "20", "manage_stock": True, "stock_quantity": 3,
        "stock_status": "instock", "backorders": "no", "backorders_allowed": False,
        "parent_id": 0, "date_modified": "2026-12-01T10:58:00",
        "date_modified_gmt": "2026-12-01T09:58:00", **more,
    }  # fmt: skip


UNCOUNTED = {"manage_stock": False, "stock_quantity": None}
NO_STOCK_FIELDS = {"manage_stock": None, "stock_quantity": None, "stock_status": None}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({}, ("in_stock", 3)),
        ({"stock_quantity": 0, "stock_status": "outofstock"}, ("out_of_stock", 0)),
        ({"stock_quantity": "16", "manage_stock": "yes"}, ("in_stock", 16)),
        ({"stock_quantity": 16.5}, ("in_stock", 16)),
        ({"stock_quantity": "16.500"}, ("in_stock", 16)),
        ({"stock_quantity": -3, "stock_status": "outofstock"}, ("out_of_stock", 0)),
        ({"stock_quantity": -3, "stock_status": "onbackorder"}, ("backorder", 0)),
        ({"stock_quantity": 0, "backorders": "notify", "backorders_allowed": True},
         ("backorder", 0)),
        ({"stock_quantity": 0, "backorders_allowed": "1"}, ("backorder", 0)),
        ({"manage_stock": "parent", "stock_quantity": 7, "parent_id": 11, "type": "variation"},
         ("in_stock", 7)),
        # nobody counts: the word decides, and a quantity beside it means nothing
        (UNCOUNTED, ("in_stock", None)),
        (UNCOUNTED | {"stock_status": "outofstock", "stock_quantity": 5}, ("out_of_stock", None)),
        (UNCOUNTED | {"stock_status": "onbackorder"}, ("backorder", None)),
        # a plugin left the word out
        ({"stock_status": None}, ("in_stock", 3)),
        ({"stock_status": None, "stock_quantity": 0}, ("out_of_stock", 0)),
        # nobody sees it
        ({"status": "draft"}, ("out_of_stock", None)),
        ({"status": "private"}, ("out_of_stock", None)),
        ({"status": "trash"}, ("out_of_stock", None)),
        ({"status": "future"}, ("out_of_stock", None)),
        (NO_STOCK_FIELDS | {"status": "draft"}, ("out_of_stock", None)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("topic", ["product.created", "product.updated", "product.restored"])
def test_a_product_of_woocommerce_says_what_can_be_bought(
    topic: str, said: dict[str, Any], answer: tuple[str, int | None]
) -> None:
    assert seen(woo(topic, product(**said))) == {"14": answer}


@pytest.mark.parametrize(
    "said",
    [
        NO_STOCK_FIELDS,
        UNCOUNTED | {"stock_status": ""},
        {"type": "external"},
        {"type": "grouped"},
        {"id": None, "sku": None},
        {"stock_quantity": float("nan")},
        {"id": {"$": 1}, "sku": ""},
    ],
)
def test_what_woocommerce_does_not_say_changes_nothing(said: dict[str, Any]) -> None:
    assert woo("product.updated", product(**said)).seen == ()


def test_a_variation_belongs_to_its_product_and_has_a_time_of_its_own() -> None:
    attributes = [{"name": "Color", "option": "Blue"}, {"name": "Logo", "option": "Yes"}]
    [one] = woo(
        "product.updated",
        product(type="variation", parent_id=11, name="Hoodie - Blue, Yes", attributes=attributes),
    ).seen
    assert (one.key, one.product_key, one.sku) == ("14", "11", "beanie")
    assert (one.title, one.options) == ("Hoodie", (("Color", "Blue"), ("Logo", "Yes")))
    assert (str(one.price), one.currency) == ("18", "EUR")
    # GMT, not the shop's own time
    assert one.observed_at == datetime(2026, 12, 1, 9, 58, tzinfo=UTC)
    ahead = product(date_modified_gmt="2026-12-01T10:04:00")
    assert woo("product.updated", ahead).seen[0].observed_at == NOW, "a clock that goes fast"


def test_a_product_with_variations_only_says_whether_it_is_seen() -> None:
    parent = {"type": "variable", "id": 11, **UNCOUNTED}
    shown = woo("product.updated", product(**parent))
    assert [(one.product, one.shown) for one in shown.listed] == [("11", True)]
    assert shown.if_known == {"11"}
    hidden = woo("product.updated", product(**parent, status="draft"))
    assert [(one.product, one.shown) for one in hidden.listed] == [("11", False)]


def test_what_went_to_the_bin_may_come_back() -> None:
    news = woo("product.deleted", {"id": 14})
    assert [(one.id, one.availability.value) for one in news.gone] == [("14", "out_of_stock")]


def order(**more: Any) -> dict[str, Any]:
    line = {"id": 1, "product_id": 14, "variation_id": 0, "quantity": 2, "sku": "beanie"}
    return {
        "id": 35, "number": "W-35", "status": "processing", "line_items": [line],
        "date_created": "2026-12-01T10:50:00", "date_created_gmt": "2026-12-01T09:50:00",
        "billing": {"email": "ann@waits.example", "phone": ""}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "paid", "bought"),
    [
        ("processing", None, True),
        ("completed", None, True),
        ("on-hold", None, True),  # its stock is taken
        ("pending", None, False),
        ("failed", None, False),
        ("cancelled", "2026-12-01T09:51:00", False),
        ("refunded", "2026-12-01T09:51:00", False),
        ("checkout-draft", None, False),
        ("trash", "2026-12-01T09:51:00", False),
        ("packed", "2026-12-01T09:51:00", True),  # the shop's own word
        ("packed", None, False),
        ("", "2026-12-01T09:51:00", False),
    ],
)
@pytest.mark.parametrize("topic", ["order.created", "order.updated"])
def test_only_a_status_that_means_bought_counts(
    topic: str, status: str, paid: str | None, bought: bool
) -> None:
    news = woo(topic, order(status=status, date_paid_gmt=paid))
    assert bool(news.bought) is bought
    # what was refunded was bought, and may have been sent; the bin is for old orders
    assert bool(news.called_off) is (status in ("failed", "cancelled"))


def test_each_line_of_an_order_is_bought_by_itself() -> None:
    lines = [
        {"id": 1, "product_id": 14, "variation_id": 0, "quantity": 2, "sku": "beanie"},
        {"id": 2, "product_id": 11, "variation_id": 34, "quantity": "1", "sku": 123},
        {"id": 3, "product_id": 0, "variation_id": 0, "quantity": 1, "sku": ""},  # a fee
        {"id": 4, "product_id": 15, "quantity": 0},
        {"id": 5, "product_id": 15, "quantity": float("inf")},
        "no line",
    ]
    news = woo("order.created", order(line_items=lines))
    told = [(one.ref, one.variant, one.sku, one.units, one.email) for one in news.bought]
    assert told == [
        ("W-35:1", "14", "beanie", 2, "ann@waits.example"),
        ("W-35:2", "34", "123", 1, "ann@waits.example"),
    ]
    assert {one.at for one in news.bought} == {datetime(2026, 12, 1, 9, 50, tzinfo=UTC)}


# ---- Shopify ----


def goods(*variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual = {
        "id": 41, "product_id": 9, "title": "Red", "price": "10.00", "compare_at_price": "12.00",
        "sku": "MUG-R", "inventory_policy": "deny", "inventory_management": "shopify",
        "inventory_quantity": 0, "updated_at": "2026-12-01T04:58:00-05:00",
    }  # fmt: skip
    listed = [{k: v for k, v in (usual | one).items() if v != "left out"} for one in variants]
    return {
        "id": 9, "title": "Mug", "handle": "mug", "status": "active", "variants": listed,
        "updated_at": "2026-12-01T04:59:00-05:00", **more,
    }  # fmt: skip


OUT = "left out"
LATER_API = {"inventory_management": OUT}


@pytest.mark.parametrize(
    ("variant", "answer", "doubtful"),
    [
        ({}, ("out_of_stock", 0), False),
        ({"inventory_quantity": 4}, ("in_stock", 4), False),
        ({"inventory_quantity": -82}, ("out_of_stock", 0), False),
        ({"inventory_quantity": -82, "inventory_policy": "continue"}, ("backorder", 0), False),
        ({"inventory_quantity": 0, "inventory_policy": "continue"}, ("backorder", 0), False),
        ({"inventory_quantity": 5, "inventory_policy": "continue"}, ("in_stock", 5), False),
        ({"inventory_management": None}, ("in_stock", None), False),  # nobody counts
        ({"inventory_management": "fulfil-app", "inventory_quantity": 0}, ("out_of_stock", 0),
         False),
        (LATER_API | {"inventory_quantity": 4}, ("in_stock", 4), False),
        (LATER_API | {"inventory_quantity": 0}, ("out_of_stock", 0), True),
        (LATER_API | {"inventory_quantity": -1}, ("out_of_stock", 0), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("topic", ["products/create", "products/update"])
def test_a_product_of_shopify_says_what_can_be_bought(
    topic: str, variant: dict[str, Any], answer: tuple[str, int | None], doubtful: bool
) -> None:
    news = shop(topic, goods(variant))
    assert seen(news) == {"41": answer}
    assert (news.doubtful == {"41"}, news.look_again) == (doubtful, False)


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_shopify_hides_cannot_be_bought(status: str) -> None:
    news = shop("products/update", goods({"inventory_quantity": 4}, status=status))
    assert seen(news) == {"41": ("out_of_stock", None)}


@pytest.mark.parametrize(
    "said",
    [
        goods({"inventory_quantity": OUT, "inventory_management": OUT, "inventory_policy": OUT}),
        goods({"inventory_quantity": None}),
        goods(),
        {"id": 9, "variants": "none"},
        {},
    ],
)
def test_what_a_subscription_leaves_out_is_not_known_and_is_asked_for(said: Any) -> None:
    news = shop("products/update", said)
    assert (news.seen, news.look_again) == ((), True)


@pytest.mark.parametrize(("named", "again"), [(1, False), (2, True)])
def test_where_only_some_variants_came_the_others_are_asked_for(named: int, again: bool) -> None:
    gids = [{"admin_graphql_api_id": f"gid://shopify/ProductVariant/4{n}"} for n in range(named)]
    news = shop("products/update", goods({"inventory_quantity": 4}, variant_gids=gids))
    assert (seen(news), news.look_again) == ({"41": ("in_stock", 4)}, again)


def test_a_variant_has_its_names_page_and_prices() -> None:
    [one] = shop("products/update", goods({"inventory_quantity": 2})).seen
    assert (one.key, one.sku, one.product_key) == ("41", "MUG-R", "9")
    assert (one.title, one.variant_title) == ("Mug", "Red")
    assert one.url == "https://kettle.example/products/mug?variant=41"
    assert (str(one.price), str(one.regular_price), one.currency) == ("10.00", "12.00", "EUR")
    [alone] = shop("products/update", goods({"title": "Default Title"})).seen
    assert alone.variant_title == ""


SIGNED = datetime(2026, 12, 1, 9, 59, tzinfo=UTC)  # the product's updated_at


@pytest.mark.parametrize(
    ("sent", "as_of"),
    [
        (None, SIGNED),
        (SIGNED + timedelta(milliseconds=300), SIGNED + timedelta(milliseconds=300)),
        (SIGNED - timedelta(days=2), SIGNED - timedelta(days=2)),  # the payload of a late try
        (datetime(2026, 12, 1, 10, 30, tzinfo=UTC), NOW),
    ],
)
def test_a_delivery_speaks_of_when_it_was_written(sent: datetime | None, as_of: datetime) -> None:
    [one] = shop("products/update", goods({}), at=sent).seen
    assert one.observed_at == as_of


def test_a_header_cannot_make_an_old_body_new() -> None:
    old = goods({"updated_at": "2026-11-20T10:00:00Z"}, updated_at="2026-11-20T10:00:00Z")
    [one] = shop("products/update", old, at=NOW).seen
    assert one.observed_at == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    undated = goods({"updated_at": OUT, "inventory_quantity": 2}, updated_at=None)
    [one] = shop("products/update", undated, at=NOW - timedelta(minutes=1)).seen
    assert one.observed_at == NOW - timedelta(minutes=1)


def test_what_shopify_deleted_will_not_come_back() -> None:
    [gone] = shop("products/delete", {"id": 788032119674292922}).gone
    assert (gone.id, gone.availability.value) == ("788032119674292922", "discontinued")
    assert gone.with_variants


def test_one_bad_variant_holds_up_no_other() -> None:
    bad = {"id": 42, "inventory_quantity": float("inf")}
    news = shop("products/update", goods({"inventory_quantity": 1}, bad, {"id": [], "sku": ""}))
    assert (seen(news), news.refused) == ({"41": ("in_stock", 1)}, 2)


@pytest.mark.parametrize(
    ("changed", "bought"),
    [
        ({}, True),
        ({"financial_status": "pending"}, True),  # placed, and its stock taken
        ({"financial_status": "voided"}, False),
        ({"financial_status": "refunded"}, False),
        ({"cancelled_at": "2026-12-01T09:55:00Z"}, False),
        ({"test": True}, False),
    ],
)
@pytest.mark.parametrize("topic", ["orders/create", "orders/paid"])
def test_an_order_of_shopify_is_bought_unless_it_is_called_off(
    topic: str, changed: dict[str, Any], bought: bool
) -> None:
    said = {
        "id": 450789469, "order_number": 1001, "name": "#1001", "email": "",
        "contact_email": "ann@waits.example", "financial_status": "paid", "cancelled_at": None,
        "created_at": "2026-12-01T04:50:00-05:00", "processed_at": "2026-12-01T04:49:00-05:00",
        "line_items": [
            {"id": 7, "variant_id": 41, "product_id": 9, "quantity": 2, "sku": "MUG-R"},
            {"id": 8, "variant_id": None, "quantity": 1, "sku": None},  # typed in by hand
        ],
        **changed,
    }  # fmt: skip
    news = shop(topic, said)
    told = [(one.ref, one.variant, one.units, one.email, one.at) for one in news.bought]
    at = datetime(2026, 12, 1, 9, 49, tzinfo=UTC)
    assert told == ([("1001:7", "41", 2, "ann@waits.example", at)] if bought else [])


# ---- the rest ----


@pytest.mark.parametrize(
    "topic",
    ["inventory_levels/update", "inventory_levels/connect", "inventory_levels/disconnect",
     "inventory_items/update", "variants/in_stock"],
)  # fmt: skip
def test_a_place_that_changed_is_a_hint_and_no_stock(topic: str) -> None:
    said = {"inventory_item_id": 271878346596884015, "location_id": 1, "available": 5}
    assert shop(topic, said) == ShopNews(look_again=True)


def test_shopify_passes_on_what_the_law_asks() -> None:
    customer = {"id": 191167, "email": "ann@waits.example", "phone": "555-625-1199"}
    erase = shop("customers/redact", {"customer": customer}).erase
    assert erase == ("ann@waits.example", "555-625-1199")
    asked = shop("customers/data_request", {"customer": customer})
    assert (asked.asks, asked.asks_about, asked.erase) == (Asked.EXPORT, "191167", ())
    left = shop("shop/redact", {"shop_domain": "kettle.myshopify.com"})
    assert (left.asks, left.asks_about) == (Asked.LEFT, "kettle.myshopify.com")


@pytest.mark.parametrize(
    ("topic", "known"),
    [("orders/edited", True), ("refunds/create", True), ("carts/update", False), ("", False)],
)
def test_other_topics_of_shopify_change_nothing(topic: str, known: bool) -> None:
    line = {"id": 7, "variant_id": 41, "quantity": 2}
    news = shop(topic, goods({"inventory_quantity": 4}, line_items=[line]))
    assert news == ShopNews(known=known)


@pytest.mark.parametrize("topic", ["order.deleted", "customer.created", "coupon.updated", ""])
def test_other_topics_of_woocommerce_change_nothing(topic: str) -> None:
    assert woo(topic, product() | order()) == ShopNews(known=topic == "order.deleted")


STRANGE = [None, 0, "", "x" * 300, [], [[]], {}, {"id": {}}, True, -1, 1e308, "\x00", "\ud800"]


@pytest.mark.parametrize("value", STRANGE, ids=range(len(STRANGE)))
def test_nothing_makes_a_reader_fail(value: Any) -> None:
    topics = ["product.updated", "product.deleted", "order.created"]
    topics += ["products/update", "products/delete", "orders/create", "customers/redact"]
    topics += ["customers/data_request", "shop/redact"]
    for base in (product(), order(), goods({}), {"customer": {}, "order": {}, "product": {}}):
        for name in base:
            for topic in topics:
                read = woo if "." in topic else shop
                read(topic, base | {name: value})
                read(topic, value)
                read(topic, base | {name: [value, {"id": value, "quantity": value}]})


# ---- settings ----


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"shopify_domain": "Kettle.MyShopify.com"}, {"shopify_domain": "kettle.myshopify.com"}),
        ({"shopify_secrets": ["new", "old"]}, {"shopify_secrets": ("new", "old")}),
        ({"woocommerce_secrets": "shh"}, {"woocommerce_secrets": ("shh",)}),
        ({"shopify_domain": "https://kettle.myshopify.com"}, None),
        ({"shopify_domain": "kettle"}, None),
        ({"shopify_secrets": ["new", ""]}, None),
        ({"woocommerce_secrets": " "}, None),
    ],
)
def test_what_can_be_set_for_a_shop_system(
    written: dict[str, Any], read: dict[str, Any] | None
) -> None:
    told = {"name": "Kettle", "public_key": "pk_kettle", **written}
    if read is None:
        with pytest.raises(ValidationError):
            Shop.model_validate(told)
        return
    made = Shop.model_validate(told)
    assert {name: getattr(made, name) for name in read} == read
