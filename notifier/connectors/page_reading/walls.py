"""Is this a product page at all, or a bot wall, a log-in form, a throttle or an error page?

All of these come with status 200. None of them says anything about stock (trust RL-19).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from notifier.connectors.page_reading.document import Document
from notifier.connectors.page_reading.visible import is_visible, visible_text
from notifier.errors import LookFailed

_SHORT = 3_000

_TITLES = (
    (
        "bot_wall",
        r"access to this page has been denied|access denied|attention required|just a moment"
        r"|are you (?:a )?(?:human|robot)|robot check|pardon our interruption|bot (?:check|verif)"
        r"|(?:verify|confirm|prove) (?:that )?you(?:'| a)re (?:a )?(?:human|not a)"
        r"|checking your browser|security (?:check|challenge)|ddos.guard|human verification"
        r"|captcha|unusual traffic|request (?:was )?blocked|sorry, you have been blocked"
        r"|zugriff verweigert|acceso denegado",
    ),
    (
        "throttled",
        r"too many requests|rate limit|you are being rate limited|slow down|queue-it"
        r"|waiting room|virtual queue|you are (?:now )?in line|zu viele anfragen",
    ),
    (
        "maintenance",
        r"maintenance|temporarily (?:unavailable|closed|down)|we(?:'|’)ll be (?:right )?back"
        r"|service unavailable|bad gateway|gateway time-?out|internal server error|opening soon"
        r"|be right back|wartungsarbeiten|wartungsmodus|mantenimiento",
    ),
    (
        "not_found_page",
        r"\b404\b|page (?:was )?not found|page (?:no longer|doesn(?:'|’)t) exist"
        r"|seite (?:wurde )?nicht gefunden|p[aá]gina no encontrada",
    ),
    (
        "login_page",
        r"^(?:log ?in|sign ?in|log on|anmelden|anmeldung|einloggen|iniciar sesi[oó]n"
        r"|customer login|password|enter (?:store )?(?:using )?password)\b",
    ),
)  # fmt: skip
_PATTERNS = tuple((code, re.compile(words, re.IGNORECASE)) for code, words in _TITLES)

# Elements and addresses that only the walls themselves carry. Ordinary pages load the scripts of
# the same vendors, so a script's address alone is no evidence.
_WALL_PATHS = (
    "//*[@id='px-captcha']",
    "//form[@id='challenge-form' or contains(@action,'validateCaptcha')]",
    "//*[@id='cf-error-details' or @id='challenge-running' or @id='challenge-error-text']",
    "//*[@id='sec-if-cpt-container' or @id='sec-bc-container']",
    "//iframe[contains(@src,'_Incapsula_Resource') or contains(@src,'captcha-delivery.com')]",
)

_PAGE_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/plain")
_LOGIN_PATH = re.compile(
    r"/(?:log-?in|sign-?in|account/login|password|challenge|captcha)(?=[/.]|$)"
)
_FRONT_PATH = re.compile(r"/?(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:index\.\w+|home)?/?", re.IGNORECASE)

_ADVICE = {
    "bot_wall": "The shop takes us for a robot, which we are: ask it to let this program in.",
    "throttled": "The shop wants to be asked less often; a longer interval helps.",
    "maintenance": "The shop is closed for the moment; the last state is kept.",
    "not_found_page": "Check the address of the product.",
    "login_page": "The page cannot be read without logging in; use another kind of source.",
}


def refuse_wall(page: Document, *, has_product: bool) -> None:
    """Raise LookFailed (`bot_wall`, `throttled`, `maintenance`, `login_page`, `not_found_page`).

    `has_product`: the page's markup names a product with an offer; then it is a product page,
    whatever words its title holds ("Access Denied" is also a board game).
    """
    if has_product:
        return
    if any(page.root.xpath(path) for path in _WALL_PATHS):
        raise _failed("bot_wall", page=page, seen="its challenge form")
    heads = [page.title, *page.headings[:1]]
    text = visible_text(page.root)
    is_short = len(text) < _SHORT
    for code, pattern in _PATTERNS:
        for head in heads:
            if pattern.search(head) and (is_short or code == "login_page"):
                raise _failed(code, page=page, seen=repr(head[:80]))
    if len(text) < 400:
        for code, pattern in _PATTERNS[:3]:
            if found := pattern.search(text):
                raise _failed(code, page=page, seen=repr(found.group()))
    fields = page.root.xpath("//input[@type='password']")
    if len(text) < 1_000 and any(is_visible(field) for field in fields):
        raise _failed("login_page", page=page, seen="a password field")


def refuse_detour(asked: str, *, to: str, content_type: str) -> None:
    """Raise LookFailed when a redirect led away from the product, or the answer is no web page.

    Shops send sold-out or deleted products to the front page; its "add to cart" buttons are for
    other things.
    """
    if content_type and content_type not in _PAGE_TYPES:
        raise LookFailed("not_html", f"{asked} is {content_type!r}, not a web page. Is it a feed?")
    if to == asked:
        return
    path = urlsplit(to).path.casefold()
    if found := _LOGIN_PATH.search(path):
        raise LookFailed(
            "login_page", f"{asked} leads to {found.group()!r}. {_ADVICE['login_page']}"
        )
    if _FRONT_PATH.fullmatch(path) and not _FRONT_PATH.fullmatch(urlsplit(asked).path):
        raise LookFailed(
            "redirected",
            f"{asked} leads to the front page {to}; the product is gone or has moved. "
            "Give its new address.",
        )


def _failed(code: str, *, page: Document, seen: str) -> LookFailed:
    name = code.replace("_", " ")
    return LookFailed(code, f"{page.url or 'the page'} is a {name} (seen: {seen}). {_ADVICE[code]}")
