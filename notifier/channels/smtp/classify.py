"""What does a server's answer mean for the message, the address and the channel?

One table, read from top to bottom; the first row that fits decides. It follows RFC 5321 4.2 and
RFC 3463. Three rules stand above it: what the server did not say is never read as a refusal;
after the final dot without an answer nothing is known; and free text may soften a verdict but
never condemns an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from notifier.channels.base import Blame, Outcome, Result
from notifier.channels.smtp.reply import Reply

__all__ = ["Stage", "classify", "classify_reply", "drops_connection", "shorten"]

LONGEST_DETAIL = 1024
FIRST_RETRY = timedelta(minutes=5)  # greylisting servers take a letter after 5 to 15 minutes


class Stage(StrEnum):
    """What we had last said or sent when the answer came."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    TLS = "tls"  # the handshake itself
    CERTIFICATE = "certificate"  # it was shown and is not good
    AUTH = "auth"
    RSET = "rset"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"  # the text is under way, the dot is not
    DOT = "dot"


_OPENING = frozenset({Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.AUTH})
_MAIL = frozenset({Stage.MAIL})
_RCPT = frozenset({Stage.RCPT})
_DOT = frozenset({Stage.DOT})
_BODY = frozenset({Stage.DATA, Stage.BODY})
_TEXT = frozenset({Stage.DATA, Stage.BODY, Stage.DOT})
_VERDICT = _RCPT | _TEXT
_LETTER = _MAIL | _VERDICT
_ANY = frozenset(Stage)


@dataclass(frozen=True, slots=True)
class Row:
    """`answer` is matched against `code enhanced` (`550 5.1.1`, `550 `); `0 ` is no answer.

    `hint` must be found in the text, too. A hint may only lead away from blaming the address.
    """

    stages: frozenset[Stage]
    answer: str
    outcome: Outcome
    blame: Blame
    hint: str = ""
    retry_after: timedelta | None = None


ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED
LATER, UNKNOWN = Outcome.TRY_LATER, Outcome.UNKNOWN

ASKS_FOR_LOGIN = r"\bauth|log ?in|credential"
UNKNOWN_MAILBOX = (
    r"user unknown|unknown (user|recipient)|no such (user|mailbox|recipient|person)"
    r"|(mailbox|user|recipient|account|address)[^.]{0,40}"
    r"(not found|unavailable|does not exist|doesn't exist|disabled|inactive|unknown)"
    r"|no mailbox here"
)
POLICY = (
    r"spam|policy|blocked|block ?list|blacklist|reputation|denied|prohibited|not allowed"
    r"|reject(ed)? (by|due)|dmarc|spf\b|dkim|rbl\b|content reject"
)
TOO_BIG = r"too (big|large)|size|exceeds|maximum"

ROWS = (
    # Nothing readable came back.
    Row(_DOT, "0 ", UNKNOWN, Blame.NOBODY),
    Row(frozenset({Stage.CERTIFICATE}), "", LATER, Blame.CONFIG),
    Row(_BODY, "0 ", LATER, Blame.NOBODY),
    Row(_ANY, "0 ", LATER, Blame.TRANSPORT),
    # The server is going away, or never let us in.
    Row(_ANY, "421 ", LATER, Blame.TRANSPORT),
    Row(_OPENING, "5", LATER, Blame.CONFIG),
    Row(_OPENING, "", LATER, Blame.TRANSPORT),
    Row(_ANY, "53[0458] ", LATER, Blame.CONFIG),
    Row(_LETTER, r"5\d\d 5\.7\.26$", LATER, Blame.CONFIG),
    # Too big, or a content it cannot carry.
    Row(_LETTER, r"5\d\d (5\.3\.4|5\.2\.3|5\.6\.\d+)$", REFUSED, Blame.CONTENT),
    # The sender is what they dislike. Some servers say so only at RCPT.
    Row(_MAIL, "4", LATER, Blame.TRANSPORT),
    Row(_MAIL, r"5\d\d 5\.7\.", LATER, Blame.CONFIG),
    Row(_LETTER, r"5\d\d 5\.1\.[78]$", LATER, Blame.CONFIG),
    Row(_MAIL, "503 ", LATER, Blame.CONFIG, hint=ASKS_FOR_LOGIN),
    Row(_MAIL, "(50[0-4]|555) ", REFUSED, Blame.OURS),
    Row(_MAIL, "552 $", REFUSED, Blame.CONTENT),
    Row(_MAIL, "5", LATER, Blame.CONFIG),
    # Not now.
    Row(_RCPT, "4", LATER, Blame.MAILBOX, retry_after=FIRST_RETRY),
    Row(_TEXT, r"4\d\d 4\.2\.", LATER, Blame.MAILBOX),
    Row(_TEXT, "4", LATER, Blame.NOBODY),
    # The mailbox does not exist: only ever by a code that says exactly this.
    Row(_VERDICT, r"5\d\d (5\.1\.(0|1|2|3|6|10)|5\.4\.4)$", REFUSED, Blame.ADDRESS),
    Row(_RCPT, "556 ", REFUSED, Blame.ADDRESS),  # RFC 7504: the domain takes no mail
    # It exists and is full, or this text is not wanted.
    Row(_VERDICT, r"5\d\d 5\.2\.2$", LATER, Blame.MAILBOX),
    Row(_VERDICT, r"5\d\d 5\.7\.", REFUSED, Blame.POLICY),
    Row(_VERDICT, "(50[0-4]|555) ", REFUSED, Blame.OURS),
    Row(_VERDICT, r"5\d\d 5\.2\.", REFUSED, Blame.MAILBOX),
    # No enhanced code, or an unlisted one: by the three digits, with the text as a hint.
    Row(_TEXT, "552 $", REFUSED, Blame.CONTENT, hint=TOO_BIG),
    Row(_VERDICT, "552 $", LATER, Blame.MAILBOX),
    Row(_VERDICT, "5", REFUSED, Blame.MAILBOX, hint=UNKNOWN_MAILBOX),
    Row(_VERDICT, "5", REFUSED, Blame.POLICY, hint=POLICY),
    Row(_VERDICT, "5", REFUSED, Blame.NOBODY),
    Row(_DOT, "2", ACCEPTED, Blame.NOBODY),
    Row(_DOT, "", UNKNOWN, Blame.NOBODY),  # a 3xx after the dot: who knows what they did
    Row(_ANY, "", LATER, Blame.TRANSPORT),
)
_COMPILED = tuple((row, re.compile(row.answer), re.compile(row.hint, re.I)) for row in ROWS)

