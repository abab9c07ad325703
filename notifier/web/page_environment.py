"""How are the templates of our pages read: everything escaped, nothing unknown let through?

Those of messages are read more strictly, since merchants write them (rendering/environment.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifier.resources import templates_folder


def page_environment(folder: str, **filters: Callable[..., Any]) -> Environment:
    """For the templates in one folder of templates/, with filters of their own."""
    made = Environment(
        loader=FileSystemLoader(templates_folder() / folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made
