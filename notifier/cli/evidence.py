"""The command that exports the record of one order."""

from __future__ import annotations

import json
from pathlib import Path

import click

from notifier.cli import main, open_env_only, says_what_is_wrong, set_up_log


@main.command()
@click.argument("shop")
@click.argument("ref")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.pass_context
@says_what_is_wrong
def evidence(context: click.Context, shop: str, ref: str, file: Path) -> None:
    """Write everything that can be shown for one order into FILE: .json or .pdf; `-` prints JSON.

    The promise, each date, each message as it was sent and what became of it, each answer.
    """
    from notifier.services.evidence import gather_evidence

    set_up_log("ERROR")
    kind = file.suffix.lower()
    if str(file) != "-" and kind not in (".json", ".pdf"):
        raise click.BadParameter(f"{file} must end in .json or .pdf.", param_hint="FILE")
    env = open_env_only(context)
    document = gather_evidence(env, env.shop(shop), ref)
    if kind == ".pdf":
        from notifier.rendering.evidence_pdf import evidence_pdf

        file.write_bytes(evidence_pdf(document))
    else:
        text = json.dumps(document, ensure_ascii=False, indent=2)
        if str(file) == "-":
            click.echo(text)
            return
        file.write_text(text, encoding="utf-8")
    broken = sum(not one["intact"] for line in document["lines"] for one in line["notices"])
    count = sum(len(line["notices"]) for line in document["lines"])
    click.echo(f"{file}: {len(document['lines'])} lines, {count} messages as they were sent.")
    if broken:
        click.echo(f"{broken} of them were changed since: their digests do not fit.", err=True)
        context.exit(1)
