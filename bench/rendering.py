"""What does it cost to render a message safely, beside the same templates in bare Jinja?

And what does a whole mail cost: see writing.py.

The floor is given what the product works out for each message: which templates, which words, what
the frame is filled with. It has no sandbox, checks nothing and prints the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from bench import writing
from bench.contest import PRODUCT, Line, Trial, alternate, compare, timed
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_context import complete_context
from notifier.domain.message_samples import sample_context
from notifier.domain.template_rules import EMAIL_PARTS, PIECES
from notifier.i18n import direction, section
from notifier.rendering import Rendered, Renderer, shipped_renderer
from notifier.rendering.environment import PlainValuesEnvironment
from notifier.rendering.filters import ALLOWED
from notifier.rendering.styles import inline_styles
from notifier.resources import templates_folder

FLOOR = "bare Jinja"
KIND = MessageKind.BACK_IN_STOCK
LOCALE = "en"

Draw = Callable[[dict[str, Any]], dict[str, str]]


def run(stage: Stage, size: Size) -> list[Line]:
    stage.say("rendering")
    renderer = shipped_renderer()
    context = sample_context(KIND, LOCALE)
    draw = bare_jinja()
    framed = frame(context)
    trials = alternate(
        {
            PRODUCT: partial(_repeat, lambda: render(renderer, context), count=size.renders),
            FLOOR: partial(_repeat, lambda: draw(framed), count=size.renders),
        },
        rounds=size.rounds,
        say=stage.say,
    )
    lines = compare(
        trials,
        benchmark="rendering",
        subject="Renderer.render(back_in_stock)",
        database="",
        unit="messages",
    )
    return lines + writing.run(stage, size, frame=frame)


def _repeat(work: Callable[[], object], *, count: int) -> Trial:
    work()  # what is compiled once is not what is measured

    def repeat() -> int:
        for _ in range(count):
            work()
        return count

    return timed(repeat)


def render(renderer: Renderer, context: dict[str, Any]) -> Rendered:
    """The product's way."""
    return renderer.render(KIND, medium=Medium.EMAIL, shop="kettle", locale=LOCALE, context=context)


def frame(context: dict[str, Any]) -> dict[str, Any]:
    """What the templates and the frame are filled with."""
    full = complete_context(KIND, context)
    words = section(LOCALE, "mail")
    said = words["reason_asked"].replace("{asked_on}", full["asked_on"])
    said = said.replace("{shop}", full["shop"]["name"])
    return {
        **full,
        "lang": LOCALE,
        "dir": direction(LOCALE),
        "words": words,
        "reason": said.replace("{product}", full["product"]["name"]),
        "unsubscribe_url": full["links"]["unsubscribe"],
        "manage_url": full["links"]["manage"],
    }


def bare_jinja() -> Draw:
    """Subject, text and HTML of the shipped templates, compiled once by Jinja as it comes."""
    folder = templates_folder()
    html, text = _environment(html=True), _environment(html=False)
    css = (folder / "layout" / "email.css").read_text(encoding="utf-8")
    reader = PlainValuesEnvironment(html=True)  # only to read the styles in

    def source(*names: str) -> str:
        found = folder.joinpath(*names).read_text(encoding="utf-8")
        return inline_styles(found, css, environment=reader) if names[-1][-4:] == "html" else found

    pieces = html.from_string(source("layout", "pieces.html")).module
    html.globals.update({name: _with_shop(getattr(pieces, name)) for name in PIECES})
    parts = {
        part: (html if part.endswith("html") else text).from_string(
            source("messages", LOCALE, str(KIND), part)
        )
        for part in EMAIL_PARTS
    }
    text_frame = text.from_string(source("layout", "email.txt"))
    html_frame = html.from_string(source("layout", "email.html"))

    def draw(values: dict[str, Any]) -> dict[str, str]:
        body = Markup(parts["email.html"].render(values))
        words = parts["email.txt"].render(values)
        return {
            "subject.txt": parts["subject.txt"].render(values),
            "email.txt": text_frame.render({**values, "content": words.strip()}),
            "email.html": html_frame.render({**values, "content": body}),
        }

    return draw


def _environment(*, html: bool) -> Environment:
    made = Environment(autoescape=html, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(ALLOWED)
    return made


def _with_shop(macro: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def piece(context: Context, *arguments: Any) -> Any:
        return macro(context["shop"], *arguments)

    return piece


BENCHMARK = Benchmark(name="rendering", question="Rendering one message, writing one mail", run=run)
