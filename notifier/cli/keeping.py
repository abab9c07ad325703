"""Commands that keep data: import, export, erase, backup, restore, hold, resume-sending."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from notifier.cli import (
    ask,
    load,
    main,
    open_env_only,
    says_what_is_wrong,
    set_up_log,
)

_SHOWN_OF_HOLD = ("id", "source", "at", "why", "events", "decision", "decided_at")


@main.command("import")
@click.argument("shop")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--basis", required=True, help="Why you may write to them, e.g. 'asked in our shop'.")
@click.option("--evidence", required=True, help="Where that can be proved.")
@click.option("--confirmed", is_flag=True, help="They have confirmed; do not ask again.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@says_what_is_wrong
def import_(
    context: click.Context,
    shop: str,
    file: Path,
    basis: str,
    evidence: str,
    confirmed: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring subscriptions from a CSV file: ours, or an export of Amp, Swym or STOQ."""
    from notifier.services.import_subscriptions import import_subscriptions

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    with click.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr) as bar:
        report = import_subscriptions(
            env,
            ref,
            file,
            basis=basis,
            evidence=evidence,
            confirmed=confirmed,
            dry_run=dry_run,
            progress=bar.update,
        )
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        for line in report.lines():
            click.echo(line)
    sys.exit(1 if report.failed else 0)


@main.command()
@click.argument("mailbox", type=click.Path(path_type=Path, allow_dash=True))
@click.pass_context
@says_what_is_wrong
def bounces(context: click.Context, mailbox: Path) -> None:
    """Read returned mail, complaints and stop requests: Maildir, mbox, a file, or - (one mail).

    Reading the same mail again changes nothing, so it can run from cron or as a mail pipe.
    """
    from notifier.services.receive_mail import receive_mail, receive_mailbox

    set_up_log("ERROR")
    env = open_env_only(context)
    if str(mailbox) == "-":
        receive_mail(env, sys.stdin.buffer.read())
        return
    report = receive_mailbox(env, mailbox)
    click.echo(f"{report.read} mails, {report.ours} about our messages, {report.news} new.")


@main.command()
@click.argument("address")
@click.option("--json", is_flag=True, expose_value=False, help="It always is.")
@click.pass_context
@says_what_is_wrong
def export(context: click.Context, address: str) -> None:
    """Print everything stored about one address, as JSON."""
    from notifier.services.privacy import export_address
    from notifier.services.typed_address import hash_typed

    env = open_env_only(context)
    found = export_address(env, hash_typed(env, address), by="command line")
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@main.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask, as one is at a terminal.")
@click.option("--json", is_flag=True, expose_value=False, help="It always is.")
@click.pass_context
@says_what_is_wrong
def erase(context: click.Context, address: str, yes: bool) -> None:
    """Erase everything about one address, in every shop. It can sign up anew later."""
    from notifier.services.privacy import erase_address
    from notifier.services.typed_address import hash_typed

    set_up_log("ERROR")
    env = open_env_only(context)
    if not yes:
        ask(f"Erase everything about {address}?")
    report = erase_address(env, hash_typed(env, address), by="command line")
    click.echo(json.dumps(asdict(report), ensure_ascii=False))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
@says_what_is_wrong
def backup(context: click.Context, file: Path) -> None:
    """Write a consistent copy of the database while the service runs."""
    from notifier.services.backup import backup as write_backup

    size = write_backup(load(context), file)
    click.echo(f"Wrote {file}, {size / 1024 / 1024:.1f} MiB.")


