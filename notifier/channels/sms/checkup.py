"""What is wrong with the Twilio set-up, and what should its owner do? Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2

from notifier.channels.base import Finding
from notifier.channels.sms.callbacks import INBOUND_PATH
from notifier.channels.sms.settings import Settings
from notifier.channels.sms.wire import UNREADABLE

__all__ = ["check_setup"]


def check_setup(client: Any, settings: Settings) -> list[Finding]:
    """Ask Twilio about account and sender, and look at the settings. Never raises."""
    findings = list(_asked("Twilio account", lambda: _check_account(client, settings)))
    if not any(finding.level == "bad" for finding in findings):
        look = _check_service if settings.messaging_service_sid else _check_number
        findings += _asked("SMS sender", lambda: look(client, settings))
    findings += _check_reports(settings)
    if not settings.daily_spend_cap:
        findings.append(
            Finding(
                level="warn",
                about="SMS spending",
                message="daily_spend_cap is 0: SMS may cost any amount in a day.",
                advice="Set daily_spend_cap to what a bad day may cost.",
            )
        )
    return findings


def _asked(about: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """The findings of one look; a refusal or a failure of Twilio is a finding too."""
    try:
        return list(look())
    except httpx2.RequestError as problem:
        advice = "Check the network, the firewall and base_url."
        said = f"Twilio cannot be reached: {type(problem).__name__}: {problem}"
    except UNREADABLE as problem:
        advice = "Check base_url: something else answers in Twilio's place."
        said = f"Twilio's answer cannot be read: {problem}"
    except Exception as problem:  # noqa: BLE001 — twilio's own errors; check() must not raise
        said, advice = _explained(about, problem)
    return [Finding(level="bad", about=about, message=said[:500], advice=advice)]


def _explained(about: str, problem: Exception) -> tuple[str, str]:
    status = getattr(problem, "status", 0) or _page_status(problem)
    words = getattr(problem, "msg", "") or problem.args[:1]
    if status == 401:
        advice = "Copy account_sid and auth_token (or the API key) from the Twilio console again."
        return "Twilio refuses the account SID or its token (20003).", advice
    if status == 404:
        advice = "Copy the SID from the Twilio console again; it must belong to this account."
        return f"Twilio does not know it in this account: {words}", advice
    return f"Twilio refused to tell: {words}", f"See https://www.twilio.com/console, {about}."


def _page_status(problem: Exception) -> int:
    """The list calls of Twilio's library put the answer into the second argument."""
    answer = problem.args[1] if len(problem.args) > 1 else None
    return int(getattr(answer, "status_code", 0))


def _is_about(found: Any, sid: str) -> None:
    """Twilio's library takes a redirect or any JSON for an answer. Raises ValueError."""
    if found.sid != sid:
        raise ValueError(f"asked for {sid}, it told of {found.sid}")


def _check_account(client: Any, settings: Settings) -> Iterator[Finding]:
    account = client.api.accounts(settings.account_sid).fetch()
    _is_about(account, settings.account_sid)
    about = "Twilio account"
    if account.status != "active":
        yield Finding(
            level="bad",
            about=about,
            message=f"The account is {account.status}.",
            advice="Settle it in the Twilio console.",
        )
    elif account.type == "Trial":
        yield Finding(
            level="warn",
            about=about,
            message="This is a trial account: it writes to verified numbers only, with a preface.",
            advice="Upgrade it before customers wait.",
        )
    else:
        yield Finding(level="ok", about=about, message="The account is active.")


def _check_service(client: Any, settings: Settings) -> Iterator[Finding]:
    about = "SMS sender"
    service = client.messaging.v1.services(settings.messaging_service_sid).fetch()
    _is_about(service, settings.messaging_service_sid)
    numbers = service.phone_numbers.list(limit=50)
    able = [one for one in numbers if "SMS" in [str(c).upper() for c in one.capabilities or []]]
    if not numbers:
        yield Finding(
            level="warn",
            about=about,
            message=f"The Messaging Service {service.friendly_name!r} has no phone number.",
            advice="Add one to its sender pool, unless it sends by short code or name.",
        )
    elif not able:
        yield Finding(
            level="bad",
            about=about,
            message="No number of the Messaging Service can send SMS.",
            advice="Add an SMS-capable number to its sender pool.",
        )
    else:
        said = f"The Messaging Service {service.friendly_name!r} has {len(able)} number(s) for SMS."
        yield Finding(level="ok", about=about, message=said)
    if service.us_app_to_person_registered is False:
        yield Finding(
            level="warn",
            about=about,
            message="No A2P 10DLC campaign is registered: US carriers refuse its SMS (30034).",
            advice="Register brand and campaign in the Twilio console before writing to the USA.",
        )
    yield from _check_inbound(service.inbound_request_url or "", settings)


def _check_number(client: Any, settings: Settings) -> Iterator[Finding]:
    about = "SMS sender"
    sender = settings.from_number
    if not sender.startswith("+"):
        yield Finding(
            level="warn",
            about=about,
            message=f"{sender!r} is a name or short code: this cannot be checked, and nobody can "
            "answer STOP to a name.",
            advice="Prefer a number or a Messaging Service.",
        )
        return
    found = client.incoming_phone_numbers.list(phone_number=sender, limit=1)
    if not found:
        yield Finding(
            level="bad",
            about=about,
            message=f"{sender} does not belong to this account.",
            advice="Write a number of this account into from_number.",
        )
    elif not (found[0].capabilities or {}).get("sms"):
        yield Finding(
            level="bad",
            about=about,
            message=f"{sender} cannot send SMS.",
            advice="Choose a number with the SMS capability.",
        )
    else:
        yield Finding(level="ok", about=about, message=f"{sender} can send SMS.")
        yield from _check_inbound(found[0].sms_url or "", settings)


def _check_inbound(url: str, settings: Settings) -> Iterator[Finding]:
    """People answer STOP to the sender; Twilio must pass that on to us."""
    if not settings.status_callback_base:
        return
    wanted = settings.status_callback_base.rstrip("/") + INBOUND_PATH
    if url == wanted:
        yield Finding(level="ok", about="SMS answers", message=f"Answers come to {wanted}.")
        return
    yield Finding(
        level="warn",
        about="SMS answers",
        message=f"When somebody answers STOP, Twilio tells {url or 'nobody'}, not us.",
        advice=f"Set “a message comes in” of the sender to POST {wanted}.",
    )


def _check_reports(settings: Settings) -> Iterator[Finding]:
    about = "SMS reports"
    base = settings.status_callback_base
    if not base:
        yield Finding(
            level="warn",
            about=about,
            message="Without status_callback_base nobody learns whether an SMS arrived.",
            advice="Set it to the public address of this service.",
        )
    elif urlsplit(base).scheme != "https" and not settings.base_url:
        yield Finding(
            level="warn",
            about=about,
            message=f"Reports come to {base} unencrypted, or not at all if it is a local address.",
            advice="Use the public https address of this service.",
        )
