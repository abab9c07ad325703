"""What does an SMS that came in ask for: stop, start, help, or something a person must read?

The single words are those of Twilio's default and advanced opt-out and of 47 CFR 64.1200(a)(10),
which also demands that any wish to stop is honoured that a reasonable person would understand.
So clear sentences count as stop. A text that has such a word in it but may mean the opposite
("don't stop", "bus stop?") goes to a person, and SMS to this number pause until he has read it.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

__all__ = ["Wish", "read_wish"]

LONGEST_READ = 1600  # Twilio's longest body


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    REVIEW = "review"  # pause SMS to this number and let a person read it
    OTHER = "other"


_STOP = frozenset(
    [
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke"),
        *("optout", "opt out", "opt me out", "stopp", "halt", "arret", "alto", "baja"),
        *("parar", "cancelar", "dar de baja", "darme de baja"),
        *("abmelden", "abbestellen", "kündigen"),
    ]
)
_START = frozenset(["start", "yes", "unstop", "optin", "opt in", "subscribe"])
_HELP = frozenset(["help", "info", "hilfe", "ayuda", "aide"])

# Words of politeness and address that do not change what a short message asks for.
_PADDING = re.compile(
    r"\b(please|pls|plz|thanks?|thank you|thx|now|immediately|right away|bitte|danke|sofort|"
    r"por favor|gracias|ya|hi|hello|hey|hallo|hola|the|all|these|those|this|your|you|u|me|"
    r"it|i|said|just)\b"
)
_TELLING = r"(text|messag|sms|msg|send|contact|writ|notif|bother|spam|alert)\w*"
_CLEAR = [
    re.compile(pattern)
    for pattern in (
        rf"\b(stop|quit|cease) ({_TELLING})\b",
        r"\b(stop|quit|cancel|end) (?:\w+ ){0,2}(texts?|messages?|sms|msgs?|alerts?|notif\w*)\b",
        rf"\b(don'?t|do not|dont|never) (ever )?({_TELLING})",
        r"\bno (more|further) (texts?|messages?|sms|msgs?|alerts?|notif\w*)\b",
        r"\b(unsubscribe|opt|sign|take|remove|delete) (me|my (number|phone))\b",
        r"\bremove (this|my) (number|phone)\b",
        r"\b(wanna|want to|like to|wish to) (unsubscribe|opt out|stop|be removed)\b",
        r"\bleave me alone\b",
        r"\bkeine? (weiteren? )?(sms|nachricht\w*|mitteilung\w*)\b",
        r"\bnicht mehr (schreiben|schicken|senden)\b",
        r"\bno (me )?(envíen|envien|manden|escriban|mandes|envíes|envies)\b",
        r"\bno más (mensajes|sms)\b",
    )
]
_NEGATED = re.compile(
    r"\b(don'?t|dont|do not|never|can'?t|cannot|won'?t|not|no|nicht|kein\w*) "
    r"(?:\w+ ){0,2}(stop|cancel|unsubscribe|quit|end|stoppen|abmelden|pares|cancelar)\b"
)
_SUSPECT = re.compile(
    r"\b(stop\w*|unsubscrib\w*|cancel\w*|quit\w*|revoke\w*|opt ?-?out|abmeld\w*|abbestell\w*|"
    r"kündig\w*|baja|desuscrib\w*)\b"
)


def read_wish(text: str) -> Wish:
    """Read one incoming SMS. Case, blanks, punctuation and emoji do not count."""
    words = _words(text[:LONGEST_READ])
    for wish, known in ((Wish.STOP, _STOP), (Wish.START, _START), (Wish.HELP, _HELP)):
        if words in known:
            return wish
    if _NEGATED.search(words):
        return Wish.REVIEW
    if any(pattern.search(words) for pattern in _CLEAR):
        return Wish.STOP
    bare = " ".join(_PADDING.sub(" ", words).split())
    if bare in _STOP and not text.rstrip().endswith("?"):
        return Wish.STOP
    return Wish.REVIEW if _SUSPECT.search(words) else Wish.OTHER


def _words(text: str) -> str:
    """Lower-case words with single blanks between them: `" Stop. "` becomes `stop`."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    plain = unicodedata.normalize("NFC", plain).replace("arrêt", "arret")
    kept = (one if one.isalnum() or one == "'" else " " for one in plain)
    joined = " ".join("".join(kept).split()).strip("' ")
    letters = joined.split()
    if len(letters) > 2 and all(len(one) == 1 for one in letters):
        return "".join(letters)  # s t o p
    return joined
