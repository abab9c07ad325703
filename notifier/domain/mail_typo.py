"""Does the domain of a mail address look like a slip of the finger?

Only the big providers are known, and a guess is made only one slip away from one: a letter too
many, too few, wrong, or two swapped. It is a question to the person and nothing more: a domain that
looks odd may be right (trust WS-13). No address is looked up anywhere.
"""

from __future__ import annotations

_PROVIDERS = {
    "com": ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "protonmail"),
    "de": ("t-online", "freenet", "posteo", "yahoo", "hotmail", "outlook"),
    "es": ("yahoo", "hotmail", "outlook"),
    "co.uk": ("yahoo", "hotmail"),
}
_TYPED_FOR_COM = "cim clm cm cmo co com comm con conm coom c0m cpm vom xom ocm om"
_FOR_COM = frozenset(_TYPED_FOR_COM.split())


def meant_domain(domain: str) -> str:
    """The provider's domain that was probably meant; empty when there is nothing to ask.

    `domain` is in lower case, as notifier.domain.mail_address gives it.
    """
    name, _, ending = domain.partition(".")
    meant = "com" if ending in _FOR_COM else ending
    for provider in _PROVIDERS.get(meant, ()):
        if name == provider or (_begins_alike(name, provider) and _is_one_slip(name, provider)):
            found = f"{provider}.{meant}"
            return "" if found == domain else found
    return ""


def _begins_alike(name: str, provider: str) -> bool:
    """Real ones differ in the first letter: mail.com, email.com, ymail.com, cloud.com."""
    return name[:1] == provider[:1] or name[:2] == provider[1::-1]


def _is_one_slip(name: str, right: str) -> bool:
    """Whether one letter was left out, added, changed, or two neighbours swapped."""
    at = next(
        (n for n, (a, b) in enumerate(zip(name, right, strict=False)) if a != b),
        min(len(name), len(right)),
    )
    rest, wanted = name[at:], right[at:]
    return (
        rest[1:] == wanted  # too many
        or rest == wanted[1:]  # too few
        or rest[1:] == wanted[1:]  # changed
        or (rest[:2] == wanted[1::-1] and len(wanted) > 1 and rest[2:] == wanted[2:])  # swapped
    )
