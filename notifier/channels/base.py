"""What must a channel offer, and in which words does it say how a message fared?

A channel is one file in this folder (or an entry point in the group `notifier.channels`). It has
a frozen `Settings` dataclass and a class `Channel` that follows the protocol below. The caller
never reads a provider's codes: the channel turns them into an `Outcome` and a `Blame`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from notifier.connectors.base import Finding
from notifier.domain.letter_form import Form
from notifier.domain.sms_keywords import Wish

__all__ = [
    "SPENT",
    "SPENT_BY_SHOP",
    "AskableChannel",
    "Blame",
    "CarryingChannel",
    "Finding",
    "FormLetter",
    "Letter",
    "LetterDesk",
    "MessageChannel",
    "NotePhase",
    "Outcome",
    "Phase",
    "Receipt",
    "ReceiptKind",
    "Result",
    "TextHeard",
]


# codes of a result: what may be spent today is spent, by all shops or by the letter's
SPENT, SPENT_BY_SHOP = "spend_cap", "spend_cap_shop"


class Phase(StrEnum):
    """How far one try has got. Noted where a killed process leaves it readable."""

    PREPARED = "prepared"
    HANDED_OVER = "handed_over"  # the next byte may make the provider accept it
    HANDED_OVER_ANEW = "handed_over_anew"  # so too; it said that it took none of the earlier tries
    ANSWERED = "answered"


class Outcome(StrEnum):
    ACCEPTED = "accepted"  # the provider took it
    REFUSED = "refused"  # never again: trying once more cannot help
    TRY_LATER = "try_later"  # surely not accepted; another try may help
    UNKNOWN = "unknown"  # handed over, no answer: it may have been accepted


class Blame(StrEnum):
    """Whose fault it was. Decides what happens to the address and to the channel."""

    NOBODY = "nobody"
    ADDRESS = "address"  # it does not exist or cannot be reached by this channel: suppress
    MAILBOX = "mailbox"  # full or slow: soft
    CONTENT = "content"  # this text is refused; another might pass
    POLICY = "policy"  # spam or filter verdict: no suppression, counts towards the brake
    OPTED_OUT = "opted_out"  # the person told the provider to stop
    TRANSPORT = "transport"  # the way is blocked for now; does not count against the message
    CONFIG = "config"  # our set-up is wrong: pause the channel, raise an alarm, burn nothing
    OURS = "ours"  # a bug of ours in speaking the protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one try at one message went.

    `code` is short and stable for metrics (`250`, `550 5.1.1`, `twilio 21610`); `detail` is at
    most 1 kB of what the provider said, unescaped. `retry_after` is the provider's wish.
    `provider_id` is the id under which the provider will send receipts. `earlier_not_taken`: before
    this try the provider was asked, and had accepted none of the earlier ones.
    """

    outcome: Outcome
    blame: Blame = Blame.NOBODY
    code: str = ""
    detail: str = ""
    provider_id: str = ""
    retry_after: timedelta | None = None
    earlier_not_taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One text to one address, ready to be handed over.

    `message_id` is the outbox row; `uid` is an opaque, stable name for it (the same on every
    retry) fit for a Message-ID, a VERP address or a callback path. `subject`/`text`/`html` serve
    mail, `short` serves SMS, `body` serves webhooks. `headers` are extra mail headers, already
    safe. `sender` is the shop's From, e.g. `Kettle & Co <hello@kettle.example>`; empty means the
    channel's own. `not_after` is when the message is stale: a provider that can must drop it then.
    `is_retry_of_unknown`: an earlier try was handed over without an answer; a channel that can ask
    its provider must look before it sends again.
    """

    message_id: int
    uid: str
    attempt_no: int
    kind: str
    address: str
    shop: str
    locale: str = "en"
    template_version: str = ""  # of the text; empty when it does not matter
    sender: str = ""
    reply_to: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    short: str = ""
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    not_after: datetime | None = None
    first_tried_at: datetime | None = None
    is_retry_of_unknown: bool = False


class FormLetter(Letter):
    """A letter given as a form and its values; the same Letter to whoever reads it.

    `subject`, `text` and `html` are put together when they are first read. A channel that makes
    something of a whole form (all of a mail but what differs) need not read them at all. `common`
    is what all letters of a group say, by field; `own` the other fields that are not the default.
    """

    __slots__ = ("common", "form", "values")
    form: Form
    values: tuple[str, ...]
    common: Mapping[str, Any]

    def __init__(
        self, *, form: Form, values: tuple[str, ...], common: Mapping[str, Any], **own: Any
    ) -> None:
        _PUT["form"](self, form)  # a Letter is frozen once it is made
        _PUT["values"](self, values)
        _PUT["common"](self, common)
        for name, value in own.items():
            _PUT[name](self, value)

    def __getattr__(self, name: str) -> Any:
        """What is asked for the first time (a slot that is not set ends here)."""
        if name in ("subject", "text", "html"):
            value: Any = self.form.written(name, self.values)
        elif name in self.common:
            value = self.common[name]
        elif name in _UNSAID:
            value = _UNSAID[name]
        else:
            raise AttributeError(name)
        _PUT[name](self, value)
        return value


_PUT = {
    name: getattr(FormLetter, name).__set__ for name in (*Letter.__slots__, *FormLetter.__slots__)
}
_UNSAID = {one.name: one.default for one in fields(Letter) if one.default is not MISSING}

NotePhase = Callable[[int, Phase], None]


class MessageChannel(Protocol):
    """A way to reach a customer. Lives as long as its worker, so it may keep connections open.

    It is used by one thread at a time.
    """

    Settings: ClassVar[type[Any]]

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Try each letter once, yielding each result as soon as it is known, in any order.

        Calls `note(message_id, Phase.HANDED_OVER)` before the byte that may make the provider
        accept, so that a crash after it is known to be ambiguous; with Phase.HANDED_OVER_ANEW
        where `earlier_not_taken` is true. Never raises for a letter's or provider's fault: that is
        a Result.
        """
        ...

    def check(self) -> list[Finding]:
        """Try the set-up without sending and say what is right and wrong. Never raises."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class LetterDesk(Protocol):
    """Where a channel that carries many letters at once gets them, and leaves their results.

    Called by the channel's thread, except where others put letters on it meanwhile. `is_open`:
    more letters may come. `is_stopped`: hand nothing over any more.
    """

    @property
    def is_open(self) -> bool: ...

    @property
    def is_stopped(self) -> bool: ...

    def waiting(self) -> int:
        """How many letters lie there."""
        ...

    def next_letter(self) -> Letter | None:
        """Take the next one; None: there is none now."""
        ...

    def hand_over(
        self, letters: Sequence[Letter], *, earlier_not_taken: bool = False
    ) -> Collection[int]:
        """Note that the next byte may make the provider accept these; the ids of those that must
        not be handed over. Raises: then nothing was noted, and none of them may be.
        `earlier_not_taken`: the provider said just now that it took none of the earlier tries."""
        ...

    def answered(self, results: Sequence[tuple[Letter, Result]]) -> None:
        """What became of some of them."""
        ...


class CarryingChannel(MessageChannel, Protocol):
    """A channel that takes letters while others are under way. No letter gets two results; one
    without a result was not handed over."""

    def carry(self, desk: LetterDesk) -> Iterator[None]:
        """Carry what lies on the desk until it is closed; a step of the iterator is one round.
        Ends early when the provider cannot be reached, when all there has got its results."""
        ...

    def pause_left(self) -> timedelta:
        """For how long the provider is left alone, since it failed."""
        ...

    def wake(self) -> None:
        """From any thread: there are letters on the desk, or it was closed."""
        ...


class PacedChannel(MessageChannel, Protocol):
    """A channel whose account takes only so many letters a second, from however many senders."""

    @property
    def is_paced(self) -> bool:
        """Whether a rate is set."""
        ...

    def share_rate(self, among: int) -> None:
        """So many senders, this one included, use the account now: keep to a part of its rate.
        From any thread."""
        ...


class TextHeard(Protocol):
    """A text that somebody sent us. `event_id` is unique at the provider; `at` is known where the
    provider was asked for it. `answered_by_provider`: do not reply to it again."""

    @property
    def event_id(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def wish(self) -> Wish: ...
    @property
    def answered_by_provider(self) -> bool: ...
    @property
    def at(self) -> datetime | None: ...


class AskableChannel(MessageChannel, Protocol):
    """A channel whose provider can be asked for what its callbacks may not have told us. Both raise
    errors.LookFailed when it cannot be asked now, or its answer cannot be read."""

    def ask_about(self, provider_id: str, *, uid: str) -> Receipt | None:
        """How a message stands, as the provider's callback would say; None: it is not known there.
        `uid` is the name we gave it."""
        ...

    def texts_since(self, since: datetime) -> Iterable[TextHeard]:
        """What people wrote to us since then or a little longer, in any order; every one has its
        `at`."""
        ...


class ReceiptKind(StrEnum):
    ACCEPTED = "accepted"  # on its way: settles an unknown outcome, says nothing of arrival
    DELIVERED = "delivered"
    DELAYED = "delayed"
    BOUNCED = "bounced"  # hard: the address is no good
    SOFT_BOUNCED = "soft_bounced"
    COMPLAINED = "complained"
    STOPPED = "stopped"  # the person asked to stop
    FAILED = "failed"  # the provider gave up for another reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider said later about a message. `event_id` is unique at the provider.

    `uid` or `provider_id` names the message; `address` is set when the receipt is about an address
    rather than a message (STOP, complaint without an id). `shuts_address`: a stop after which the
    provider takes no message for that recipient any more, whatever it is about.
    """

    provider: str
    event_id: str
    kind: ReceiptKind
    uid: str = ""
    provider_id: str = ""
    address: str = ""
    at: datetime | None = None
    blame: Blame = Blame.NOBODY
    code: str = ""
    detail: str = ""
    shuts_address: bool = False
    raw: dict[str, Any] = field(default_factory=dict)
