"""Do imports point one way only, and would we notice if one did not?"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.meta.layers import complaints, layer_of

CHECKOUT = Path(__file__).parents[2]


def sources() -> dict[str, Path]:
    """Every module of the program, `migrations` included, without the leading program name."""
    found = {}
    for top, start in (("notifier", CHECKOUT / "notifier"), ("", CHECKOUT)):
        for path in sorted((start if top else start / "migrations").rglob("*.py")):
            parts = path.relative_to(start).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path
    return found


MODULES = sources()


def test_there_are_modules_to_check() -> None:
    assert {"channels.base", "store.session", "domain.stock", "migrations.env"} <= set(MODULES)


def test_every_module_belongs_to_a_layer() -> None:
    for module in MODULES:
        assert layer_of(module)


def test_no_module_imports_what_its_layer_may_not() -> None:
    found = [c for name, path in MODULES.items() for c in complaints(name, path.read_text())]
    assert not found, "\n" + "\n".join(found)


def test_nobody_writes_without_beginning_anew_where_the_database_says_so() -> None:
    """A deadlock passes by itself: whoever writes does it by `retry`, `together` or
    `all_together` of the database, never by its `write` alone."""
    found = [
        f"{module}:{node.lineno}"
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and not node.args and not node.keywords
        if isinstance(node.func, ast.Attribute) and node.func.attr == "write"
    ]
    assert len(found) == 1, found
    assert found[0].startswith("store.session:")


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("domain.stock", "import sqlalchemy"),
        ("domain.stock", "import httpx2"),
        ("domain.stock", "from notifier.clock import system_clock"),
        ("domain.stock", "from notifier.store import stock"),
        ("domain.stock", "from .waves import plan"),
        ("store.people", "from notifier.services import subscribe"),
        ("store.people", "import notifier.services.subscribe"),
        ("store.people", "from notifier import services"),
        ("store.people", "import flask"),
        ("store.people", "import alembic"),
        ("services.deliver", "from notifier.channels import sms_twilio"),
        ("services.deliver", "from notifier.connectors.page import PageConnector"),
        ("services.deliver", "from notifier.web import health"),
        ("services.deliver", "from notifier.app import build"),
        ("services.deliver", "from sqlalchemy import select"),
        ("services.deliver", "def late():\n    from sqlalchemy import select"),
        ("services.deliver", "def work(tx):\n    tx.commit()"),
        ("channels.email_smtp", "from notifier.store import outbox"),
        ("channels.email_smtp", "from notifier.connectors.base import Source"),
        ("channels.webhook", "import twilio"),
        ("connectors.feed", "from notifier.services import observe"),
        ("web.api", "from notifier.store import people"),
        ("web.api", "from notifier.http import Client"),
        ("web.api", "from notifier.engine import jobs"),
        ("engine.jobs", "import apscheduler"),
        ("engine.jobs", "from notifier.store import leases"),
        ("engine.jobs", "from notifier.store.reads import backlog"),
        ("errors", "from notifier.clock import Clock"),
        ("signing", "from notifier.store.session import Database"),
        ("app", "from notifier.cli import main"),
        ("app", "from notifier.demo import shop"),
        ("demo.twilio_network", "import flask"),
        ("demo.twilio_network", "from notifier.http import Client"),
        ("demo.twilio_network", "from notifier.app import build"),
    ],
)
def test_an_import_the_wrong_way_is_caught(module: str, line: str) -> None:
    assert complaints(module, line), f"notifier.{module} may hold {line!r}"


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("domain.phone", "import phonenumbers"),
        ("domain.stock", "from notifier.domain.eta import Eta"),
        ("domain.stock", "from notifier.errors import InvalidInput"),
        ("store.people", "from sqlalchemy import select"),
        ("store.session", "def write(connection):\n    connection.commit()"),
        ("store.schema", "from alembic import command"),
        ("services.deliver", "from notifier.channels.base import Channel"),
        ("services.deliver", "from notifier.store import outbox, people"),
        ("channels.sms_twilio", "from twilio.rest import Client"),
        ("channels.email_smtp", "from notifier.channels.smtp.pool import Pool"),
        ("web.admin.lists", "from notifier.store.reads import backlog"),
        ("web.api", "import flask"),
        ("engine.embedded", "from apscheduler.schedulers.background import BackgroundScheduler"),
        ("engine.embedded", "from notifier.store import leases"),
        ("demo.shop", "import flask"),
        ("demo.twilio_network", "from notifier.demo.http_server import serve"),
        ("cli", "from notifier import __version__, app, demo"),
    ],
)
def test_an_import_the_right_way_is_let_through(module: str, line: str) -> None:
    assert complaints(module, line) == []


def test_a_module_outside_every_layer_is_named() -> None:
    with pytest.raises(LookupError, match=r"layers\.py"):
        layer_of("brand_new")
