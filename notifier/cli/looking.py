"""Commands that look: check, poll, config, audit, send-test."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from notifier.cli import (
    load,
    main,
    open_env_only,
    says_what_is_wrong,
    set_up_log,
)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def check(context: click.Context, as_json: bool) -> None:
    """Try configuration, database, sources and channels; say what is wrong and what to do."""
    from notifier.connectors.base import Finding
    from notifier.errors import NotifierError
    from notifier.services.check import check_all

    set_up_log("ERROR")
    tell = (lambda _: None) if as_json else (lambda about: click.echo(f"… {about}", err=True))
    try:
        found = check_all(open_env_only(context), tell=tell)
    except NotifierError as error:
        if not as_json:
            raise
        advice = "Correct it, then check again."
        found = [Finding.bad("configuration", str(error), advice=advice)]
    if as_json:
        click.echo(
            json.dumps(
                [
                    {"level": f.level, "about": f.about, "message": f.message, "advice": f.advice}
                    for f in found
                ],
                ensure_ascii=False,
            )
        )
    else:
        for one in found:
            click.echo(_finding_line(one.level, one.about, one.message, one.advice))
        bad = sum(f.level == "bad" for f in found)
        warn = sum(f.level == "warn" for f in found)
        click.echo(f"\n{bad} wrong, {warn} to look at, {len(found) - bad - warn} fine.")
    sys.exit(1 if any(f.level == "bad" for f in found) else 0)


def _finding_line(level: str, about: str, message: str, advice: str) -> str:
    mark, colour = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "bad": ("✗", "red")}[level]
    line = f"{click.style(mark, fg=colour, bold=True)} {about}: {message}"
    return f"{line}\n    → {advice}" if advice else line


@main.command()
@click.argument("shop")
@click.option("--source", "source_name", default="", help="Only this source.")
@click.option(
    "--sku", multiple=True, help="Only these variants (by sku or id), where the source can."
)
@click.option("--accept-smaller", is_flag=True, help="The shrunken source is right this time.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@says_what_is_wrong
def poll(
    context: click.Context,
    shop: str,
    source_name: str,
    sku: tuple[str, ...],
    accept_smaller: bool,
    as_json: bool,
) -> None:
    """Look at a shop's sources now."""
    from notifier.errors import NotFound
    from notifier.services.observe import problems_of
    from notifier.services.poll import PUSHED
    from notifier.services.poll import poll as poll_source
    from notifier.store.skus import keys_by_sku
    from notifier.store.sources import find_source

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    with env.db.read() as tx:
        known = keys_by_sku(tx, ref.id, sku)
    unknown = [one for one in sku if one not in known]
    if unknown:
        raise NotFound(f"Shop {shop!r} has no variant {', '.join(map(repr, unknown))}.")
    names = [
        name
        for name, section in ref.config.sources.items()
        if section.kind != PUSHED and (not source_name or name == source_name)
    ]
    if not names:
        raise NotFound(f"Shop {shop!r} has no source {source_name or 'to look at'}.")
    failed = False
    for name in names:
        click.echo(f"… {name}", err=True)
        report = poll_source(env, ref, name, owner="cli", only=sku, accept_smaller=accept_smaller)
        if report is None:
            failed = True
            with env.db.read() as tx:
                row = find_source(tx, ref.id, name)
            trouble = row.trouble if row else ""
            click.echo(f"{name}: {trouble or 'another process is looking at it'}", err=True)
            continue
        values = {
            "source": name,
            "rows": report.rows,
            "changed": report.changed,
            "missing": report.missing,
            "announced": report.announced,
            "held": report.held,
            "problems": list(problems_of(report)),
            "warnings": report.warnings[:20],
        }
        click.echo(json.dumps(values) if as_json else _poll_line(values))
    sys.exit(1 if failed else 0)


def _poll_line(values: dict[str, Any]) -> str:
    line = (
        f"{values['source']}: {values['rows']} rows, {values['changed']} changed, "
        f"{values['missing']} missing, {values['announced']} back in stock"
    )
    if values["held"]:
        line += "; held, since that is abnormal: see `notifier hold`"
    return "\n  ".join([line, *values["problems"], *values["warnings"]])


@main.command("config")
@click.option("--example", is_flag=True, help="Print every setting with its default.")
@click.pass_context
@says_what_is_wrong
def show_config(context: click.Context, example: bool) -> None:
    """Read the configuration and say whether it can be used."""
    from notifier.config_example import example as write_example

    if example:
        click.echo(write_example(), nl=False)
        return
    found = load(context)
    click.echo(f"The configuration can be used. Shops: {', '.join(found.shops) or 'none'}.")


@main.group()
def audit() -> None:
    """About the ledger."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@says_what_is_wrong
def audit_verify(context: click.Context, as_json: bool) -> None:
    """Walk the hash chains of the ledger; find anything changed or taken out."""
    from notifier.services.seal import seal_ledger
    from notifier.store.ledger import verify

    env = open_env_only(context)
    seal_ledger(env)
    with env.db.read() as tx:
        result = verify(tx)
    if as_json:
        click.echo(json.dumps({"sealed": result.sealed, "broken": list(result.broken)}))
    else:
        click.echo(f"{result.sealed} entries, {len(result.broken)} do not hold.")
        for line in result.broken[:50]:
            click.echo(f"  {line}")
    sys.exit(1 if result.broken else 0)


@main.command("send-test")
@click.argument("channel")
@click.argument("address")
@click.option("--shop", default="", help="As this shop; default: the first.")
@click.option("--kind", default="back_in_stock", show_default=True, help="Which message.")
@click.option("--locale", default="", help="In which language; default: the shop's.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def send_test(
    context: click.Context,
    channel: str,
    address: str,
    shop: str,
    kind: str,
    locale: str,
    as_json: bool,
) -> None:
    """Send one message with sample data to one address. Nothing is stored or marked."""
    from notifier.app import open_service
    from notifier.services.send_test import send_test as send

    set_up_log("ERROR")
    env, renderer = open_service(load(context))
    result = send(
        env, renderer, channel=channel, address=address, shop=shop, kind=kind, locale=locale
    )
    outcome = result.outcome.value
    said = {"outcome": outcome, "code": result.code, "detail": result.detail}
    line = f"{outcome} ({result.code or 'no code'}) {result.detail}".strip()
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else line)
    sys.exit(0 if outcome == "accepted" else 1)
