"""In what closed room does a message template run?

Jinja's immutable sandbox, emptied further: no loader, no globals but the layout's pieces, a short
list of filters and tests, and only plain values can be looked into. The sandbox is one wall, not
the boundary: drafts of strangers also run in a child process that can be killed (trust L12).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.domain.template_rules import LOOP_FIELDS, TESTS
from notifier.rendering.filters import ALLOWED

_GROUPS = (dict, MappingProxyType)


class PlainValuesEnvironment(ImmutableSandboxedEnvironment):
    """Looks into dictionaries, lists and the loop counter; calls nothing but the given pieces."""

    intercepted_binops = frozenset({"*", "**", "%", "//", "/"})

    def __init__(self, *, html: bool, pieces: Mapping[str, Callable[..., Any]] | None = None):
        super().__init__(
            autoescape=html,
            undefined=StrictUndefined,
            loader=None,
            extensions=(),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=0,
        )
        self._pieces = dict(pieces or {})
        self._callable = {id(piece) for piece in self._pieces.values()}
        self.globals = dict(self._pieces)
        self.filters = dict(ALLOWED)
        self.tests = {name: test for name, test in self.tests.items() if name in TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: a dictionary's value or the loop's counter, never a method."""
        if type(obj) in _GROUPS:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        if type(obj) is LoopContext and attribute in LOOP_FIELDS:
            return getattr(obj, attribute)
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)
        return self.unsafe_undefined(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: a dictionary's value or a list's item."""
        if type(obj) in _GROUPS or (type(obj) is list and type(argument) is int):
            try:
                return obj[argument]
            except (KeyError, IndexError, TypeError):
                return self.undefined(obj=obj, name=argument)
        if isinstance(obj, Undefined):
            return obj[argument]
        return self.unsafe_undefined(obj, str(argument))

    def is_safe_callable(self, obj: Any) -> bool:
        return id(obj) in self._callable

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise TypeError(f"the operator {operator} is not available in message templates")

    def compile_text(self, source: str, *, where: str) -> Template:
        """A template whose errors name `where` and the line. Raises what Jinja raises."""
        code = self.compile(source, name=where, filename=where)
        return Template.from_code(self, code, self.make_globals(None))
