"""Commands that make and run the service: demo, init, run, web, worker, scheduler, migrate."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifier.cli import (
    CONFIG_FILE,
    DEFAULT_CONFIG,
    load,
    main,
    says_what_is_wrong,
    set_up_log,
)

if TYPE_CHECKING:
    from notifier.config import Config
    from notifier.store.session import Database


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
@click.argument("path", type=CONFIG_FILE, required=False)
@click.option("--data-dir", default="", help="Folder for the database.")
@click.option("--admin", default="", help="Mail address of the first owner; asked later if empty.")
@click.pass_context
@says_what_is_wrong
def init(context: click.Context, path: Path | None, data_dir: str, admin: str) -> None:
    """Write a configuration with fresh secrets, make the database and the first owner."""
    from notifier.app import open_database
    from notifier.config_example import example
    from notifier.config_reading import load_config
    from notifier.domain.mail_address import normalise_email
    from notifier.errors import ConfigError
    from notifier.store.schema import migrate

    path = path or context.obj or DEFAULT_CONFIG
    if path.exists():
        raise ConfigError(f"{path} exists already. Remove it first, or name another file.")
    if admin:
        normalise_email(admin)  # said before anything is made
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    path.write_text(example(secret=secrets.token_urlsafe(32), data_dir=data_dir), encoding="utf-8")
    config = load_config(path)
    db = open_database(config)
    migrate(db)
    click.echo(f"Wrote {path} and made the database.")
    click.echo("Next: put your shop, mail server and source into it, then run `notifier check`.")
    _let_first_owner_in(config, db, admin)


def _let_first_owner_in(config: Config, db: Database, email: str) -> None:
    """Print the link into the admin; a database that was there before may know somebody."""
    from notifier.cli.people import tell_link
    from notifier.services.entry_link import UNSET
    from notifier.services.env import Env
    from notifier.services.people import Wanted, invite, list_people
    from notifier.signing import Signer

    # without its shops: those of a fresh configuration are made up, and leave no row
    env = Env(db=db, config=config, signer=Signer(config.service.secret_keys))
    if not email and list_people(env):
        return
    _, link = invite(env, email=email or UNSET, name="", wanted=Wanted(role="owner"), by=None)
    click.echo("The first owner comes in by this link, once `notifier run` is running:")
    tell_link(link)
    if not email:
        click.echo(f"A new one, if that is too old: `notifier admin link {UNSET}`.")


def _run_parts(context: click.Context, *, web: bool, jobs: bool, senders: bool) -> None:
    from notifier.app import Service, open_service

    set_up_log()
    config = load(context)
    env, renderer = open_service(config)
    count = config.delivery.workers if senders else 0
    sys.exit(Service(env, renderer, web=web, jobs=jobs, senders=count).run())


def _named(context: click.Context) -> Path | None:
    """The file the configuration is read from; None when all of it is in the environment."""
    path: Path | None = context.obj
    return DEFAULT_CONFIG if path is None and DEFAULT_CONFIG.exists() else path


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
    config = load(context)
    if config.service.server == "granian":
        from notifier.app import open_service
        from notifier.serving import serve_with_granian

        set_up_log()
        env, _ = open_service(config)  # what is wrong is said once, before processes start
        env.db.close()
        serve_with_granian(config, path=_named(context))
        return
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
