"""Is this a path of the admin, where somebody may be sent on to? Never anywhere else."""

from __future__ import annotations

from flask import request

LONGEST = 2000


def own_path_or(wanted: object, otherwise: str) -> str:
    """`wanted` if it is one, else `otherwise`."""
    root = request.script_root + "/"
    own = (
        isinstance(wanted, str)
        and wanted.startswith(root)
        and not wanted.startswith("//")
        and "\\" not in wanted
        and wanted.isprintable()
        and wanted.isascii()
        and len(wanted) <= LONGEST
    )
    return str(wanted) if own else otherwise
