"""Is this a product page at all, or a bot wall, a log-in form, a throttle or an error page?

All of these come with status 200. None of them says anything about stock (trust RL-19).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from notifier.connectors.page_reading.document import Document
from notifier.connectors.page_reading.visible import is_visible, visible_text
from notifier.errors import LookFailed

_SHORT = 6_000

_TITLES = (
    (
        "bot_wall",
        r"access to this page has been denied|access denied|attention required|just a moment"
        r"|are you (?:a )?(?:human|robot)|robot (?:check|or human)|bot or not|bot (?:check|verif)"
        r"|pardon our interruption|(?:verify|confirm|prove) (?:that )?you(?:'| a)re (?:a )?"
        r"(?:human|not a)|checking (?:your browser|if the site connection)|human verification"
        r"|security (?:check|challenge)|ddos.guard|captcha|unusual (?:traffic|activity)"
        r"|automated access|request (?:was )?blocked|sorry, you have been blocked"
        r"|enable javascript and cookies to continue|kein roboter|zugriff verweigert"
        r"|acceso denegado|accesso negato|accès refusé|доступ (?:запрещ|огранич)"
        r"|^(?:error )?403\b|403 forbidden|^forbidden$|request (?:rejected|unsuccessful)"
        r"|one moment,? please|security verification|vérification de sécurité"
        r"|incapsula incident|^error 10(?:0[6-9]|1[0-9]|20)\b|you have been (?:blocked|banned)",
    ),
    (
        "throttled",
        r"too many requests|rate limit(?:ed)?\b|queue-it|waiting room|virtual queue"
        r"|you are (?:now )?in (?:line|the queue)|zu viele anfragen|demasiadas solicitudes",
    ),
    (
        "maintenance",
        r"^maintenance$|(?:under|down for|scheduled|site) maintenance|maintenance mode"
        r"|temporarily (?:unavailable|closed|down)|we(?:'|’)ll be (?:right )?back|be right back"
        r"|service unavailable|bad gateway|gateway time-?out|internal server error|opening soon"
        r"|wartungsarbeiten|wartungsmodus|en mantenimiento",
    ),
    (
        "not_found_page",
        r"^(?:error )?404\b|\b404 (?:error|page|not found)|page (?:was )?not found"
        r"|page (?:no longer|doesn(?:'|’)t) exist|seite (?:wurde )?nicht gefunden"
        r"|p[aá]gina n[oã]o? encontrada|page (?:introuvable|non trouv[ée]e)|pagina niet gevonden"
        r"|pagina non trovata|strona nie została znaleziona|страница не найдена"
        r"|sidan (?:kunde inte hittas|finns inte)|sayfa bulunamad[ıi]|ページが見つかりません"
        r"|^410\b",
    ),
    (
        "login_page",
        r"^(?:log ?in|sign ?in|log on|anmelden|anmeldung|einloggen|iniciar sesi[oó]n"
        r"|customer login|enter (?:store )?(?:using )?password|password (?:required|protected))\b",
    ),
)
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

    `has_product`: the page's markup names a product with an offer, or it holds the part that the
    merchant's rule calls the product's own; then it is a product page, whatever words its title
    holds ("Access Denied" is also a board game).
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
            if is_short and pattern.search(head):
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
