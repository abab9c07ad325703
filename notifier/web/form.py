"""How does somebody sign up without JavaScript, on a page of ours?

The same fields, consents and rules as the widget, and the same one answer whoever asks for
whatever address. A browser without scripts cannot do a sum first, so where a shop asks for one,
having the page open for a moment counts instead (trust WS-12).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden

from notifier.domain.mail_address import normalise_email
from notifier.domain.mail_typo import meant_domain
from notifier.domain.subscription import Origin
from notifier.errors import Conflict, InvalidInput, NotFound, TooMany
from notifier.i18n import accepted_locales, choose_locale, consent_text, section
from notifier.metrics import SIGN_UPS
from notifier.services.env import ShopRef
from notifier.services.show_offer import Offer, load_offer
from notifier.services.subscribe import MAX_QUANTITY, subscribe
from notifier.services.wanted import SignUp
from notifier.web.form_link import blueprint as new_link
from notifier.web.guards import Guard, guarded
from notifier.web.here import circumstances, env
from notifier.web.link_forms import make_nonce, nonce_age, posted
from notifier.web.opened_link import Way
from notifier.web.pages import fill, own_path, page, picture_url, speak, web_url
from notifier.web.read_json import single
from notifier.web.shopper_words import conflict_words, problem_words, wait_words

blueprint = Blueprint("form", __name__)
blueprint.register_blueprint(new_link)

PAGE = "f"
QUICKEST = timedelta(seconds=1.5)  # nobody fills in the form faster
_NOT_NOW = {"available": "form_there", "discontinued": "form_gone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody has typed so far, kept while an error is shown."""

    variant: str = ""
    medium: str = "email"
    email: str = ""
    phone: str = ""
    quantity: str = "1"
    physical_only: bool = False
    marketing: bool = False
    errors: dict[str, str] = field(default_factory=dict)  # by field, in words


@blueprint.route("/f/<public_key>", methods=["GET", "POST"])
@guarded(Guard.PUBLIC_KEY)
def sign_up(public_key: str) -> Response:
    """GET shows the form for `variant` or `product`, POST signs up."""
    shop = env().shop_by_key(public_key)
    asked = single(request.args, allowed={"variant", "product", "lang"})
    wanted = (asked.get("lang", ""), *accepted_locales(request.headers.get("Accept-Language", "")))
    locale = choose_locale(wanted, shop.config.locales, default=shop.config.locale)
    speak(locale)
    try:
        offer = load_offer(
            env(),
            shop,
            variant=asked.get("variant", "")[:255],
            product=asked.get("product", "")[:255],
            locale=locale,
        )
    except NotFound:
        return _tell(shop, "unknown_product", locale=locale, status=404)
    if request.method != "POST":
        return _show(offer, Draft(variant=_preset(offer)), locale=locale)
    return _sign_up(offer, posted(), locale=locale)


def _preset(offer: Offer) -> str:
    """The variant the link names; any where it names the product and any may be waited for."""
    return offer.chosen or ("" if offer.takes_any or not offer.waitable else offer.waitable[0].key)


def _sign_up(offer: Offer, form: MultiDict[str, str], *, locale: str) -> Response:
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("This form is filled in on its own page.")
    shop = offer.shop
    draft = _read(form, offer)
    age = nonce_age(form, PAGE, shop.id)
    if age is None:
        words = section(locale, "page")
        return _show(offer, draft, locale=locale, status=400, notice=words["stale"])
    if form.get("website"):
        SIGN_UPS.labels(answer="honeypot").inc()
        return _done(offer, draft, locale=locale)
    try:
        subscribe(env(), shop, _ask(offer, draft, locale=locale, waited=age >= QUICKEST))
    except InvalidInput as error:
        SIGN_UPS.labels(answer="InvalidInput").inc()
        return _show_errors(offer, draft, error, locale=locale)
    except TooMany as error:
        SIGN_UPS.labels(answer="TooMany").inc()
        return _too_many(offer, draft, error, locale=locale)
    except (Conflict, NotFound) as error:
        SIGN_UPS.labels(answer=type(error).__name__).inc()
        return _not_now(offer, draft, error, locale=locale)
    SIGN_UPS.labels(answer="accepted").inc()
    return _done(offer, draft, locale=locale)


def _read(form: MultiDict[str, str], offer: Offer) -> Draft:
    by_sms = form.get("medium") == "sms" and "sms" in offer.media
    by_sms = by_sms or "email" not in offer.media
    return Draft(
        variant=form.get("variant", offer.chosen)[:255],
        medium="sms" if by_sms else "email",
        email=form.get("email", "")[:2000],
        phone=form.get("phone", "")[:2000],
        quantity=form.get("quantity", "1")[:12],
        physical_only=form.get("physical_only") == "yes",
        marketing=offer.shop.config.offers_marketing and form.get("marketing") == "yes",
    )


def _ask(offer: Offer, draft: Draft, *, locale: str, waited: bool) -> SignUp:
    typed = draft.quantity.strip()
    if not (typed.isascii() and typed.isdigit()):
        raise InvalidInput.of(
            "quantity", "not_a_number", "Give a whole number.", first=1, last=MAX_QUANTITY
        )
    by_sms = draft.medium == "sms"
    return SignUp(
        variant=draft.variant,
        product=offer.product,
        email=None if by_sms else draft.email,
        phone=draft.phone if by_sms else None,
        quantity=int(typed),
        locale=locale,
        any_variant=not draft.variant,
        physical_only=draft.physical_only,
        accepts_marketing=draft.marketing,
        consent_text_id=consent_text(locale, draft.medium).id,
        origin=Origin.FORM,
        circumstances=circumstances(page_url=request.url[:2000]),
        has_worked=waited and offer.shop.config.proof_of_work == "always",
    )


