"""A merchant with nothing but a product feed runs it for real: init, check, run, one restock.

Real processes, real HTTP, a real mail server; the database the merchant chose.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from notifier.cli import main
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.fakes.smtp_server import SmtpServer
from tests.ports import free_port
from tests.timing import wait_until

FEED = """<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>
<item><g:id>TEAPOT</g:id><title>Iron teapot</title><link>https://kettle.example/teapot</link>
<g:availability>{word}</g:availability><g:price>89.00 EUR</g:price></item>
<item><g:id>MUG</g:id><title>Mug</title><link>https://kettle.example/mug</link>
<g:availability>in_stock</g:availability><g:price>9.00 EUR</g:price></item>
</channel></rss>"""
FROM = "Kettle & Co <hello@kettle.example>"


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with serving() as server:
        server.replies["/feed.xml"] = Reply(body=FEED.format(word="out_of_stock").encode())
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def notifier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NOTIFIER")}
    return subprocess.run(
        [sys.executable, "-m", "notifier", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="session")
def initial(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `init` writes."""
    folder = tmp_path_factory.mktemp("init")
    with contextlib.chdir(folder):
        assert CliRunner().invoke(main, ["init"]).exit_code == 0
    return (folder / "config.toml").read_text()


def write_config(folder: Path, *, feeds: FeedServer, smtp: SmtpServer, database: str) -> int:
    """The few lines a merchant writes over what `init` made; the port it serves on."""
    port = free_port()
    config = folder / "config.toml"
    secret = re.search(r"secret_keys = (\[.*?\])", config.read_text())
    assert secret is not None
    config.write_text(f"""
[service]
public_url = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
secret_keys = {secret[1]}
allow_private_addresses = true
allow_http = true
operator_email = "olga@kettle.example"
[database]
url = "{database}"
[channels.mail]
kind = "email_smtp"
host = "{smtp.host}"
port = {smtp.port}
security = "none"
from_address = "{FROM}"
[shops.kettle]
name = "Kettle & Co"
url = "https://kettle.example"
public_key = "pk_kettle"
origins = ["https://kettle.example"]
sender = "{FROM}"
support_email = "help@kettle.example"
postal_address = "1 Tea Street, London"
privacy_url = "https://kettle.example/privacy"
[shops.kettle.sources.catalogue]
kind = "feed"
url = "{feeds.url("/feed.xml")}"
every = "1s"
at_most_every = "1s"
at_least_every = "1s"
""")
    return port


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status, answer.read().decode()


def post(url: str, body: bytes, *, content_type: str) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read().decode()


