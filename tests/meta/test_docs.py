"""Do the pages say what the program does: every option, command, route, event and message named?

A name that the program knows and no page mentions fails here, and so does a link that leads
nowhere or an example that the program would refuse.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import category

import click
import pytest
from pydantic import BaseModel

from notifier import config, config_shop, plugins
from notifier.channels.base import Blame, Outcome
from notifier.cli import main
from notifier.config import Config
from notifier.connectors.page_reading.rule import Rule
from notifier.connectors.reading.columns import MAY_BE_MAPPED
from notifier.connectors.reading.feed_reader import read_feed
from notifier.connectors.reading.feed_settings import PRESETS
from notifier.connectors.reading.records import Hints, Notes
from notifier.domain.availability import Availability
from notifier.domain.inflate import SizeLimits
from notifier.domain.message import MessageKind, MessageState
from notifier.domain.stock import EventKind
from notifier.domain.subscription import EndedReason, SubscriptionState
from notifier.rendering import shipped_renderer
from notifier.services.env import Env
from notifier.services.poll import PUSHED
from notifier.signing import Signer
from notifier.store.tables import metadata
from notifier.web.api.access import Scope
from notifier.web.public import create_public
from tests.meta.checkout import CHECKOUT, project_files, script, text_of

DOCS = CHECKOUT / "docs"
GROUPS = ("notifier.channels", "notifier.connectors")

# Put together here, so that this file does not hold what it looks for.
NOT_SAID = (
    "exactly" + " once",
    "/work" + "/",
    "/tmp" + "/setup",
    "sub" + "agent",
    "en" + "terprise-grade",
    "seam" + "less",
    "cutting" + "-edge",
    "block" + "chain",
)


def pages() -> list[Path]:
    """Every page people read, and the files beside them that they copy from."""
    top = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md"]
    return [path for path in project_files() if path.suffix == ".md" and DOCS in path.parents] + [
        path for path in top if path.exists()
    ]


@cache
def said(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def everything_said() -> str:
    return "\n".join(said(path) for path in pages())


def missing(names: Iterator[str] | set[str], *, on: str) -> list[str]:
    """The names that do not stand between backticks on a page."""
    text = said(DOCS / on)
    code = set(re.findall(r"`([^`\n]+)`", text))
    words = {word for piece in code for word in re.findall(r"[\w:.-]+", piece)}
    return sorted(set(names) - code - words)


def public_routes() -> dict[tuple[str, str], str]:
    """Who may call what: (method, path) → guard. Parameters are written as <name>."""
    env = Env(
        db=None,  # type: ignore[arg-type]  # routes are asked for, nothing is served
        config=Config(),
        signer=Signer(("a key that only tests would ever use",)),
    )
    app = create_public(env, shipped_renderer())
    return {
        (method, re.sub(r"<\w+(?:\([^)]*\))?:(\w+)>", r"<\1>", rule.rule)): str(
            getattr(app.view_functions[rule.endpoint], "guard", "nobody said")
        )
        for rule in app.url_map.iter_rules()
        for method in set(rule.methods or ()) - {"HEAD", "OPTIONS"}
    }


def commands(group: click.Group, *, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, before=f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def command_in(words: list[str]) -> str:
    """The name of the command that a line of words calls: `audit verify` has two."""
    return " ".join(words[: 2 if words[:1] and words[0] in groups() else 1])


def groups() -> dict[str, click.Command]:
    return {name: one for name, one in main.commands.items() if isinstance(one, click.Group)}


def hooks_told() -> set[str]:
    """Every event that a shop's own software hears of, as the services write it."""
    found: set[str] = set()
    for path in (CHECKOUT / "notifier" / "services").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "tell_webhooks" in source or "HOOKS" in source:
            found |= set(
                re.findall(
                    r'"((?:subscription|release|message|source|breaker|backorder)\.[a-z_]+)"',
                    source,
                )
            )
    alarms = {"source.trouble", "message.refused"}  # alarms that only the operator hears of
    of_stock = set(EventKind) - {EventKind.DISCONTINUED, EventKind.BROADCAST}
    return (found - alarms) | {f"stock.{kind.value}" for kind in of_stock}


# ---- written from the program ----


@pytest.mark.parametrize("path", ["docs/configuration.md", "config.example.toml"])
def test_what_is_written_from_the_program_is_up_to_date(path: str) -> None:
    write = script("write_configuration").WRITTEN[CHECKOUT / path]
    assert (CHECKOUT / path).read_text(encoding="utf-8") == write(), (
        "run: python scripts/write_configuration.py"
    )


def test_the_example_configuration_can_be_used_as_it_stands() -> None:
    made = Config.model_validate(tomllib.loads((CHECKOUT / "config.example.toml").read_text()))
    assert list(made.shops) == ["kettle"]


def test_every_section_of_the_configuration_has_its_table() -> None:
    told = {model for _, model, _ in script("write_configuration").SECTIONS}
    known = {
        one
        for one in (vars(config) | vars(config_shop)).values()
        if isinstance(one, type)
        and issubclass(one, BaseModel)
        and one not in (BaseModel, config.Section, Config)
    }
    assert known - told == set()


