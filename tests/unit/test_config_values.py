"""Is a configuration refused that would bite later, with a sentence that says what to write?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notifier.config import Config, Shop
from notifier.config_reading import load_config
from notifier.errors import ConfigError
from notifier.services.check_values import check_values

SHOP = """
[shops.kettle]
name = "Kettle & Co"
public_key = "pk_kettle"
"""
OTHER = """
[shops.other]
name = "Other"
public_key = "pk_other1"
"""
SECRET = "s" * 20
REFUSED = {
    "waves without a pause": (SHOP + '[shops.kettle.release]\ninterval = "0s"', "1s or more"),
    "a lease that is over at once": ('[delivery]\nlease = "0s"', "1s or more"),
    "alerts that are stale at once": ('[delivery]\nalert_ttl = "0s"', "1s or more"),
    "a time below zero": (SHOP + "[shops.kettle.stock]\ncool_down = -5", "below zero"),
    "a source looked at without a pause": (
        SHOP + '[shops.kettle.sources.f]\nkind = "feed"\nevery = "0s"',
        "1s or more",
    ),
    "two shops with one public key": (
        SHOP + OTHER.replace("pk_other1", "pk_kettle"),
        "shops.other.public_key is the same as shops.kettle.public_key",
    ),
    "two shops with one API key": (
        SHOP
        + f'[shops.kettle.keys.erp]\nsecret = "{SECRET}"\n'
        + OTHER
        + f'[shops.other.keys.erp]\nsecret = "{SECRET}"\n',
        "make another one",
    ),
    "an origin with capitals": (SHOP + 'origins = ["https://Kettle.example"]', "kettle.example'"),
    "an origin with its usual port": (
        SHOP + 'origins = ["https://kettle.example:443"]',
        "'https://kettle.example'",
    ),
    "an origin in its own script": (SHOP + 'origins = ["https://käse.example"]', "xn--kse-qla"),
    "an origin with a star": (SHOP + 'origins = ["https://*.kettle.example"]', "each address"),
    "an origin with a name in it": (SHOP + 'origins = ["https://me@kettle.example"]', "browsers"),
    "a colour in words": (SHOP + 'accent = "blue"', "#0b6e4f"),
    "a shop with a blank in its name": (SHOP.replace("kettle]", '"my shop"]'), "cannot name"),
    "a source with an endless name": (
        SHOP + f'[shops.kettle.sources.{"f" * 70}]\nkind = "push"',
        "cannot name",
    ),
    "a webhook whose queue no row can name": (
        SHOP + f'[shops.kettle.webhooks.{"w" * 60}]\nurl = "https://x.example"',
        "too long names",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_bite_later_is_refused_with_what_to_write(tmp_path: Path, case: str) -> None:
    text, words = REFUSED[case]
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_config(file, environ={})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "origin",
    ["https://kettle.example", "http://localhost:8080", "https://[::1]:8443", "https://a.b.co:444"],
)
def test_an_origin_as_browsers_send_it_is_taken(origin: str) -> None:
    shop = Shop(name="Kettle", public_key="pk_kettle", origins=(origin,))
    assert shop.origins == (origin,)


WORDS: dict[str, dict[str, Any]] = {
    "locales": {"locales": ["en", "xx"]},
    "locale": {"locale": "fr"},
    "currency": {"currency": "XXQ"},
    "country": {"country": "us"},
    "sms_countries": {"sms_countries": ["ZZ"]},
    "sender": {"sender": "Kettle & Co"},
    "reply_to": {"reply_to": "nobody"},
    "support_email": {"support_email": "help@"},
    "logo_url": {"logo_url": "http://kettle.example/logo.png"},
    "url": {"url": "ftp://kettle.example"},
    "privacy_url": {"privacy_url": "javascript:alert(1)"},
    "webhooks.erp.events": {
        "webhooks": {
            "erp": {
                "url": "https://erp.example",
                "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
                "events": ["stock.back_in_stock", "order.eaten"],
            }
        }
    },
}


@pytest.mark.parametrize("field", WORDS)
def test_a_word_that_nothing_understands_is_found_by_the_check(field: str) -> None:
    tree = {"shops": {"kettle": {"name": "K", "public_key": "pk_kettle", **WORDS[field]}}}
    shop = Config.model_validate(tree).shops["kettle"]
    [finding] = check_values(shop, about="shops.kettle")
    assert finding.about == f"shops.kettle.{field}"
    assert finding.advice


def test_a_shop_with_sound_settings_brings_no_findings() -> None:
    shop = Shop(
        name="Kettle & Co",
        public_key="pk_kettle",
        locale="de",
        country="DE",
        currency="EUR",
        sender="Kettle & Co <hello@kettle.example>",
        support_email="help@kettle.example",
        logo_url="https://kettle.example/logo.png",
    )
    assert list(check_values(shop, about="shops.kettle")) == []
