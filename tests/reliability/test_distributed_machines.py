"""Several machines as real processes: a new version under load, a database that goes and comes.

Each process has a configuration of its own, with its own data_dir, as on a machine of its own.
"""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from notifier.resources import migrations_folder
from tests.fakes.smtp_server import SmtpServer
from tests.ports import free_port
from tests.reliability import fleet as fleets
from tests.reliability.checker import unfinished
from tests.reliability.fleet import Fleet, Program
from tests.reliability.seeding import seed
from tests.timing import wait_until

pytestmark = [pytest.mark.parametrize("engine_name", ["postgres"])]

MAILS = 120
KEY = "sk_tests_0123456789abcdef"
SETTINGS = f"""
[limits]
signups_per_network = 1000000
signups_per_product = 1000000

[shops.kettle.keys.server]
secret = "{KEY}"
scopes = ["*"]
"""
NEXT = '''"""What the next version needs: more is there, nothing is taken away."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("weight", sa.Integer(), nullable=True))
    op.create_index("ix_messages_weight", "messages", ["weight"])
    op.add_column("subscriptions", sa.Column("mood", sa.String(20), server_default="calm"))
'''


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A server that takes its time, so that the mails last as long as the deploy."""
    with SmtpServer(delay=0.03) as server:
        yield server


@pytest.fixture
def config(configure: Callable[..., Path]) -> Path:
    path = configure(connections=1, batch=10, lease="20s")
    words = path.read_text().replace("[service]", '[service]\nengine = "distributed"', 1)
    path.write_text(words + SETTINGS)
    return path


@dataclass(slots=True)
class Machine:
    """One process and what it takes to start it anew."""

    command: str
    fleet: Fleet
    port: int
    program: Program | None = None

    def start(self) -> None:
        self.program = self.fleet.start(self.command, wait=True)

    def stop(self) -> int:
        assert self.program is not None
        return self.fleet.stop(self.program)


def machine(command: str, config: Path, make_fleet: Callable[[Path], Fleet]) -> Machine:
    """Ready to be started."""
    number = len(list(config.parent.glob("machine-*")))
    folder = config.parent / f"machine-{number}"
    folder.mkdir()
    port = free_port()
    words = config.read_text()
    words = words.replace(f'data_dir = "{config.parent}/var"', f'data_dir = "{folder}/var"')
    own = folder / "config.toml"
    own.write_text(words.replace("[service]", f'[service]\nlisten = "127.0.0.1:{port}"', 1))
    return Machine(command, make_fleet(own), port)


@dataclass(slots=True)
class Visitors:
    """People who sign up all the time, through a proxy that asks the next server when one does
    not take the call."""

    ports: list[int]
    wrong: list[str] = field(default_factory=list)
    signed_up: list[str] = field(default_factory=list)
    longest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        self._threads = [threading.Thread(target=self._visit, args=(n,)) for n in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, visitor: int) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            address = f"v{visitor}-{number}@signs-up.example"
            began = time.monotonic()
            answer = self._ask(address, first=number)
            self.longest = max(self.longest, time.monotonic() - began)
            if answer == "201":
                self.signed_up.append(address)
            else:
                self.wrong.append(answer)
            self._over.wait(0.05)

    def _ask(self, address: str, *, first: int) -> str:
        body = json.dumps({"email": address, "variant": "MUG"})
        for port in (self.ports[(first + step) % len(self.ports)] for step in range(4)):
            try:
                return _post(port, body)
            except (ConnectionError, http.client.BadStatusLine):
                continue
        return "nobody took the call"


def _post(port: int, body: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        line.request("POST", "/api/v1/subscriptions", body, headers)
        answer = line.getresponse()
        said = answer.read()
        return str(answer.status) if answer.status == 201 else f"{answer.status} {said[:200]!r}"


def next_version(folder: Path) -> Path:
    """Our migrations and one more."""
    copy = folder / "next-migrations"
    shutil.copytree(migrations_folder(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name[:4] for path in (copy / "versions").glob("0*.py"))
    (copy / "versions" / "9000_the_next_version.py").write_text(NEXT.format(head=head))
    return copy


def _be_the_next_program(migrations: Path, *more: object) -> None:
    from notifier.store import schema

    schema.migrations_folder = lambda: migrations  # type: ignore[attr-defined]
    fleets._be_the_program(*more)  # type: ignore[arg-type]


class NextFleet(Fleet):
    """Processes of the next version."""

    migrations: Path

    def start(self, command: str = "worker", *, wait: bool = False) -> Program:
        number = len(self.programs) + 1
        log = self.config.parent / f"{command}-next-{number}.log"
        running = fleets._CONTEXT.Process(
            target=_be_the_next_program,
            args=(self.migrations, command, str(self.config), str(log), None),
            daemon=True,
        )
        running.start()
        program = Program(command, number, running, log)
        self.programs.append(program)
        if wait:
            wait_until(lambda: "service started" in program.said or not program.is_alive, 60)
            assert program.is_alive, program.said
        return program


def copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


def put_mug(config: Path, url: str) -> None:
    """A second product, not there."""
    from notifier.config_reading import load_config
    from notifier.domain.availability import Availability
    from notifier.domain.observation import Observation
    from notifier.services.env import open_env
    from notifier.services.observe import observe

    env = open_env(load_config(config))
    mug = Observation(
        key="MUG",
        product_key="MUG",
        availability=Availability.OUT_OF_STOCK,
        title="Mug",
        url="https://kettle.example/p/mug",
    )
    observe(env, env.shop("kettle"), [mug])
    env.db.close()


@pytest.mark.timeout(300)  # it starts a dozen processes
@pytest.mark.fault("FI-39")
def test_a_new_version_with_a_migration_is_rolled_out_under_load(
    config: Path,
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    seen: Callable[..., None],
) -> None:
    # given
    seed(config, mails=MAILS, announced=False).db.close()
    put_mug(config, database_url)
    commands = ["web", "web", "worker", "worker", "scheduler"]
    machines = [machine(command, config, make_fleet) for command in commands]
    for one in machines:
        one.start()
    webs = [one.port for one in machines if one.command == "web"]
    with ExitStack() as stack:
        visitors = stack.enter_context(Visitors(webs))
        smtp.wait_for(10)
        # when
        migrations = next_version(config.parent)
        for number, one in enumerate(machines):
            old = one.fleet
            one.fleet = stack.enter_context(closing(NextFleet(old.config)))
            one.fleet.migrations = migrations
            if number == 0:
                migrating = one.fleet.start("migrate")
                migrating.running.join(60)
                assert migrating.running.exitcode == 0, migrating.said
                assert "9000" in migrating.said
                ready = _get(webs[1], "/readyz")
                assert ready == 200  # the old ones serve on until it is their turn
            assert one.program is not None
            assert old.stop(one.program) == 0, one.program.said[-3000:]
            one.start()
        visitors.stop()
        wait_until(lambda: unfinished(database_url) == 0, 90)
        for one in machines:
            assert one.stop() == 0
    # then
    asked = len(visitors.signed_up) + len(visitors.wrong)
    seen(requests=asked, errors=len(visitors.wrong), longest_request=round(visitors.longest, 2))
    assert asked > 50
    assert len(visitors.wrong) <= asked / 1000, visitors.wrong[:3]
    arrived = copies(smtp)
    assert max(map(len, arrived.values())) == 1
    waited = {f"p{number}@waits.example" for number in range(MAILS)}
    assert set(arrived) == waited | set(visitors.signed_up)


def _get(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        line.request("GET", path)
        return line.getresponse().status
