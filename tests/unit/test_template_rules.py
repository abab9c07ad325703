"""Is HTML that has no place in a message found, with its line, and nothing else?"""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.domain.message import MessageKind
from notifier.domain.template_rules import (
    ATTRIBUTES,
    MAX_OUTPUT,
    TAGS,
    balance_problem,
    html_problems,
    must_print,
)

FINE = """
<h1 class="a">Hello &amp; welcome</h1>
<table width="100%" cellpadding='0'><tr><td style="color: #123456; padding: 4px">
<a href="https://kettle.example/?a=1&amp;b=2">x</a><br/>
<img src="https://kettle.example/a.png" alt="a">
<a href="mailto:help@kettle.example">mail</a> <a href="tel:+49-30-1234">call</a>
<a href="#top">up</a>
</td></tr></table>
"""


def test_ordinary_mail_html_passes() -> None:
    assert html_problems(FINE) == []
    assert balance_problem(FINE) is None


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<script>alert(1)</script>", "<script> is not allowed"),
        ("<SCRIPT src='https://x.example'></SCRIPT>", "<script> is not allowed"),
        ("<iframe src='https://x.example'></iframe>", "<iframe>"),
        ("<base href='https://x.example'>", "<base>"),
        ("<form action='https://x.example'></form>", "<form>"),
        ("<input name='a'>", "<input>"),
        ("<meta http-equiv='refresh' content='0'>", "<meta>"),
        ("<style>@import 'https://x.example'</style>", "<style>"),
        ("<link rel='stylesheet' href='https://x.example'>", "<link>"),
        ("<svg onload='x'></svg>", "<svg>"),
        ("<math></math>", "<math>"),
        ("<object data='x'></object>", "<object>"),
        ("<video src='https://x.example'></video>", "<video>"),
        ("<o:p></o:p>", "<o:p>"),
        ("<p onclick='x'>a</p>", "attribute onclick"),
        ("<img src='https://x.example/a.png' onerror='x'>", "attribute onerror"),
        ("<img src='https://x.example/a.png' srcset='x'>", "attribute srcset"),
        ("<p id='a'>a</p>", "attribute id"),
        ("<a href='javascript:alert(1)'>a</a>", "must start with https://"),
        ("<a href='JaVaScRiPt:alert(1)'>a</a>", "must start with https://"),
        ("<a href='java&#115;cript:alert(1)'>a</a>", "must start with https://"),
        ("<a href=' javascript:alert(1)'>a</a>", "must start with https://"),
        ("<a href='java\tscript:alert(1)'>a</a>", "must start with https://"),
        ("<a href='data:text/html,x'>a</a>", "must start with https://"),
        ("<a href='vbscript:x'>a</a>", "must start with https://"),
        ("<a href='//x.example'>a</a>", "must start with https://"),
        ("<a href='/relative'>a</a>", "must start with https://"),
        ("<a href='http://x.example'>a</a>", "must start with https://"),
        ("<img src='data:image/png;base64,AAAA'>", "must start with https://"),
        ("<img src='mailto:a@b.example'>", "src of <img> must start with https://"),
        ("<p style='background: url(https://x.example)'>a</p>", "'url('"),
        ("<p style='background: URL (x)'>a</p>", "style of <p>"),
        ("<p style='width: expression(alert(1))'>a</p>", "'expression'"),
        ("<p style='width: exp\\72 ession(1)'>a</p>", "style of <p>"),
        ("<p style='width: ex/**/pression(1)'>a</p>", "'/*'"),
        ("<p style='behavior: x'>a</p>", "'behavior'"),
        ("<p style='-moz-binding: x'>a</p>", "'-moz-binding'"),
        ("<p style='position: fixed'>a</p>", "'position'"),
        ("<p style='@import \"x\"'>a</p>", "'@'"),
        ("<a href=https://x.example>a</a>", 'needs quotes: href="…"'),
        ("<img src=x onerror=alert(1)>", "needs quotes"),
        ("<p class>a</p>", "give each attribute a quoted value"),
        ("<p", "close it with >"),
        ("<img src='https://x.example/a.png' alt='", "close it with >"),
        ("<!-- a -->", "HTML comments are not allowed"),
        ("<!doctype html>", "a single < must be written &lt;"),
        ("<![CDATA[x]]>", "a single < must be written &lt;"),
        ("<?php x ?>", "a single < must be written &lt;"),
        ("a < b", "a single < must be written &lt;"),
        ("<p title='a>b'>a</p>", "close it with >"),
    ],
)
def test_what_has_no_place_in_a_message_is_named_with_its_line(html: str, said: str) -> None:
    problems = html_problems(f"<p>fine</p>\n\n{html}")

    assert problems
    assert said in problems[0].message
    assert problems[0].line == 3


def test_a_plain_http_link_passes_only_where_it_is_a_value_of_the_message() -> None:
    html = '<a href="http://127.0.0.1:5000/c/x">a</a>'

    assert html_problems(html)
    assert html_problems(html, known_urls=frozenset({"http://127.0.0.1:5000/c/x"})) == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p>a", "<p> is never closed"),
        ("a</p>", "</p> is closed but never opened"),
        ("<div><p></div></p>", "</div> is closed while <p> is still open"),
        ("<table><tr><td></table>", "</table> is closed while <td> is still open"),
    ],
)
def test_tags_are_closed_in_order(html: str, said: str) -> None:
    problem = balance_problem(html)

    assert problem is not None
    assert said in problem.message


class _OtherReader(HTMLParser):
    """Another program's view of the same HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(name for name, _ in attrs)}

    def handle_comment(self, data: str) -> None:
        self.seen.add("comment")

    def handle_decl(self, decl: str) -> None:
        self.seen.add("declaration")

    def unknown_decl(self, data: str) -> None:
        self.seen.add("declaration")

    def handle_pi(self, data: str) -> None:
        self.seen.add("instruction")


_PIECES = ("<", ">", "/", "=", '"', "'", " ", "\n", "!--", "-->", "&lt;", "x", "a", "p", "img")
_MORE = ("script", "onclick", "href", "style", "https://x.example", "javascript:", "?", "[CDATA[")


@given(st.lists(st.sampled_from(_PIECES + _MORE), max_size=30).map("".join))
@example('<a href="https://x.example" style="x">x</a>')
def test_another_reader_finds_only_what_is_allowed_in_what_passes(html: str) -> None:
    if html_problems(html):
        return
    other = _OtherReader()
    other.feed(html)
    other.close()
    assert other.seen <= TAGS | ATTRIBUTES


def test_each_part_must_keep_its_purpose() -> None:
    assert must_print(MessageKind.CONFIRM, "email.html") == ("links.confirm",)
    assert must_print(MessageKind.BACK_IN_STOCK, "short.txt") == ("shop.name", "product.url")
    assert must_print(MessageKind.WAITING, "short.txt") == ("shop.name",)
    assert must_print(MessageKind.CONFIRM, "subject.txt") == ()


def test_a_mail_stays_below_what_gmail_clips() -> None:
    assert MAX_OUTPUT["email.html"] < 102 * 1024
