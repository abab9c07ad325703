"""Commands about orders that wait: orders import, ship, list, show; eta set, eta import."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from notifier.cli import main, open_env_only, says_what_is_wrong, set_up_log
from notifier.cli.expecting import eta

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifier.services.foresee_eta import Foreseen
    from notifier.services.import_etas import EtaReport
    from notifier.services.import_orders import FileReport
    from notifier.services.see_order import ShownLine, ShownOrder

ACTOR = "command line"
DUE_WITHIN = timedelta(days=2)
CSV_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@main.group()
def orders() -> None:
    """About orders that wait."""


@orders.command("import")
@click.argument("shop")
@click.argument("file", type=CSV_FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def orders_import(
    context: click.Context, shop: str, file: Path, dry_run: bool, as_json: bool
) -> None:
    """Take orders that wait from a CSV file, one row a line.

    Columns: order, completed_at, email or phone, and variant, sku or title; also line, quantity,
    price, currency, country, zone, locale, promise, eta, eta_source, eta_evidence, sold_as and the
    other names of the API.
    """
    from notifier.services.import_orders import import_orders

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    with click.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr) as bar:
        report = import_orders(env, ref, file, dry_run=dry_run, progress=bar.update)
    _say_file(report, "Orders", as_json=as_json)


@orders.command("ship")
@click.argument("shop")
@click.argument("file", type=CSV_FILE)
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def orders_ship(context: click.Context, shop: str, file: Path, as_json: bool) -> None:
    """Say what has shipped, from a CSV file: order, line, shipped_at, carrier, tracking."""
    from notifier.services.import_orders import import_shipments

    set_up_log("ERROR")
    env = open_env_only(context)
    _say_file(import_shipments(env, env.shop(shop), file, actor=ACTOR), "Lines", as_json=as_json)


def _say_file(report: FileReport, what: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        for line in report.lines(what):
            click.echo(line)
    sys.exit(1 if report.failed else 0)


@orders.command("list")
@click.argument("shop")
@click.option("--due", is_flag=True, help="Only what lapses or is owed within two days, or late.")
@click.option("--state", multiple=True, help="Only lines in this state.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def orders_list(
    context: click.Context, shop: str, due: bool, state: tuple[str, ...], as_json: bool
) -> None:
    """List lines by their next deadline, with the next step of each."""
    set_up_log("ERROR")
    env = open_env_only(context)
    before = env.now() + DUE_WITHIN if due else None
    count = 0
    for line in _every_line(env, shop, states=state, due_before=before):
        count += 1
        click.echo(json.dumps(asdict(line), default=str) if as_json else _line_words(line))
    if not as_json:
        click.echo(f"{count} lines.")


def _every_line(env: Any, shop: str, **chosen: Any) -> Iterable[ShownLine]:
    from notifier.services.see_order import list_lines

    after = None
    while True:
        page = list_lines(env, env.shop(shop), after=after, limit=200, **chosen)
        yield from page.lines
        if page.last is None:
            return
        after = page.last


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "none"


def _line_words(line: ShownLine) -> str:
    return (
        f"{_moment(line.deadline):<20}  {line.next_step:<20}  {line.state:<20}  "
        f"{line.order}/{line.ref}  {line.quantity} x {line.title[:50]}"
    )


@orders.command("show")
@click.argument("shop")
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def orders_show(context: click.Context, shop: str, ref: str, as_json: bool) -> None:
    """Show where an order stands: each line's promise, deadline, next step, and why."""
    from notifier.services.see_order import show_order

    set_up_log("ERROR")
    env = open_env_only(context)
    shown = show_order(env, env.shop(shop), ref)
    if as_json:
        click.echo(json.dumps(asdict(shown), default=str, ensure_ascii=False))
        return
    for text in _order_words(shown):
        click.echo(text)


def _order_words(shown: ShownOrder) -> Iterable[str]:
    country = shown.country or "country unknown"
    yield f"Order {shown.ref} of {shown.completed_at:%Y-%m-%d %H:%M} UTC, {country}, {shown.zone}"
    for line in shown.lines:
        yield f"\n{line.ref}: {line.quantity} x {line.title} ({line.sold_as}, {line.rules})"
        said = f"“{line.promise}”, " if line.promise else ""
        yield f"  promised   {said}until {line.promised}"
        if line.expected is not None:
            source = line.expected.source or "nobody stands behind it"
            yield f"  expected   {line.expected.ship_by or 'nobody can say'} ({source})"
        yield f"  state      {line.state}"
        yield f"  next step  {line.next_step}"
        limit = f" (last day: {line.limit})" if line.limit else ""
        yield f"  deadline   {_moment(line.deadline)}{limit}"
        if line.refund is not None:
            done = f", sent {line.refund.sent_at:%Y-%m-%d}" if line.refund.sent_at else ""
            yield f"  refund     by {line.refund.refund_by} ({line.refund.ground}){done}"
        for reason in line.reasons:
            yield f"  {reason.at:%Y-%m-%d %H:%M}  {reason.why} ({reason.paragraph})"
        for one in line.messages:
            why = f" ({one.reason})" if one.reason else ""
            yield f"  {one.made_at:%Y-%m-%d %H:%M}  {one.kind} by {one.medium}: {one.state}{why}"


