"""What is around every message: the frame, the pieces a template may call, the styles.

A template cannot import or extend anything. What it shares with the others comes to it in two
ways: the frame (templates/layout/email.html and email.txt) is put around what it prints, and the
pieces (templates/layout/pieces.html) are macros it can call by name: `{{ button(product.url,
"See it") }}`. So the unsubscribe link, the reason and the postal address are always there,
whatever the template says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template, pass_context
from jinja2.runtime import Context

from notifier.domain.template_rules import PIECES
from notifier.rendering.environment import PlainValuesEnvironment
from notifier.rendering.sources import version_of
from notifier.rendering.styles import inline_styles
from notifier.resources import templates_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The compiled layout. `version` changes with any of its files, which are in `folder`."""

    html_frame: Template
    text_frame: Template
    pieces: Mapping[str, Callable[..., Any]]
    css: str
    version: str
    folder: Path


def load_layout(
    folder: Path, *, environment: type[PlainValuesEnvironment] = PlainValuesEnvironment
) -> Layout:
    """The layout in `folder`: email.html, email.txt, pieces.html and email.css."""
    read = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in ("email.html", "email.txt", "pieces.html", "email.css")
    }
    css = read["email.css"]
    html, text = environment(html=True), environment(html=False)
    module = html.from_string(inline_styles(read["pieces.html"], css, environment=html)).module
    return Layout(
        html_frame=html.from_string(inline_styles(read["email.html"], css, environment=html)),
        text_frame=text.from_string(read["email.txt"]),
        pieces={name: _with_shop(getattr(module, name)) for name in PIECES},
        css=css,
        version=version_of(*read.values()),
        folder=folder,
    )


def _with_shop(macro: Callable[..., Any]) -> Callable[..., Any]:
    """The macro with the message's shop as first argument: its colours are the shop's."""

    @pass_context
    def piece(context: Context, *arguments: Any) -> Any:
        return macro(context["shop"], *arguments)

    return piece


@cache
def shipped_layout() -> Layout:
    """The layout that comes with the program."""
    return load_layout(templates_folder() / "layout")
