"""Which passwords are worth something? Trust WS-30, and 221 of its bad inputs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.password import read_password
from notifier.domain.sign_in_delay import wait_after
from notifier.errors import InvalidInput

NAMES = ("Olga Kettler", "kettle", "Kettle & Co", "olga.kettler")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "required"),
        ("elevenchars", "too_short"),
        ("x" * 257, "too_long"),
        ("x" * 2**20, "too_long"),
        ("\ud800tundra-velvet-anchor", "characters"),
        ("aaaaaaaaaaaaaaa", "guessable"),
        ("abcabcabcabcabc", "guessable"),
        ("abcdefghijklmnop", "guessable"),
        ("ponmlkjihgfedcba", "guessable"),
        ("123456789012345", "guessable"),
        ("qwertyuiopasdfgh", "guessable"),
        ("1qaz2wsx3edc4rfv", "guessable"),
        ("Password1234!", "guessable"),
        ("P@ssw0rd!2026", "guessable"),
        ("iloveyouiloveyou", "guessable"),
        ("sunshine dragon monkey", "guessable"),
        ("KettleKettle2026", "guessable"),
        ("Olga.Kettler.1", "guessable"),
        ("Notifier-Admin-2026", "guessable"),
        ("Willkommen123456", "guessable"),
        ("contrasena-segu", "guessable"),
        ("correct horse battery staple", None),
        ("tundra-velvet-anchor", None),
        ("xK9#mQ2vL8pZ", None),
        ("mein Hund heißt Bello", None),
        ("ключ от старой двери", None),
        ("🐢🦊🐙🦉🐝🦜🐳🦔🐌🦋🐞🦀", None),
        ("            x1 y2 z3 w4 v5", None),
    ],
)
def test_a_password_is_long_and_not_made_of_what_is_guessed(
    password: str, code: str | None
) -> None:
    if code is None:
        assert read_password(password, names=NAMES)
        return
    with pytest.raises(InvalidInput) as refused:
        read_password(password, names=NAMES)
    [problem] = refused.value.problems
    assert problem.code == code
    assert not password or password not in problem.message


def test_two_ways_to_type_a_letter_are_one_password() -> None:
    assert read_password("cafe\u0301-tundra-anchor") == read_password("caf\u00e9-tundra-anchor")


def test_waiting_doubles_and_ends_at_a_quarter_of_an_hour() -> None:
    waits = [wait_after(n, free=5).total_seconds() for n in (0, 4, 5, 6, 10, 15, 1000)]
    assert waits == [0, 0, 1, 2, 32, 900, 900]
    assert wait_after(10**9, free=5) == timedelta(minutes=15)