def is_up(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/readyz")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize(
    "engine_name", ["sqlite", pytest.param("postgres", marks=pytest.mark.soak)], indirect=True
)
def test_init_check_run_and_one_restock(
    tmp_path: Path, feeds: FeedServer, smtp: SmtpServer, database_url: str
) -> None:
    assert notifier(tmp_path, "init").returncode == 0
    port = write_config(tmp_path, feeds=feeds, smtp=smtp, database=database_url)
    checked = notifier(tmp_path, "check", "--json")
    bad = [f for f in json.loads(checked.stdout) if f["level"] == "bad"]
    assert not bad, bad
    assert checked.returncode == 0

    service = subprocess.Popen(
        [sys.executable, "-m", "notifier", "run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: is_up(port), timeout=60)
        _subscribe_and_confirm(port, smtp)
        feeds.replies["/feed.xml"] = Reply(body=FEED.format(word="in_stock").encode())
        wait_until(lambda: _subjects(smtp, "is back"), timeout=60)
        told = 'notifier_subscriptions{state="told"} 1.0'
        wait_until(lambda: told in _metrics(port), timeout=60)
        assert "notifier_source_age_seconds" in _metrics(port)
    finally:
        service.send_signal(signal.SIGTERM)
        _, errors = service.communicate(timeout=60)
    assert service.returncode == 0, errors
    assert "Traceback" not in errors, errors[-3000:]
    assert "ann@waits.example" not in errors  # logs carry no address
    assert smtp.violations == []


def _subscribe_and_confirm(port: int, smtp: SmtpServer) -> None:
    base = f"http://127.0.0.1:{port}"

    def known() -> bool:
        try:
            status, text = get(f"{base}/api/v1/availability?key=pk_kettle&variant=TEAPOT")
        except OSError:
            return False
        return status == 200 and json.loads(text)["can_subscribe"]

    wait_until(known, timeout=60)  # the first look has been taken
    body = {"key": "pk_kettle", "variant": "TEAPOT", "email": "ann@waits.example", "locale": "en"}
    status, _ = post(
        f"{base}/api/v1/subscriptions",
        json.dumps(body).encode(),
        content_type="application/json",
    )
    assert status == 202
    wait_until(lambda: smtp.messages, timeout=60)
    text = smtp.messages[0].parsed.get_body(("plain",)).get_content()
    link = re.search(r"http://127\.0\.0\.1:\d+/c/\S+", text)
    assert link is not None
    _, page = get(link[0])
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    button = re.search(r'<button[^>]*name="(\w+)"[^>]*value="(\w+)"', page)
    if button is not None:
        fields[button[1]] = button[2]
    encoded = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    status, _ = post(link[0], encoded, content_type="application/x-www-form-urlencoded")
    assert status == 200
    wait_until(lambda: len(smtp.messages) >= 2, timeout=60)  # "you are on the list"


def _metrics(port: int) -> str:
    return get(f"http://127.0.0.1:{port}/metrics")[1]


def _subjects(smtp: SmtpServer, part: str) -> list[str]:
    return [m.parsed["Subject"] for m in smtp.messages if part in m.parsed["Subject"]]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ('origins = ["https://kettle.example/"]', "trailing slash"),
        ('origns = ["https://kettle.example"]', "origns"),
        ("origins = 5", "origins"),
        ('time_zone = "Mars/Phobos"', "Mars/Phobos"),
    ],
)
def test_check_says_what_is_wrong_in_the_configuration(
    tmp_path: Path,
    feeds: FeedServer,
    smtp: SmtpServer,
    initial: str,
    broken: str,
    says: str,
) -> None:
    (tmp_path / "config.toml").write_text(initial)
    write_config(tmp_path, feeds=feeds, smtp=smtp, database="sqlite:///x.db")
    config = tmp_path / "config.toml"
    text = config.read_text()
    if broken.startswith("origins"):
        text = text.replace('origins = ["https://kettle.example"]', broken)
    else:
        text = text.replace("postal_address", f"{broken}\npostal_address")
    config.write_text(text)
    done = CliRunner().invoke(main, ["--config", str(config), "check"])
    assert done.exit_code == 1
    assert says in done.stderr


def test_check_finds_a_wrong_password_and_an_unreachable_feed(
    tmp_path: Path, feeds: FeedServer, initial: str
) -> None:
    from tests.fakes.certificates import Authority

    (tmp_path / "ca").mkdir()
    authority = Authority(tmp_path / "ca")
    certificate = authority.issue("localhost")
    feeds.replies["/feed.xml"] = Reply(status=401, body=b"who are you?")
    with SmtpServer(
        users={"olga": "right"}, security="starttls", certificate=certificate
    ) as server:
        (tmp_path / "config.toml").write_text(initial)
        write_config(tmp_path, feeds=feeds, smtp=server, database="sqlite:///x.db")
        config = tmp_path / "config.toml"
        config.write_text(
            config.read_text()
            .replace('security = "none"', 'security = "starttls"\nusername = "olga"')
            .replace(f'host = "{server.host}"', 'host = "localhost"\npassword = "wrong"')
            .replace("[shops.kettle]", f'ca_file = "{authority.ca_file}"\n[shops.kettle]')
        )
        migrated = CliRunner().invoke(main, ["--config", str(config), "migrate"])
        assert migrated.exit_code == 0, migrated.output
        done = CliRunner().invoke(main, ["--config", str(config), "check", "--json"])
    found = [f for f in json.loads(done.stdout) if f["level"] == "bad"]
    said = " ".join(f"{f['about']} {f['message']} {f['advice']}" for f in found)
    assert done.exit_code == 1
    assert "password" in said.lower()
    assert "401" in said
    assert all(f["advice"] for f in found)
