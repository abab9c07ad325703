"""What does one look into a mailbox read, and what did it not get?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.config_mailbox import MailboxSection
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.env import Env
from notifier.services.receive_mail import MailReport, book_mail

MOST = 1_000  # mails of one mailbox in one run; the next run goes on
AT_MOST = 60.0  # seconds for one mailbox in one run
LOOK_BACK = timedelta(days=90)  # what is older says nothing about what is kept of messages


@dataclass(slots=True, kw_only=True)
class MailboxRun:
    """One run over one mailbox. `key` is the mailbox's name in our rows.

    Mails are named as a person finds them. `failed`: we could not book them. `withheld`: they are
    not given to us, since when; others are read. `given_up`: nor are they asked for any more.
    """

    env: Env
    name: str
    section: MailboxSection
    key: str
    until: float = field(default_factory=lambda: time.monotonic() + AT_MOST)
    report: MailReport = field(default_factory=MailReport)
    failed: list[str] = field(default_factory=list)
    withheld: dict[str, datetime] = field(default_factory=dict)
    given_up: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.report.read >= MOST or time.monotonic() >= self.until

    @property
    def since(self) -> datetime:
        """What came before is not looked at: our memory of what was read must reach further."""
        kept = self.env.config.retention.receipts
        return self.env.now() - min(LOOK_BACK, kept or LOOK_BACK)

    def book(self, raw: bytes, *, mail: str) -> None:
        """`mail`: what a person finds it by."""
        try:
            book_mail(self.env, raw, self.report)
        except StoreBusy:
            raise
        except Exception:  # noqa: BLE001  one mail must not keep the others from being heard
            log.exception("mail not booked", mailbox=self.name, mail=mail)
            self.failed.append(mail)
