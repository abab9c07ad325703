"""Commands about what is expected: eta suggest, eta calibration."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from notifier.cli import main, open_env_only, says_what_is_wrong, set_up_log

if TYPE_CHECKING:
    from notifier.domain.restock_calibration import Calibration, Held
    from notifier.domain.restock_history import Estimate
    from notifier.services.suggest_eta import Suggestion

VERDICTS = {
    "too_few": "too few to say",
    "holds": "it holds",
    "too_early": "TOO EARLY: fewer were back than said; shoppers are not shown it",
    "too_late": "cautious: more were back than said",
}
_POOLS = {"variant": "of this variant", "product": "of this product", "shop": "of the shop"}


@main.group()
def eta() -> None:
    """About expected dates."""


@eta.command("suggest")
@click.argument("shop")
@click.argument("sku")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def eta_suggest(context: click.Context, shop: str, sku: str, as_json: bool) -> None:
    """Say how much longer a variant is likely to be out, going by past outages."""
    from notifier.services.suggest_eta import calibration_of, suggest_eta

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    found = suggest_eta(env, ref, sku)
    held = calibration_of(env, ref)
    if as_json:
        words = {"text": _text(found, ref.config.locale), "calibration": _calibration(held)}
        click.echo(json.dumps(_suggestion(found) | words, ensure_ascii=False))
        return
    for line in _lines(found, ref.config.locale):
        click.echo(line)
    if found.estimate is not None:
        click.echo(f"How that held in this shop: {_held_line(held.most)}")


@eta.command("calibration")
@click.argument("shop")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def eta_calibration(context: click.Context, shop: str, as_json: bool) -> None:
    """Say how well such suggestions would have held for the shop's past outages."""
    from notifier.services.suggest_eta import calibration_of

    set_up_log("ERROR")
    env = open_env_only(context)
    held = calibration_of(env, env.shop(shop))
    if as_json:
        click.echo(json.dumps(_calibration(held)))
        return
    click.echo(
        f"{held.tried} outages were held out, each judged by those before it "
        "once its mark was over."
    )
    click.echo(_held_line(held.half))
    click.echo(_held_line(held.most))


def _text(found: Suggestion, locale: str) -> str | None:
    from notifier.i18n import usually_back_words

    return usually_back_words(found.span, locale) if found.span else None


def _lines(found: Suggestion, locale: str) -> list[str]:
    if found.out_since is None or found.days_out is None:
        return [f"{found.variant} is not out, or given up: there is nothing to wait for."]
    seen = "" if found.beginning_seen else " or longer; nobody saw it begin"
    first = f"{found.variant} is out for {found.days_out:.1f} days{seen}."
    stands_on = found.estimate
    if stands_on is None:
        return [first, "No outage of this shop lasted as long, so nothing can be said."]
    lines = [first, _basis(stands_on)]
    for words, mark, days in (
        ("Half", stands_on.half, found.half),
        ("80 %", stands_on.most, found.most),
    ):
        lines.append(f"{words} of them: {_mark_words(mark, days)}")
    text = _text(found, locale)
    if not stands_on.enough:
        lines.append("These are too few to rely on, and shoppers are not shown it.")
    elif text:
        lines.append(f"In words: {text}.")
    return lines


def _basis(stands_on: Estimate) -> str:
    curve = stands_on.curve
    return (
        f"Going by {curve.outages} outages {_POOLS[stands_on.pool.value]} that lasted as long "
        f"({curve.open} of them without an end):"
    )


def _mark_words(mark: float | None, days: float | None) -> str:
    if mark is None:
        return "cannot be told, too many have no end."
    if days is None:
        return "over by now."
    return f"over within {days:.1f} more days."


def _held_line(held: Held) -> str:
    line = f"{_percent(held.said)} mark: {held.within} of {held.outages} outages ended by it"
    if held.share is not None:
        line += f", {_percent(held.share)} ({_percent(held.low)} to {_percent(held.high)})"
    return f"{line}; {VERDICTS[held.verdict.value]}."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _suggestion(found: Suggestion) -> dict[str, Any]:
    stands_on = found.estimate
    return {
        "variant": found.variant,
        "out_since": found.out_since.isoformat() if found.out_since else None,
        "beginning_seen": found.beginning_seen,
        "days_out": found.days_out,
        "based_on": stands_on.pool.value if stands_on else None,
        "outages": stands_on.curve.outages if stands_on else 0,
        "outages_open": stands_on.curve.open if stands_on else 0,
        "enough": stands_on is not None and stands_on.enough,
        "half_within_days": found.half,
        "most_within_days": found.most,
    }


def _calibration(held: Calibration) -> dict[str, Any]:
    return {"tried": held.tried} | {
        name: asdict(one) | {"share": one.share, "verdict": one.verdict.value}
        for name, one in (("half", held.half), ("most", held.most))
    }
