"""The child process in which drafts of message templates are tried: `python -m
notifier.rendering.child`.

One request and one answer per line, both JSON. The limits are the operating system's, so a
template that finds a way round every rule still ends here (trust WS-T3). Its parent is
draft_room.py.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from dataclasses import asdict
from typing import Any

from notifier.domain.message import MessageKind
from notifier.errors import TemplateProblem
from notifier.rendering.blocks import NO_BLOCKS, Blocks, Look
from notifier.rendering.draft import Draft, try_draft
from notifier.rendering.examine import block_faults, examine, mail_faults
from notifier.rendering.failures import TEMPLATE_FAILURES, sentence

MEMORY = 256 * 1024 * 1024  # bytes of address space
CPU_SECONDS = 1  # for one draft
READY = "ready"


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CORE, 0)
    _say(READY)
    for line in sys.stdin:
        _allow_cpu(CPU_SECONDS)
        _say(json.dumps(answer(json.loads(line))))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """By `do`: `try` gives `{"rendered": […]}` or `{"problem": {message, where, line}}`; `examine`
    gives `{"findings": […], "shown": {…}}`; `mail` and `blocks` give `{"findings": […]}`.
    """
    around = _blocks(request.get("around"))
    do = request.get("do", "try")
    if do == "blocks":
        return {"findings": [asdict(one) for one in block_faults(around)]}
    draft = Draft(
        kind=MessageKind(request["kind"]),
        locale=request["locale"],
        parts=request["parts"],
        around=around,
    )
    try:
        if do == "mail":
            return {"findings": [asdict(one) for one in mail_faults(draft)]}
        if do == "examine":
            found = examine(draft, sample=request["sample"], context=request["context"])
            return asdict(found)
        return {"rendered": [asdict(one) for one in try_draft(draft)]}
    except TemplateProblem as problem:
        place = {"where": problem.where, "line": problem.line}
        said = {"code": problem.code, "values": problem.values}
        return {"problem": {"message": problem.message, **place, **said}}
    except TEMPLATE_FAILURES as error:
        return {"problem": {"message": sentence(error), "where": draft.kind, "line": None}}


def _blocks(given: dict[str, Any] | None) -> Blocks:
    if given is None:
        return NO_BLOCKS
    return Blocks(look=Look(**given["look"]), parts=given["parts"], version=given["version"])


def _allow_cpu(seconds: int) -> None:
    """Let this process use at most about `seconds` more; then the system ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + seconds)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most, hard))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