@pytest.mark.parametrize(
    ("group", "kind"), [(group, kind) for group in GROUPS for kind in plugins.kinds(group)]
)
def test_every_setting_says_what_it_is_for_and_secrets_stay_out_of_logs(
    group: str, kind: str
) -> None:
    settings = plugins.load(group, kind).Settings
    assert is_dataclass(settings)
    for field in fields(settings):
        assert field.metadata.get("help"), f"{kind}.{field.name} has no help"
        assert field.metadata["help"].endswith("."), f"{kind}.{field.name}: end with a full stop"
        if field.metadata.get("secret"):
            assert not field.repr, f"{kind}.{field.name} is secret and shows in logs"
        else:
            assert not re.search(r"password|secret|token$", field.name), (
                f"{kind}.{field.name} looks secret and does not say so"
            )


# ---- named on a page ----


def test_every_setting_of_a_source_is_told_on_the_page_about_sources() -> None:
    names = set(config.SourceSection.model_fields)
    for kind in plugins.kinds("notifier.connectors"):
        names |= {
            field.name for field in fields(plugins.load("notifier.connectors", kind).Settings)
        }
    names |= {field.name for field in fields(Rule)}
    names |= {field.value for field in MAY_BE_MAPPED}
    names |= set(PRESETS) | {word.value for word in Availability}
    names |= {*plugins.kinds("notifier.connectors"), PUSHED}
    assert missing(names, on="sources.md") == []


def test_every_channel_is_named_in_the_configuration() -> None:
    assert missing(set(plugins.kinds("notifier.channels")), on="configuration.md") == []


def test_every_outcome_and_blame_is_told_to_who_adds_a_channel() -> None:
    names = {one.value for one in Outcome} | {one.value for one in Blame} - {"nobody"}
    assert missing(names, on="add-a-channel.md") == []


def test_every_state_is_in_the_glossary() -> None:
    names = {one.value for one in SubscriptionState} | {one.value for one in MessageState}
    names |= {one.value for one in EndedReason} | {one.value for one in Availability}
    names |= {"running", "paused", "done", "stopped"}
    assert missing(names, on="glossary.md") == []


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_message_kind_is_told_in_the_architecture(kind: MessageKind) -> None:
    assert missing({kind.value}, on="architecture.md") == []


def test_every_event_and_hook_out_is_told_in_the_architecture() -> None:
    assert missing({kind.value for kind in EventKind} | hooks_told(), on="architecture.md") == []


def test_every_table_is_told_in_the_architecture() -> None:
    assert missing(set(metadata.tables), on="architecture.md") == []


def test_the_table_of_routes_is_that_of_the_program() -> None:
    rows = re.findall(
        r"^\| `([A-Z, ]+) (/\S*)` \| (\w+) \|", said(DOCS / "architecture.md"), re.MULTILINE
    )
    told = {(method, path): who for methods, path, who in rows for method in methods.split(", ")}
    assert told == public_routes()


def test_every_command_is_told_to_who_operates_it() -> None:
    text = said(DOCS / "operating.md")
    for name, _ in commands(main):
        assert re.search(rf"`notifier {name}\b", text), f"notifier {name} is not told"


def test_no_page_tells_of_a_command_that_is_not_there() -> None:
    known = dict(commands(main)) | groups()
    for path in pages():
        for line in re.findall(r"(?:^\$ |`)notifier (?!-)([^`\n]*)", said(path), re.MULTILINE):
            words = line.split()
            if not words or not words[0].isascii() or words[0] == "…":
                continue
            name = command_in(words)
            assert name in known, f"{path.name}: notifier {line}"


def test_every_option_on_a_page_is_one_the_command_has() -> None:
    known = dict(commands(main))
    for path in pages():
        for line in re.findall(r"(?:^\$ |`)notifier (?!-)([^`\n]*)", said(path), re.MULTILINE):
            words = line.partition("#")[0].split()
            name = command_in(words)
            if name not in known:
                continue
            options = {one for p in known[name].params for one in (*p.opts, *p.secondary_opts)}
            for word in words:
                if word.startswith("--"):
                    assert word.partition("=")[0] in options | {"--help"}, (
                        f"{path.name}: notifier {line}"
                    )


def test_every_scope_of_a_key_is_told() -> None:
    text = everything_said()
    for scope in Scope:
        assert f"`{scope.value}`" in text, f"the scope {scope.value} is not told"


def metrics() -> set[str]:
    source = (CHECKOUT / "notifier" / "web" / "health.py").read_text()
    source += (CHECKOUT / "notifier" / "services" / "operation.py").read_text()
    known = {f"notifier_{name}" for name in re.findall(r'\(\s*"([a-z_]+)",\s*"', source)}
    counted = (CHECKOUT / "notifier/metrics.py").read_text()
    return known | set(re.findall(r'"(notifier_[a-z_]+)"', counted))


def test_every_metric_in_the_alert_rules_is_one_we_have() -> None:
    rules = (DOCS / "alerts.yml").read_text()
    assert set(re.findall(r"\bnotifier_[a-z_]+", rules)) - metrics() == set()


