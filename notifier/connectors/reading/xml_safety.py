"""How is XML that strangers wrote parsed?

Leniently, and so that it opens no file, fetches nothing and does not swell.
"""

from __future__ import annotations

from typing import Any

SAFELY: dict[str, Any] = {
    "recover": True,
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""Of lxml's parsers and iterparse."""
