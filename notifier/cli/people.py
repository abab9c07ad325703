"""Commands for who may sign in to the admin: admin add, admin link, admin list, admin reseal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from notifier.cli import main, open_env_only, says_what_is_wrong

if TYPE_CHECKING:
    from notifier.services.entry_link import EntryLink

ROLES = ("viewer", "editor", "sender", "owner")


@main.group()
def admin() -> None:
    """Who may sign in to the admin."""


@admin.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="owner", show_default=True)
@click.option("--shop", "shops", multiple=True, help="Only this shop; may be repeated.")
@click.option("--name", default="", help="As others see it. Default: what is before the @.")
@click.option("--mail", is_flag=True, help="Send the link by mail, too.")
@click.pass_context
@says_what_is_wrong
def add(
    context: click.Context, email: str, role: str, shops: tuple[str, ...], name: str, mail: bool
) -> None:
    """Let somebody in: prints a link that works once."""
    from notifier.services.mail_entry_link import mail_entry_link
    from notifier.services.people import Wanted, invite

    env = open_env_only(context)
    person, link = invite(
        env, email=email, name=name, wanted=Wanted(role=role, shops=shops), by=None
    )
    click.echo(f"{person.email} may sign in as {person.role} after opening this link:")
    tell_link(link)
    if mail and not mail_entry_link(env, person, link, at_once=True):
        raise click.ClickException("The link could not be mailed; hand it on yourself.")


@admin.command("link")
@click.argument("email")
@click.option("--lost", is_flag=True, help="Ask for no codes any more, and forget the passkeys.")
@click.pass_context
@says_what_is_wrong
def link_for(context: click.Context, email: str, lost: bool) -> None:
    """A one-time link for somebody who forgot the password, or lost the phone."""
    from notifier.services.people import find_by_email, give_link

    env = open_env_only(context)
    _, link = give_link(env, find_by_email(env, email).id, by=None, without_second_factor=lost)
    tell_link(link)


@admin.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
@says_what_is_wrong
def list_all(context: click.Context, as_json: bool) -> None:
    """Everybody who may sign in."""
    from notifier.services.people import list_people

    rows = [
        {
            "email": one.person.email,
            "name": one.person.name,
            "role": one.person.role.value,
            "shops": list(one.person.shops),
            "codes": one.has_codes,
            "passkeys": one.passkeys,
            "shut_out": one.disabled_at is not None,
            "signed_in_at": one.signed_in_at.isoformat() if one.signed_in_at else None,
        }
        for one in list_people(open_env_only(context))
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        shops = ", ".join(row["shops"]) or "every shop"  # type: ignore[arg-type]
        out = ", shut out" if row["shut_out"] else ""
        click.echo(f"{row['email']}: {row['role']} in {shops}{out}")
    if not rows:
        click.echo("Nobody may sign in. `notifier admin add EMAIL` lets somebody in.")


@admin.command("reseal")
@click.pass_context
@says_what_is_wrong
def reseal_all(context: click.Context) -> None:
    """After a new key was put in front of service.secret_keys: seal secrets with it."""
    from notifier.services.second_factor import reseal

    click.echo(f"Sealed anew: {reseal(open_env_only(context))}.")


def tell_link(link: EntryLink) -> None:
    """Print it; it cannot be shown again."""
    click.echo(f"  {link.url}")
    click.echo(f"It works once, until {link.expires_at:%Y-%m-%d %H:%M} UTC.")
