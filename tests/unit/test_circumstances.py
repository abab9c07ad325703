"""What is kept of where somebody acted?"""

from __future__ import annotations

from notifier.services.consent import Circumstances


def test_nothing_is_kept_where_nothing_is_known() -> None:
    assert Circumstances(origin="https://kettle.example").as_personal() is None


def test_what_a_browser_says_is_kept_up_to_a_length() -> None:
    long = Circumstances(ip="203.0.113.7", agent="a" * 301, page_url="p" * 2001)
    kept = {"ip": "203.0.113.7", "agent": "a" * 300, "page": "p" * 2000}
    assert long.as_personal() == kept
