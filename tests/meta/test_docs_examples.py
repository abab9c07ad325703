"""Do the worked examples in docs/examples do what the pages around them say?

Each is loaded the way a stranger's package is, by entry point, and meets a real small server.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from notifier import plugins
from notifier.channels.base import Blame, Letter, MessageChannel, Outcome, Phase, Result
from notifier.config import Config, SourceSection
from notifier.connectors.base import Look, SourceConnector
from notifier.domain.availability import Availability
from notifier.errors import ConfigError, LookFailed
from notifier.services.channels import make_channel
from notifier.services.env import Env, ShopRef
from notifier.services.poll import make_source
from notifier.signing import Signer
from tests.meta.checkout import CHECKOUT

EXAMPLES = CHECKOUT / "docs" / "examples"
TOKEN = "a token of the gateway"

Answer = tuple[int, Any]  # status and JSON; None as JSON cuts the connection
Respond = Callable[[str, bytes], Answer]


class House:
    """A server of somebody's own. `asked` holds path and body of every request it let in."""

    def __init__(self) -> None:
        self.respond: Respond = lambda _path, _body: (202, {})
        self.asked: list[tuple[str, Any]] = []
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._exchange(b"")

            def do_POST(self) -> None:
                self._exchange(self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, format: str, *args: Any) -> None:
                """A test run is no place for a server's log."""

            def _exchange(self, body: bytes) -> None:
                status: int = 401
                said: Any = {}
                if self.headers["Authorization"] == f"Bearer {TOKEN}":
                    house.asked.append((self.path, json.loads(body) if body else None))
                    status, said = house.respond(self.path, body)
                if said is None:
                    self.close_connection = True
                    return
                content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; harmless to repeat."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The examples as a package somebody installed, with the entry points of the pages."""
    info = tmp_path / "olgas_plugins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: olgas-plugins\nVersion: 1.0\n")
    points = entry_points_on("add-a-channel.md") + "\n" + entry_points_on("add-a-connector.md")
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    _look_for_plugins_anew()
    yield
    _look_for_plugins_anew()
    for name in ("sms_gateway", "warehouse"):
        sys.modules.pop(name, None)


def _look_for_plugins_anew() -> None:
    """A program looks once; here something is installed while it runs."""
    plugins._entry_points.cache_clear()
    plugins.load.cache_clear()


def entry_points_on(page: str) -> str:
    """What the page tells a stranger to write into setup.cfg, in the form it is installed in."""
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    block = text.split("[options.entry_points]\n")[1].split("```")[0]
    group, line = block.strip().splitlines()
    return f"[{group.removesuffix('=').strip()}]\n{line.strip()}\n"


def env_of(**config: Any) -> Env:
    made = Config.model_validate(
        {"service": {"allow_private_addresses": True, "allow_http": True}, **config}
    )
    return Env(db=None, config=made, signer=Signer(("a key that only tests would use",)))  # type: ignore[arg-type]


def a_gateway(house: House, **changes: Any) -> MessageChannel:
    written = {"kind": "sms_gateway", "url": house.url, "token": TOKEN, **changes}
    return make_channel(env_of(channels={"sms": written}), "sms")


def a_letter(number: int = 1, **changes: Any) -> Letter:
    parts: dict[str, Any] = {
        "message_id": number,
        "uid": f"m{number}.k3y",
        "attempt_no": 1,
        "kind": "back_in_stock",
        "address": "+491701234567",
        "shop": "kettle",
        "short": "The red kettle is back.",
    }
    return Letter(**(parts | changes))


def send(channel: MessageChannel, *letters: Letter) -> tuple[list[Result], list[int]]:
    handed_over: list[int] = []

    def note(message_id: int, phase: Phase) -> None:
        assert phase is Phase.HANDED_OVER
        handed_over.append(message_id)

    results = dict(channel.send(letters, note=note))
    channel.close()
    return [results[letter] for letter in letters], handed_over


def test_the_examples_are_found_like_any_other_kind() -> None:
    assert "sms_gateway" in plugins.kinds("notifier.channels")
    assert "warehouse" in plugins.kinds("notifier.connectors")


def test_ann_gets_her_sms_through_the_gateway(house: House) -> None:
    [result], handed_over = send(a_gateway(house), a_letter())
    assert result.outcome is Outcome.ACCEPTED
    assert house.asked == [
        (
            "/messages",
            {"id": "m1.k3y", "to": "+491701234567", "text": "The red kettle is back."},
        )
    ]
    assert handed_over == [1]


