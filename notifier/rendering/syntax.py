"""Does a template's code keep to the few things a message needs?

An allow-list over Jinja's syntax tree (trust WS-T1): what is not on it is refused, with its line
and its name. Names are looked up in the schema of the message kind, so a typing error is found
here and not in the middle of a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, cast

from jinja2 import nodes

from notifier.domain.message_context import Group, Schema, Value
from notifier.domain.template_rules import (
    FILTERS,
    LOOP_FIELDS,
    MAX_DEPTH,
    MAX_LOOPS,
    MAX_NUMBER,
    MAX_SOURCE,
    MAX_TEXT_LITERAL,
    NODES,
    PIECES,
    TESTS,
)
from notifier.errors import TemplateProblem
from notifier.rendering.environment import PlainValuesEnvironment
from notifier.rendering.failures import as_template_problem

Shape = Value | Group | tuple[Group] | None
"""What a path leads to: a value, a group, a list of groups; None where only rendering can say."""

# Control and bidi-control characters, lone surrogates, and those we mask code with.
_STRANGE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\ue003]"
)
_LOOP: Group = {name: Value.COUNT for name in sorted(LOOP_FIELDS)}  # noqa: C420
_SAID = {
    "Mul": "the operator *",
    "Pow": "the operator **",
    "Mod": "the operator %",
    "Div": "the operator /",
    "FloorDiv": "the operator //",
    "Assign": "{% set %}",
    "AssignBlock": "{% set %}",
    "FromImport": "{% from … import %}",
    "Scope": "{% autoescape %}",
    "CallBlock": "{% call %}",
    "FilterBlock": "{% filter %}",
    "Slice": "a slice [a:b]",
    "Dict": "a dictionary",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What names mean at one place in a template: the schema, and the loops around the place."""

    schema: Schema
    loops: Mapping[str, Group]

    def within(self, name: str, item: Group) -> Names:
        return Names(self.schema, {**self.loops, name: item, "loop": _LOOP})

    def known(self) -> list[str]:
        return [*self.schema, *self.loops]


def read_template(
    source: str, *, schema: Schema, environment: PlainValuesEnvironment, where: str
) -> nodes.Template:
    """The syntax tree of `source`, after it has passed every rule. Raises TemplateProblem."""
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(
            f"it has {len(source)} characters; {MAX_SOURCE} is the most",
            where=where,
            code="too_long",
            values={"most": MAX_SOURCE},
        )
    strange = _STRANGE.search(source)
    if strange:
        raise TemplateProblem(
            f"it contains the character {strange[0]!r}, which nobody can see; delete it",
            where=where,
            line=source.count("\n", 0, strange.start()) + 1,
            code="unseen",
        )
    with as_template_problem(where):
        tree = environment.parse(source)
        _Rules(environment=environment, where=where).check(tree, Names(schema, {}))
    return tree


def shape_of(node: nodes.Node, names: Names) -> Shape:
    """What the path `node` (`product`, `product.url`, `alternatives[0]`) leads to.

    Raises KeyError with the path up to the first name that does not exist.
    """
    if isinstance(node, nodes.Name):
        if node.name in names.loops:
            return names.loops[node.name]
        if node.name not in names.schema:
            raise KeyError(node.name)
        return names.schema[node.name]
    if isinstance(node, (nodes.Getattr, nodes.Getitem)):
        base = shape_of(node.node, names)
        key = node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg)
        if isinstance(base, tuple) and isinstance(key, int):
            return base[0]
        if isinstance(base, Mapping) and isinstance(key, str) and key in base:
            return base[key]
        raise KeyError(f"{path_of(node.node)}.{key}")
    return None


