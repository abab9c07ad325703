"""Would the mail server take our mail? Tries everything short of sending, and says what to do."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from notifier.channels.base import Blame, Finding
from notifier.channels.smtp.addresses import parse_mailbox, to_ascii_domain
from notifier.channels.smtp.classify import Stage, classify_reply
from notifier.channels.smtp.opening import OpeningFailed
from notifier.channels.smtp.session import Session
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.verp import ReturnPurpose, make_address
from notifier.channels.smtp.wire import NoReply

__all__ = ["check_server"]

_ADVICE = {
    Stage.CONNECT: "Check host and port, and whether a firewall lets this machine out (587, 465).",
    Stage.GREETING: "The server may refuse this machine's IP address. Ask its operator.",
    Stage.EHLO: "Set hello_name to this machine's full name, e.g. notify.shop.example.",
    Stage.STARTTLS: 'Use port 587 with security = "starttls", or 465 with security = "tls".',
    Stage.TLS: 'The port may not speak TLS at once: 465 wants security = "tls", 587 "starttls".',
    Stage.CERTIFICATE: "Write the name the certificate is made for into host. For a private "
    "authority name its PEM file in ca_file.",
    Stage.AUTH: "Check username and password. Many providers want an app password or an API key.",
}
_WAIT = "The server says this is temporary. Try again in some minutes."
_OTHER_SENDER = (
    "Use a from_address (or bounce_domain) that this login may send from, or add it there."
)
_NO_LOGIN = "Set username and password; this server wants a login."


def check_server(
    settings: Settings, *, open_session: Callable[[], Session], secret: bytes
) -> list[Finding]:
    """Connect, encrypt, log in, offer the sender, reset. Nothing is sent. Never raises."""
    findings = list(_check_settings(settings))
    where = f"{settings.host}:{settings.port}"
    try:
        session = open_session()
    except OpeningFailed as failure:
        return [*findings, _opening_finding(where, failure)]
    try:
        how = {"starttls": "TLS (STARTTLS)", "tls": "TLS", "none": "no encryption"}
        answers = f"{where} answers, with {how[settings.security]}."
        findings.append(Finding.ok("connection", answers))
        if settings.username:
            findings.append(Finding.ok("login", f"The login as {settings.username} works."))
        findings.append(_check_sender(session, settings, secret))
        findings += _check_extensions(session)
    finally:
        session.close()
    return findings


def _check_settings(settings: Settings) -> list[Finding]:
    findings = []
    if settings.security == "none" and not _is_this_machine(settings.host):
        findings.append(
            Finding(
                level="warn",
                about="encryption",
                message=f"Mail goes to {settings.host} unencrypted.",
                advice='Set security = "starttls"; use "none" only for a server on this machine.',
            )
        )
    if settings.dot_timeout < 300:
        findings.append(
            Finding(
                level="warn",
                about="dot_timeout",
                message=f"Waiting only {settings.dot_timeout:g} s makes double mails.",
                advice="Leave dot_timeout at 600 s (RFC 5321 4.5.3.2.6).",
            )
        )
    return findings + _check_callbacks(settings)


def _check_callbacks(settings: Settings) -> list[Finding]:
    """Whether the provider's callbacks would be believed. Whether it makes any, it alone knows."""
    count, path = len(settings.callback_key_list), f"/hooks/{settings.provider}"
    if not settings.provider:
        return []
    if not count:
        return [
            Finding(
                level="warn",
                about="callbacks",
                message=f"What {settings.provider} says at {path} is refused: no key is set.",
                advice="Set callback_keys, or leave out provider.",
            )
        ]
    keys = "1 key" if count == 1 else f"{count} keys"
    return [Finding.ok("callbacks", f"{settings.provider} is believed at {path} by {keys}.")]


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _opening_finding(where: str, failure: OpeningFailed) -> Finding:
    result, stage = failure.result, failure.stage
    said = result.detail or "nothing"
    messages = {
        Stage.CONNECT: said,
        Stage.STARTTLS: said,
        Stage.TLS: said,
        Stage.CERTIFICATE: said,
        Stage.AUTH: f"{where} refuses the login ({result.code}): {said}",
    }
    message = messages.get(stage, f"{where} broke off at {stage} ({result.code}): {said}")
    about = {Stage.AUTH: "login", Stage.CERTIFICATE: "certificate", Stage.STARTTLS: "encryption"}
    return Finding(
        level="bad",
        about=about.get(stage, "connection"),
        message=message,
        advice=_ADVICE.get(stage, "Ask the server's operator."),
    )


def _check_sender(session: Session, settings: Settings, secret: bytes) -> Finding:
    sender = _sender(settings, secret)
    try:
        reply = session.try_sender(sender)
    except NoReply as error:
        return Finding(
            level="bad",
            about="sender",
            message=f"The server gave no answer to the sender {sender}: {error}",
            advice="Try again; if it stays so, ask the server's operator.",
        )
    if 200 <= reply.code < 300:
        return Finding.ok("sender", f"The server takes mail from {sender}.")
    result = classify_reply(Stage.MAIL, reply)
    permanent = result.blame is not Blame.TRANSPORT
    wants_login = not settings.username and (reply.code == 530 or "auth" in reply.text.lower())
    return Finding(
        level="bad" if permanent else "warn",
        about="sender",
        message=f"The server refuses the sender {sender} ({result.code}): {result.detail}",
        advice=_NO_LOGIN if wants_login else _OTHER_SENDER if permanent else _WAIT,
    )


def _sender(settings: Settings, secret: bytes) -> str:
    if settings.bounce_domain:
        domain = to_ascii_domain(settings.bounce_domain)
        return make_address(ReturnPurpose.BOUNCE, "check", domain=domain, secret=secret)
    return parse_mailbox(settings.envelope_from or settings.from_address).address


def _check_extensions(session: Session) -> list[Finding]:
    findings = []
    if "PIPELINING" not in session.extensions:
        text = "The server does not offer PIPELINING. It works, with more waiting per letter."
        findings.append(Finding.ok("speed", text))
    limit = session.extensions.get("SIZE", "").strip()
    if limit.isdecimal() and 0 < int(limit) < 200_000:
        findings.append(
            Finding(
                level="warn",
                about="size",
                message=f"The server takes letters of at most {limit} bytes.",
                advice="Letters with much HTML may be refused. Ask for a higher limit.",
            )
        )
    return findings
