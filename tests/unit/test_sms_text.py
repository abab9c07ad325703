"""How many segments does a text take? (trust L19)"""

from __future__ import annotations

import pytest

from notifier.domain.sms_text import Encoding, count_segments, measure, outside_gsm7, smarten

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", GSM7, 0, 0),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("ж" * 70, UCS2, 70, 1),
        ("ж" * 71, UCS2, 71, 2),
        ("ж" * 134, UCS2, 134, 2),
        ("ж" * 135, UCS2, 135, 3),
        ("é" * 160, GSM7, 160, 1),
        ("á" + "a" * 69, UCS2, 70, 1),
        ("á" + "a" * 70, UCS2, 71, 2),
        ("ç", UCS2, 1, 1),
        ("Ç", GSM7, 1, 1),
        ("`", UCS2, 1, 1),
        ("it’s", UCS2, 4, 1),
        ("—", UCS2, 1, 1),
        ("€", GSM7, 2, 1),
        ("[]{}\\^~|", GSM7, 16, 1),
        ("😀", UCS2, 2, 1),
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        # 152 and one unit are left: the pair goes to the next segment as a whole.
        ("a" * 152 + "€" + "a" * 152, GSM7, 306, 3),
        ("a" * 151 + "€" + "a" * 153, GSM7, 306, 2),
        ("ж" * 66 + "😀" + "ж" * 66, UCS2, 134, 3),
        ("ж" * 65 + "😀" + "ж" * 67, UCS2, 134, 2),
        ("line\nline\r", GSM7, 10, 1),
    ],
)
def test_segments_are_counted_as_the_networks_count_them(text, encoding, units, count):
    found = measure(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)
    assert count_segments(text) == count


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It’s “back” — now…", 'It\'s "back" - now...'),
        ("5\u00a0kg\u2009net", "5 kg net"),
        ("a`b", "a'b"),
        ("Cafe\u0301", "Café"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("a\tb\x07c\x00", "a bc"),
        ("a\ud83db", "ab"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
    ],
)
def test_typographic_characters_become_plain_ones_and_the_text_gets_cheap(text, plain):
    assert smarten(text) == plain
    assert measure(smarten(text)).encoding is GSM7


@pytest.mark.parametrize("text", ["mañana está aquí", "Ça va 😀", "Größe XL", "50 €", "a_b {c}"])
def test_letters_and_signs_with_a_meaning_stay(text):
    assert smarten(text) == text


def test_smartening_twice_changes_nothing_more():
    once = smarten("“A”—…\u00a0´x´")
    assert smarten(once) == once


def test_the_characters_that_make_a_text_dear_are_named_once():
    assert outside_gsm7("está 😀 aquí á") == ("á", "😀", "í")
    assert outside_gsm7("plain €") == ()
