"""Which column of somebody's CSV file means what?

Our own names, those of our API, and those of other back-in-stock apps: Amp (Back in Stock) exports
`Email, ProductId, VariantId, Subscribed At, Last Message Sent At`; Swym says `medium`,
`mediumvalue`, `empi` (product) and `epi` (variant); STOQ `shopify_product_id`,
`shopify_variant_id`, `notified_at`. Case, blanks and signs in a name do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifier.domain.dates import read_instant
from notifier.errors import InvalidInput

NAMES = {
    "email": "email emailaddress mail customeremail subscriberemail shopperemail useremail",
    "phone": "phone phonenumber tel telephone mobile customerphone sms smsnumber",
    "calling_code": "code countrycode callingcode phonecode",
    "contact": "contact address mediumvalue recipient subscriber customer",
    "medium": "medium channel type notificationtype notificationpreference via",
    "variant": "variant variantid shopifyvariantid productvariantid variationid variantno epi",
    "product": "product productid shopifyproductid empi parentid",
    "sku": "sku variantsku productsku",
    "quantity": "quantity qty quantityrequested requestedquantity units",
    "locale": "locale language lang customerlocale",
    "any_variant": "anyvariant",
    "physical_only": "physicalonly",
    "tags": "tags tag labels customertags segments",
    "marketing": "acceptsmarketing marketing addtomailinglist subscribedtomarketing mailinglist",
    "created": "createdat created subscribedat signedup signedupat signupdate requestedat "
    "dateadded datecreated creationdate date cts timestamp createddate requestdate",
    "told": "lastmessagesentat notifiedat sentat senton told toldat notificationsentat "
    "lastnotifiedat notified sent alertsentat",
    "left": "unsubscribedat unsubscribed endedat blocked cancelledat deletedat",
    "state": "state status subscriptionstatus",
}
MOST_TAGS, LONGEST_TAG = 20, 64
_BY_NAME = {name: field for field, names in NAMES.items() for name in names.split()}
_YES = frozenset({"1", "true", "yes", "y", "ja", "on"})
_NO = frozenset({"", "0", "false", "no", "n", "nein", "off", "null", "none", "-", "n/a", "never"})
_NOTHING = frozenset({"", "0", "null", "none", "-", "n/a"})
_STATES = {
    "told": "sent notified delivered engaged converted completed done told alerted",
    "left": "ended unsubscribed cancelled canceled deleted blocked inactive expired bounced",
    "unconfirmed": "unconfirmed notconfirmed pendingconfirmation optinpending",
    "waiting": "waiting pending active subscribed queued open paused confirmed new",
}
_BY_STATE = {word: state for state, words in _STATES.items() for word in words.split()}


class Standing(StrEnum):
    """How far somebody had got where the file comes from."""

    WAITING = "waiting"
    UNCONFIRMED = "unconfirmed"
    TOLD = "told"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """One row as it is meant. One of `email` and `phone`; `variant` may be a sku."""

    email: str | None
    phone: str | None
    variant: str
    product: str
    quantity: int
    locale: str
    any_variant: bool
    physical_only: bool
    accepts_marketing: bool
    created_at: datetime | None
    standing: Standing
    tags: tuple[str, ...] = ()


def find_columns(header: Sequence[str]) -> dict[str, int]:
    """Where each field stands. Raises errors.InvalidInput when it is no header we can use."""
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        field = _BY_NAME.get(_plain(name))
        if field is not None:
            found.setdefault(field, place)
    if not found.keys() & {"email", "phone", "contact"}:
        raise InvalidInput.of(
            "header",
            "no_address",
            "The first row must name the columns, one of them email or phone; it holds "
            f"{', '.join(repr(name[:30]) for name in header[:8])}.",
        )
    if not found.keys() & {"variant", "product", "sku"}:
        raise InvalidInput.of(
            "header", "no_product", "No column says what is waited for: variant, product or sku."
        )
    return found


def read_tags(text: str) -> tuple[str, ...]:
    """Tags with commas, semicolons or bars between them. Raises errors.InvalidInput."""
    tags = tuple(dict.fromkeys(one.strip() for one in re.split(r"[,;|]", text) if one.strip()))
    if len(tags) > MOST_TAGS or any(len(one) > LONGEST_TAG for one in tags):
        raise InvalidInput.of(
            "tags",
            "too_many",
            f"At most {MOST_TAGS} tags of {LONGEST_TAG} characters.",
            most=MOST_TAGS,
            longest=LONGEST_TAG,
        )
    return tags


def read_row(cells: Sequence[str], columns: Mapping[str, int]) -> ImportedRow:
    """What one row means. Raises errors.InvalidInput naming each field that is wrong."""

    def cell(field: str) -> str:
        place = columns.get(field)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    if any("\x00" in one for one in cells):
        raise InvalidInput.of("row", "nul", "The row holds a NUL character.")
    email, phone = _address(cell)
    product, variant = _id(cell("product")), _id(cell("variant")) or cell("sku")
    if not product and not variant:
        raise InvalidInput.of("variant", "missing", "The row does not say what is waited for.")
    # a parent's id beside a variant's own only repeats what we know better
    return ImportedRow(
        email=email,
        phone=phone,
        variant=variant,
        product="" if variant else product,
        quantity=_quantity(cell("quantity")),
        locale=cell("locale"),
        any_variant=_is_yes(cell("any_variant"), field="any_variant") or not variant,
        physical_only=_is_yes(cell("physical_only"), field="physical_only"),
        tags=read_tags(cell("tags")),
        accepts_marketing=_is_yes(cell("marketing"), field="accepts_marketing"),
        created_at=read_instant(cell("created"), field="created_at"),
        standing=_standing(cell("state"), told=cell("told"), left=cell("left")),
    )


def _address(cell: Callable[[str], str]) -> tuple[str | None, str | None]:
    """E-mail address and phone number, one of them None; by e-mail where a row has both."""
    email, phone, contact = cell("email"), cell("phone"), cell("contact")
    if contact and not email and not phone:
        email, phone = (contact, "") if "@" in contact else ("", contact)
    wants_sms = _plain(cell("medium")) in ("sms", "text", "phone")
    if phone and (wants_sms or not email):
        code = "".join(c for c in cell("calling_code") if c.isdigit())
        full = phone if phone.startswith("+") or not code else f"+{code}{phone.lstrip('0')}"
        return None, full
    if email:
        return email, None
    raise InvalidInput.of("email", "missing", "The row holds neither e-mail address nor phone.")


def _id(text: str) -> str:
    """An id, without what a spreadsheet made of it; empty where 0 stands for none."""
    text = text.removeprefix("'").strip()
    if text.endswith(".0") and text[:-2].isdigit():
        text = text[:-2]
    if "e+" in text.lower() and text.lower().replace("e+", "").replace(".", "").isdigit():
        raise InvalidInput.of(
            "variant",
            "rounded",
            f"{text[:40]!r} is an id that a spreadsheet has rounded. Export the file anew and do "
            "not open it before.",
            typed=text[:40],
        )
    return "" if text.lower() in _NOTHING else text


def _quantity(text: str) -> int:
    if not text:
        return 1
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise InvalidInput.of(
            "quantity",
            "not_a_quantity",
            f"{text[:40]!r} is not a whole number of units.",
            typed=text[:40],
        )
    return int(number)


def _is_yes(text: str, *, field: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        raise InvalidInput.of(
            field, "not_yes_or_no", f"{text[:40]!r} is neither yes nor no.", typed=text[:40]
        )
    return word in _YES


def _standing(state: str, *, told: str, left: str) -> Standing:
    known = _BY_STATE.get(_plain(state), "")
    if state and not known:
        raise InvalidInput.of(
            "state",
            "unknown_word",
            f"{state[:40]!r} is not a state such as waiting, told or ended.",
            typed=state[:40],
        )
    if left.lower() not in _NO:
        return Standing.LEFT
    if known in ("", Standing.WAITING) and told.lower() not in _NO:
        return Standing.TOLD
    return Standing(known or Standing.WAITING)


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
