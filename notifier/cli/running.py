"""Commands that make and run the service: demo, init, run, web, worker, scheduler, migrate."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from notifier.cli import (
    DEFAULT_CONFIG,
    load,
    main,
    says_what_is_wrong,
    set_up_log,
)


@main.command()
@click.option(
    "--port", default=8025, show_default=True, help="The notifier's port; the shop gets the next."
)
@click.option("--history", is_flag=True, help="Begin with a made-up year of sign-ups and sales.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the demo's data here.")
@says_what_is_wrong
def demo(port: int, history: bool, folder: Path | None) -> None:
    """A whole shop in one process: storefront, widget, mailbox, phone and a stock dial."""
    from notifier.demo.run import run_demo

    sys.exit(run_demo(port=port, history=history, folder=folder))


@main.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_CONFIG)
@click.option("--data-dir", default="", help="Folder for the database.")
@says_what_is_wrong
def init(path: Path, data_dir: str) -> None:
    """Write a configuration with fresh secrets and make the database."""
    from notifier.app import open_database
    from notifier.config import load_config
    from notifier.config_example import example
    from notifier.errors import ConfigError
    from notifier.store.schema import migrate

    if path.exists():
        raise ConfigError(f"{path} exists already. Remove it first, or name another file.")
    path.write_text(example(secret=secrets.token_urlsafe(32), data_dir=data_dir), encoding="utf-8")
    path.chmod(0o600)
    migrate(open_database(load_config(path)))
    click.echo(f"Wrote {path} and made the database.")
    click.echo("Next: put your shop, mail server and source into it, then run `notifier check`.")


def _run_parts(context: click.Context, *, web: bool, jobs: bool, senders: bool) -> None:
    from notifier.app import Service, open_service

    set_up_log()
    config = load(context)
    env, renderer = open_service(config)
    count = config.delivery.workers if senders else 0
    sys.exit(Service(env, renderer, web=web, jobs=jobs, senders=count).run())


@main.command()
@click.pass_context
@says_what_is_wrong
def run(context: click.Context) -> None:
    """Web, scheduler and senders in one process. Brings the database up to date first."""
    from notifier.app import open_database
    from notifier.store.schema import migrate

    set_up_log()
    migrate(open_database(load(context)))
    _run_parts(context, web=True, jobs=True, senders=True)


@main.command()
@click.pass_context
@says_what_is_wrong
def web(context: click.Context) -> None:
    """Only the web server."""
    _run_parts(context, web=True, jobs=False, senders=False)


@main.command()
@click.pass_context
@says_what_is_wrong
def worker(context: click.Context) -> None:
    """Only senders."""
    _run_parts(context, web=False, jobs=False, senders=True)


@main.command()
@click.pass_context
@says_what_is_wrong
def scheduler(context: click.Context) -> None:
    """Only the jobs; of several schedulers one works and the others stand by."""
    _run_parts(context, web=False, jobs=True, senders=False)


@main.command()
@click.pass_context
@says_what_is_wrong
def migrate(context: click.Context) -> None:
    """Bring the database up to date."""
    from notifier.app import open_database
    from notifier.store.schema import migrate as bring_up

    applied = bring_up(open_database(load(context)))
    click.echo(f"Applied: {', '.join(applied)}." if applied else "Nothing to do.")
