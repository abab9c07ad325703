"""Is a set-up that cannot work refused at once, with the field, the value and what to do?"""

from __future__ import annotations

from typing import Any

import pytest

from notifier.channels.email_smtp import Settings
from notifier.errors import ConfigError

GOOD: dict[str, Any] = {"host": "smtp.kettle.example", "from_address": "hello@kettle.example"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": ""}, "host"),
        ({"host": "smtp server"}, "'smtp server'"),
        ({"port": 0}, "port: 0"),
        ({"port": 70_000}, "port: 70000"),
        ({"security": "ssl"}, "'ssl'"),
        ({"security": "none", "username": "a", "password": "b"}, "never sent unencrypted"),
        ({"username": "olga"}, "password"),
        ({"password": "secret"}, "username"),
        ({"ca_file": "/no/such/file.pem"}, "/no/such/file.pem"),
        ({"from_address": "hello"}, "from_address"),
        ({"from_address": "Kettle <hello@kettle>x"}, "from_address"),
        ({"from_address": ""}, "from_address"),
        ({"envelope_from": "bounces"}, "envelope_from"),
        ({"bounce_domain": "b kettle"}, "bounce_domain"),
        ({"unsubscribe_address": "x"}, "unsubscribe_address"),
        ({"hello_name": "a\r\nMAIL FROM:<x>"}, "hello_name"),
        ({"connections": 0}, "connections: 0"),
        ({"dot_timeout": 0}, "dot_timeout: 0"),
        ({"dkim_domain": "kettle.example"}, "dkim_selector"),
    ],
)
def test_a_set_up_that_cannot_work_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Settings(**(GOOD | changes))

    assert words in str(refusal.value)


def test_a_password_is_not_shown() -> None:
    settings = Settings(**GOOD, username="olga", password="hunter2")

    assert "hunter2" not in repr(settings)


def test_patience_after_the_dot_is_ten_minutes_unless_said_otherwise() -> None:
    assert Settings(**GOOD).dot_timeout == 600
