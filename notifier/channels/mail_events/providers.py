"""Which providers' callbacks are understood?"""

from __future__ import annotations

from collections.abc import Mapping

from notifier.channels.mail_events import mailgun, postmark, sendgrid, ses
from notifier.channels.mail_events.base import MailProvider

__all__ = ["PROVIDERS"]

PROVIDERS: Mapping[str, MailProvider] = {
    "ses": ses,
    "sendgrid": sendgrid,
    "postmark": postmark,
    "mailgun": mailgun,
}
