"""The answers of shops' APIs that give their goods page by page, put into a FeedServer.

Each function serves `pages`, lists of items, in the way of one system, and returns the address of
the first. What is asked for beyond the last page is answered as that system does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.feed_server import FeedServer, Reply

Items = Sequence[dict[str, Any]]


def shopify(key: int, *, available: bool = True) -> dict[str, Any]:
    variant = {"id": key, "sku": "", "available": available, "price": "9.00", "title": "Red"}
    return {"id": key * 10, "title": f"K{key}", "handle": f"k-{key}", "variants": [variant]}


def woocommerce(key: int, *, available: bool = True) -> dict[str, Any]:
    return {
        "id": key, "name": f"K{key}", "sku": "", "price": "9.00", "regular_price": "9.00",
        "type": "simple", "manage_stock": False, "stock_quantity": None, "backorders": "no",
        "stock_status": "instock" if available else "outofstock",
    }  # fmt: skip


def magento(key: int, *, available: bool = True) -> dict[str, Any]:
    return {"sku": f"K{key}", "source_code": "main", "quantity": 3 * available, "status": 1}


def bigcommerce(key: int, *, available: bool = True) -> dict[str, Any]:
    return {
        "id": key, "name": f"K{key}", "inventory_tracking": "product", "price": 9,
        "inventory_level": 3 * available, "availability": "available", "is_visible": True,
    }  # fmt: skip


def medusa(key: int, *, available: bool = True) -> dict[str, Any]:
    return {
        "id": f"K{key}", "sku": f"TEE-{key}", "title": "Red", "manage_inventory": True,
        "allow_backorder": False, "inventory_quantity": 3 * available,
    }  # fmt: skip


def ecwid(key: int, *, available: bool = True) -> dict[str, Any]:
    return {
        "id": key, "sku": f"K{key}", "name": f"K{key}", "price": 9, "enabled": True,
        "unlimited": False, "quantity": 3 * available, "inStock": available,
    }  # fmt: skip


def serve_shopify(server: FeedServer, pages: Sequence[Items]) -> str:
    """/products.json: an empty list after the last page."""
    for number, items in enumerate([*pages, []], start=1):
        reply = Reply(body=json.dumps({"products": items}).encode())
        server.replies[f"/products.json?limit=2&page={number}"] = reply
    server.replies["/products.json?limit=2"] = server.replies["/products.json?limit=2&page=1"]
    return server.url("/products.json?limit=2")


def serve_woocommerce(
    server: FeedServer, pages: Sequence[Items], *, path: str = "/wp-json/wc/v3/products?per_page=2"
) -> str:
    """X-WP-Total, X-WP-TotalPages and a Link that names http, as behind a proxy."""
    for number, items in enumerate(pages, start=1):
        headers = {
            "X-WP-Total": str(sum(map(len, pages))),
            "X-WP-TotalPages": str(len(pages)),
        }
        if number < len(pages):
            headers["Link"] = f'<http://shop.example{path}&page={number + 1}>; rel="next"'
        reply = Reply(body=json.dumps(items).encode(), headers=headers)
        server.replies[f"{path}&page={number}"] = reply
    server.replies[path] = server.replies[f"{path}&page=1"]
    return server.url(path)


def serve_magento(server: FeedServer, pages: Sequence[Items]) -> str:
    """searchCriteria: past the last page it comes again."""
    path = "/rest/V1/inventory/source-items?searchCriteria%5BpageSize%5D=2"
    for number, items in enumerate([*pages, pages[-1]], start=1):
        body = {"items": items, "search_criteria": {}, "total_count": sum(map(len, pages))}
        reply = Reply(body=json.dumps(body).encode())
        server.replies[f"{path}&searchCriteria%5BcurrentPage%5D={number}"] = reply
    server.replies[path] = server.replies[f"{path}&searchCriteria%5BcurrentPage%5D=1"]
    return server.url(path)


def serve_bigcommerce(server: FeedServer, pages: Sequence[Items]) -> str:
    """meta.pagination after the items."""
    path = "/stores/abc/v3/catalog/products?limit=2"
    for number, items in enumerate(pages, start=1):
        said = {"total": sum(map(len, pages)), "current_page": number, "total_pages": len(pages)}
        links = {} if number == len(pages) else {"next": f"?page={number + 1}&limit=2"}
        body = {"data": items, "meta": {"pagination": {**said, "links": links}}}
        server.replies[f"{path}&page={number}"] = Reply(body=json.dumps(body).encode())
    server.replies[path] = server.replies[f"{path}&page=1"]
    return server.url(path)


def serve_links(server: FeedServer, pages: Sequence[Items]) -> str:
    """Shopify's Admin API: a Link with a cursor."""
    path = "/admin/api/2026-10/products.json?limit=2"
    for number, items in enumerate(pages, start=1):
        after = server.url(f"{path}&page_info=p{number + 1}")
        headers = {} if number == len(pages) else {"Link": f'</p>; rel="prev", <{after}>; rel=next'}
        reply = Reply(body=json.dumps({"products": items}).encode(), headers=headers)
        server.replies[path if number == 1 else f"{path}&page_info=p{number}"] = reply
    return server.url(path)


def serve_medusa(server: FeedServer, pages: Sequence[Items]) -> str:
    """count, offset and limit after the items; `count` is of all."""

    def body(items: Items, *, offset: int, total: int) -> dict[str, Any]:
        return {"variants": items, "count": total, "offset": offset, "limit": 2}

    return _serve_by_offset(server, pages, path="/admin/product-variants?limit=2", body=body)


def serve_ecwid(server: FeedServer, pages: Sequence[Items]) -> str:
    """total, count, offset and limit before the items; `count` is of the page. It is asked for more
    a page than it gives."""

    def body(items: Items, *, offset: int, total: int) -> dict[str, Any]:
        said = {"total": total, "count": len(items), "offset": offset, "limit": 2}
        return {**said, "items": items}

    return _serve_by_offset(server, pages, path="/api/v3/123/products?limit=500", body=body)


def _serve_by_offset(
    server: FeedServer, pages: Sequence[Items], *, path: str, body: Callable[..., dict[str, Any]]
) -> str:
    total = sum(map(len, pages))
    for number, items in enumerate([*pages, []]):
        said = body(items, offset=2 * number, total=total)
        server.replies[f"{path}&offset={2 * number}"] = Reply(body=json.dumps(said).encode())
    server.replies[path] = server.replies[f"{path}&offset=0"]
    return server.url(path)
