"""Commands about what is being told: releases list, releases show."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from notifier.cli import main, open_env_only, says_what_is_wrong, set_up_log

if TYPE_CHECKING:
    from notifier.services.steer_release import ReleaseShown

AT_ONCE = 20


@main.group()
def releases() -> None:
    """About what is being told."""


@releases.command("list")
@click.argument("shop")
@click.option("--state", multiple=True, help="Only running, paused, done or stopped ones.")
@click.option("--limit", type=click.IntRange(1, 500), default=AT_ONCE, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def releases_list(
    context: click.Context, shop: str, state: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """List releases, the newest first."""
    from notifier.services.steer_release import list_releases

    set_up_log("ERROR")
    env = open_env_only(context)
    for one in list_releases(env, env.shop(shop), states=state, limit=limit):
        click.echo(json.dumps(one.as_dict(), default=datetime.isoformat) if as_json else _line(one))


@releases.command("show")
@click.argument("shop")
@click.argument("release", type=click.IntRange(1, 2**63 - 1))
@click.option("--locale", default="", help="Language of the reasons: en, de, es.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
@says_what_is_wrong
def releases_show(
    context: click.Context, shop: str, release: int, locale: str, as_json: bool
) -> None:
    """Show each wave of a release: stock, what may still be bought, what share buys, how many were
    told, and why so many."""
    from notifier.i18n import available_locales, choose_locale
    from notifier.services.steer_release import show_release

    set_up_log("ERROR")
    env = open_env_only(context)
    ref = env.shop(shop)
    said = choose_locale(locale, available_locales(), default=ref.config.locale)
    shown = show_release(env, ref, release)
    if as_json:
        values = _with_waves(shown, said)
        click.echo(json.dumps(values, default=datetime.isoformat, ensure_ascii=False))
        return
    for text in _words(shown, said):
        click.echo(text)


def _with_waves(shown: ReleaseShown, locale: str) -> dict[str, Any]:
    """As the API gives it."""
    from notifier.services.wave_words import wave_as_dict, why_nobody

    return {
        **shown.as_dict(),
        "nobody_because": why_nobody(shown.release, locale),
        "history": [wave_as_dict(wave, locale) for wave in shown.waves],
    }


def _words(shown: ReleaseShown, locale: str) -> Iterable[str]:
    from notifier.services.wave_words import why_nobody, why_wave

    yield _line(shown)
    for wave in shown.waves:
        yield f"\n{wave.number}: {wave.told} told, {_moment(wave.at)}"
        yield f"  {why_wave(wave, locale)}"
    why = why_nobody(shown.release, locale)
    if why:
        yield f"\n{why}"


def _line(shown: ReleaseShown) -> str:
    row = shown.release
    why = f" ({row.reason})" if row.reason else ""
    variant = shown.variant.key if shown.variant else "gone"
    return (
        f"{row.id:<8}  {_moment(row.started_at)}  {row.kind:<14}  {variant[:40]}  "
        f"{row.strategy['name']}  {row.state}{why}  told {row.told}, waves {row.waves}"
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
