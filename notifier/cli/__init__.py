"""Which commands does the program have, and what do they share?

Thin: each finds its service and prints what it says. A command is one function in this folder.

Exit 0 done, 1 failed, 2 wrong use. Heavy parts are imported inside the commands, so that
`notifier --help` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from notifier import __version__
from notifier.errors import NotifierError

if TYPE_CHECKING:
    from notifier.config import Config
    from notifier.services.env import Env

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_CONFIG = Path("config.toml")
CONFIG_FILE = click.Path(path_type=Path, dir_okay=False)


class Commands(click.Group):
    """Commands that take --config after their name, too: one does not remember which it was."""

    group_class = type  # groups in it are of this kind as well

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        own = {option.name for option in cmd.params}
        if "config_path" not in own and cmd.name != "demo":  # which has none
            cmd.params.append(_config_option())
        super().add_command(cmd, name)


def _config_option() -> click.Option:
    return click.Option(
        ["--config", "config_path"],
        type=CONFIG_FILE,
        expose_value=False,
        callback=_take_config,
        help="The configuration file.",
    )


def _take_config(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is not None:
        context.obj = path


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="notifier")
@click.option(
    "--config",
    "config_path",
    type=CONFIG_FILE,
    envvar="NOTIFIER_CONFIG",
    help="The configuration file. Default: config.toml here.",
)
@click.pass_context
def main(context: click.Context, config_path: Path | None) -> None:
    """Tells customers when what they want is back, and looks after orders that wait."""
    context.obj = config_path


def says_what_is_wrong(command: F) -> F:
    """Turn this program's errors into a sentence on standard error and exit 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except NotifierError as error:
            click.echo(f"notifier: {error}", err=True)
            sys.exit(1)

    return run  # type: ignore[return-value]


def ask(question: str) -> None:
    """Go on only with a yes. A program that says nothing at all has said it by its command."""
    if sys.stdin is None or sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)
        return
    answer = sys.stdin.readline()
    if answer and answer.strip().lower() not in ("y", "yes"):
        raise click.Abort


def load(context: click.Context) -> Config:
    from notifier.config_reading import load_config

    path = context.obj
    if path is None and DEFAULT_CONFIG.exists():
        path = DEFAULT_CONFIG
    if path is None and not _has_environment():
        path = DEFAULT_CONFIG  # so that the error names it
    return load_config(path)


def _has_environment() -> bool:
    import os

    return any(name.startswith("NOTIFIER__") for name in os.environ)


def open_env_only(context: click.Context) -> Env:
    """The environment, without a renderer: quick, and enough for most commands."""
    from notifier.app import open_service

    return open_service(load(context))[0]


def set_up_log(level: str = "INFO") -> None:
    from notifier.log import set_up_logging

    set_up_logging(level=level)


# imported for their commands, which register themselves
from notifier.cli import (  # noqa: E402
    ahead,  # noqa: F401
    evidence,  # noqa: F401
    expecting,  # noqa: F401
    expecting_history,  # noqa: F401
    keeping,  # noqa: F401
    looking,  # noqa: F401
    ordering,  # noqa: F401
    people,  # noqa: F401
    releasing,  # noqa: F401
    running,  # noqa: F401
)
