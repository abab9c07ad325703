"""How does a letter that was written on a form become a mail without all of it being written anew?

What letters of one form have in common is written once: most headers, and both texts in quoted-
printable. A letter adds its recipient, ids, date, unsubscribe link and values. The octets are those
that mime.py writes for the same letter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from notifier.channels.base import FormLetter
from notifier.channels.smtp.headers import LONGEST_LINE
from notifier.channels.smtp.printable import QuotedForm, lengths_of
from notifier.domain.letter_form import Form

__all__ = ["Blueprint", "FormMail"]

UNSUBSCRIBE = "List-Unsubscribe"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LINK = re.compile(r"<https?://[!-;=?-~]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What mime.py says of the mails of a form.

    `before_recipient` … `before_parts` are header lines with their line ends, in the order they
    are put together in. `subject` writes that header's value; by uid, `named` writes the line after
    the Message-ID where there is one, and `mailbox` what stands after the unsubscribe link. Each of
    `part_heads` ends with the empty line.
    """

    before_recipient: str
    subject: Callable[[str], str]
    domain: str
    named: Callable[[str], str] | None
    after_id: str
    extra: tuple[tuple[str, str], ...]
    mailbox: Callable[[str], str]
    before_parts: str
    part_heads: tuple[str, str]


class FormMail:
    """The mails of one form. `write` is None where a letter has to be written in full."""

    def __init__(self, form: Form, blueprint: Blueprint) -> None:
        plan = blueprint
        self._form = form
        self._plan = plan
        self._text, self._html = QuotedForm(form.text), QuotedForm(form.html)
        self._subject = _always_the_same(form, plan)
        self._begin = f"{plan.before_recipient}To: "
        self._after_id = f"@{plan.domain}>\r\n{plan.after_id}"
        self._unsubscribes = bool(plan.extra) and plan.extra[0][0] == UNSUBSCRIBE
        self._end = f'{plan.before_parts}Content-Type: multipart/alternative; boundary="'
        self._date = (_LONG_AGO, "")
        self._heads = tuple(f"\r\n{one}" for one in plan.part_heads)

    def write(self, letter: FormLetter, recipient: str, *, date: datetime) -> bytes | None:
        """The mail as it goes over the wire, but for the final dot."""
        unsubscribe = self._unsubscribe(letter)
        if unsubscribe is None:
            return None
        subject = self._subject
        if subject is None:
            subject = f"Subject: {self._plan.subject(letter.subject)}\r\n"
        uid = letter.uid
        mark = "=_" + hashlib.sha256(uid.encode()).hexdigest()[:32]
        text_head, html_head = self._heads
        after_id, plan = self._after_id, self._plan
        if plan.named is not None:
            after_id = f"@{plan.domain}>\r\n{plan.named(uid)}{plan.after_id}"
        head = (
            f"{self._begin}{recipient}\r\n{subject}Date: {self._date_words(date)}\r\n"
            f"Message-ID: <{uid}{after_id}{unsubscribe}{self._end}"
            f'{mark}"\r\n\r\n--{mark}{text_head}'
        )
        values = [one.encode() for one in letter.values]
        lengths = lengths_of(values)
        between = f"--{mark}{html_head}".encode("ascii")
        end = f"--{mark}--\r\n".encode("ascii")
        text, html = self._text.pieces(values, lengths), self._html.pieces(values, lengths)
        return b"".join([head.encode("ascii"), *text, between, *html, end])

    def _date_words(self, date: datetime) -> str:
        at, words = self._date
        if date.tzinfo is not at.tzinfo or date.second != at.second or abs(date - at) >= _SECOND:
            words = format_datetime(date)
            self._date = (date, words)
        return words

    def _unsubscribe(self, letter: FormLetter) -> str | None:
        """The header line, '' where there is none; None for headers that are not known here."""
        given: Sequence[tuple[str, str]] = letter.headers
        if not self._unsubscribes:
            return "" if given == self._plan.extra else None
        if len(given) != len(self._plan.extra) or given[1:] != self._plan.extra[1:]:
            return None
        name, link = given[0]
        like = self._plan.extra[0][1]
        if name != UNSUBSCRIBE or link[:8] != like[:8] or not _LINK.fullmatch(link):
            return None
        if "mailto:" in link.lower():
            return None
        line = f"{UNSUBSCRIBE}: {link}{self._plan.mailbox(letter.uid)}"
        return f"{line}\r\n" if len(line) <= LONGEST_LINE else None


def _always_the_same(form: Form, plan: Blueprint) -> str | None:
    if len(form.subject) != 1:
        return None
    return f"Subject: {plan.subject(form.written('subject', ()))}\r\n"
