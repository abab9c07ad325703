"""Does `notifier web` serve with Granian where that is asked for, and say why where it cannot?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from notifier.config import Config
from notifier.errors import ConfigError
from notifier.serving import serve_with_granian
from tests.ports import free_port
from tests.timing import wait_until


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "notifier", "--config", str(folder / "config.toml"), *words]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_granian_serves_and_ends_when_asked(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("granian")
    port = free_port()
    (tmp_path / "config.toml").write_text(
        f"""[service]
listen = "127.0.0.1:{port}"
server = "granian"
web_threads = 2
web_processes = 2
data_dir = "{tmp_path}"
secret_keys = ["a secret key for these tests only"]
[database]
url = "{database_url}"
"""
    )
    server = subprocess.Popen(command(tmp_path, "web"), stderr=subprocess.PIPE, text=True)

    def answer() -> int:
        assert server.poll() is None, server.stderr and server.stderr.read()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/widget.js", timeout=30) as found:
                return int(found.status)
        except OSError:
            return 0

    try:
        assert wait_until(answer, 60) == 200
        assert answer() == 200  # the kept one
    finally:
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=40)[1]
    assert server.returncode == 0, said
    # the other process may still have been starting; it is not waited for till it must be killed
    assert time.monotonic() - began < 20


def test_a_second_address_for_the_admin_is_refused() -> None:
    pytest.importorskip("granian")
    config = Config.model_validate(
        {
            "service": {
                "secret_keys": ["a secret key for these tests only"],
                "server": "granian",
                "admin_listen": "127.0.0.1:8026",
            }
        }
    )
    with pytest.raises(ConfigError, match="one address only"):
        serve_with_granian(config, path=None)
