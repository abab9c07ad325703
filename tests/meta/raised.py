"""Which errors can a page raise: of which field, with which code, and with which values?

Read from the source: from the functions of a module through all that they name. What is worked out
while running, such as a code out of a table, is None here and must be named by the test.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from tests.meta.checkout import CHECKOUT

KINDS = {
    "Conflict": ("code",),
    "FieldProblem": ("field", "code"),
    "of": ("field", "code"),
    "BadValue": ("code",),
}
_OWN_WORDS = {"field", "code", "message", "values"}
_MAKERS = ("InvalidInput", "ConfigError")
_DEEPEST = 6  # steps from a code to where it is written

Texts = frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One line that makes an error. `fields` and `codes`: all it can have, None where the source
    does not tell; `values`: what its sentence can be filled with."""

    place: str  # module.function
    kind: str  # Conflict or InvalidInput
    fields: Texts = None
    codes: Texts = None
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    tree: ast.Module
    imports: dict[str, tuple[str, str]]  # name here -> module, name there
    defs: dict[str, ast.stmt]


@cache
def module(name: str) -> Module | None:
    """One of ours, parsed; None for what is none."""
    path = CHECKOUT / (name.replace(".", "/") + ".py")
    if not path.exists():
        path = CHECKOUT / name.replace(".", "/") / "__init__.py"
    if not name.startswith("notifier") or not path.exists():
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("notifier"):
            for one in node.names:
                imports[one.asname or one.name] = (node.module or "", one.name)
    defs: dict[str, ast.stmt] = {}
    for stmt in tree.body:
        if isinstance(stmt, ast.FunctionDef | ast.ClassDef):
            defs[stmt.name] = stmt
        elif isinstance(stmt, ast.Assign | ast.AnnAssign):
            targets = stmt.targets if isinstance(stmt, ast.Assign) else [stmt.target]
            defs |= {one.id: stmt for one in targets if isinstance(one, ast.Name)}
    return Module(name, tree, imports, defs)


def raised_from(roots: Collection[str], *, but: Collection[str] = ()) -> list[Raised]:
    """All that the functions of these modules can raise; `but`: functions (or whole modules) that
    are not looked into."""
    reach = Reach(frozenset(but))
    for root in roots:
        for name in (module(root) or _nothing(root)).defs:
            reach.visit(root, name)
    return [one for place in sorted(reach.seen) for one in reach.raised_in(*place)]


def _nothing(name: str) -> Module:
    raise AssertionError(f"there is no module {name}")