def path_of(node: nodes.Node) -> str:
    """`product.url` for the node of that path, `` for anything that is no path."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        return f"{path_of(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{path_of(node.node)}.{_constant(node.arg)}"
    return ""


def names_in(tree: nodes.Template, schema: Schema) -> Names:
    """The names of the whole template, those of every loop among them."""
    names = Names(schema, {})
    for loop in tree.find_all(nodes.For):
        shape = shape_of(loop.iter, names)
        if isinstance(shape, tuple) and isinstance(loop.target, nodes.Name):
            names = names.within(loop.target.name, shape[0])
    return names


@dataclass(frozen=True, slots=True)
class _Rules:
    environment: PlainValuesEnvironment
    where: str

    def check(self, node: nodes.Node, names: Names, *, depth: int = 0, loops: int = 0) -> None:
        kind = type(node).__name__
        if kind not in NODES:
            said = _SAID.get(kind, f"{{% {kind.lower()} %}}")
            message = f"{said} is not available in message templates"
            self._refuse(node, message, code="not_available", typed=said)
        if depth > MAX_DEPTH:
            self._refuse(node, f"it is nested more than {MAX_DEPTH} deep")
        if isinstance(node, nodes.For):
            self._loop(node, names, depth=depth, loops=loops + 1)
            return
        if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
            self._path(node, names)
            return
        if isinstance(node, nodes.Call):
            self._call(node, names)
        self._single(node)
        for child in self._children(node):
            self.check(child, names, depth=depth + 1, loops=loops)
        if isinstance(node, nodes.Output):
            self._printed(node, names)

    def _children(self, node: nodes.Node) -> Iterator[nodes.Node]:
        """The nodes inside, without a called piece's own name: it is no value."""
        return iter(node.args) if isinstance(node, nodes.Call) else node.iter_child_nodes()

    def _single(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            self._unknown(node, "filter", node.name, FILTERS)
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            self._unknown(node, "test", node.name, TESTS)
        if isinstance(node, (nodes.Filter, nodes.Test)) and (node.dyn_args or node.dyn_kwargs):
            self._refuse(node, "* and ** arguments are not available in message templates")
        if isinstance(node, nodes.Const):
            self._literal(node)

    def _printed(self, node: nodes.Output, names: Names) -> None:
        for printed in node.nodes:
            if isinstance(self._shape(printed, names), (Mapping, tuple)):
                path = path_of(printed)
                message = f"{path} is a group of values; print one of them: {path}.…"
                self._refuse(node, message, code="group", typed=path)

    def _literal(self, node: nodes.Const) -> None:
        value = node.value
        if isinstance(value, str) and len(value) > MAX_TEXT_LITERAL:
            self._refuse(node, f"a quoted text may have {MAX_TEXT_LITERAL} characters at most")
        if isinstance(value, (int, float)) and abs(value) > MAX_NUMBER:
            self._refuse(node, f"the number {value!r:.20} is too large; {MAX_NUMBER} is the most")

    def _loop(self, node: nodes.For, names: Names, *, depth: int, loops: int) -> None:
        if loops > MAX_LOOPS:
            self._refuse(node, f"more than {MAX_LOOPS} loops inside each other")
        if node.recursive or node.test is not None:
            self._refuse(node, "a loop may be neither recursive nor filtered")
        if not isinstance(node.target, nodes.Name):
            self._refuse(node, "a loop takes one name: {% for other in alternatives %}")
        shape = self._shape(node.iter, names)
        if not isinstance(shape, tuple):
            self._refuse(node, "a loop goes over a list of the message, such as alternatives")
        inside = names.within(node.target.name, shape[0])
        for child in node.body:
            self.check(child, inside, depth=depth + 1, loops=loops)
        for child in node.else_:
            self.check(child, names, depth=depth + 1, loops=loops)

    def _path(self, node: nodes.Node, names: Names) -> None:
        if isinstance(node, (nodes.Getattr, nodes.Getitem)) and not path_of(node.node):
            self._refuse(node, "one can only look into the values of the message")
        if isinstance(node, nodes.Getitem) and not isinstance(_constant(node.arg), (str, int)):
            self._refuse(node, "write what is in the brackets [ ] as a text or a small number")
        self._shape(node, names)

    def _shape(self, node: nodes.Node, names: Names) -> Shape:
        try:
            return shape_of(node, names)
        except KeyError as error:
            path = str(error.args[0])
            group, _, last = path.rpartition(".")
            near = get_close_matches(last, self._names_near(group, node, names), n=1)
            meant = f"{group + '.' if group else ''}{near[0]}" if near else ""
            hint = f"; did you mean {meant}?" if meant else ""
            code = "variable_like" if meant else "variable"
            message = f"unknown variable {path}{hint}"
            self._refuse(node, message, code=code, typed=path, meant=meant)

    def _names_near(self, group: str, node: nodes.Node, names: Names) -> list[str]:
        if not group:
            return names.known()
        found: Shape | Schema = names.loops.get(group) or names.schema.get(group)
        return [*found] if isinstance(found, Mapping) else []

    def _call(self, node: nodes.Call, names: Names) -> None:
        called = node.node.name if isinstance(node.node, nodes.Name) else ""
        if called not in PIECES or called not in self.environment.globals:
            said = getattr(node.node, "attr", called) or "this"
            self._refuse(node, f"{said}(…) cannot be called here; there are {_listed(PIECES)}")
        wanted = PIECES[called]
        if len(node.args) != len(wanted) or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self._refuse(node, f"{called} takes {len(wanted)} values: {', '.join(wanted)}")
        for argument, what in zip(node.args, wanted, strict=True):
            shape = self._shape(argument, names)
            if what == "url" and shape is not Value.URL and not _is_https(argument):
                self._refuse(argument, f"{called} needs a link of the message, such as product.url")
            if what == "group" and not (isinstance(shape, Mapping) and "image_url" in shape):
                self._refuse(argument, f"{called} needs product or one of alternatives")

    def _unknown(self, node: nodes.Node, what: str, name: str, known: frozenset[str]) -> None:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {_listed(known)}"
        message = f"unknown {what} {name}; {hint}"
        self._refuse(node, message, code=f"unknown_{what}", typed=name, known=_listed(known))

    def _refuse(
        self, node: nodes.Node, message: str, *, code: str = "", **values: object
    ) -> NoReturn:
        near = (node, *node.iter_child_nodes())  # a few nodes do not know their own line
        line = next((one.lineno for one in near if one.lineno), None)
        raise TemplateProblem(message, where=self.where, line=line, code=code, values=values)


def _constant(node: nodes.Node) -> object:
    return node.value if isinstance(node, nodes.Const) else None


def _is_https(node: nodes.Node) -> bool:
    value = _constant(node)
    return isinstance(value, str) and value.startswith("https://")


def _listed(names: object) -> str:
    return ", ".join(sorted(cast("frozenset[str]", names)))
