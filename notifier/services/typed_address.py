"""Which person is meant by an address that somebody typed: a mail address or a phone number?"""

from __future__ import annotations

from notifier.domain.mail_address import normalise_email
from notifier.domain.message import Medium
from notifier.domain.phone import normalise_phone
from notifier.errors import InvalidInput
from notifier.services.env import Env


def hash_typed(env: Env, typed: str) -> str:
    """The hash under which the address is stored. Raises errors.InvalidInput.

    A number without + is read as one of the first shop's country.
    """
    try:
        return _hash(env, typed)
    except InvalidInput as error:
        raise error.about("address") from error


def _hash(env: Env, typed: str) -> str:
    if "@" in typed or not any(sign.isdigit() for sign in typed):
        return env.signer.hash_address(Medium.EMAIL, normalise_email(typed).address)
    region = next((shop.config.country for shop in env.shops.values()), "")
    phone = normalise_phone(typed, default_region=region, allow_test_numbers=True)
    return env.signer.hash_address(Medium.SMS, phone.e164)