class Reach:
    """What can be reached by names."""

    def __init__(self, but: frozenset[str]) -> None:
        self.seen: dict[tuple[str, str], ast.stmt] = {}
        self._but = but

    def visit(self, where: str, name: str) -> None:
        found = self._find(where, name)
        if found is None or found in self.seen or self._is_left_out(*found):
            return
        home = module(found[0])
        assert home is not None
        node = self.seen[found] = home.defs[found[1]]
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                self.visit(home.name, one.id)
            elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
                named = home.imports.get(one.value.id)
                self.visit(".".join(named) if named else "", one.attr)

    def _is_left_out(self, where: str, name: str) -> bool:
        return any(f"{where}.{name}.".startswith(f"{one}.") for one in self._but)

    def _find(self, where: str, name: str) -> tuple[str, str] | None:
        """Where it is defined."""
        home = module(where)
        if home is None:
            return None
        if name in home.defs:
            return where, name
        return self._find(*home.imports[name]) if name in home.imports else None

    # ---- what is raised ----

    def raised_in(self, where: str, name: str) -> Iterator[Raised]:
        for node in ast.walk(self.seen[where, name]):
            kind = _kind_of(node)
            if not kind or where == "notifier.errors":
                continue
            assert isinstance(node, ast.Call)
            given = dict(zip(KINDS[kind], node.args, strict=False))
            given |= {one.arg: one.value for one in node.keywords if one.arg}
            values = given.get("values")
            filled = values.keys if isinstance(values, ast.Dict) else []
            yield Raised(
                place=f"{where}.{name}",
                kind="Conflict" if kind == "Conflict" else "InvalidInput",
                fields=self._texts(where, name, given.get("field"), _DEEPEST),
                codes=self._texts(where, name, given.get("code"), _DEEPEST),
                values=frozenset(
                    [one.arg for one in node.keywords if one.arg and one.arg not in _OWN_WORDS]
                    + [str(one.value) for one in filled if isinstance(one, ast.Constant)]
                    + list(self._handed_on(where, name, node))
                ),
            )

    def _handed_on(self, where: str, name: str, node: ast.Call) -> Iterator[str]:
        """What callers give a function that ends in `**values`; only what all of them give."""
        if any(one.arg is None for one in node.keywords):
            told = [
                {one.arg for one in call.keywords if one.arg}
                for _, _, call in self._calls_of(where, name)
            ]
            yield from set.union(set(), *told)  # each sentence is about one of the calls

    # ---- what an expression can be ----

    def _texts(self, where: str, name: str, node: ast.expr | None, deep: int) -> Texts:
        if node is None or not deep:
            return None
        if isinstance(node, ast.Constant):
            return frozenset([node.value]) if isinstance(node.value, str) else None
        if isinstance(node, ast.IfExp):
            return self._all(where, name, [node.body, node.orelse], deep)
        if isinstance(node, ast.BoolOp):
            return self._all(where, name, node.values, deep)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._returned(where, node.func.id, deep)
        if isinstance(node, ast.Name):
            return self._named(where, name, node.id, deep)
        return None

    def _all(self, where: str, name: str, nodes: Collection[ast.expr], deep: int) -> Texts:
        found = [self._texts(where, name, one, deep - 1) for one in nodes]
        if not found or None in found:
            return None
        return frozenset[str]().union(*(one for one in found if one is not None))

    def _returned(self, where: str, name: str, deep: int) -> Texts:
        found = self._find(where, name)
        node = self.seen.get(found) if found else None
        if found is None or not isinstance(node, ast.FunctionDef):
            return None
        returns = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value]
        texts = self._all(*found, returns, deep)
        return texts - {""} if texts else texts

    def _named(self, where: str, name: str, called: str, deep: int) -> Texts:
        """What a variable or a parameter can hold."""
        node = self.seen[where, name]
        set_to = [
            one.value
            for one in ast.walk(node)
            if isinstance(one, ast.Assign)
            and any(isinstance(to, ast.Name) and to.id == called for to in one.targets)
        ]
        if set_to:
            return self._all(where, name, set_to, deep)
        if isinstance(node, ast.FunctionDef):
            return self._given(where, name, node, called, deep)
        return None

    def _given(self, where: str, name: str, node: ast.FunctionDef, called: str, deep: int) -> Texts:
        places = [one.arg for one in node.args.args]
        every = [*places, *(one.arg for one in node.args.kwonlyargs)]
        if called not in every:
            return None
        found: set[str] = set()
        for there, caller, call in self._calls_of(where, name):
            by_name = {one.arg: one.value for one in call.keywords}
            at = places.index(called) if called in places else len(call.args)
            given = by_name.get(called) or (call.args[at] if at < len(call.args) else None)
            texts = self._texts(there, caller, given, deep - 1)
            if texts is None:
                return None
            found |= texts - {""}
        return frozenset(found) if found else None

    def _calls_of(self, where: str, name: str) -> Iterator[tuple[str, str, ast.Call]]:
        for (there, caller), node in self.seen.items():
            if self._find(there, name) != (where, name):
                continue
            for one in ast.walk(node):
                named = one.func if isinstance(one, ast.Call) else None
                if isinstance(one, ast.Call) and isinstance(named, ast.Name) and named.id == name:
                    yield there, caller, one


def _kind_of(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    called = node.func
    if isinstance(called, ast.Name) and called.id in KINDS and called.id != "of":
        return called.id
    is_of = isinstance(called, ast.Attribute) and called.attr == "of"
    named = called.value if isinstance(called, ast.Attribute) else None
    return "of" if is_of and isinstance(named, ast.Name) and named.id in _MAKERS else ""
