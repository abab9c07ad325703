"""By which header of a letter does a relay learn our name for it, to say it in its callbacks?

Amazon and Mailgun report our Message-ID. Postmark replaces it, and SendGrid leaves it out of some
events; both keep what such a header says and take it off before the mail leaves them.

Sources: https://postmarkapp.com/support/article/1125-custom-metadata-faq ("How do I add custom
metadata using SMTP?": keys of up to 20, values of up to 80 characters),
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/unique-arguments (they come back
as fields of each event).
"""

from __future__ import annotations

__all__ = ["KEY", "name_header"]

KEY = "notifier"

_AROUND = {
    "postmark": (f"X-PM-Metadata-{KEY}", "", ""),
    "sendgrid": ("X-SMTPAPI", f'{{"unique_args":{{"{KEY}":"', '"}}'),
}


def name_header(provider: str, uid: str) -> tuple[str, str] | None:
    """Name and value of the header; None where none is needed. `uid` has no quotes."""
    found = _AROUND.get(provider)
    return None if found is None else (found[0], f"{found[1]}{uid}{found[2]}")