# "queued as 4F2A…" (Postfix, Exim "id=…"), "Ok 0102018f…" (SES): the name receipts may use later.
_QUEUED = re.compile(r"(?:queued as|\bid=|^(?:ok|accepted)[:,]?) ?([\w.@-]{8,128})", re.I)


def classify(
    stage: Stage, code: int, *, enhanced: str = "", text: str = "", label: str = ""
) -> Result:
    """What an answer means.

    `code` is the three digits, 0 when no readable answer came; `enhanced` the RFC 3463 code or
    empty; `text` what the server said; `label` names why there was no answer (`timeout`,
    `dropped`, `dns` …) and goes into the result's code. RFC 5321 4.2, RFC 3463, RFC 7504.
    """
    if enhanced and enhanced[0] != str(code)[0]:
        enhanced = ""  # they contradict each other; the three digits are the protocol's
    answer = f"{code} {enhanced}"
    row = next(row for row, hint in _rows_for(stage, answer) if hint.search(text))
    queued = _QUEUED.search(text.strip()) if row.outcome is ACCEPTED else None
    return Result(
        outcome=row.outcome,
        blame=row.blame,
        code=answer.strip() if code else f"{stage} {label or 'no_reply'}",
        detail=shorten(text),
        provider_id=queued[1] if queued else "",
        retry_after=row.retry_after,
    )


@lru_cache(maxsize=1024)
def _rows_for(stage: Stage, answer: str) -> tuple[tuple[Row, re.Pattern[str]], ...]:
    """The rows that fit but for their hints, in their order."""
    return tuple(
        (row, hint)
        for row, pattern, hint in _COMPILED
        if stage in row.stages and pattern.match(answer)
    )


# The usual answer to a dot, on one line: nothing in it needs a closer look.
_TAKEN = re.compile(
    rb"250 (?P<said>(?:(?P<enhanced>2\.\d{1,3}\.\d{1,3}) )?"
    rb"[A-Za-z](?:[ !\"$-~]{0,900}[!\"$-~])?)\r?"
)


def classify_taken(line: bytes) -> Result | None:
    """What `classify` says of a letter that was taken, at a third of the price; None for what has
    to be read more closely."""
    match = _TAKEN.fullmatch(line)
    if match is None:
        return None
    said = match["said"].decode("ascii")
    enhanced = match["enhanced"]
    queued = _QUEUED.search(said)
    return Result(
        outcome=ACCEPTED,
        code=f"250 {enhanced.decode('ascii')}" if enhanced else "250",
        detail=said,
        provider_id=queued[1] if queued else "",
    )


def classify_reply(stage: Stage, reply: Reply) -> Result:
    """What a whole reply means."""
    return classify(stage, reply.code, enhanced=reply.enhanced, text=reply.text)


def drops_connection(stage: Stage, code: int) -> bool:
    """Whether the connection must not be used again after this answer.

    No answer, 421 (the server closes), or a temporary no to MAIL (slow down).
    """
    return code in (0, 421) or (stage is Stage.MAIL and 400 <= code < 500)


def shorten(text: str) -> str:
    """At most 1 kB of what somebody said: whole characters, and no NUL, which no database keeps."""
    text = text.replace("\x00", "")
    return text.encode("utf-8", "replace")[:LONGEST_DETAIL].decode("utf-8", "ignore")
