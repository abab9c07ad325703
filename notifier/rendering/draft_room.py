"""Where is a stranger's draft tried without harm to the program?

In child processes that can be killed. A few are kept warm, so that a try costs milliseconds; one
that takes too long, dies or says too much is thrown away. Works from a threaded server: the child
is a fresh interpreter, not a fork of this one.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from notifier.domain.message import MessageKind
from notifier.domain.message_samples import SAMPLES
from notifier.domain.template_rules import MAX_SOURCE
from notifier.errors import TemplateProblem, TooMany
from notifier.log import log
from notifier.rendering.blocks import Blocks
from notifier.rendering.draft import Draft
from notifier.rendering.examine import Examined, Finding
from notifier.rendering.renderer import Rendered

_MODULE = "notifier.rendering.child"
WALL = timedelta(seconds=2)  # a draft may take so long
_START = 20.0  # seconds a child may take to start; only a very busy machine needs them
_MOST = 8_000_000  # characters of an answer: every sample of a mail, each at its limit
_JOBS = 500  # drafts after which a child is replaced
_PATIENCE = timedelta(seconds=10)


class DraftRoom:
    """Tries drafts in child processes. Safe to share between threads; close it at the end."""

    def __init__(self, *, workers: int = 2, wall: timedelta | None = None) -> None:
        self._wall = (WALL if wall is None else wall).total_seconds()
        self._places = threading.BoundedSemaphore(workers)
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def try_draft(self, draft: Draft) -> tuple[Rendered, ...]:
        """The draft rendered with each sample (acceptance D6, D7). Sends and stores nothing.

        Raises TemplateProblem for what is wrong with it, TooMany when every child stays busy.
        """
        long = _too_long(draft.parts)
        if long:
            raise TemplateProblem(long[0].message, where=long[0].part)
        answer = self._answer({**_asked(draft), "do": "try"})
        _raise_problem(answer)
        return tuple(_rendered(one) for one in answer["rendered"])

    def examine(
        self, draft: Draft, *, sample: str = SAMPLES[0], context: Mapping[str, Any] | None = None
    ) -> Examined:
        """Everything wrong with a draft and, as far as it goes, how it looks with one sample or
        with the values of a real case. Never raises for what the draft says, except TooMany.
        """
        nothing = Rendered(kind=draft.kind, locale=draft.locale, version="")
        long = _too_long(draft.parts)
        if long:
            return Examined(findings=long, shown=nothing)
        request = {**_asked(draft), "do": "examine", "sample": sample, "context": context}
        try:
            answer = self._answer(request)
            _raise_problem(answer)
        except TemplateProblem as problem:
            return Examined(findings=(_as_finding(problem),), shown=nothing)
        findings = tuple(Finding(**one) for one in answer["findings"])
        return Examined(findings=findings, shown=_rendered(answer["shown"]))

    def mail_faults(self, draft: Draft) -> tuple[Finding, ...]:
        """What is wrong with the finished mail, where its parts are known to be sound."""
        return self._findings({**_asked(draft), "do": "mail"})

    def examine_blocks(self, around: Blocks) -> tuple[Finding, ...]:
        """Everything wrong with a header or a footer by itself."""
        long = _too_long(around.parts)
        if long:
            return long
        return self._findings({"do": "blocks", "around": _around(around)})

    def _findings(self, request: dict[str, Any]) -> tuple[Finding, ...]:
        try:
            answer = self._answer(request)
            _raise_problem(answer)
        except TemplateProblem as problem:
            return (_as_finding(problem),)
        return tuple(Finding(**one) for one in answer["findings"])

    def warm(self) -> None:
        """Have a child ready, so that the next try does not wait for one to start."""
        with self._lock:
            if self._idle:
                return
        child = _Child()
        with self._lock:
            self._idle.append(child)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if not self._places.acquire(timeout=_PATIENCE.total_seconds()):
            raise TooMany("other templates are being checked", retry_after=_PATIENCE)
        try:
            return self._ask(request)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One that worked before may be short of memory by what it kept, and a machine that stands
        still counts that as computing: what the system ended is tried once more, in a new child."""
        child = self._take()
        try:
            return self._answer_of(child, request)
        except _Ended as ended:
            if child.jobs == 1:
                raise
            log.warning("a draft is tried again in a new process", signal=ended.signal)
        return self._answer_of(_Child(), request)

    def _answer_of(self, child: _Child, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(child.ask(json.dumps(request), within=self._wall))
        except BaseException:
            child.end()
            raise
        if child.jobs >= _JOBS:
            child.end()
        else:
            with self._lock:
                self._idle.append(child)
        return answer

    def _take(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_alive():
                    return child
                child.end()
        return _Child()


class _Ended(TemplateProblem):
    """The system ended the child."""

    def __init__(self, number: int) -> None:
        what = "computing time" if number == signal.SIGXCPU else "memory or computing time"
        super().__init__(f"it needs more {what} than a message may have")
        self.signal = number


class _Child:
    """One child process, started and ready."""

    def __init__(self) -> None:
        self.jobs = 0
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"},
            cwd="/",
            close_fds=True,
        )
        try:
            self._read_line(within=_START)
        except BaseException:
            self.end()
            raise

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: str, *, within: float) -> str:
        """The answer to one request. Raises TemplateProblem when the child does not give one."""
        self.jobs += 1
        stdin = self._process.stdin
        if stdin is None:
            raise ValueError("the child was started without a pipe")
        try:
            stdin.write(request.encode() + b"\n")
            stdin.flush()
        except BrokenPipeError as error:
            raise self._why_gone() from error
        return self._read_line(within=within)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what could not be written any more is of no use to anybody

    def _why_gone(self) -> TemplateProblem:
        """Ended by a signal, it was a limit; by itself, a fault of ours (its stderr has more)."""
        self._process.wait(timeout=5)
        if self._process.returncode < 0:
            return _Ended(-self._process.returncode)
        return TemplateProblem("it could not be checked, because the check itself failed")

    def _read_line(self, *, within: float) -> str:
        if self._process.stdout is None:
            raise ValueError("the child was started without a pipe")
        pipe = self._process.stdout.fileno()
        end = time.monotonic() + within
        read = bytearray()
        while not read.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                message = f"it takes longer than {within:g} seconds to render"
                raise TemplateProblem(message, code="slow", values={"most": within})
            more = os.read(pipe, 1 << 16)
            if not more:
                raise self._why_gone()
            read += more
            if len(read) > _MOST:
                raise TemplateProblem("it comes out far too long", code="endless")
        return read.decode()


def _too_long(parts: Mapping[str, str]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            part=part,
            message=f"it has {len(text)} characters; {MAX_SOURCE} is the most",
            code="too_long",
            values={"most": MAX_SOURCE},
        )
        for part, text in parts.items()
        if len(text) > MAX_SOURCE
    )


def _as_finding(problem: TemplateProblem) -> Finding:
    return Finding(
        part=problem.where,
        message=problem.message,
        line=problem.line,
        code=problem.code,
        values=problem.values,
    )


def _asked(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "locale": draft.locale,
        "parts": dict(draft.parts),
        "around": _around(draft.around),
    }


def _around(blocks: Blocks) -> dict[str, Any]:
    return {"look": asdict(blocks.look), "parts": dict(blocks.parts), "version": blocks.version}


def _raise_problem(answer: dict[str, Any]) -> None:
    problem = answer.get("problem")
    if problem:
        raise TemplateProblem(
            problem["message"],
            where=problem["where"],
            line=problem["line"],
            code=problem.get("code", ""),
            values=problem.get("values"),
        )


def _rendered(one: dict[str, Any]) -> Rendered:
    return Rendered(**{**one, "kind": MessageKind(one["kind"])})