def test_every_metric_is_told_to_who_watches() -> None:
    assert missing(metrics(), on="operating.md") == []


def test_every_alert_is_told_with_what_to_do() -> None:
    rules = (DOCS / "alerts.yml").read_text()
    assert missing(set(re.findall(r"alert: (\w+)", rules)), on="operating.md") == []


# ---- examples that are read ----


def fenced(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", said(path), re.MULTILINE | re.DOTALL)


def toml_on_pages() -> list[Any]:
    return [
        pytest.param(block, id=f"{path.name}-{number}")
        for path in pages()
        for number, block in enumerate(fenced(path, "toml"))
    ]


@pytest.mark.parametrize("block", toml_on_pages())
def test_every_configuration_on_a_page_is_one_the_program_takes(block: str) -> None:
    tree = tomllib.loads(block)
    for shop in tree.get("shops", {}).values():
        shop.setdefault("name", "Kettle & Co")
        shop.setdefault("public_key", "pk_kettle")
    made = Config.model_validate(tree)
    for slug, shop in made.shops.items():
        for name, section in shop.sources.items():
            if section.kind in plugins.kinds("notifier.connectors"):
                module = plugins.load("notifier.connectors", section.kind)
                plugins.read_settings(module, section.settings, where=f"shops.{slug}.{name}")
    for name, channel in made.channels.items():
        if channel.kind in plugins.kinds("notifier.channels"):
            settings = plugins.load("notifier.channels", channel.kind).Settings
            known = {field.name for field in fields(settings)}
            assert set(channel.settings) <= known, f"channels.{name}"


@pytest.mark.parametrize(
    ("sample", "toml", "result"),
    re.findall(
        r"```(?:csv|json|xml)\n(.*?)```\s+```toml\n(.*?)```\s+```text\n(.*?)```",
        (DOCS / "sources.md").read_text(encoding="utf-8"),
        re.DOTALL,
    ),
)
def test_every_worked_feed_is_read_as_the_page_says(sample: str, toml: str, result: str) -> None:
    [written] = tomllib.loads(toml)["shops"]["kettle"]["sources"].values()
    hints = Hints(
        **{name: written[name] for name in ("record", "columns", "words") if name in written}
    )
    seen = read_feed(
        io.BytesIO(sample.encode()),
        hints=hints,
        notes=Notes(),
        now=datetime(2027, 1, 1, tzinfo=UTC),
        limits=SizeLimits(max_bytes=100_000),
    )
    lines = []
    for one in seen:
        parts = [one.key, one.availability.value, one.quantity, one.eta.iso() if one.eta else None]
        lines.append(" ".join(str(part) for part in parts if part is not None))
    assert lines == result.strip().splitlines()


# ---- links and words ----


def anchor(heading: str) -> str:
    """The fragment a heading gets where these pages are shown."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading).strip().lower()
    kept = "".join(c for c in plain if c in " -_" or category(c)[0] in "LN")
    return kept.replace(" ", "-")


def anchors(path: Path) -> set[str]:
    bare = re.sub(r"^```.*?^```", "", said(path), flags=re.MULTILINE | re.DOTALL)
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", bare, re.MULTILINE)}


def links_on(path: Path) -> list[str]:
    """Where a page's links and pictures lead; comments and code lead nowhere."""
    text = re.sub(r"<!--.*?-->", "", said(path), flags=re.DOTALL)
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)


def test_every_picture_that_was_made_is_shown() -> None:
    shown = {(path.parent / one).resolve() for path in pages() for one in links_on(path)}
    made = set((DOCS / "pictures").glob("*.png"))
    assert made - shown == set(), "take the comment marks in README.md away, or the picture"


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_on_a_page_leads_somewhere(path: Path) -> None:
    targets = links_on(path)
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), f"{path.name} links to {target}"
        if fragment and there.suffix == ".md":
            assert fragment in anchors(there), f"{path.name} links to {target}"


@pytest.mark.parametrize("words", NOT_SAID)
def test_no_file_promises_too_much_or_names_where_it_was_written(words: str) -> None:
    for path in project_files():
        text = text_of(path)
        if text is not None and path.suffix in (".md", ".py", ".toml", ".html", ".txt", ".yml"):
            assert words not in text.lower(), f"{path} says {words!r}"


def test_every_decision_is_listed_and_has_its_parts() -> None:
    listed = said(DOCS / "decisions" / "README.md")
    decisions = sorted((DOCS / "decisions").glob("0*.md"))
    assert decisions
    for path in decisions:
        text = said(path)
        assert f"]({path.name})" in listed
        assert text.startswith(f"# {path.name[:4]} ")
        for part in ("**Question.**", "**Decision.**", "**Because.**", "**Costs.**"):
            assert part in text, f"{path.name} lacks {part}"


def test_every_test_that_a_page_names_is_there() -> None:
    there = {
        name
        for path in project_files()
        if path.name.startswith("test_")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", everything_said()))
    assert named
    assert named - there == set()
