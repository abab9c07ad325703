"""Will receivers believe that our mail comes from us? Looks at SPF, DKIM and DMARC in DNS.

RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC). Without dnspython, or without an answer, it says
what to look at instead: an unsigned sender ends up in spam folders sooner or later.
"""

from __future__ import annotations

from collections.abc import Callable

from notifier.channels.base import Finding
from notifier.channels.smtp.addresses import parse_mailbox, to_ascii_domain
from notifier.channels.smtp.settings import Settings

__all__ = ["LookupTxt", "NoDns", "check_sender_dns", "dns_lookup"]

# Takes a name, gives its TXT records; none is an empty list. Raises NoDns.
LookupTxt = Callable[[str], list[str]]

_MADE_UP = ("example", "test", "invalid", "localhost", "local")  # RFC 2606, RFC 6762
_PATIENCE = 3.0


class NoDns(Exception):
    """DNS could not be asked, or did not answer."""


def check_sender_dns(
    settings: Settings,
    *,
    sign: Callable[[bytes], bytes] | None,
    lookup_txt: LookupTxt | None = None,
) -> list[Finding]:
    """Findings about the sender's domain. Never raises. `sign`: our own DKIM signing, if any."""
    domain = parse_mailbox(settings.from_address).domain
    if domain.rpartition(".")[2] in _MADE_UP:
        return [
            _warn(
                f"{domain} is a made-up domain: real mail servers refuse mail from it.",
                "Set from_address to an address of the shop's own domain before going live.",
            )
        ]
    try:
        lookup = lookup_txt or dns_lookup()
        return [
            _check_spf(to_ascii_domain(settings.bounce_domain or domain), lookup),
            _check_dkim(settings, domain, sign=sign, lookup=lookup),
            _check_dmarc(domain, lookup),
        ]
    except NoDns as error:
        return [
            _warn(
                f"Whether {domain} is a signed sender could not be looked up: {error}",
                f"Check that {domain} has SPF, DKIM and DMARC records in DNS; an unsigned sender "
                "is put into spam or refused.",
            )
        ]


def dns_lookup() -> LookupTxt:
    """A lookup that asks this machine's resolver. Raises NoDns when dnspython is missing."""
    try:
        import dns.exception
        import dns.resolver
    except ImportError as error:
        raise NoDns("dnspython is not installed (pip install 'notifier[dkim]').") from error
    try:
        resolver = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise NoDns(f"this machine has no resolver: {error}") from error
    resolver.lifetime = _PATIENCE

    def lookup(name: str) -> list[str]:
        try:
            answer = resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise NoDns(f"DNS did not answer for {name}: {error}") from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    return lookup


def _check_spf(domain: str, lookup: LookupTxt) -> Finding:
    records = [record for record in lookup(domain) if record.lower().startswith("v=spf1")]
    if len(records) == 1:
        return Finding.ok("SPF", f"{domain} says who may send for it: {records[0][:200]}")
    if records:
        return _warn(
            f"{domain} has {len(records)} SPF records; receivers then ignore all of them.",
            "Merge them into one TXT record.",
        )
    return _warn(
        f"Unsigned sender: {domain} has no SPF record.",
        f'Add a TXT record to {domain}: "v=spf1 include:<your mail provider> ~all".',
    )


def _check_dkim(
    settings: Settings, domain: str, *, sign: Callable[[bytes], bytes] | None, lookup: LookupTxt
) -> Finding:
    if sign is None:
        return Finding(
            level="ok",
            about="DKIM",
            message="The mail server is trusted to sign (DKIM); that cannot be seen from here.",
            advice=f"Send a test to yourself and look for dkim=pass with d={domain}.",
        )
    name = f"{settings.dkim_selector}._domainkey.{to_ascii_domain(settings.dkim_domain)}"
    records = lookup(name)
    if not records:
        return _bad(
            f"The DKIM key is not in DNS: {name} has no TXT record.",
            "Publish the public key there; until then every signature fails.",
        )
    if not _verifies(sign, domain, records[0]):
        return _bad(
            f"The DKIM key in DNS at {name} does not belong to {settings.dkim_key_file}.",
            "Publish the public key of this file, or use the private key that fits.",
        )
    if not _is_aligned(domain, to_ascii_domain(settings.dkim_domain)):
        return _warn(
            f"Signatures are for {settings.dkim_domain}, mail is from {domain}: not aligned.",
            "Sign for the domain in from_address, or DMARC does not count the signature.",
        )
    return Finding.ok("DKIM", f"Signatures verify with the key at {name}.")


def _verifies(sign: Callable[[bytes], bytes], domain: str, record: str) -> bool:
    import dkim  # type: ignore[import-untyped]

    mail = f"From: check@{domain}\r\nSubject: check\r\n\r\nA check.\r\n".encode("ascii")
    try:
        return bool(dkim.verify(sign(mail) + mail, dnsfunc=lambda name, timeout: record.encode()))
    except (dkim.DKIMException, ValueError, TypeError, IndexError):
        return False


def _check_dmarc(domain: str, lookup: LookupTxt) -> Finding:
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        name = "_dmarc." + ".".join(labels[start:])
        if any(record.lower().startswith("v=dmarc1") for record in lookup(name)):
            return Finding.ok("DMARC", f"There is a DMARC policy at {name}.")
    return _warn(
        f"Unsigned sender: {domain} has no DMARC policy; Gmail and Yahoo want one.",
        f'Add a TXT record to _dmarc.{domain}: "v=DMARC1; p=none".',
    )


def _is_aligned(domain: str, signed: str) -> bool:
    return domain == signed or domain.endswith(f".{signed}") or signed.endswith(f".{domain}")


def _warn(message: str, advice: str) -> Finding:
    return Finding.warn("unsigned sender", message, advice=advice)


def _bad(message: str, advice: str) -> Finding:
    return Finding.bad("DKIM", message, advice=advice)