@eta.command("set")
@click.argument("shop")
@click.argument("variant")
@click.argument("date")
@click.option("--source", default="", help="Who says so; a definite date needs it.")
@click.option("--evidence", default="", help="What shows it: an order's number …")
@click.option("--reason", default="", help="Why it is late; who has ordered reads it.")
@click.option("--preview", is_flag=True, help="Save nothing; say what it would mean.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def eta_set(
    context: click.Context,
    shop: str,
    variant: str,
    date: str,
    source: str,
    evidence: str,
    reason: str,
    preview: bool,
    as_json: bool,
) -> None:
    """Say when a variant is expected: 2027-02-14, 2027-02, 2027-02-01/2027-02-14, "in 2-4 weeks",
    or none."""
    from notifier.domain.dates import read_eta
    from notifier.services.foresee_eta import foresee_eta
    from notifier.services.order_columns import NONE_WORDS
    from notifier.services.set_eta import set_eta, today_in

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    takes_back = date.strip().lower() in NONE_WORDS
    wanted = None if takes_back else read_eta(date, today=today_in(env, ref))
    if preview:
        found = foresee_eta(env, ref, variant, wanted, source=source)
        if as_json:
            click.echo(json.dumps(asdict(found), default=str, ensure_ascii=False))
            return
        for text in _foreseen_words(found):
            click.echo(text)
        return
    done = set_eta(
        env,
        ref,
        variant,
        wanted,
        source=source,
        evidence=evidence,
        actor=ACTOR,
        reason=reason,
    )
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    changed = "" if done.changed else ", as it was"
    click.echo(
        f"{done.variant}: {done.after or 'no date'} (before: {done.before or 'none'}){changed}."
    )


def _foreseen_words(found: Foreseen) -> Iterable[str]:
    yield f"{found.variant}: {found.before or 'no date'} → {found.after or 'no date'}. Not saved."
    yield from _meaning(dict(found.messages), found.subscribers)
    if found.first_notice_by is not None:
        yield f"The law wants the first notice before {found.first_notice_by:%Y-%m-%d %H:%M} UTC."
    for line in found.lines:
        told = line.message or "nothing"
        answer = f", answer by {line.answer_by}" if line.answer_by else ""
        by = f", notice before {line.notice_by:%Y-%m-%d %H:%M} UTC" if line.notice_by else ""
        yield (
            f"  {line.order}/{line.ref}: {line.before} → {line.after}, told: {told}"
            f"{answer}, silence: {line.silence}{by}"
        )


def _meaning(messages: dict[str, int], subscribers: int) -> Iterable[str]:
    said = ", ".join(f"{count} x {kind}" for kind, count in sorted(messages.items()))
    yield f"Who has bought it would be told: {said or 'nothing'}."
    yield f"Of those who wait for it, {subscribers} would be told the date."


@eta.command("import")
@click.argument("shop")
@click.argument("file", type=CSV_FILE)
@click.option("--source", default="", help="Of rows that name none.")
@click.option("--preview", is_flag=True, help="Save nothing; say what it would mean.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def eta_import(
    context: click.Context, shop: str, file: Path, source: str, preview: bool, as_json: bool
) -> None:
    """Set dates from a CSV file: variant or sku, date, source, evidence. All of them or none."""
    from notifier.services.import_etas import import_etas

    set_up_log("ERROR")
    env = open_env_only(context)
    report = import_etas(env, env.shop(shop), file, actor=ACTOR, source=source, preview=preview)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        for text in _eta_file_words(report):
            click.echo(text)
    sys.exit(1 if report.problems else 0)


def _eta_file_words(report: EtaReport) -> Iterable[str]:
    for one in report.problems[:20]:
        yield f"row {one.row}, {one.field}: {one.message}"
    if report.problems:
        yield f"{report.rows} rows, {len(report.problems)} problems: nothing was saved."
        return
    would = "would be changed" if report.preview else "changed"
    yield (
        f"{report.rows} rows: {report.changed} {would}, {report.unchanged} as they were, "
        f"{report.available} can be bought now."
    )
    if report.preview:
        yield from _meaning(report.messages, report.subscribers)
        if report.first_notice_by is not None:
            by = f"{report.first_notice_by:%Y-%m-%d %H:%M} UTC"
            yield f"The law wants the first notice before {by}."
