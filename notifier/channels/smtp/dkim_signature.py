"""How is a mail signed by ourselves, when no mail server does it for us? (extra `dkim`)

RFC 8058 4 wants both List-Unsubscribe headers covered by the signature; dkimpy's own choice
leaves List-Unsubscribe-Post out (trust L2), so the list is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from notifier.channels.smtp.addresses import to_ascii_domain
from notifier.channels.smtp.settings import Settings
from notifier.errors import ConfigError

__all__ = ["SIGNED_HEADERS", "make_signer"]

# From and Subject twice: a second one added on the way breaks the signature (RFC 6376 8.15).
_SIGNED = (
    "from from to subject subject date message-id reply-to mime-version content-type "
    "content-transfer-encoding list-id list-unsubscribe list-unsubscribe-post feedback-id "
    "auto-submitted"
)
SIGNED_HEADERS = tuple(_SIGNED.split())


def make_signer(settings: Settings) -> Callable[[bytes], bytes] | None:
    """A function from a mail to its DKIM-Signature header, or None when signing is not set up.

    Raises errors.ConfigError when dkimpy is missing or the key cannot be used.
    """
    if not settings.dkim_domain:
        return None
    try:
        import dkim  # type: ignore[import-untyped]
    except ImportError as error:
        raise ConfigError(
            "dkim_domain is set, but signing needs the extra: pip install 'notifier[dkim]'."
        ) from error
    try:
        key = Path(settings.dkim_key_file).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"dkim_key_file: {settings.dkim_key_file} cannot be read: {error}"
        ) from error
    domain = to_ascii_domain(settings.dkim_domain).encode("ascii")
    selector = settings.dkim_selector.encode("ascii")

    def sign(mail: bytes) -> bytes:
        header: bytes = dkim.sign(
            mail,
            selector,
            domain,
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=_headers_to_sign(mail),
        )
        return header

    try:
        sign(b"From: a@b.example\r\n\r\n\r\n")
    except (dkim.DKIMException, ValueError, TypeError, IndexError) as error:
        raise ConfigError(
            f"dkim_key_file: {settings.dkim_key_file} holds no usable RSA key in PEM: {error}"
        ) from error
    return sign


def _headers_to_sign(mail: bytes) -> list[bytes]:
    """Those of the list that the mail has. One it lacks could still be added by a later relay."""
    head = mail.partition(b"\r\n\r\n")[0].lower()
    present = {line.partition(b":")[0] for line in head.split(b"\r\n")} | {b"from", b"subject"}
    return [name for name in (n.encode("ascii") for n in SIGNED_HEADERS) if name in present]
