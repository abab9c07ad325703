"""Is a template that could leave out, hide or weaken what the law wants said refused? (OD-14)"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from notifier import i18n
from notifier.domain.message import ABOUT_ORDERS, LEGAL_NOTICES, Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.domain.order_delay import Clause
from notifier.errors import TemplateProblem
from notifier.rendering import FileTemplates, GivenParts, Layered, Renderer
from notifier.rendering.clauses import BY_LINK
from notifier.rendering.draft import Draft, try_draft
from notifier.resources import templates_folder

FOLDER = templates_folder() / "messages"
LOOP = re.compile(r"{% for clause in clauses %}.*?{% endfor %}", re.DOTALL)
CHOICE = re.compile(r"{{ choice\(.*?\) }}")
BOTH = ("email.txt", "email.html")


def shipped(kind: str, part: str, locale: str = "en") -> str:
    return (FOLDER / locale / kind / part).read_text("utf-8")


def attempt(kind: str, part: str, source: str, *, locale: str = "en") -> None:
    try_draft(Draft(kind=MessageKind(kind), locale=locale, parts={part: source}))


def swap(pattern: re.Pattern[str], new: str) -> Callable[[str], str]:
    def change(source: str) -> str:
        changed = pattern.sub(lambda _: new, source)
        assert changed != source
        return changed

    return change


def every(body: str) -> str:
    return "{% for clause in clauses %}" + body + "{% endfor %}"


ALL = every("{{ clause.text }} ")
WEAKENED = [
    ("left out", "", "missing"),
    ("the first only", "{{ clauses[0].text }}", "missing"),
    ("under a condition", "{% if eta.text %}" + ALL + "{% endif %}", "under no condition"),
    ("under one that is always true", "{% if shop.name %}" + ALL + "{% endif %}", "no condition"),
    ("in the other branch", "{% if eta.text %}a{% else %}" + ALL + "{% endif %}", "no condition"),
    ("inside another loop", "{% for a in alternatives %}" + ALL + "{% endfor %}", "no condition"),
    ("cut", every("{{ clause.text|truncate(30) }}"), "as they are"),
    ("changed", every("{{ clause.text|replace('cancel', 'wait') }}"), "as they are"),
    ("the first of the loop", every("{% if loop.first %}{{ clause.text }}{% endif %}"), "all be"),
    (
        "without refunds",
        every("{% if 'refund' not in clause.text %}{{ clause.text }}{% endif %}"),
        "all be",
    ),
    ("a choice of two texts", every("{{ clause.text if eta.text else 'x' }}"), "as they are"),
]


@pytest.mark.parametrize("part", BOTH)
@pytest.mark.parametrize(("how", "block", "said"), WEAKENED, ids=[one[0] for one in WEAKENED])
def test_a_template_whose_locked_sentences_are_weakened_cannot_be_saved(
    part: str, how: str, block: str, said: str
) -> None:
    """5.D 142 and OD-14."""
    with pytest.raises(TemplateProblem, match=said):
        attempt("delay_notice", part, swap(LOOP, block)(shipped("delay_notice", part)))


@pytest.mark.parametrize("kind", sorted(ABOUT_ORDERS))
@pytest.mark.parametrize("part", BOTH)
def test_no_message_about_an_order_can_do_without_them(kind: MessageKind, part: str) -> None:
    with pytest.raises(TemplateProblem, match="missing"):
        attempt(kind, part, swap(LOOP, "")(shipped(kind, part)))


HIDDEN = [
    ('<div style="display:none">' + ALL + "</div>", "style"),
    ('<div style="color: #ffffff">' + ALL + "</div>", "style"),
    ('<p style="font-size: 1px">' + ALL + "</p>", "style"),
    ('<table bgcolor="#000000"><tr><td>' + ALL + "</td></tr></table>", "bgcolor"),
    ('<div class="preheader">' + ALL + "</div>", "preheader"),
    ('<p class="muted">' + ALL + "</p>", "muted"),
    ("<small>" + ALL + "</small>", "small"),
    ("<s>" + ALL + "</s>", "<s>"),
    ('<a href="https://kettle.example">' + ALL + "</a>", "<a>"),
    (every("<p style='opacity:0'>{{ clause.text }}</p>"), "style"),
    (every('<p title="{{ clause.text }}">x</p>'), "not to be seen"),
]


@pytest.mark.parametrize(("block", "said"), HIDDEN)
def test_locked_sentences_cannot_be_hidden(block: str, said: str) -> None:
    with pytest.raises(TemplateProblem, match=said):
        attempt(
            "delay_notice", "email.html", swap(LOOP, block)(shipped("delay_notice", "email.html"))
        )


UNEQUAL = [
    '{{ button(links.wait, "Wait") }}',
    '{{ button(links.wait, "Wait") }}<p>{{ quiet_link(links.cancel, "Cancel") }}</p>',
    '{{ choice(links.wait, "Wait", links.wait, "Wait") }}',
    '{{ choice(links.wait, "Wait", product.url, "See it") }}',
    '{% if eta.text %}{{ choice(links.wait, "Wait", links.cancel, "Cancel") }}{% endif %}',
    '<div style="display:none">{{ choice(links.wait, "a", links.cancel, "b") }}</div>',
    '<p class="muted">{{ choice(links.wait, "a", links.cancel, "b") }}</p>',
]


@pytest.mark.parametrize("kind", sorted(LEGAL_NOTICES))
@pytest.mark.parametrize("block", UNEQUAL)
def test_od6_one_choice_cannot_be_made_harder_than_the_other(kind: MessageKind, block: str) -> None:
    with pytest.raises(TemplateProblem, match=r"choices must be offered alike|may not stand"):
        attempt(kind, "email.html", swap(CHOICE, block)(shipped(kind, "email.html")))


@pytest.mark.parametrize("kind", sorted(LEGAL_NOTICES))
@pytest.mark.parametrize("link", ["wait", "cancel"])
@pytest.mark.parametrize("new", ["", "{% if eta.text %}{{ links.%s }}{% endif %}"])
def test_the_text_part_cannot_lose_a_choice(kind: MessageKind, link: str, new: str) -> None:
    source = shipped(kind, "email.txt").replace(
        "{{ links.%s }}" % link,  # noqa: UP031  braces
        new.replace("%s", link),
    )

    with pytest.raises(TemplateProblem, match=rf"links\.{link} must be printed"):
        attempt(kind, "email.txt", source)


@pytest.mark.parametrize("kind", sorted(ABOUT_ORDERS - {MessageKind.ORDER_CANCELLED}))
@pytest.mark.parametrize("part", BOTH)
def test_e7_the_withdrawal_link_cannot_be_taken_out(kind: MessageKind, part: str) -> None:
    source = re.sub(
        r"{% if links.withdraw %}.*?{% endif %}", "", shipped(kind, part), flags=re.DOTALL
    )

    with pytest.raises(TemplateProblem, match=r"links\.withdraw"):
        attempt(kind, part, source)


@pytest.mark.parametrize("kind", sorted(ABOUT_ORDERS))
def test_a_text_message_carries_the_link_and_the_shops_name(kind: MessageKind) -> None:
    for source in ("{{ shop.name }}: See your order", "See your order: {{ links.decide }}"):
        with pytest.raises(TemplateProblem, match="must always be in it"):
            attempt(kind, "short.txt", source)


@pytest.mark.parametrize("path", ["links.unsubscribe", "links.manage"])
def test_od15_there_is_no_unsubscribe_link_to_print(path: str) -> None:
    source = shipped("delay_notice", "email.txt") + f"{{{{ {path} }}}}"

    with pytest.raises(TemplateProblem, match="unknown variable"):
        attempt("delay_notice", "email.txt", source)


def test_the_words_around_the_locked_ones_are_the_merchants() -> None:
    source = (
        "<h1>Oh no, your kettle!</h1><p>It takes until {{ eta.text }}.</p>"
        "<table><tr><td><strong>Please read:</strong><ul>"
        "{% for rule in clauses %}<li>{{ rule.text }}</li>{% endfor %}</ul></td></tr></table>"
        '{{ choice(links.wait, "Fine by me", links.cancel, "No, thanks") }}'
        '{% if links.withdraw %}<p><a href="{{ links.withdraw }}">{{ labels.withdraw }}</a></p>'
        "{% endif %}"
    )

    attempt("delay_notice", "email.html", source)


@pytest.mark.every_third
@pytest.mark.parametrize("locale", i18n.available_locales())
@pytest.mark.parametrize("kind", sorted(LEGAL_NOTICES))
@pytest.mark.parametrize("part", BOTH)
@pytest.mark.parametrize("clause", sorted(set(Clause) - BY_LINK))
def test_f20_a_finished_notice_that_lacks_one_clause_is_not_sent(
    clause: Clause, part: str, kind: MessageKind, locale: str
) -> None:
    """Whatever way the template got past the check, also one that was published before it."""
    wordings = i18n.section(locale, "clause")
    sentence = wordings[clause.value]
    context = sample_context(kind, locale)
    context["clauses"] = [{"text": one} for one in wordings.values()]
    dropped = every("{% if clause.text != '" + sentence + "' %}{{ clause.text }}\n{% endif %}")
    given = GivenParts(kind, {part: swap(LOOP, dropped)(shipped(kind, part, locale))})
    renderer = Renderer(Layered(given, FileTemplates(FOLDER)))

    with pytest.raises(TemplateProblem, match=f"not to be seen in {part}"):
        renderer.render(kind, medium=Medium.EMAIL, shop="", locale=locale, context=context)


@pytest.mark.parametrize("kind", sorted(LEGAL_NOTICES))
def test_a_notice_without_any_clause_is_not_sent(kind: MessageKind) -> None:
    context = {**sample_context(kind, "en"), "clauses": []}

    with pytest.raises(TemplateProblem, match="needs clauses"):
        Renderer(FileTemplates(FOLDER)).render(
            kind, medium=Medium.EMAIL, shop="", locale="en", context=context
        )
