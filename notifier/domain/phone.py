"""Is this a mobile number we may write to, in which one form do we keep it, and where is it?

The text is judged before libphonenumber reads it, because libphonenumber is generous: it turns
`1-800-FLOWERS` and `call me 212…` into numbers. SMS goes to people's mobile phones only; toll-free,
premium and personal numbers are refused, since writing to them costs money or reaches nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from notifier.domain.phone_places import COUNTRY_ZONES, NANP_PLACES
from notifier.errors import InvalidInput

__all__ = ["Phone", "mask_phone", "normalise_phone"]

LONGEST_TYPED = 100

# Twilio's magic numbers: they answer with a chosen error and reach nobody.
# https://www.twilio.com/docs/iam/test-credentials
_TEST_NUMBER = re.compile(r"\+1500555\d{4}")
_EXTENSION = re.compile(r"(?i)(;ext=|\bext(ension)?\b\.?|x|#|,+)\s*\d{1,9}\s*$")
_SEPARATORS = frozenset(" \u00a0\u2009\u202f\u3000()[]-./~·\u2010\u2011\u2012\u2013\u2212\uff0d")
_DIRECTION_MARKS = dict.fromkeys(
    [0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)

_REACHABLE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_WORDS = {
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number that is forwarded somewhere",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company's number",
    PhoneNumberType.VOICEMAIL: "a voice mailbox",
    PhoneNumberType.VOIP: "an internet telephone number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One mobile phone.

    `e164` is `+` and digits: store it, compare it, write to it. `region` is the ISO 3166 country.
    `state` is the ISO 3166-2 state or province by area code (`US-TX`), empty where unknown.
    `zones` are all time zones its owner may be in by the number; empty where unknown.
    """

    e164: str
    region: str
    state: str = ""
    zones: tuple[str, ...] = ()


def normalise_phone(
    text: object,
    *,
    default_region: str = "",
    allowed_countries: Collection[str] = (),
    allow_test_numbers: bool = False,
    allow_voip: bool = True,
) -> Phone:
    """Read what somebody typed as a mobile number.

    `default_region` (the shop's country) is used when the number has no `+`. An empty
    `allowed_countries` allows all. `allow_test_numbers` takes Twilio's magic numbers, never in
    production. Raises errors.InvalidInput with field `phone` and one of the codes `required`,
    `not_text`, `too_long`, `characters`, `letters`, `extension`, `test_number`, `no_country`,
    `invalid`, `country`, `landline`, `not_mobile`.
    """
    typed = _readable(text)
    number = _parsed(typed, default_region=default_region.upper())
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _TEST_NUMBER.fullmatch(e164):
        if not allow_test_numbers:
            message = f"{e164} is a test number. Please give your own."
            raise _invalid("test_number", message, typed=e164)
        return Phone(e164=e164, region="US", zones=COUNTRY_ZONES["US"])
    if not phonenumbers.is_valid_number(number):
        raise _invalid(
            "invalid",
            f"“{typed}” is not a complete telephone number. Please check its digits; for another "
            "country start with + and the country code.",
            typed=typed,
        )
    _refuse_what_gets_no_sms(number, e164=e164, allow_voip=allow_voip)
    region = phonenumbers.region_code_for_number(number) or ""
    if region in {"", "001"} or (allowed_countries and region not in allowed_countries):
        raise _invalid("country", f"We cannot send SMS to the country of {e164}.", typed=e164)
    state, zones = _place_of(number, region=region)
    return Phone(e164=e164, region=region, state=state, zones=zones)


def mask_phone(e164: str) -> str:
    """The number so that its owner knows it and a log reader does not: `+1•••••1234`."""
    try:
        country = f"+{phonenumbers.parse(e164, None).country_code}"
    except NumberParseException:
        return "•••••"
    return f"{country}•••••{e164[-4:]}"


def _readable(text: object) -> str:
    """The text without what is only spelling, or the refusal of what no number has in it."""
    if text is None or text == "":
        raise _invalid("required", "Please give a mobile number.")
    if not isinstance(text, str):
        raise _invalid("not_text", "The mobile number must be one text, for example “+1 212 …”.")
    if len(text) > LONGEST_TYPED:
        raise _invalid("too_long", "That is too long for a telephone number.")
    typed = text.translate(_DIRECTION_MARKS).strip(" \u00a0")
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in typed):
        raise _invalid(
            "characters",
            "The number holds a line break, an invisible or a broken character. "
            "Please type it again.",
        )
    if typed[:4].lower() == "tel:":
        typed = typed[4:].strip()
    if not typed:
        raise _invalid("required", "Please give a mobile number.")
    _refuse_other_signs(typed)
    return typed


def _refuse_other_signs(typed: str) -> None:
    if _EXTENSION.search(typed):
        raise _invalid(
            "extension",
            f"“{typed}” has an extension, and SMS cannot reach one. Leave it out.",
            typed=typed,
        )
    if any(one.isalpha() for one in typed):
        message = f"“{typed}” has letters in it. Please give digits only."
        raise _invalid("letters", message, typed=typed)
    rest = typed[1:] if typed[0] in "+＋" else typed
    if not all(one.isdecimal() or one in _SEPARATORS for one in rest):
        raise _invalid("characters", f"“{typed}” holds a sign that no telephone number has.")


def _parsed(typed: str, *, default_region: str) -> PhoneNumber:
    try:
        return phonenumbers.parse(typed, default_region or None)
    except NumberParseException as problem:
        if typed[0] not in "+＋" and default_region not in phonenumbers.SUPPORTED_REGIONS:
            raise _invalid(
                "no_country",
                f"“{typed}” has no country code. Start with + and the country code.",
                typed=typed,
            ) from problem
        raise _invalid(
            "invalid", f"“{typed}” is not a telephone number. Please check it.", typed=typed
        ) from problem


def _refuse_what_gets_no_sms(number: PhoneNumber, *, e164: str, allow_voip: bool) -> None:
    kind = phonenumbers.number_type(number)
    if kind in _REACHABLE or (kind == PhoneNumberType.VOIP and allow_voip):
        return
    if kind == PhoneNumberType.FIXED_LINE:
        message = f"{e164} is a landline. Please give a mobile number."
        raise _invalid("landline", message, typed=e164)
    what = _WORDS.get(kind, "not known as a mobile number")
    raise _invalid("not_mobile", f"{e164} is {what}. Please give a mobile number.", typed=e164)


def _place_of(number: PhoneNumber, *, region: str) -> tuple[str, tuple[str, ...]]:
    """The state by area code and the zones. Canada and the USA share +1; others go by country."""
    if region in {"US", "CA"}:
        area = str(number.national_number)[:3]
        if area in NANP_PLACES:
            return NANP_PLACES[area]
    return "", COUNTRY_ZONES.get(region, ())


def _invalid(code: str, sentence: str, **values: object) -> InvalidInput:
    return InvalidInput.of("phone", code, sentence, **values)
