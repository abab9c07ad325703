"""Command about what was promised: eta history."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from notifier.cli import open_env_only, says_what_is_wrong, set_up_log
from notifier.cli.expecting import eta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifier.domain.promise_outcome import Totals, Turned
    from notifier.services.eta_history import EtaHistory, Promise


@eta.command("history")
@click.argument("shop")
@click.argument("variant")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def eta_history(context: click.Context, shop: str, variant: str, as_json: bool) -> None:
    """Show the last hundred dates promised for a variant, and how each turned out."""
    from notifier.services.eta_history import eta_history_of

    set_up_log("ERROR")
    env = open_env_only(context)
    found = eta_history_of(env, env.shop(shop), variant)
    if as_json:
        click.echo(json.dumps(_plain(found), default=str, ensure_ascii=False))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: EtaHistory) -> Iterator[str]:
    if not found.promises:
        yield f"Nothing was ever promised for {found.variant}."
        return
    yield from _sum(found.variant, found.totals)
    for one in found.promises:
        given = one.given
        who = ", ".join(words for words in (given.source, given.actor) if words)
        said = (given.eta.iso() if given.eta else None) or "no date any more"
        turned = f": {_turned(one.turned)}" if one.turned else ""
        yield f"  {given.at:%Y-%m-%d %H:%M}  {said}{turned} ({who})"


def _sum(variant: str, totals: Totals) -> Iterator[str]:
    due = totals.kept + totals.early + totals.late
    kept = totals.kept + totals.early
    line = f"{variant}: {totals.promises} promises"
    if totals.share_kept is not None:
        line += f"; of {due} that came due {kept} were kept ({totals.share_kept:.0%})"
    if totals.median_days_late is not None:
        line += f", the late ones by {totals.median_days_late:g} days (median)"
    yield (
        f"{line}; {totals.revised} revised before their day, {totals.taken_back} taken back, "
        f"{totals.open} open."
    )


def _turned(one: Turned) -> str:
    words = {
        "kept": f"kept, there on {one.came_on}",
        "early": f"kept, there {one.days} days early, on {one.came_on}",
        "late": f"late by {one.days} days, there on {one.came_on}"
        if one.came_on
        else f"late by {one.days} days, never came"
        if one.ended_at
        else f"late by {one.days} days so far",
        "revised": f"revised to {one.revised_to}, moved by {one.days} days",
        "taken_back": "taken back",
        "open": "open",
        "said_again": "said again",
        "was_there": "not counted, it was there",
        "unknown": "not known any more",
    }
    return words[one.outcome.value]


def _plain(found: EtaHistory) -> dict[str, Any]:
    return {
        "variant": found.variant,
        "totals": asdict(found.totals),
        "promises": [_one(one) for one in found.promises],
        "next": found.next,
    }


def _one(one: Promise) -> dict[str, Any]:
    given = asdict(one.given) | {
        "eta": one.given.eta.iso() if one.given.eta else None,
        "text": one.given.eta.text if one.given.eta else "",
    }
    return given | (asdict(one.turned) if one.turned else {"outcome": None})
