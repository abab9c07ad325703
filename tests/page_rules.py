"""Which rule would the merchant write for each shop whose pages are among the collected files?

Also how a collected page is read: as a source of that shop would read it.
"""

from __future__ import annotations

from pathlib import Path

from notifier.connectors.page_reading.reading import read_page
from notifier.connectors.page_reading.rule import Rule
from notifier.domain.observation import Observation

# By the first word of the file's name. Shops whose markup is right have none.
RULES = {
    "adorama": Rule(
        in_stock=".buy-section button.add-to-cart :: Add to Cart",
        preorder=".buy-section button :: /pre-?order/",
        backorder=".buy-section button :: /back-?order/",
        out_of_stock=".buy-section button :: /notify|out of stock|not available/",
    ),
    "bestbuy": Rule(
        in_stock="button.add-to-cart-button :: Add to Cart",
        preorder="button.add-to-cart-button :: /pre-?order/",
        out_of_stock="button.add-to-cart-button :: /sold out|coming soon|unavailable/",
    ),
    "bhphoto": Rule(
        in_stock="[data-selenium=addToCartButton]",
        out_of_stock="[data-selenium=notifyAvailabilityButton]",
    ),
    # This merchant's customers fetch what they buy, so stock in the store counts.
    "microcenter": Rule(
        in_stock="#pnlInventory .inventoryCnt :: /[1-9]\\d*\\+? in stock/",
        out_of_stock="#pnlInventory .inventoryCnt :: sold out",
    ),
    "newegg": Rule(
        in_stock=("#ProductBuy button :: Add to cart", "a.atnPrimary :: Add to Cart"),
        out_of_stock=(".product-inventory :: out of stock", "p.note :: out of stock"),
    ),
    "toysrus": Rule(
        within=".product-detail",
        in_stock="button.add-to-cart :: เพิ่มสินค้าไปยังรถเข็น",
        preorder="button.add-to-cart :: สั่งของล่วงหน้า",
        out_of_stock="button.back-in-store",
    ),
    "pbandai": Rule(
        in_stock=(".btn-cart-add", ".c-item-order__submit :: add to cart"),
        preorder=".c-item-order__submit :: pre-order",
        out_of_stock=(".stock-status :: out of stock", ".c-item-order :: /sold out/"),
        eta=".c-item-order :: /scheduled shipping\\s*:\\s*([A-Z][a-z]+\\.? \\d{4})/",
        price=".price, .c-item-detail__price",
        sku=".c-item-order__submit @href :: /order\\/(\\w+)/",
    ),
}


def rule_for(path: Path) -> Rule:
    """The rule of the shop that the page at `path` comes from; an empty one when it needs none."""
    return RULES.get(path.name.partition("_")[0], Rule())


def read_page_file(path: Path) -> list[Observation]:
    """What the saved page shows with its shop's rule. Raises LookFailed for what is no product."""
    return list(read_page(path.read_bytes(), rule=rule_for(path)).observations)


def read_markup_file(path: Path) -> list[Observation]:
    """The same by the markup alone, as before a merchant has written any rule."""
    return list(read_page(path.read_bytes()).observations)
