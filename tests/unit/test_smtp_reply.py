"""Is what servers send read as leniently as is safe?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.smtp.reply import LONGEST_REPLY, Reply, ReplyReader, Unreadable


def read_all(octets: bytes, *, step: int = 10_000) -> list[Reply]:
    reader, replies = ReplyReader(), []
    for start in range(0, len(octets), step):
        reader.feed(octets[start : start + step])
        while (reply := reader.next_reply()) is not None:
            replies.append(reply)
    return replies


@pytest.mark.parametrize(
    ("octets", "code", "enhanced", "text"),
    [
        (b"250 2.0.0 Ok\r\n", 250, "2.0.0", "2.0.0 Ok"),
        (b"250 Ok\n", 250, "", "Ok"),
        (b"250\r\n", 250, "", ""),
        (b"250 \r\n", 250, "", ""),
        (b"550-5.1.1 No such\r\n550 5.1.1 user\r\n", 550, "5.1.1", "5.1.1 No such 5.1.1 user"),
        (b"550 sorry, no mailbox (#5.1.1)\r\n", 550, "5.1.1", "sorry, no mailbox (#5.1.1)"),
        (b"550 #5.1.0 Address rejected.\r\n", 550, "5.1.0", "#5.1.0 Address rejected."),
        (b"550 5.1.1.7 is on a list\r\n", 550, "", "5.1.1.7 is on a list"),
        (b"450 5.1.1 contradiction\r\n", 450, "", "5.1.1 contradiction"),
        (b"250-a\r\nno code here\r\n250 b\r\n", 250, "", "a no code here b"),
        (b"\r\n220 late\r\n", 220, "", "late"),
        ("550 Empfänger unbekannt\r\n".encode(), 550, "", "Empfänger unbekannt"),
        (b"550 Empf\xe4nger\r\n", 550, "", "Empf\ufffdnger"),
    ],
)
def test_a_reply_is_read(octets: bytes, code: int, enhanced: str, text: str) -> None:
    [reply] = read_all(octets)

    assert (reply.code, reply.enhanced, reply.text) == (code, enhanced, text)


@given(st.integers(1, 9))
def test_replies_are_the_same_however_they_are_cut(step: int) -> None:
    octets = b"220 hello\r\n250-a\r\n250-b\r\n250 c\r\n354 go\r\n"

    assert [reply.code for reply in read_all(octets, step=step)] == [220, 250, 354]


def test_a_long_reply_is_not_taken_for_an_error() -> None:
    long_line = b"250 " + b"x" * 100_000 + b"\r\n"
    many_lines = b"250-line\r\n" * 5000 + b"250 end\r\n"

    assert [reply.code for reply in read_all(long_line + many_lines)] == [250, 250]


@pytest.mark.parametrize("octets", [b"\x00\x01\x02\n", b"HTTP/1.1 400 Bad Request\r\n", b"25\r\n"])
def test_what_is_no_reply_is_unreadable_and_has_no_code(octets: bytes) -> None:
    with pytest.raises(Unreadable):
        read_all(octets)


def test_a_reply_without_an_end_is_given_up() -> None:
    with pytest.raises(Unreadable):
        read_all(b"250-" + b"x" * (LONGEST_REPLY + 1))


def test_a_server_that_hangs_up_without_a_line_end_has_still_spoken() -> None:
    reader = ReplyReader()
    reader.feed(b"250 2.0.0 Ok")
    assert reader.next_reply() is None

    reply = reader.end()

    assert reply is not None
    assert reply.code == 250


@pytest.mark.parametrize("octets", [b"", b"250-half of a reply"])
def test_half_a_reply_is_none(octets: bytes) -> None:
    reader = ReplyReader()
    reader.feed(octets)

    assert reader.next_reply() is None
    assert reader.end() is None
