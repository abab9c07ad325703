"""How does the merchant hear of something by Slack, Teams, Telegram, ntfy and others? By Apprise.

https://appriseit.com/ (the extra `alerts`). One address a channel. What is sent is short: the
subject, and the text above the line under which a mail says why one gets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from notifier.channels.base import Blame, Finding, Letter, NotePhase, Outcome, Phase, Result
from notifier.channels.circuit import Circuit, left_alone
from notifier.clock import Clock, system_clock
from notifier.errors import ConfigError

__all__ = ["Channel", "Settings"]

_FOOT = "\n--\n"  # what the layout puts between a mail's text and its foot
_LONGEST = 3_000  # characters; what most of these services take
# What would act on this machine instead of reaching a person.
_LOCAL = frozenset(
    "dbus file gio glib gnome kde macosx qt syslog windows exec ipc".split()  # noqa: SIM905
)
_PLAIN_HTTP = frozenset({"form", "forms", "json", "jsons", "xml", "xmls", "apprise", "apprises"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """One place where alerts go. Times are in seconds."""

    url: str = field(
        repr=False, metadata={"help": "Where, as Apprise writes it: slack://….", "secret": True}
    )
    timeout: float = field(default=20.0, metadata={"help": "Patience for one message."})

    def __post_init__(self) -> None:
        if "://" not in self.url:
            raise ConfigError("url: write an address of Apprise, such as slack://….")
        if not 0.05 <= self.timeout <= 120:
            raise ConfigError(f"timeout: {self.timeout} is outside 0.05 to 120.")

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].lower()


Settings = AppriseSettings


class Channel:
    """Sends to one address. `allow_private`: also plain posts into this network (tests, demo).

    Where three in a row were not taken, the address is left alone for a while.
    """

    Settings: ClassVar[type[Any]] = AppriseSettings

    def __init__(
        self,
        settings: AppriseSettings,
        *,
        clock: Clock = system_clock,
        allow_private: bool = False,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._circuit = Circuit()
        if settings.scheme in _LOCAL:
            raise ConfigError(f"{settings.scheme}:// reaches nobody but this machine.")
        if settings.scheme in _PLAIN_HTTP and not allow_private:
            raise ConfigError(f"{settings.scheme}:// is a plain post; set up a webhook instead.")
        self._to = _opened(settings.url)
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="apprise")

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Send each once. See channels.base."""
        for letter in letters:
            pause = self.pause_left()
            if pause:
                yield letter, left_alone("The service", pause)
                continue
            note(letter.message_id, Phase.HANDED_OVER)
            result = self._sent(letter)
            if result.outcome is Outcome.ACCEPTED:
                self._circuit.note_success()
            else:
                self._circuit.note_failure(self._clock())
            yield letter, result

    def pause_left(self) -> timedelta:
        """For how long the service is left alone yet, since it failed."""
        return self._circuit.wait_at(self._clock())

    def check(self) -> list[Finding]:
        """The address can be read; whether anybody hears is known when something was sent."""
        about = f"{self._settings.scheme}://…"
        return [Finding(level="ok", about=about, message="The address can be read.")]

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _sent(self, letter: Letter) -> Result:
        text = letter.text.partition(_FOOT)[0].strip()[:_LONGEST] or letter.subject
        told: Future[bool] = self._threads.submit(
            self._to.notify, body=text, title=letter.subject, body_format="text"
        )
        try:
            taken = told.result(timeout=self._settings.timeout)
        except TookTooLong:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="apprise")
            return Result(outcome=Outcome.UNKNOWN, blame=Blame.TRANSPORT, code="timeout")
        except Exception as error:  # noqa: BLE001  a plugin of Apprise may raise anything
            detail = type(error).__name__  # its words may hold the address
            return Result(
                outcome=Outcome.TRY_LATER, blame=Blame.NOBODY, code="error", detail=detail
            )
        if taken:
            return Result(outcome=Outcome.ACCEPTED, code="sent")
        return Result(
            outcome=Outcome.TRY_LATER,
            blame=Blame.NOBODY,
            code="not_taken",
            detail=f"{self._settings.scheme} did not take it; check the address.",
        )


def _opened(url: str) -> Any:
    """Raises ConfigError where the extra is missing or the address cannot be read."""
    try:
        from apprise import Apprise
    except ImportError as error:
        raise ConfigError(
            "Alerts by Apprise need the extra `alerts`: pip install 'notifier[alerts]'"
        ) from error
    made = Apprise()
    if not made.add(url):
        raise ConfigError("Apprise cannot read the address; see https://appriseit.com/services/")
    return made
