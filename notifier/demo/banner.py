"""What does the terminal say when the demo is ready, and when it ends?"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from notifier.demo.settings import Places

__all__ = ["farewell", "told_ports", "welcome"]


def _bold(text: str) -> str:
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR")
    return text if plain else f"\x1b[1m{text}\x1b[0m"


def told_ports(wanted: int, places: Places) -> str:
    """A sentence when other ports were taken than those asked for; else empty."""
    got = int(places.notifier.rpartition(":")[2])
    if wanted in (0, got):
        return ""
    return f"Port {wanted} or {wanted + 1} is in use, so this demo has {got} and {got + 1}."


def welcome(places: Places, *, took: float, kept: bool) -> str:
    """Where everything is, the storefront first, and how to stop."""
    shop = places.storefront
    where = [
        ("Start here", shop + "/"),
        ("Storefront", shop + "/shop"),
        ("Inbox", shop + "/inbox"),
        ("Phone", shop + "/phone"),
        ("Stock dial", shop + "/dial"),
        ("Order desk", shop + "/desk"),
        ("Admin", shop + "/admin"),
        ("The notifier", places.notifier),
    ]
    kept_words = "is kept" if kept else "is removed at the end"
    rows = "\n".join(
        f"    {name:<14}{_bold(url) if n < 1 else url}" for n, (name, url) in enumerate(where)
    )
    return (
        f"\n  {_bold('Kettle & Co is open.')}  (ready after {took:.1f} s)\n\n{rows}\n\n"
        f"  Everything is in {places.folder}, which {kept_words}.\n"
        f"  Try the set-up too:  {_command()} --config {places.folder / 'config.toml'} check\n\n"
        f"  {_bold('Ctrl-C stops it.')}\n"
    )


def _command() -> str:
    """How this program is called here: `make demo` puts it where no shell looks for it."""
    here = Path(sys.argv[0])
    if here.name != "notifier" or shutil.which("notifier") == str(here):
        return "notifier"
    return os.path.relpath(here)


def farewell(folder: Path, *, kept: bool) -> str:
    words = f"It is all in {folder}." if kept else "Nothing is left behind."
    return f"\nStopping. {words}"
