"""Commands about what is to come: backorder, what-if."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

import click

from notifier.cli import main, open_env_only, says_what_is_wrong, set_up_log


@main.command()
@click.argument("shop")
@click.argument("variant")
@click.option("--accept", "word", flag_value="accept", help="Take orders, whatever the rules say.")
@click.option("--stop", "word", flag_value="stop", help="Take no more orders.")
@click.option("--automatic", "word", flag_value="", help="Follow the shop's rules again.")
@click.option("--why", default="", help="Needed with a decision; kept in the audit book.")
@click.pass_context
@says_what_is_wrong
def backorder(context: click.Context, shop: str, variant: str, word: str | None, why: str) -> None:
    """Say whether orders are taken for a variant on backorder or pre-order, or decide it."""
    from notifier.services.override_backorder import override, show_backorder

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    if word is None:
        shown = show_backorder(env, ref, variant)
    else:
        shown = override(env, ref, variant, word, by="command line", why=why)
    click.echo(f"{shown.variant} ({shown.availability}): {shown.decision}")
    if shown.override:
        click.echo(f"  {shown.override_by}: {shown.override_why}")
    click.echo(f"  by the rules: {shown.by_rules}. {shown.sentence}")


@main.command("what-if")
@click.argument("shop")
@click.argument("variant")
@click.argument("units", type=int)
@click.option("--locale", default="", help="Language of the sentence: en, de, es.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def what_if(
    context: click.Context, shop: str, variant: str, units: int, locale: str, as_json: bool
) -> None:
    """Say who would be told, and when, if so many UNITS came now. Nobody is told."""
    from notifier.app import make_renderer
    from notifier.services.foresee_release import foresee_release

    set_up_log("ERROR")
    env = open_env_only(context)
    found = foresee_release(
        env, make_renderer(env), env.shop(shop), variant, units=units, locale=locale
    )
    if as_json:
        values = {**asdict(found), **asdict(found.seen)}
        del values["seen"]
        values["rest_by"] = values.pop("last_at")  # as the API says it
        click.echo(json.dumps(values, default=_plain))
    else:
        click.echo(found.sentence)


def _plain(value: datetime | Decimal) -> str | float:
    """A moment or an amount of money, as the API writes it."""
    return value.isoformat() if isinstance(value, datetime) else float(value)
