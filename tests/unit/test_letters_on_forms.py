"""Does a letter written on a form read the same, byte for byte, as one written in full?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.channels.base import FormLetter, Letter
from notifier.channels.smtp.printable import (
    QuotedForm,
    dot_stuffed,
    lengths_of,
    quote_printable,
    without_stuffing,
)
from notifier.domain.letter_form import Form, ShortForm, fill, is_tame
from notifier.domain.message import ABOUT_ORDERS, Medium, MessageKind
from notifier.domain.message_samples import SAMPLES, sample_context
from notifier.errors import TemplateProblem
from notifier.metrics import NO_SKELETON
from notifier.rendering import FileTemplates, GivenParts, Layered, Renderer, shipped_renderer
from notifier.rendering.skeleton import Skeletons
from notifier.resources import templates_folder
from notifier.services import compose as services_compose
from notifier.services import write_letters
from notifier.services.compose import compose
from notifier.services.compose_own import (
    OF_EVERYBODYS_OWN,
    ON_FORMS,
    Own,
    Recipient,
    own_values,
    with_own,
)
from notifier.services.write_letters import LetterWriter, Written
from tests.letters_world import mailed, make_env, make_rows

KINDS = sorted(ON_FORMS)
LOCALES = ("en", "de", "es", "de-AT")
RENDERER = shipped_renderer()
SKELETONS = Skeletons(RENDERER)
BASE = "https://notify.kettle.example/x/"


def edited(kind: str, **parts: str) -> Renderer:
    """The shipped templates with some parts changed, `__` for the dot in their names."""
    given = {name.replace("__", "."): text for name, text in parts.items()}
    shipped = FileTemplates(templates_folder() / "messages")
    return Renderer(Layered(GivenParts(MessageKind(kind), given), shipped))


def write(renderer: Renderer, kind: str, **rows: Any) -> tuple[Written, list[Letter | str]]:
    """A batch written by the writer, and each letter written alone (or why it cannot be)."""
    env = make_env()
    messages, batch = make_rows(kind, **rows)
    written = LetterWriter(env, renderer).write(messages, batch)
    alone: list[Letter | str] = []
    for message in messages:
        try:
            alone.append(compose(env, renderer, message, batch, attempt_no=1))
        except TemplateProblem as problem:
            alone.append(str(problem))
    return written, alone


def same(written: Written, alone: list[Letter | str]) -> None:
    whole = [one for one in alone if isinstance(one, Letter)]
    assert [why for _, why in written.unwritable] == [one for one in alone if isinstance(one, str)]
    for letter, other in zip(written.letters, whole, strict=True):
        for part in ("subject", "text", "html", "short", "headers", "address", "uid", "locale"):
            assert getattr(letter, part) == getattr(other, part)
        if other.html:
            assert mailed(letter).content == mailed(other).content
            assert mailed(letter).wire == dot_stuffed(mailed(other).content)
            assert mailed(letter).envelope_from == mailed(other).envelope_from


@pytest.mark.every_third
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_written_on_forms_and_reads_as_if_each_were_written_alone(
    kind: str, locale: str
) -> None:
    # when ten people are told the same
    written, alone = write(RENDERER, kind, count=10, locale=locale, quantities=(1,))

    # then they are written on one form
    assert {type(one) for one in written.letters} == {FormLetter}
    assert len({id(one.form) for one in written.letters if isinstance(one, FormLetter)}) == 1
    same(written, alone)


@pytest.mark.parametrize("kind", ["back_in_stock", "confirm", "waiting", "still_waiting"])
def test_text_messages_are_written_on_forms_too(kind: str) -> None:
    written, alone = write(RENDERER, kind, count=6, medium="sms", title="Kettle “Dawn” " * 9)
    same(written, alone)
    assert len(written.letters) == 6


# --- values and names nobody would think of -------------------------------------------------

AWKWARD = st.sampled_from(
    [
        "قومقوم", "קומקום תה", "3. März 2026", "3 May 2026", "a=b=c", "From", "From here",
        ".", "..a", ". b .", "x" * 75, "é" * 60, "🫖", "=?utf-8?q?x?=", "%s", "%(x)s", "\\", "$1",
        "a  b", "_", "2", "`", "|", "ß", "\u200d", "https://a.example/=.?b=c.", "=3D", "o",
    ]
)  # fmt: skip
NAMES = st.one_of(AWKWARD, st.sampled_from(["<script>", "\"'", "&amp;", "{{ x }}", "a\r\nb", "z"]))


def tame(kind: str) -> st.SearchStrategy[dict[str, str | int]]:
    """Values of one recipient, each as it may be put into a blank."""
    text = st.lists(AWKWARD, min_size=1, max_size=4).map("".join).map(str.strip).filter(is_tame)
    link = st.text("abcXYZ019-_.=/?%From", min_size=1, max_size=90).map(BASE.__add__)
    kinds: dict[str, st.SearchStrategy[str | int]] = {}
    for name in own_values(MessageKind(kind)):
        if name in OF_EVERYBODYS_OWN:
            kinds[name] = link
        elif name == "quantity":
            kinds[name] = st.integers(1, 99_999)
        else:
            kinds[name] = text
    return st.fixed_dictionaries(kinds)


@st.composite
def groups(draw: st.DrawFn) -> tuple[str, str, dict[str, Any], list[dict[str, str | int]]]:
    kind = draw(st.sampled_from(KINDS))
    locale = draw(st.sampled_from(LOCALES))
    shared = sample_context(MessageKind(kind), locale, draw(st.sampled_from(SAMPLES)))
    shared["shop"]["name"] = draw(NAMES)
    shared["shop"]["support_email"] = draw(NAMES)
    if "product" in shared:
        shared["product"]["title"] = draw(NAMES)
    people = draw(st.lists(tame(kind), min_size=2, max_size=3))
    if "quantity" in shared:  # shipped texts look at it: then it is the same on one form
        people = [{**one, "quantity": people[0]["quantity"]} for one in people]
    return kind, locale, shared, people


@given(groups(), st.sampled_from(Medium))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_names_and_values_are_the_bytes_are_those_of_the_full_text(
    group: tuple[str, str, dict[str, Any], list[dict[str, str | int]]], medium: Medium
) -> None:
    kind, locale, shared, people = group
    medium = Medium.SMS if medium is Medium.SMS else Medium.EMAIL
    form = form_of(kind, locale, medium=medium, shared=shared, own=people[0])
    for number, own in enumerate(people):
        whole = full(kind, locale, medium=medium, context=with_own(shared, own))
        if form is None or whole is None:
            continue  # said when each is written in full
        values = tuple(str(own[name]) for name in form.slots)
        if isinstance(form, ShortForm):
            assert form.write(values) == whole.short
            continue
        letter = on_form(form, values, number)
        parts = {name: getattr(whole, name) for name in ("subject", "text", "html")}
        assert {name: getattr(letter, name) for name in parts} == parts
        assert mailed(letter).content == mailed(in_full(letter, parts)).content


def form_of(
    kind: str, locale: str, *, medium: Medium, shared: dict[str, Any], own: dict[str, str | int]
) -> Form | ShortForm | None:
    for _ in range(4):
        family = SKELETONS.family(MessageKind(kind), medium=medium, shop="", locale=locale)
        family.unfit = ""  # another context may be fit
        whole = with_own(shared, own)
        form = SKELETONS.form(family, shared=shared, whole=whole, own=own, unique=OF_EVERYBODYS_OWN)
        if form is not None:
            return form
    return None


def full(kind: str, locale: str, *, medium: Medium, context: dict[str, Any]) -> Any:
    try:
        return RENDERER.render(
            MessageKind(kind), medium=medium, shop="", locale=locale, context=context
        )
    except TemplateProblem:
        return None


def on_form(form: Form, values: tuple[str, ...], number: int) -> FormLetter:
    link = f"<{BASE}{number}>"
    headers = (
        ("List-Unsubscribe", link),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    return FormLetter(
        form=form,
        values=values,
        common={
            "kind": "x",
            "shop": "kettle",
            "sender": "Kettle <k@kettle.example>",
            "reply_to": "",
        },
        message_id=number,
        uid=f"m{number}.k3y",
        attempt_no=1,
        address=f"ann{number}@waits.example",
        headers=headers,
    )


def in_full(letter: Letter, parts: dict[str, str]) -> Letter:
    names = ("message_id", "uid", "attempt_no", "kind", "shop", "sender", "address", "headers")
    return Letter(**{name: getattr(letter, name) for name in names}, **parts)


PIECES = st.lists(
    st.sampled_from(
        ["a", " ", "=", ".", "\n", "From ", "Fr", "om ", "é", "\t", "\r", "🫖", "\x00", "y" * 37,
         '<a href="', ".\n", "\n."]
    ), max_size=14,
).map("".join)  # fmt: skip


@given(
    st.lists(st.tuples(PIECES, st.integers(0, 2)), min_size=1, max_size=5),
    PIECES,
    st.lists(st.lists(AWKWARD.filter(is_tame), min_size=3, max_size=3), min_size=1, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_quoted_printable_round_values_is_that_of_the_whole_text(
    pieces: list[tuple[str, int]], last: str, people: list[list[str]]
) -> None:
    cut = (*(one for pair in pieces for one in pair), last)
    form = QuotedForm(cut)
    for values in people:
        octets = [one.encode() for one in values]
        whole = quote_printable(fill(cut, tuple(values)))
        assert form.write(octets, lengths_of(octets)) == dot_stuffed(whole)
        assert without_stuffing(dot_stuffed(whole)) == whole
        assert all(len(line) <= 76 for line in whole.split(b"\r\n"))


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a\n", "From here", " on"), ("a\n", "From", " here"), ("Fr", "om x", "y"),
        ("a\nFrom", "x", "y"), ("", "Fr", "om them"), ("b\n", "F", "rom x"), ("From ", "x", ""),
        ("a\n", "For you", ""), ("a\n", ".", "x"), ("x" * 74, "From him", ""), ("\n.", "x", "\n."),
    ],
)  # fmt: skip
def test_no_line_starts_with_from_whatever_it_is_made_of(
    before: str, value: str, after: str
) -> None:
    cut = (before, 0, after)
    form = QuotedForm(cut)
    for given_value in ("z" * len(value), value):  # the mould is made with other octets
        octets = [given_value.encode()]
        whole = quote_printable(fill(cut, (given_value,)))
        assert form.write(octets, lengths_of(octets)) == dot_stuffed(whole)
        assert b"\nFrom " not in b"\n" + form.write(octets, lengths_of(octets))


@pytest.mark.parametrize(
    "value",
    ["", " a", "a ", "a\nb", "a\tb", "<b>", "a&b", "'", '"', "{x}", "a\u202eb", "a\u2028b", "\x00",
     "\ud800", "a\u00a0", "x" * 401],
)  # fmt: skip
def test_what_is_not_tame_goes_into_no_blank(value: str) -> None:
    assert not is_tame(value)


# --- templates that look at values -----------------------------------------------------------

LOOKS = {
    # printing, escaping and asking whether it is there: one form for all
    "{{ links.manage }} {{ quantity }} {{ asked_on|e }}": "form",
    "{{ links.manage or 'none' }}{% if not links.manage %}no{% endif %}": "form",
    "{{ asked_on if links.manage and product.url else 'x' }}": "form",
    "{{ links['manage'] }}": "form",
    "{{ product.title|upper }}{{ shop.name ~ '!' }}{% if shop.name == 'x' %}y{% endif %}": "form",
    # looking at what few share
    "{% if quantity > 1 %}{{ quantity }} of them{% endif %}": "forms",
    "{{ quantity|plural('piece', 'pieces') }}": "forms",
    "{{ quantity + 1 }}{{ -quantity }}": "forms",
    "{{ 'even' if quantity is even }}": "forms",
    "{{ ['a', 'b', 'c', 'd'][quantity] }}": "forms",
    # looking at what is everybody's own
    "{{ links.manage|truncate(40) }}": "full",
    "{{ links.manage|upper }}{{ links.manage|length }}": "full",
    "{{ links.manage|replace('https', 'x') }}": "full",
    "{{ [links.manage, 'x']|join }}": "full",
    "{{ [links.manage] }}": "full",
    "{{ links }}": "full",
    "{{ links.manage|default('x') }}": "full",
    "{% if links.manage == product.url %}a{% else %}b{% endif %}": "full",
    "{% if 'AA' in links.manage %}a{% endif %}": "full",
    "{% if links.manage > 'https://notify.kettle.example/m/h' %}a{% endif %}": "full",
    "{% if links.manage is defined %}a{% endif %}": "full",
    "{% for one in links.manage %}{{ one }},{% endfor %}": "full",
    "{{ links.manage ~ 'x' }}": "full",
    "{{ ('a' ~ links.manage)|truncate(9) }}": "full",
    "{{ 'a' + links.manage }}": "full",
    "{% if ('a' ~ links.manage) == 'ab' %}a{% endif %}": "full",
    "{{ links.manage.upper }}": "nothing",
    "{{ links.manage[0] }}": "nothing",
    "{{ links.manage.upper() }}": "nothing",
    "{{ '%s' % links.manage }}": "nothing",
    "{{ '%.4s' % links.manage }}": "nothing",
    # what drafts may not have, but nothing that is sent depends on that
    "{% set own = links.manage %}{{ own|upper }}": "full",
    "{% set own %}{{ links.manage }}{% endset %}{{ own|length }}": "full",
    "{% filter upper %}{{ links.manage }}{% endfilter %}": "full",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(links.manage)|upper }}": "nothing",
    "{% with own = links.manage %}{{ own[:9] }}{% endwith %}": "full",
}


@pytest.mark.every_third
@pytest.mark.parametrize(("look", "way"), LOOKS.items())
def test_a_template_that_looks_at_a_value_is_written_so_that_each_gets_his_own(
    look: str, way: str
) -> None:
    both = f"<p>Hello.</p>\n{look}\n<p>Bye.</p>"
    renderer = edited("back_in_stock", email__txt=both, email__html=both)

    written, alone = write(renderer, "back_in_stock", count=12)

    same(written, alone)
    forms = {id(one.form) for one in written.letters if isinstance(one, FormLetter)}
    on_forms = sum(isinstance(one, FormLetter) for one in written.letters)
    assert (len(forms), on_forms) == {
        "form": (1, 12),
        "forms": (3, 12),
        "full": (0, 0),
        "nothing": (0, 0),
    }[way]
    assert bool(written.letters) == (way != "nothing")


@pytest.mark.parametrize(
    "look",
    [
        "{{ quiet_link(links.manage, asked_on) }}",
        "{{ fact(asked_on, quantity) }}",
        "{{ product_card(product) }}{{ button(links.unsubscribe, asked_on) }}",
    ],
)
def test_pieces_of_the_layout_take_values_that_are_put_in_later(look: str) -> None:
    written, alone = write(edited("back_in_stock", email__html=look), "back_in_stock", count=8)

    same(written, alone)
    assert {type(one) for one in written.letters} == {FormLetter}


@pytest.mark.parametrize("look", ["{{ asked_on }}: {{ product.name }}", " {{ links.manage }} \n"])
def test_a_subject_may_say_something_of_ones_own(look: str) -> None:
    written, alone = write(
        edited("waiting", subject__txt=look), "waiting", count=8, quantities=(1,)
    )

    same(written, alone)
    assert any(isinstance(one, FormLetter) for one in written.letters)


# --- when it goes wrong ----------------------------------------------------------------------


def test_a_form_that_says_something_else_is_not_used_and_a_number_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a way of filling forms that swaps two values
    def swapped(self: Form, part: str, values: tuple[str, ...]) -> str:
        return fill(getattr(self, part), tuple(reversed(values)))

    monkeypatch.setattr(Form, "written", swapped)
    counted = NO_SKELETON.labels(kind="back_in_stock")
    before = counted._value.get()

    # when a batch is written
    written, alone = write(RENDERER, "back_in_stock", count=8)

    # then each letter is written in full
    same(written, alone)
    assert not any(isinstance(one, FormLetter) for one in written.letters)
    assert counted._value.get() == before + 1


def test_a_mail_put_together_wrongly_is_noticed_at_the_first_of_its_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written, alone = write(RENDERER, "back_in_stock", count=4)

    def empty(*_: object) -> list[bytes]:
        return [b"nothing\r\n"]

    monkeypatch.setattr(QuotedForm, "pieces", empty)
    counted = NO_SKELETON.labels(kind="back_in_stock")
    before = counted._value.get()

    same(written, alone)
    assert counted._value.get() == before + 1


@pytest.mark.parametrize("value", ["<b>2 & 3</b>", "a\u00a0b", "", " a"])
@pytest.mark.parametrize("whose", [1, 5])
def test_who_has_a_value_that_fits_into_no_blank_gets_a_letter_in_full(
    value: str, whose: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one recipient, the first or another, with a strange day
    def asked_on(to: Recipient) -> str:
        return value if to.message.id == whose else "3 May 2026"

    def finders(kind: MessageKind) -> Mapping[str, Own]:
        return {**own_values(kind), "asked_on": asked_on}

    for module in (write_letters, services_compose):
        monkeypatch.setattr(module, "own_values", finders)

    # when a batch is written
    written, alone = write(RENDERER, "back_in_stock", count=8)

    # then everybody reads what he should
    same(written, alone)
    on_forms = [isinstance(one, FormLetter) for one in written.letters]
    assert not on_forms[whose - 1]
    assert sum(on_forms) == (0 if whose == 1 and not value else 7)


def test_messages_about_orders_and_to_the_merchant_are_never_written_on_forms() -> None:
    assert not {*ABOUT_ORDERS, MessageKind.SOURCE_TROUBLE} & {MessageKind(one) for one in ON_FORMS}
    for kind in MessageKind:
        assert bool(own_values(kind)) == (kind in ON_FORMS)


def test_another_version_of_a_template_makes_another_form() -> None:
    texts = iter(["One {{ links.manage }}", "Two {{ links.manage }}"])
    env = make_env()
    messages, batch = make_rows("waiting", count=5, quantities=(1,))
    lookup = Swapping(next(texts))
    writer = LetterWriter(env, Renderer(lookup))

    first = writer.write(messages, batch).letters
    lookup.use(next(texts))
    second = writer.write(messages, batch).letters

    assert first[0].text.startswith("One ")
    assert second[0].text.startswith("Two ")
    assert all(isinstance(one, FormLetter) for one in [*first, *second])


class Swapping(Layered):
    def __init__(self, text: str) -> None:
        self.use(text)

    def use(self, text: str) -> None:
        shipped = FileTemplates(templates_folder() / "messages")
        super().__init__(GivenParts(MessageKind.WAITING, {"email.txt": text}), shipped)
