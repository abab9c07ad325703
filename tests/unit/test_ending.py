"""Does a process that is asked to end do so, whoever gets the signal and however it hangs?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from notifier.ending import ONE_PRESS

PROGRAM = """
import signal, sys, threading, time
from notifier.ending import hearing_the_end
from notifier.log import set_up_logging

set_up_logging()
asked = threading.Event()
def other():
    while True:
        time.sleep(60)
helper = threading.Thread(target=other, daemon=True)
with hearing_the_end(asked, at_most=float(sys.argv[1])):
    helper.start()
    print("ready", flush=True)
    {body}
"""
WAITS = "asked.wait(); print('ended', flush=True)"
OTHER_THREAD = "signal.pthread_kill(helper.ident, signal.SIGTERM); " + WAITS
HANGS = "asked.wait(); time.sleep(60)"
HOLDS_ALL = (  # one call that no other thread can come between: the interpreter itself stands
    "asked.wait(); import ctypes; ctypes.PyDLL(None).sleep(60)"
)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a program with that body; gives it when it is ready."""
    started: list[subprocess.Popen[str]] = []

    def run(body: str, *, at_most: float = 20) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", PROGRAM.format(body=body), str(at_most)]
        program = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(program)
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        return program

    yield run
    for program in started:
        program.kill()
        with program:
            continue


def said_to_the_end(program: subprocess.Popen[str]) -> tuple[str, str]:
    """The rest of what it says, on standard output and standard error."""
    program.wait(60)
    assert program.stdout is not None
    assert program.stderr is not None
    return program.stdout.read(), program.stderr.read()  # also what was read ahead


def test_a_signal_that_another_thread_gets_is_heard(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    program = start(OTHER_THREAD)
    assert said_to_the_end(program)[0] == "ended\n"
    assert program.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_way_of_asking_ends_it_and_asking_by_sigterm_again_does_no_harm(
    start: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    program = start("asked.wait(); time.sleep(0.3); print('ended', flush=True)")
    program.send_signal(number)
    program.send_signal(signal.SIGTERM)
    program.send_signal(signal.SIGINT)  # one press may arrive in many ways
    assert said_to_the_end(program)[0] == "ended\n"
    assert program.returncode == 0


@pytest.mark.parametrize(
    ("body", "words"), [(HANGS, "ended by force"), (HOLDS_ALL, "Timeout")], ids=["hangs", "holds"]
)
def test_what_does_not_end_is_ended_and_says_where_it_stood(
    start: Callable[..., subprocess.Popen[str]], body: str, words: str
) -> None:
    program = start(body, at_most=0.2)
    program.terminate()
    said = said_to_the_end(program)[1]
    assert program.returncode == 1
    assert words in said
    assert 'File "<string>", line' in said


def test_a_second_ctrl_c_does_not_wait(start: Callable[..., subprocess.Popen[str]]) -> None:
    program = start("asked.wait(); print('asked', flush=True); time.sleep(60)")
    program.send_signal(signal.SIGINT)
    assert program.stdout is not None
    assert program.stdout.readline() == "asked\n"
    time.sleep(ONE_PRESS + 0.1)  # a person presses again
    program.send_signal(signal.SIGINT)
    assert "ends at once" in said_to_the_end(program)[1]
    assert program.returncode == 1
