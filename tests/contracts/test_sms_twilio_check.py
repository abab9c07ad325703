"""Does the check find what is wrong with a Twilio set-up, and say what to do?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notifier import plugins
from notifier.channels.base import Finding
from notifier.errors import ConfigError
from tests.contracts.test_sms_twilio import Channel, settings_for
from tests.fakes.twilio import FakeTwilio, Fault
from tests.timing import SettableClock

BASE = "https://notify.kettle.example"


@pytest.fixture
def twilio(clock: SettableClock) -> Iterator[FakeTwilio]:
    with FakeTwilio(clock=clock, inbound_url=f"{BASE}/hooks/twilio/inbound") as fake:
        yield fake


def findings(twilio: FakeTwilio, **changes: Any) -> list[Finding]:
    channel = Channel(settings_for(twilio, **changes))
    try:
        return channel.check()
    finally:
        channel.close()


def trouble(found: list[Finding]) -> list[Finding]:
    for finding in found:
        assert finding.level == "ok" or finding.advice
    return [finding for finding in found if finding.level != "ok"]


NUMBER = {"messaging_service_sid": "", "from_number": "+15005550006"}


@pytest.mark.parametrize("sender", [{}, NUMBER])
def test_a_good_set_up_has_nothing_but_good_findings_and_sends_nothing(twilio, sender):
    assert trouble(findings(twilio, **sender)) == []
    assert twilio.tries == []


def test_a_wrong_token_is_named_and_nothing_more_is_asked(twilio):
    [finding] = trouble(findings(twilio, auth_token="wrong"))
    assert finding.level == "bad"
    assert "20003" in finding.message
    assert "auth_token" in finding.advice
    assert len(twilio.requests) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"messaging_service_sid": "MG" + "9" * 32}, "does not know it"),
        ({**NUMBER, "from_number": "+12125559999"}, "does not belong to this account"),
        ({**NUMBER, "from_number": "+15005550011"}, "cannot send SMS"),
        ({**NUMBER, "from_number": "Kettle"}, "name or short code"),
        ({"status_callback_base": ""}, "nobody learns whether an SMS arrived"),
        ({"status_callback_base": "https://other.example"}, "answers STOP"),
        ({"daily_spend_cap": 0.0}, "any amount"),
    ],
)
def test_each_thing_that_would_bite_later_is_found(twilio, changes, words):
    twilio.numbers = ("+15005550006", "+15005550011")
    twilio.silent_numbers = {"+15005550011"}
    [finding] = trouble(findings(twilio, **changes))
    assert words in finding.message


def test_the_state_of_the_account_and_its_registration_are_told(twilio):
    twilio.registered = False
    [finding] = trouble(findings(twilio))
    assert "10DLC" in finding.message
    twilio.registered = True
    twilio.account_type = "Trial"
    [finding] = trouble(findings(twilio))
    assert finding.level == "warn"
    twilio.account_status = "suspended"
    [finding] = trouble(findings(twilio))
    assert finding.level == "bad"


def test_a_service_without_a_number_is_told(twilio):
    twilio.silent_numbers = set(twilio.numbers)
    [finding] = trouble(findings(twilio))
    assert "no phone number" in finding.message


@pytest.mark.parametrize(
    "fault",
    [
        Fault(on="any", cut=True),
        Fault(on="any", status=500),
        Fault(on="any", text="<html>", status=200),
        Fault(on="any", text="[]", status=200),
        Fault(on="any", status=302),
    ],
    ids=["reset", "500", "html", "list", "302"],
)
def test_a_twilio_that_does_not_answer_as_it_should_is_a_finding_and_no_error(twilio, fault):
    twilio.misbehave(fault)
    assert trouble(findings(twilio))[0].level == "bad"
    twilio.misbehave(Fault(on="other"))  # the account is well …
    twilio.misbehave(fault)  # … and its service is not
    assert trouble(findings(twilio))[0].level == "bad"


def test_settings_that_cannot_work_are_refused_with_their_name(twilio):
    module = plugins.load("notifier.channels", "sms_twilio")
    good = {
        "account_sid": twilio.account_sid,
        "auth_token": "token",
        "messaging_service_sid": twilio.services[0],
    }
    assert plugins.read_settings(module, good, where="channels.sms").max_segments == 2
    for name, value in {
        "account_sid": "AC1",
        "auth_token": "",
        "api_key_sid": "SK" + "1" * 32,
        "messaging_service_sid": "",
        "from_number": "0151 2345",
        "rate_per_second": 0,
        "max_segments": 11,
        "price_per_segment": 0,
        "daily_spend_cap": -1,
        "longest_validity": 40_000,
        "status_callback_base": "notify.kettle.example",
        "signing_keys": ["only-an-id"],
        "colour": "red",
    }.items():
        with pytest.raises(ConfigError) as refused:
            plugins.read_settings(module, good | {name: value}, where="channels.sms")
        assert name.removesuffix("_sid") in str(refused.value)


def test_secrets_do_not_show_when_settings_are_printed(twilio):
    shown = repr(settings_for(twilio, auth_token="hush", signing_keys=("id=hush",)))
    assert "hush" not in shown
