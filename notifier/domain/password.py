"""Is this password worth anything?

Long, and not made of what is guessed first: the worst passwords, runs along the keyboard or the
alphabet, repetitions, years, and the names of the person, the shops and this program. No other
rules on its make-up (trust WS-30; NIST SP 800-63B-4 3.1.1). What counts is how much is left once
each guessable piece counts as one sign; that needs no list of millions, and refuses
`Password1234!` as well as `KettleKettle2026`. It knows nothing of passwords that leaked elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from notifier.errors import InvalidInput

SHORTEST = 12
LONGEST = 256  # in characters; hashing more is work for nothing
ENOUGH = 8  # signs that are left, a guessable piece counting as one
_SHORTEST_PIECE = 4
_SHORTEST_NAME = 3

# What is tried first everywhere: the roots of the passwords that head every list, by hand.
_WORST = """
password passwort passwd pass word contrasena contrasenya clave kennwort geheim secret letmein
welcome willkommen bienvenido hello hallo hola admin administrator administrador root user test
guest master login access changeme change default temp temporary iloveyou ichliebedich teamo love
liebe amor monkey dragon princess sunshine shadow superman batman spiderman pokemon starwars
football fussball futbol soccer baseball basketball hockey liverpool chelsea arsenal barcelona
realmadrid michael jordan jessica ashley charlie daniel thomas andrea nicole hunter killer
trustno freedom whatever computer internet google facebook samsung apple microsoft windows linux
summer winter spring autumn sommer herbst verano invierno monday friday january december flower
cookie chocolate coffee summer2 mustang ferrari porsche mercedes corvette yankees matrix ninja
ginger pepper buster tigger snoopy mickey donald diamond silver golden orange purple qwerty
qwertz azerty asdf zxcv company business money office shop store notifier notify zaq1 abc123
passw0rd qazwsx 1q2w3e4r 1qaz 2wsx
"""
WORST = frozenset(_WORST.split())

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
    '!"§$%&/()=',
)
_RUNS = _ROWS + tuple(row[::-1] for row in _ROWS)
_LOOKALIKES = str.maketrans("0134578@$!|+", "oieastbasiit")
_YEAR = re.compile(r"(19|20)\d\d")


def read_password(text: str, *, names: Iterable[str] = (), field: str = "password") -> str:
    """The password in the form that is hashed (NFKC).

    `names`: of the person, the shops and the like. Raises errors.InvalidInput with one of the
    codes `required`, `too_long`, `too_short`, `characters`, `guessable`; never repeats it.
    """
    found = readable(text, field=field)
    if len(found) < SHORTEST:
        raise InvalidInput.of(
            field,
            "too_short",
            f"A password needs at least {SHORTEST} characters.",
            least=SHORTEST,
        )
    if signs_left(found, names=names) < ENOUGH:
        raise InvalidInput.of(
            field,
            "guessable",
            "This password is among the first that are tried. Take four words that have nothing "
            "to do with each other, or let your password manager make one.",
        )
    return found


def readable(text: str, *, field: str = "password") -> str:
    """A typed password in the form that is hashed; for signing in, where no rule is asked.

    Raises errors.InvalidInput `required`, `too_long`, `characters`.
    """
    if not text:
        raise InvalidInput.of(field, "required", "Please type a password.")
    if len(text) > LONGEST:  # looked at before anything that costs time
        raise InvalidInput.of(
            field, "too_long", f"A password has at most {LONGEST} characters here.", most=LONGEST
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput.of(field, "characters", "This is not text; type it anew.") from error
    return unicodedata.normalize("NFKC", text)


def signs_left(password: str, *, names: Iterable[str] = ()) -> int:
    """How long it is if each guessable piece counts as one sign."""
    plain = password.casefold()
    known = WORST | {piece for name in names for piece in _pieces(name)}
    lookalike = plain.translate(_LOOKALIKES)
    return min(
        _count(text, known) for text in {plain, lookalike, _period(plain), _period(lookalike)}
    )


def _count(text: str, known: Iterable[str]) -> int:
    words = tuple(known)
    count = place = 0
    while place < len(text):
        place += max(
            _run_at(text, place),
            _same_at(text, place),
            max((len(word) for word in words if text.startswith(word, place)), default=0),
            4 if _YEAR.match(text, place) else 0,
            1,
        )
        count += 1
    return count


def _run_at(text: str, place: int) -> int:
    """How many signs from here on run along a row; 0 for fewer than four."""
    best = 0
    for row in _RUNS:
        at = row.find(text[place])
        if at < 0:
            continue
        length = 0
        while text[place + length : place + length + 1] == row[at + length : at + length + 1] != "":
            length += 1
        best = max(best, length)
    return best if best >= _SHORTEST_PIECE else 0


def _same_at(text: str, place: int) -> int:
    """How often the sign here is repeated; 0 for fewer than three times."""
    length = 1
    while text[place + length : place + length + 1] == text[place]:
        length += 1
    return length if length > 2 else 0


def _period(text: str) -> str:
    """The piece that `text` repeats from its start to its end; itself if there is none."""
    for length in range(1, len(text) // 2 + 1):
        if all(text[place] == text[place - length] for place in range(length, len(text))):
            return text[:length]
    return text


def _pieces(name: str) -> set[str]:
    """The words of a name, and the whole without its gaps."""
    words = [word for word in re.split(r"[^\w]+|_", name.casefold()) if word]
    whole = "".join(words)
    return {one for one in (*words, whole) if len(one) >= _SHORTEST_NAME}