@pytest.mark.parametrize(
    ("answer", "outcome", "blame"),
    [
        ((202, {}), Outcome.ACCEPTED, Blame.NOBODY),
        ((409, {"error": "taken"}), Outcome.ACCEPTED, Blame.NOBODY),
        ((422, {"error": "no_such_number"}), Outcome.REFUSED, Blame.ADDRESS),
        ((422, {"error": "stopped"}), Outcome.REFUSED, Blame.OPTED_OUT),
        ((422, {"error": "too_long"}), Outcome.REFUSED, Blame.CONTENT),
        ((422, "<html>"), Outcome.REFUSED, Blame.OURS),
        ((404, {}), Outcome.TRY_LATER, Blame.CONFIG),
        ((429, {}), Outcome.TRY_LATER, Blame.TRANSPORT),
        ((503, {}), Outcome.UNKNOWN, Blame.TRANSPORT),
        ((0, None), Outcome.UNKNOWN, Blame.TRANSPORT),
    ],
)
def test_each_answer_of_the_gateway_has_one_meaning(
    house: House, answer: Answer, outcome: Outcome, blame: Blame
) -> None:
    house.respond = lambda _path, _body: answer
    [result], handed_over = send(a_gateway(house), a_letter())
    assert (result.outcome, result.blame) == (outcome, blame)
    assert handed_over == [1]


def test_a_gateway_that_is_not_there_takes_nothing(house: House) -> None:
    channel = a_gateway(house)
    house.stop()
    [result], _ = send(channel, a_letter())
    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.TRANSPORT)


def test_one_refused_letter_holds_up_no_other(house: House) -> None:
    house.respond = lambda _path, body: (422, {"error": "stopped"}) if b"m2" in body else (202, {})
    results, _ = send(a_gateway(house), a_letter(1), a_letter(2), a_letter(3))
    outcomes = [one.outcome for one in results]
    assert outcomes == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED]


def test_a_text_of_too_many_sms_is_not_handed_over(house: House) -> None:
    [result], handed_over = send(a_gateway(house), a_letter(short="x" * 400))
    assert result.blame is Blame.CONTENT
    assert handed_over == []
    assert house.asked == []


def test_the_check_of_the_gateway_says_what_to_do(house: House) -> None:
    assert [f.level for f in a_gateway(house).check()] == ["ok"]
    [wrong] = a_gateway(house, token="another token").check()
    assert wrong.level == "bad"
    assert "token" in wrong.advice


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"url": "gateway.example"}, "gateway.example"),
        ({"max_segments": 99}, "99"),
        ({"tokn": "x"}, "tokn"),
    ],
)
def test_a_wrong_setting_of_the_gateway_is_named(
    house: House, written: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        a_gateway(house, **written)


def a_warehouse(house: House, **changes: Any) -> SourceConnector:
    section = SourceSection.model_validate(
        {"kind": "warehouse", "url": house.url, "token": TOKEN, **changes}
    )
    shop = {"name": "Kettle & Co", "public_key": "pk_kettle"}
    env = env_of(shops={"kettle": shop})
    ref = ShopRef(id=1, slug="kettle", config=env.config.shops["kettle"])
    return make_source(env, ref, "house", section)


def pages(*said: dict[str, Any] | str) -> Respond:
    return lambda path, _body: (200, said[int(path.rpartition("=")[2]) - 1])


def read(look: Look) -> dict[str, tuple[Availability, int | None, str | None]]:
    return {
        one.key: (one.availability, one.quantity, one.eta.iso() if one.eta else None)
        for one in look.observations
    }


def test_the_warehouse_is_read_page_by_page(house: House) -> None:
    house.respond = pages(
        {"items": [{"article": "K-1", "free": 3}], "next": 2, "made_at": "2027-01-05T08:00:00Z"},
        {"items": [{"article": "K-2", "free": 0, "expected": "2027-02"}], "next": None},
    )
    look = a_warehouse(house).look({})
    assert read(look) == {
        "K-1": (Availability.IN_STOCK, 3, None),
        "K-2": (Availability.OUT_OF_STOCK, 0, "2027-02"),
    }
    assert look.full
    assert look.rows == 2
    assert look.data_at is not None
    assert look.data_at.isoformat() == "2027-01-05T08:00:00+00:00"


def test_an_article_that_cannot_be_read_holds_up_no_other_and_proves_no_absence(
    house: House,
) -> None:
    house.respond = pages(
        {"items": [{"free": 1}, "?", {"article": "K-1", "free": "many"}, {"article": "K-2"}]}
    )
    look = a_warehouse(house).look({})
    assert read(look) == {"K-2": (Availability.UNKNOWN, None, None)}
    assert [(p.row, p.field) for p in look.problems] == [
        (1, "article"),
        (2, "article"),
        (3, "free"),
    ]
    assert not look.full


@pytest.mark.parametrize("second", ["{", "[]", '{"items": 3}'])
def test_a_warehouse_that_breaks_off_is_not_believed(house: House, second: str) -> None:
    house.respond = pages({"items": [{"article": "K-1", "free": 3}], "next": 2}, second)
    with pytest.raises(LookFailed):
        read(a_warehouse(house).look({}))


def test_the_check_of_the_warehouse_says_what_to_do(house: House) -> None:
    house.respond = pages({"items": [{"article": "K-1", "free": 3}, {"free": 1}]})
    assert [f.level for f in a_warehouse(house).check()] == ["ok", "warn"]
    [wrong] = a_warehouse(house, token="another token").check()
    assert wrong.level == "bad"
    assert "token" in wrong.advice