# --- answers ------------------------------------------------------------------------------


def _show(
    offer: Offer, draft: Draft, *, locale: str, status: int = 200, notice: str = ""
) -> Response:
    shop = offer.shop
    if not offer.waitable:
        return _nothing_to_wait_for(offer, locale=locale)
    name = shop.config.name
    marketing = consent_text(locale, "marketing").shown(shop=name)
    return page(
        "form",
        locale=locale,
        shop=shop,
        status=status,
        offer=offer,
        draft=draft,
        notice=notice,
        picture=picture_url(offer.picture_url),
        texts=offer.described["texts"],
        eta=offer.described["eta"],
        consent=consent_text(locale, "email").shown(shop=name),
        consent_sms=consent_text(locale, "sms").shown(shop=name),
        marketing=marketing if shop.config.offers_marketing else "",
        privacy=web_url(shop.config.privacy_url),
        most=MAX_QUANTITY,
        nonce=make_nonce(PAGE, shop.id),
    )


def _show_errors(offer: Offer, draft: Draft, error: InvalidInput, *, locale: str) -> Response:
    """The form as it was, each error beside its field."""
    words = section(locale, "page")
    errors = {one.field: problem_words(one, locale=locale) for one in error.problems}
    known = {name: text for name, text in errors.items() if name in ("email", "phone", "quantity")}
    kept = Draft(
        variant=draft.variant,
        medium=draft.medium,
        email=draft.email,
        phone=draft.phone,
        quantity=draft.quantity,
        physical_only=draft.physical_only,
        marketing=draft.marketing,
        errors=known,
    )
    notice = "" if known else errors.get("pow") or words["stale"]
    return _show(offer, kept, locale=locale, status=422, notice=notice)


def _too_many(offer: Offer, draft: Draft, error: TooMany, *, locale: str) -> Response:
    notice = wait_words(error, locale=locale)
    answer = _show(offer, draft, locale=locale, status=429, notice=notice)
    answer.headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    return answer


def _not_now(offer: Offer, draft: Draft, error: Conflict | NotFound, *, locale: str) -> Response:
    """It came back while the form was open, is gone for good, or takes no requests any more."""
    if isinstance(error, NotFound):
        return _tell(offer.shop, "unknown_product", locale=locale, status=404)
    if error.code not in _NOT_NOW:
        notice = conflict_words(error, locale=locale)
        return _show(offer, draft, locale=locale, status=409, notice=notice)
    return _about(offer, _NOT_NOW[error.code], locale=locale, status=409)


def _nothing_to_wait_for(offer: Offer, *, locale: str) -> Response:
    there = any(one.is_there for one in offer.choices)
    key = "form_there" if there else "form_gone" if offer.media else "form_closed"
    return _about(offer, key, locale=locale)


def _about(offer: Offer, key: str, *, locale: str, status: int = 200) -> Response:
    words = section(locale, "page")
    others = [
        Way(url=web_url(one["url"]), label=one["title"])
        for one in offer.described["alternatives"]
        if key == "form_gone"
    ]
    to_page = Way(url=offer.page_url, label=words["buy"], is_loud=True)
    return _tell(
        offer.shop,
        key,
        locale=locale,
        status=status,
        product=offer.title,
        mood="good" if key == "form_there" else "calm",
        ways=[to_page] if key == "form_there" else others,
    )


def _done(offer: Offer, draft: Draft, *, locale: str) -> Response:
    """The one answer, whoever asked for whatever address (acceptance A15).

    A slip in the address is asked about from its spelling alone; the sign-up stands as it is.
    """
    words, page_words = section(locale, "widget"), section(locale, "page")
    text = words["done_text_sms"] if draft.medium == "sms" else words["done_text"]
    ways = [Way(url=offer.page_url, label=page_words["to_product"])]
    typed, meant = _slip_in(draft)
    if meant:
        text = f"{text} {fill(page_words['form_typo'], typed=typed, meant=meant)}"
        ways.insert(0, Way(url=own_path(request.full_path), label=page_words["form_typo_again"]))
    return _result(
        offer.shop,
        words["done_title"],
        text,
        locale=locale,
        status=202,
        mood="mail",
        ways=ways,
    )


def _slip_in(draft: Draft) -> tuple[str, str]:
    """The domain that was typed and the one probably meant; empty when there is no doubt."""
    if draft.medium == "sms":
        return "", ""
    try:
        domain = normalise_email(draft.email).domain
    except InvalidInput:  # a program that fell into the trap; it gets the usual answer
        return "", ""
    return domain, meant_domain(domain)


def _tell(shop: ShopRef, key: str, *, locale: str, product: str = "", **more: Any) -> Response:
    words = section(locale, "page")
    text = fill(words[f"{key}_text"], product=product, shop=shop.config.name)
    return _result(shop, words[f"{key}_title"], text, locale=locale, **more)


def _result(
    shop: ShopRef,
    title: str,
    text: str,
    *,
    locale: str,
    status: int = 200,
    mood: str = "calm",
    ways: list[Way] | None = None,
) -> Response:
    return page(
        "result",
        locale=locale,
        shop=shop,
        status=status,
        mood=mood,
        title=title,
        text=text,
        card=None,
        also=[],
        ways=[way for way in ways or [] if way.url],
    )
