"""Which one address does somebody give, and can this shop write to it?"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.domain.mail_address import is_role_account, normalise_email
from notifier.domain.message import Medium
from notifier.domain.phone import normalise_phone
from notifier.errors import InvalidInput
from notifier.services.env import Env, ShopRef
from notifier.services.write_message import media_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address as it is stored. Role accounts are accepted and never written to."""

    medium: Medium
    value: str
    hash: str
    may_be_written_to: bool


def read_address(
    env: Env, shop: ShopRef, *, email: str | None = None, phone: str | None = None
) -> Address:
    """The one address in a sign-up, normalised. Raises errors.InvalidInput."""
    if (email is None) == (phone is None):
        raise InvalidInput.of("email", "one_address", "Give either an e-mail address or a phone.")
    if email is not None:
        _need_medium(env, shop, Medium.EMAIL, field="email")
        mail = normalise_email(email)
        return Address(
            medium=Medium.EMAIL,
            value=mail.address,
            hash=env.signer.hash_address(Medium.EMAIL, mail.address),
            may_be_written_to=not is_role_account(mail.address),
        )
    _need_medium(env, shop, Medium.SMS, field="phone")
    number = normalise_phone(
        phone,
        default_region=shop.config.country,
        allowed_countries=shop.config.sms_countries or (shop.config.country,),
        allow_test_numbers=env.config.service.allow_private_addresses,
    )
    return Address(
        medium=Medium.SMS,
        value=number.e164,
        hash=env.signer.hash_address(Medium.SMS, number.e164),
        may_be_written_to=True,
    )


def _need_medium(env: Env, shop: ShopRef, medium: Medium, *, field: str) -> None:
    if medium.value not in media_of(env, shop):
        other = "an e-mail address" if medium is Medium.SMS else "a phone number"
        raise InvalidInput.of(
            field, "no_channel", f"This shop cannot do that. Please give {other}."
        )
