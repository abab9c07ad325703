"""What may a template do with a value that is not known yet, and how is the rest found out?

A slot stands for a value that differs by recipient. It may be printed, escaped and tested for
truth: then the same text with another value in its place is what the template would have said to
another recipient. Whatever looks at the value (a filter, a comparison, a loop, joining it to
something that is looked at later) raises Unfit with the name of the slot. Every construct that
could look is told to check what it is given, in the syntax tree, so that no detour is forgotten;
a construct that is not known here is unfit as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

from jinja2 import nodes

from notifier.domain.letter_form import Cut
from notifier.domain.template_rules import NODES
from notifier.rendering.environment import PlainValuesEnvironment

_UNSEEN = "_unseen"
_KNOWN = NODES | {"Macro"}
_ONLY_ESCAPE = frozenset({"escape", "e"})
_LOOKS = (nodes.Compare, nodes.Concat, nodes.BinExpr, nodes.UnaryExpr, nodes.Getitem)
_MERE_TRUTH = (nodes.And, nodes.Or, nodes.Not)


class Unfit(Exception):
    """The template looks at a value instead of printing it. `slot`: which one; '' for all."""

    def __init__(self, slot: str, why: str) -> None:
        super().__init__(why)
        self.slot = slot


class Slot:
    """A value to come. Prints as its mark; is true; refuses everything else."""

    __slots__ = ("mark", "name")

    def __init__(self, name: str, mark: str) -> None:
        self.name = name
        self.mark = mark

    def __str__(self) -> str:
        return self.mark

    def __html__(self) -> str:
        return self.mark  # letters and digits, as are tame values to HTML

    def __bool__(self) -> bool:
        return True  # what is false is no slot

    def __getattr__(self, name: str) -> NoReturn:
        raise Unfit(self.name, f"{self.name} is asked for its {name}")

    def _refuse(self, *_: object) -> NoReturn:
        raise Unfit(self.name, f"{self.name} is looked at")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = __repr__ = __format__ = __len__ = __iter__ = __contains__ = _refuse
    __getitem__ = __call__ = __int__ = __float__ = __index__ = __neg__ = __pos__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse


class Marks:
    """The marks of some slots. `nonce`: letters and digits that nobody could have guessed."""

    def __init__(self, names: tuple[str, ...], nonce: str) -> None:
        self.names = names
        self.nonce = nonce
        self.slots = {
            name: Slot(name, f"z{nonce}x{number:02d}z") for number, name in enumerate(names)
        }
        self._mark = re.compile(f"z{nonce}x([0-9]{{2}})z")

    def cut(self, text: str) -> Cut:
        """The text cut at its marks. Raises Unfit when a mark came out mangled."""
        found = self._mark.split(text)
        if sum(one.count(self.nonce) for one in found):
            raise Unfit("", "a mark came out in pieces")
        return tuple(int(one) if number % 2 else one for number, one in enumerate(found))

    def name_in(self, text: str) -> str | None:
        """The name of the first slot that was printed into the text; '' if it is in pieces."""
        if self.nonce not in text:
            return None
        whole = self._mark.search(text)
        return self.names[int(whole[1])] if whole else ""


_watched: ContextVar[Marks | None] = ContextVar("watched", default=None)


@contextmanager
def watched(marks: Marks) -> Iterator[None]:
    """In here it is noticed when something looks at a text that a slot was printed into."""
    token = _watched.set(marks)
    try:
        yield
    finally:
        _watched.reset(token)


class SlotEnvironment(PlainValuesEnvironment):
    """Where templates are rendered with slots, inside `watched`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.filters[_UNSEEN] = self._unseen

    def _generate(self, source: nodes.Template, *given: Any, **named: Any) -> str:
        _watch(source)
        return super()._generate(source, *given, **named)

    def _unseen(self, value: Any) -> Any:
        """The value, if nothing of a slot is in it."""
        if isinstance(value, Slot):
            raise Unfit(value.name, f"{value.name} is looked at")
        if isinstance(value, str):
            marks = _watched.get()
            found = marks.name_in(value) if marks else None
            if found is not None:
                raise Unfit(found, f"a text with {found} in it is looked at")
        elif isinstance(value, (list, tuple)):
            for one in value:
                self._unseen(one)
        elif isinstance(value, Mapping):
            for one in value.values():
                self._unseen(one)
        return value


def _watch(tree: nodes.Template) -> None:
    """Make everything in the tree that could look at a value check it first. Raises Unfit."""
    for node in tree.find_all(nodes.Node):
        if type(node).__name__ not in _KNOWN and not isinstance(node, nodes.EvalContext):
            raise Unfit("", f"{type(node).__name__} is not known here")
    for node in list(tree.find_all(nodes.Node)):
        _watch_node(node)


def _watch_node(node: nodes.Node) -> None:
    if isinstance(node, nodes.Filter) and node.name not in _ONLY_ESCAPE:
        if node.node is None:
            raise Unfit("", "a filtered block is not known here")
        node.node = _check(node.node)
        _check_arguments(node)
    elif isinstance(node, nodes.Test):
        node.node = _check(node.node)
        _check_arguments(node)
    elif isinstance(node, nodes.For):
        node.iter = _check(node.iter)
    elif isinstance(node, _LOOKS) and not isinstance(node, _MERE_TRUTH):
        _check_operands(node)


def _check_arguments(node: nodes.Filter | nodes.Test) -> None:
    node.args = [_check(one) for one in node.args]
    for keyword in node.kwargs:
        keyword.value = _check(keyword.value)
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise Unfit("", "* and ** are not known here")


def _check_operands(node: nodes.Node) -> None:
    if isinstance(node, nodes.Compare):
        node.expr = _check(node.expr)
        for operand in node.ops:
            operand.expr = _check(operand.expr)
    elif isinstance(node, nodes.Concat):
        node.nodes = [_check(one) for one in node.nodes]
    elif isinstance(node, nodes.BinExpr):
        node.left, node.right = _check(node.left), _check(node.right)
    elif isinstance(node, nodes.UnaryExpr):
        node.node = _check(node.node)
    elif isinstance(node, nodes.Getitem):
        node.arg = _check(node.arg)


def _check(node: nodes.Node) -> nodes.Expr:
    return nodes.Filter(
        node, _UNSEEN, [], [], None, None, lineno=node.lineno, environment=node.environment
    )
