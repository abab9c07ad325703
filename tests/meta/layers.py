"""Which part of the program may import which? The rules of docs/architecture.md, as tables.

`complaints()` reads one module's source; nothing is imported or run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

PROGRAM = "notifier"

# Which layer a module belongs to: the longest prefix wins.
LAYERS = {
    "errors": "errors",
    "clock": "leaf",
    "resources": "leaf",
    "log": "leaf",
    "metrics": "leaf",
    "interpreter": "leaf",
    "journal": "leaf",
    "spare_room": "leaf",
    "ending": "leaf",
    "domain": "domain",
    "rendering": "tool",
    "sealing": "tool",
    "signing": "tool",
    "i18n": "tool",
    "i18n_figures": "tool",
    "locales": "tool",
    "http": "tool",
    "http_answer": "tool",
    "http_gate": "tool",
    "imap": "tool",
    "imap_wire": "tool",
    "config": "config",
    "config_example": "config",
    "config_reading": "config",
    "config_settings": "config",
    "config_alerts": "config",
    "config_brake": "config",
    "config_mailbox": "config",
    "config_release": "config",
    "config_section": "config",
    "config_shop": "config",
    "config_values": "config",
    "plugins": "plugins",
    "connectors.base": "connector base",
    "connectors": "connector",
    "channels.base": "channel base",
    "channels": "channel",
    "store": "store",
    "store.reads": "store reads",
    "migrations": "store",
    "services": "service",
    "engine": "engine",
    "web": "web",
    "app": "app",
    "serving": "app",
    "demo": "demo",
    "cli": "cli",
    "__main__": "cli",
}

BASES = {"connector base", "channel base"}
LEAVES = {"package", "errors", "leaf"}
EVERYTHING_BUT_ROOTS = (set(LAYERS.values()) | LEAVES) - {"app", "demo", "cli"}
BELOW_SERVICES = LEAVES | {"domain", "tool", "config"}

# What a layer may import besides itself.
MAY_IMPORT = {
    "package": set[str](),
    "errors": set[str](),
    "leaf": {"package", "errors"},
    "domain": {"errors"},  # no clock and no log: `now` is passed in, and rules say what they found
    "tool": LEAVES | {"domain"},
    "config": LEAVES | {"domain"},
    "connector base": LEAVES | {"domain"},
    "channel base": LEAVES | {"domain", "connector base"},
    "connector": LEAVES | {"domain", "tool", "connector base"},
    "channel": LEAVES | {"domain", "tool", "channel base"},
    "plugins": LEAVES | BASES | {"config", "connector", "channel"},
    "store": LEAVES | {"domain"},
    "store reads": LEAVES | {"domain", "store"},
    # plugins: it loads what the configuration names, and names no channel or connector itself.
    "service": BELOW_SERVICES | BASES | {"store", "store reads", "plugins"},
    "engine": BELOW_SERVICES | {"service"},
    "web": BELOW_SERVICES | {"service", "store reads"},
    "app": EVERYTHING_BUT_ROOTS,
    "demo": EVERYTHING_BUT_ROOTS | {"app"},
    "cli": EVERYTHING_BUT_ROOTS | {"app", "demo"},
}

# Single ways through, each with its reason.
EXCEPTIONS = {
    # Who leads and what ran when are the engine's own rows; a service would only pass them on.
    "engine.embedded": ("store.leases",),
    "engine.job_runs": ("store.leases",),
}

# A library with a home: only these modules (and what lies in them) may import it.
HOMES = {
    "flask": ("web", "demo"),
    "sqlalchemy": ("store", "migrations"),
    "alembic": ("store.schema", "migrations"),
    "apscheduler": ("engine.embedded",),
    "procrastinate": ("engine.distributed",),
    "twilio": ("channels.sms_twilio", "channels.sms"),
    "psycopg": ("store",),
    "sqlite3": ("store", "services.backup"),  # its backup copies pages, and holds no SQL
}

# The rules are pure: of all libraries only those that know a value's shape.
LIBRARIES_OF_DOMAIN = {"phonenumbers", "email_validator", "idna"}

# These play the world outside. They know no library, and of our own what is pure.
STAND_INS = ("demo.http_server", "demo.twilio_")
KNOWN_TO_STAND_INS = LEAVES | {"domain"}

# Ending a transaction: the session's work. The schema's file ends its own, a migration.
MAY_COMMIT = ("store.session", "store.schema")


def complaints(module: str, source: str) -> list[str]:
    """Every broken rule in one module, as sentences; `module` without the leading program name."""
    tree = ast.parse(source)
    found = [
        f"{PROGRAM}.{module}, line {line}: imports {target}, {reason}"
        for line, target in _imports(tree)
        if (reason := _why_not(module, target))
    ]
    if not _is_in(module, MAY_COMMIT):
        found += [
            f"{PROGRAM}.{module}, line {line}: commits, and only store.session may"
            for line in _commits(tree)
        ]
    return found


def layer_of(module: str) -> str:
    """The layer of a module or of a name in it, without the leading program name."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        layer = LAYERS.get(".".join(parts[:end]))
        if layer:
            return layer
    if module in ("", "__init__", "__version__"):
        return "package"
    raise LookupError(f"{PROGRAM}.{module} belongs to no layer: add it to tests/meta/layers.py")


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, inside functions and for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            # `from notifier.store import people` imports a module; so may any such line.
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _why_not(module: str, target: str) -> str:
    """What is wrong with `module` importing `target`; empty when nothing is."""
    top, _, rest = target.partition(".")
    if not top:
        return "but a relative import hides the layer: write it in full"
    if top == PROGRAM:
        return _why_not_ours(module, rest)
    if top in HOMES and not _is_in(module, HOMES[top]):
        return f"which belongs into {' and '.join(HOMES[top])} only"
    if top in sys.stdlib_module_names:
        return ""
    if _is_stand_in(module):
        return "but this file gets by with the standard library"
    if layer_of(module) == "domain" and top not in LIBRARIES_OF_DOMAIN:
        return "but domain/ knows the standard library and small value libraries only"
    return ""


def _why_not_ours(module: str, target: str) -> str:
    here, there = layer_of(module), layer_of(target)
    if _is_stand_in(module) and not _is_stand_in(target) and there not in KNOWN_TO_STAND_INS:
        return "but what plays the world outside knows only our rules and words"
    if _is_in(target, EXCEPTIONS.get(module, ())):
        return ""
    if here != there and there not in MAY_IMPORT[here]:
        return f"but {here} may not import {there}"
    if here == "web" and target.split(".")[0] in ("http", "http_answer", "http_gate"):
        return "but pages call nobody: that is a service's work"
    return ""


def _commits(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "commit"
        ):
            yield node.lineno


def _is_stand_in(module: str) -> bool:
    return module.startswith(STAND_INS)


def _is_in(module: str, names: tuple[str, ...]) -> bool:
    """True when `module` is one of `names` or lies in one."""
    return any(module == name or module.startswith(f"{name}.") for name in names)
