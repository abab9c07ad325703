"""What do the mails say that come back: from one file, a folder, a mailbox, or standard input?

    notifier's own address for bounces → a Maildir, an mbox or a pipe → receipts

Mails are read, never moved or deleted; reading one again has no effect. What is read by itself,
also from a server, is in read_mailboxes.
"""

from __future__ import annotations

import mailbox
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from notifier import plugins
from notifier.channels.base import Receipt
from notifier.errors import ConfigError
from notifier.services.env import Env
from notifier.services.receive import receive

LARGEST = 2_000_000  # a bounce quotes at most one of our mails


@dataclass(slots=True, kw_only=True)
class MailReport:
    """How many mails were read, how many said something about a message, how many of those were
    news."""

    read: int = 0
    ours: int = 0
    news: int = 0


def receive_mail(env: Env, raw: bytes, *, envelope_to: str = "") -> Receipt | None:
    """Believe one mail that came back; None when it is none of ours or says nothing that counts.

    `envelope_to`: the address it was delivered to, when that is known better than from its headers.
    """
    receipt = _read(env, raw, envelope_to=envelope_to)
    if receipt is not None:
        receive(env, receipt)
    return receipt


def _read(env: Env, raw: bytes, *, envelope_to: str) -> Receipt | None:
    module = plugins.load("notifier.channels", "email_smtp")
    secrets = env.signer.secrets_for("mail")
    receipt: Receipt | None = module.read_mail(raw, secrets=secrets, envelope_to=envelope_to)
    return receipt


def receive_mailbox(
    env: Env, path: Path, *, progress: Callable[[int], object] = lambda _count: None
) -> MailReport:
    """Every mail of a Maildir, an mbox, a folder of .eml files, or one mail in a file.

    Raises errors.ConfigError when nothing is there. `progress` is called with 1 for each mail.
    """
    report = MailReport()
    for raw in _mails(path):
        book_mail(env, raw, report)
        progress(1)
    return report


def book_mail(env: Env, raw: bytes, report: MailReport) -> None:
    """Believe one mail as `receive_mail` does, and count it."""
    report.read += 1
    receipt = _read(env, raw, envelope_to="")
    if receipt is not None:
        news = receive(env, receipt)
        report.ours += 1
        report.news += news


def _mails(path: Path) -> Iterator[bytes]:
    if not path.exists():
        raise ConfigError(f"There is no mailbox at {path}.")
    if path.is_dir():
        for file in sorted(mail_files(path)):
            yield start_of(file)
        return
    with path.open("rb") as opened:
        is_mbox = opened.read(5) == b"From "
    if not is_mbox:
        yield start_of(path)
        return
    box = mailbox.mbox(str(path), create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key)
    finally:
        box.close()


def mail_files(path: Path) -> list[Path]:
    """The mails of a Maildir, or else of a folder of .eml files; in no order."""
    if (path / "new").is_dir() or (path / "cur").is_dir():
        files = [*(path / "new").glob("*"), *(path / "cur").glob("*")]
    else:
        files = list(path.glob("*.eml"))
    return [file for file in files if file.is_file()]


def start_of(file: Path) -> bytes:
    """The mail in it, or as much of it as there may be of one."""
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)  # the reader refuses what is longer
