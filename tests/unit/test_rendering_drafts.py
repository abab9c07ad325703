"""Is a draft that could harm refused, with its line and its name, and quickly? (trust 5.D)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from notifier.domain.message import MessageKind
from notifier.domain.message_samples import SAMPLES
from notifier.errors import TemplateProblem
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.renderer import Rendered
from notifier.resources import templates_folder
from tests.timing import seconds_computed

GROW = "|replace('e', '" + "e" * 900 + "')"


@pytest.fixture(scope="module")
def room() -> Iterator[DraftRoom]:
    """Children are started once for all these tests, as in a server."""
    opened = DraftRoom(wall=timedelta(seconds=20))
    yield opened
    opened.close()


def draft(
    room: DraftRoom, source: str, *, part: str = "email.txt", kind: str = "waiting"
) -> tuple[Rendered, ...]:
    return room.try_draft(Draft(kind=MessageKind(kind), locale="en", parts={part: source}))


BAD = [
    # number in trust 5.D, source, what is said
    ("109", "{{ ''|attr('__class__') }}", "unknown filter attr"),
    ("110", "{{ '{0.__class__}'.format(product) }}", r"format\(…\) cannot be called"),
    ("112", "{{ ('{0.__class__}'|attr('format'))(product) }}", "cannot be called"),
    ("113", "{{ '{x}'.format_map(product) }}", r"format_map\(…\) cannot be called"),
    ("115", "{{ self._TemplateReference__context }}", "unknown variable self"),
    ("116", "{{ config }}", "unknown variable config"),
    ("116", "{{ request.host }}", "unknown variable request"),
    ("118", "{% import 'os' as o %}", "{% import %} is not available"),
    ("118", "{% from 'os' import path %}", "{% from … import %} is not available"),
    ("119", "{% extends product.title %}", "{% extends %} is not available"),
    ("119", "{% include 'email.txt' %}", "{% include %} is not available"),
    ("121", "{% for i in range(10**9) %}x{% endfor %}", "a loop goes over a list"),
    (
        "122",
        "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
        "a loop goes over a list",
    ),
    ("124", "{{ [0]*10**10 }}", r"operator \*"),
    ("125", "{{ 9**9**9 }}", r"operator \*\*"),
    ("125", "{{ 2**9999999 }}", r"operator \*\*"),
    ("127", "{{ product.title|center(10000000000) }}", "unknown filter center"),
    ("127", "{{ product.title|indent(10000000000) }}", "unknown filter indent"),
    ("127", "{{ product.title.ljust(10000000000) }}", r"ljust\(…\) cannot be called"),
    ("127", "{{ product.title.zfill(10000000000) }}", r"zfill\(…\) cannot be called"),
    ("127", "{{ '%10000000000d' % 1 }}", "operator %"),
    ("127", "{{ 'a' * 10000000000 }}", r"operator \*"),
    ("128", "{% set n = namespace(x='a') %}{{ n.x }}", "{% set %} is not available"),
    ("128", "{% set x = 'a' ~ 'a' %}{{ x }}", "{% set %} is not available"),
    ("128", f"{{{{ product.title{GROW}{GROW}{GROW} }}}}", "10000 is the most"),
    ("128", "{{ product.title|join(product.title)|length }}", "join takes a list"),
    ("130", "{{ product.title|slice(100000000)|first }}", "unknown filter slice"),
    ("130", "{{ product.title|batch(1000000000)|first }}", "unknown filter batch"),
    ("131", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "{% macro %} is not available"),
    ("131", "{% for a in alternatives recursive %}{% endfor %}", "neither recursive"),
    ("133", "{% for a in alternatives %}" * 25 + "{% endfor %}" * 25, "more than 3 loops"),
    ("133", "{% if any_variant %}" * 200 + "{% endif %}" * 200, "nested more than"),
    ("134", "{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "nested too deeply"),
    ("134", "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", "nested too deeply"),
    ("134", "{{ " + "not " * 15_000 + "1 }}", "nested too deeply"),
    # Reading it takes half of the computing time it may have; a busy machine may need all.
    ("134", "{{ 1" + "+1" * 20_000 + " }}", "nested more than|computing time"),
    ("136", "{% if any_variant %}", "Unexpected end of template"),
    ("136", "{{ product.title|frobnicate }}", "unknown filter frobnicate"),
    ("136", "{{ 1 if }}", "unexpected 'end of print statement'"),
    ("137", "{{ product.title|safe }}", "unknown filter safe"),
    ("137", "{% autoescape false %}x{% endautoescape %}", "{% autoescape %} is not available"),
    ("145", "{{ product.titel }}", r"unknown variable product\.titel; did you mean product\.title"),
    ("145", "{{ prodcut.title }}", "unknown variable prodcut; did you mean product"),
    ("145", "{{ source.problem }}", "unknown variable source"),
    ("146", "{{ 1/0 }}", "operator /"),
    ("148", "{{ shops['other'].name }}", "unknown variable shops"),
    ("L12", "{{ lipsum(n=100000000) }}", r"lipsum\(…\) cannot be called"),
    ("L12", "{{ cycler(1, 2) }}", "cannot be called"),
    ("L12", "{{ shop.clear() }}", "cannot be called"),
    ("L12", "{{ product.__class__ }}", r"unknown variable product\.__class__"),
    ("L12", "{{ product['__class__'] }}", r"unknown variable product\.__class__"),
    ("L12", "{{ product[product.title] }}", "in the brackets"),
    ("L12", "{{ product.title[::-1] }}", "in the brackets"),
    ("L12", "{{ shop }}", "a group of values"),
    ("L12", "{{ alternatives }}", "a group of values"),
    ("L12", "{{ product.title|truncate(100000) }}", "1 to 500"),
    ("L12", "{{ quantity|round(1000000000) }}", "too large"),
    ("L12", "{{ 99999999999999999999 }}", "too large"),
    ("L12", "{{ 'x'|default('" + "y" * 1001 + "') }}", "1000 characters at most"),
    ("L12", "{% filter upper %}x{% endfilter %}", "{% filter %} is not available"),
    ("L12", "{% call button(product.url, 'x') %}{% endcall %}", "{% call %} is not available"),
    ("L12", "{% block a %}{{ super() }}{% endblock %}", "{% block %} is not available"),
    ("L12", "{% with a = 1 %}x{% endwith %}", "{% with %} is not available"),
    ("L12", "{{ loop.index }}", "unknown variable loop"),
    ("L12", "x" * 64_001, "64000 is the most"),
    ("L12", "a\x00b", "nobody can see"),
    ("L12", "a\u202eb", "nobody can see"),
    ("L12", "a\ue000b", "nobody can see"),
    ("L12", "\ud800", "nobody can see"),
    ("EM-11", "See http://x.example", "http:// is not allowed"),
    ("EM-11", "See ftp://x.example", "ftp:// is not allowed"),
    ("L12", "", "comes out empty"),
]


@pytest.mark.parametrize(("number", "source", "said"), BAD)
def test_5d_a_bad_draft_is_refused_within_three_seconds(
    room: DraftRoom, number: str, source: str, said: str
) -> None:
    def refused() -> None:
        with pytest.raises(TemplateProblem, match=said) as caught:
            draft(room, source)
        assert caught.value.where == "email.txt"

    assert seconds_computed(refused) <= 3


HTML_BAD = [
    ("139", '<a href="{{ product.title }}">x</a>', "may only print a url"),
    ("139", "<a href=\"{{ 'javascript:alert(1)' }}\">x</a>", "may only print a url"),
    ("139", "<a href=\"{{ product.url|replace('https', 'x') }}\">x</a>", "may only print a url"),
    ("139", '<a href="javascript:{{ product.title }}">x</a>', "must start with https://"),
    ("139", "<a href={{ product.url }}>x</a>", "needs quotes"),
    ("139", '<p style="color: {{ product.title }}">x</p>', "may only print a colour"),
    ("139", '<p class="{{ product.title }}">x</p>', "no value may be printed into class"),
    ("139", "<{{ product.title }}>x", "a single < must be written"),
    ("139", '<a {{ product.title }} href="https://x.example">x</a>', "cannot be read"),
    ("139", '<a {% if any_variant %}href="https://x.example"{% endif %}>x</a>', "inside the tag"),
    ("139", '<a href="{% if any_variant %}https://x.example{% endif %}">x</a>', "inside href"),
    ("139", '<a href="https://x.example/?q={{ product.title }}">x</a>', "hold no blanks"),
    ("140", "<script>x</script>", "<script> is not allowed"),
    ("140", "<img src=x onerror=alert(1)>", "needs quotes"),
    ("140", '<img src="https://x.example/a" onerror="x">', "attribute onerror"),
    ("140", '<iframe src="https://x.example"></iframe>', "<iframe> is not allowed"),
    ("140", '<base href="https://x.example">', "<base> is not allowed"),
    ("140", '<form action="https://x.example"></form>', "<form> is not allowed"),
    ("140", '<meta http-equiv="refresh" content="0">', "<meta> is not allowed"),
    ("140", "<style>@import 'https://x.example';</style>", "<style> is not allowed"),
    ("140", '<p style="width: expression(1)">x</p>', "'expression'"),
    ("140", '<img src="data:image/png;base64,AA" alt="x">', "must start with https://"),
    ("EM-11", "<div><p>swallows the footer", "<p> is never closed"),
    ("EM-11", "<!-- swallows the footer", "comments are not allowed"),
    ("EM-11", "{% if any_variant %}<div>{% endif %}x", "<div> is never closed"),
    ("L12", '{{ button(product.title, "x") }}', "button needs a link"),
    ("L12", '{{ button("javascript:x", "y") }}', "button needs a link"),
    ("L12", "{{ button(product.url) }}", "button takes 2 values: url, text"),
    ("L12", "{{ product_card(shop) }}", "product_card needs product"),
    ("L12", '{{ fact("a", label="b") }}', "fact takes 2 values"),
]


@pytest.mark.parametrize(("number", "source", "said"), HTML_BAD)
def test_5d_bad_html_is_refused_with_its_line(
    room: DraftRoom, number: str, source: str, said: str
) -> None:
    with pytest.raises(TemplateProblem, match=said) as caught:
        draft(room, f"<p>fine</p>\n{source}", part="email.html")

    assert caught.value.where == "email.html"
    assert caught.value.line in (2, None)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("a\nb {{ product.titel }}", 2),
        ("{# two\nlines #}\n{% if any_variant %}\n{{ 'a'|safe }}{% endif %}", 4),
        ("a\n\n{% if any_variant %}", 3),
        ("a\n{{ 1/0 }}", 2),
        ("a\n\n{{ product.title|truncate(0) }}", 3),
        ("a\nhttp://x.example", 2),
    ],
)
def test_d6_a_problem_has_the_line_of_the_authors_text(
    room: DraftRoom, source: str, line: int
) -> None:
    with pytest.raises(TemplateProblem) as caught:
        draft(room, source)

    assert caught.value.line == line
    assert str(caught.value).startswith(f"email.txt, line {line}: ")


@pytest.mark.parametrize(
    ("kind", "part", "source", "said"),
    [
        ("confirm", "email.txt", "Hello", r"links\.confirm must always be in it"),
        ("confirm", "email.html", "<p>Hello</p>", r"links\.confirm must always be in it"),
        ("confirm", "email.html", "<p>{{ links.confirm }}</p>", r"links\.confirm must always"),
        ("confirm", "short.txt", "{{ links.confirm }}", r"shop\.name must always be in it"),
        ("back_in_stock", "short.txt", "{{ shop.name }}", r"product\.url must always be in it"),
        (
            "back_in_stock",
            "email.txt",
            "x {% if product.price %}{{ product.url }}{% endif %}",
            r"product\.url must always be in it",
        ),
        ("still_waiting", "email.txt", "{{ links.manage }}", r"links\.keep must always"),
        ("waiting", "subject.txt", "{{ 'a\nb' }}", "line break"),
        ("waiting", "subject.txt", "a\nb", "line break"),
        ("waiting", "short.txt", "{{ shop.name }} " + "x" * 400, "needs 3 segments"),
        ("waiting", "letter.txt", "x", "has no part 'letter.txt'"),
        ("source_trouble", "short.txt", "x", "has no part 'short.txt'"),
    ],
)
def test_a_part_that_lost_its_purpose_is_refused(
    room: DraftRoom, kind: str, part: str, source: str, said: str
) -> None:
    with pytest.raises(TemplateProblem, match=said):
        draft(room, source, part=part, kind=kind)


@pytest.mark.parametrize(
    "source",
    [
        '<p style="color: {{ shop.accent }}">{{ product.name|upper|truncate(20) }}</p>',
        '<a href="{{ product.url if product.url else shop.url }}">x</a>',
        '<a href="mailto:{{ shop.support_email or "help@kettle.example" }}">x</a>',
        '<p>{% for other in alternatives %}<a href="{{ other.url }}" title="{{ other.title }}">'
        "{{ loop.index }} {{ other.title }}</a>{% if not loop.last %}, {% endif %}{% endfor %}</p>",
        "<p>{{ alternatives|length }} {{ quantity|plural('unit', 'units') }}</p>",
        "<p>{{ stock.quantity if stock.quantity is not none else 'some' }} {{ quantity - 1 }}</p>",
        "<p>{{ alternatives[0].title if alternatives else '' }}</p>{{ product_card(product) }}",
        "<p>{% if availability in ['preorder', 'backorder'] %}a{% else %}b{% endif %}</p>",
        "{# a note #}{% raw %}<p>{{ not a value }}</p>{% endraw %}",
    ],
)
def test_what_a_shop_would_want_to_write_is_accepted(room: DraftRoom, source: str) -> None:
    assert len(draft(room, source, part="email.html")) == len(SAMPLES)


def test_a_bad_draft_does_no_harm_to_the_next(room: DraftRoom) -> None:
    for source in ("{{ 9**9**9 }}", "{{ " + "(" * 20_000 + " }}"):
        with pytest.raises(TemplateProblem):
            draft(room, source)

    assert draft(room, "{{ product.name }}")[0].text.startswith("Stovetop kettle")


def test_d7_a_preview_shows_mail_and_text_message(room: DraftRoom) -> None:
    folder = templates_folder() / "messages" / "de" / "confirm"
    parts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    previews = room.try_draft(Draft(kind=MessageKind.CONFIRM, locale="de", parts=parts))

    assert previews[0].subject.startswith("Bitte bestätigen")
    assert "Ja, bitte schreiben" in previews[0].html
    assert "Ende: STOP" in previews[0].short
