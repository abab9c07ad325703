"""Is a slip in a provider's domain noticed, and nothing else?"""

from __future__ import annotations

import pytest

from notifier.domain.mail_typo import meant_domain


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("mgail.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmial.cmo", "gmail.com"),
        ("hotnail.com", "hotmail.com"),
        ("hotmial.co.uk", "hotmail.co.uk"),
        ("yaho.com", "yahoo.com"),
        ("yahooo.es", "yahoo.es"),
        ("outlok.de", "outlook.de"),
        ("iclod.com", "icloud.com"),
        ("t-onlin.de", "t-online.de"),
    ],
)
def test_one_slip_is_asked_about(typed: str, meant: str) -> None:
    assert meant_domain(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        *("gmail.com", "yahoo.com", "yahoo.de", "hotmail.co.uk", "outlook.es", "t-online.de"),
        *("mail.com", "email.com", "ymail.com", "cloud.com", "gmx.de", "web.de", "me.com"),
        *("yahoo.se", "yahoo.fr", "hotmail.fr", "outlook.it", "gmail.example", "kettle.example"),
        *("mail.gmail.com", "g.com", "com", "", "xn--gmil-5na.com", "gmx.net", "hotels.com"),
    ],
)
def test_what_may_well_be_right_is_not(typed: str) -> None:
    assert meant_domain(typed) == ""