@main.command()
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False
)
@click.option("--yes", is_flag=True, help="Do not ask, as one is at a terminal.")
@click.option(
    "--already-there",
    is_flag=True,
    help="The database was put back by other means, as a snapshot: only pause and hold.",
)
@click.pass_context
@says_what_is_wrong
def restore(context: click.Context, file: Path | None, yes: bool, already_there: bool) -> None:
    """Put a backup in place. Sending starts paused; stop the service first."""
    from notifier.app import open_database
    from notifier.clock import system_clock
    from notifier.services.backup import enter_safe_mode, refuse_running
    from notifier.services.backup import restore as put_back
    from notifier.services.env import open_env
    from notifier.store.schema import migrate

    set_up_log("ERROR")
    config = load(context)
    if (file is None) is not already_there:
        raise click.UsageError("Name a backup, or say --already-there; one of both.")
    if file is not None:
        if not yes:
            ask("Replace the database with this backup?")
        refuse_running(config, now=system_clock())
        put_back(config, file)
    db = open_database(config)
    migrate(db)
    found = enter_safe_mode(open_env(config, db=db))
    click.echo(
        f"Restored. Sending is paused; {found.held} messages are held, since they may have been "
        "sent after the backup.\nLook at your providers' logs, then run `notifier resume-sending "
        "--send-held` or `--drop-held`."
    )
    for line in found.ledger_broken[:20]:
        click.echo(f"The ledger does not hold: {line}", err=True)
    sys.exit(1 if found.ledger_broken else 0)


@main.command("resume-sending")
@click.option("--send-held/--drop-held", default=None, help="What becomes of held messages.")
@click.option("--shop", default="", help="Only this shop.")
@click.pass_context
@says_what_is_wrong
def resume_sending(context: click.Context, send_held: bool | None, shop: str) -> None:
    """Send again after a restore or a pause; with --shop also alerts that wait since too many
    came back."""
    from notifier.services.backup import leave_safe_mode
    from notifier.services.brake import lift_brake
    from notifier.store import switches

    set_up_log("ERROR")
    env = open_env_only(context)
    if shop:
        name = switches.of_shop(env.shop(shop).slug)
        env.db.retry(
            lambda tx: switches.turn(tx, name, off=False, why="", by="command line", at=env.now())
        )
        lift_brake(env, env.shop(shop), by="command line")
        click.echo(f"{shop} sends again.")
        return
    count = leave_safe_mode(env, send_held=send_held, by="command line")
    click.echo(
        f"Sending again. {count} held messages were {'sent on' if send_held else 'dropped'}."
    )


@main.command("pause-sending")
@click.option("--why", required=True)
@click.option("--shop", default="", help="Only this shop.")
@click.pass_context
@says_what_is_wrong
def pause_sending(context: click.Context, why: str, shop: str) -> None:
    """Send nothing until `notifier resume-sending`."""
    from notifier.store import switches

    env = open_env_only(context)
    name = switches.of_shop(env.shop(shop).slug) if shop else switches.SENDING
    env.db.retry(
        lambda tx: switches.turn(tx, name, off=True, why=why, by="command line", at=env.now())
    )
    what = f"Nothing of {shop}" if shop else "Nothing"
    click.echo(f"{what} is sent until `notifier resume-sending`.")


@main.command()
@click.argument("number", type=int, required=False)
@click.option("--release", "decision", flag_value="released", help="It is right: tell people.")
@click.option("--drop", "decision", flag_value="dropped", help="It is wrong: tell nobody.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def hold(context: click.Context, number: int | None, decision: str | None, as_json: bool) -> None:
    """List what is held because a look was abnormal, or decide about one."""
    from notifier.errors import NotFound
    from notifier.services.decide_hold import Decision, decide_hold
    from notifier.store.events import find_holds

    set_up_log("ERROR")
    env = open_env_only(context)
    if number is None or decision is None:
        with env.db.read() as tx:
            found = find_holds(tx, hold_id=number, undecided=number is None)
        if not found and number is not None:
            raise NotFound(f"There is no hold {number}.")
        if as_json:
            listed = [{name: getattr(one, name) for name in _SHOWN_OF_HOLD} for one in found]
            click.echo(json.dumps(listed, ensure_ascii=False, default=datetime.isoformat))
            return
        for one in found:
            state = one.decision or "held"
            click.echo(f"{one.id}  {one.at:%Y-%m-%d %H:%M}  {state}  {one.why}")
        if not found:
            click.echo("Nothing is held.")
        return
    moved = decide_hold(env, number, Decision(decision), by="command line")
    if moved is None:
        raise NotFound(f"Hold {number} does not exist or was decided before.")
    said = {"id": number, "decision": decision, "announcements": moved}
    click.echo(json.dumps(said) if as_json else f"{decision}: {moved} announcements.")
