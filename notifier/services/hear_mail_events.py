"""Did the relay that carries our mail really say this, and what follows from it?

    POST /hooks/<provider>  →  is_genuine  →  take  →  receive, event by event

A provider is believed by the keys of the mail channels that go through it. What names no message
of ours is counted and not kept: the account may carry other mail as well (trust EM-23, 188).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from notifier import plugins
from notifier.channels.base import Receipt
from notifier.errors import BadToken, StoreBusy
from notifier.http import Limits, Outbound
from notifier.log import log
from notifier.metrics import MAIL_EVENTS
from notifier.services.act_once import Acted, act_once
from notifier.services.certificates import Certificates
from notifier.services.env import Env
from notifier.services.receive import receive
from notifier.services.sign_up_limits import network_of
from notifier.signing import Purpose
from notifier.store import outbox, receipts

GROUP = "notifier.channels"
KIND = "email_smtp"

_FETCH = Limits(connect=3.0, total=8.0, max_bytes=64 * 1024, max_redirects=0)
_ASKED_AT_ONCE = 500
_certificates = Certificates()


@dataclass(slots=True, kw_only=True)
class Heard:
    """How many events were news, known before, about no message of ours, or of no matter here.

    `busy`: the same callback is being worked on at this moment.
    """

    news: int = 0
    known: int = 0
    not_ours: int = 0
    ignored: int = 0
    busy: bool = False

    def counts(self) -> dict[str, int]:
        found = asdict(self)
        del found["busy"]
        return found


def is_genuine(
    env: Env, provider: str, *, body: bytes, headers: Mapping[str, str], ip: str = ""
) -> bool:
    """Whether this is the word of a provider that carries our mail. `headers`: names in lower
    case; `ip`: who says so. Raises errors.LookFailed when that cannot be told now."""
    module = _module()
    keys = _keys(env, module, provider)
    if not keys:
        return False
    callback = module.Callback(body=body, headers=headers, at=env.now())

    def fetch(url: str, is_one: Callable[[bytes], bool]) -> bytes:
        return _certificates.get(
            url,
            fetch=lambda url: _get(env, url),
            is_one=is_one,
            network=network_of(ip),
            now=env.now(),
        )

    found: bool = module.PROVIDERS[provider].is_genuine(callback, keys, fetch=fetch)
    return found


def take(env: Env, provider: str, value: Any) -> Heard:
    """Act on the parsed body of a genuine callback. Raises errors.InvalidInput, and
    errors.LookFailed where the provider could not be told that we listen."""
    events = _module().PROVIDERS[provider].read(value, at=env.now())
    heard = Heard(ignored=len(events.ignored))
    if events.confirm:
        _get(env, events.confirm)
        log.info("callbacks confirmed", provider=provider)

    def act() -> None:
        _hear(env, provider, events.receipts, heard)

    if events.once:
        name = f"{provider}\n{events.once}"
        acted = act_once(env, name, scope=f"hook:{provider}", act=act)
        heard.busy = acted is Acted.BUSY
        if acted is Acted.BEFORE:
            heard.known += len(events.receipts)
    else:
        act()
    if events.ignored:
        kinds = sorted({kind[:40] for kind in events.ignored})[:10]
        log.info("mail events ignored", provider=provider, kinds=kinds, count=heard.ignored)
    for result, count in heard.counts().items():
        if count:
            MAIL_EVENTS.labels(provider=provider, result=result).inc(count)
    return heard


def _hear(env: Env, provider: str, said: Sequence[Receipt], heard: Heard) -> None:
    """One by one. What cannot be booked keeps no other from being heard; it is raised at the end,
    so that the callback comes again."""
    before = _told_before(env, provider, [one.event_id for one in said])
    troubles: list[Exception] = []
    for receipt in said:
        if receipt.event_id in before:
            heard.known += 1
        elif not _names_a_message(env, receipt):
            heard.not_ours += 1
        else:
            try:
                news = receive(env, receipt)
            except StoreBusy:
                raise
            except Exception as error:  # noqa: BLE001  one event must not keep the others
                log.exception("mail event not booked", provider=provider, id=receipt.event_id)
                troubles.append(error)
                continue
            heard.news += news
            heard.known += not news
    if troubles:
        raise troubles[0]


def _told_before(env: Env, provider: str, event_ids: list[str]) -> set[str]:
    """Those that came before, asked for together: a callback that was answered too late brings
    thousands of them again."""
    found: set[str] = set()
    with env.db.read() as tx:
        for first in range(0, len(event_ids), _ASKED_AT_ONCE):
            some = event_ids[first : first + _ASKED_AT_ONCE]
            found |= receipts.known_events(tx, provider=provider, event_keys=some)
    return found


def _names_a_message(env: Env, receipt: Receipt) -> bool:
    """By our own signed name, or by the name the provider gave when it took the mail."""
    if receipt.uid:
        try:
            env.signer.read(receipt.uid, purpose=Purpose.MESSAGE, now=env.now())
        except BadToken:
            pass  # other mail of the account, or a name under a key that is not there any more
        else:
            return True
    if not receipt.provider_id:
        return False
    with env.db.read() as tx:
        return outbox.find_message(tx, provider_id=receipt.provider_id) is not None


def _module() -> ModuleType:
    return plugins.load(GROUP, KIND)


def _keys(env: Env, module: ModuleType, provider: str) -> list[str]:
    found: list[str] = []
    for name, section in env.config.channels.items():
        if section.kind == KIND and section.settings.get("provider") == provider:
            settings = plugins.read_settings(module, section.settings, where=f"channels.{name}")
            found += settings.callback_key_list
    return found


def _get(env: Env, url: str) -> bytes:
    """Raises errors.LookFailed."""
    outbound = Outbound(
        allow_private=env.config.service.allow_private_addresses, limits=_FETCH, clock=env.clock
    )
    try:
        with outbound.get(url) as fetched:
            return fetched.body.read()
    finally:
        outbound.close()
