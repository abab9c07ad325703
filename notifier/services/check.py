"""What would bite later? Looks at configuration, database, channels, shops and sources the way the
service will use them, and says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from notifier.connectors.base import Finding
from notifier.errors import ConfigError, LookFailed, NotifierError
from notifier.resources import bundled_folder
from notifier.services.channels import make_channel
from notifier.services.check_keys import check_keys
from notifier.services.check_mailbox import check_mailbox
from notifier.services.check_shop import check_shop
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import webhook_channel
from notifier.services.operation import room_trouble
from notifier.services.poll import PUSHED, make_source
from notifier.services.tell_merchant import apprise_channel
from notifier.store import alarms, leases, sources, switches
from notifier.store.session import can_write


def check_all(env: Env, *, tell: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """Every finding; `tell` hears what is being looked at, since some of it takes a while."""
    found: list[Finding] = []
    for about, look in _looks(env):
        tell(about)
        try:
            found += [_placed(one, about) for one in look()]
        except NotifierError as error:
            advice = "Correct the configuration, then check again."
            found.append(Finding.bad(about, str(error), advice=advice))
    return found


def _looks(env: Env) -> Iterator[tuple[str, Callable[[], list[Finding]]]]:
    yield "service", lambda: _check_service(env)
    yield "database", lambda: _check_database(env)
    yield "service", lambda: check_keys(env)
    for name in env.config.channels:
        yield f"channel {name}", lambda name=name: check_channel(env, name)  # type: ignore[misc]
    for name in env.config.mailboxes:
        yield f"mailbox {name}", lambda name=name: check_mailbox(env, name)  # type: ignore[misc]
    for shop in env.shops.values():
        yield f"shop {shop.slug}", lambda shop=shop: check_shop(env, shop)  # type: ignore[misc]
        for name in shop.config.webhooks:
            channel = webhook_channel(shop.slug, name)
            yield (
                f"webhook {shop.slug}/{name}",
                lambda channel=channel: check_channel(env, channel),  # type: ignore[misc]
            )
        for number, url in enumerate(shop.config.alerts.apprise, 1):
            channel = apprise_channel(shop, url)
            yield (
                f"alerts {shop.slug}/{number}",
                lambda channel=channel: check_channel(env, channel),  # type: ignore[misc]
            )
        for name in shop.config.sources:
            yield (
                f"source {shop.slug}/{name}",
                lambda shop=shop, name=name: _check_source(env, shop, name),  # type: ignore[misc]
            )
    yield "running", lambda: _check_running(env)


def _placed(one: Finding, about: str) -> Finding:
    """The finding under the name of what was looked at, where it does not say that itself."""
    name = about.rpartition(" ")[2]
    if name in one.about or name.rpartition("/")[2] in one.about or about in ("running", "service"):
        return one
    return replace(one, about=f"{about}, {one.about}")


def _check_service(env: Env) -> list[Finding]:
    own = env.config.service
    found = _check_public_url(env)
    if own.allow_private_addresses or own.allow_http:
        found.append(
            Finding.warn(
                "service",
                "Sources and webhooks may use this machine's network or plain http.",
                advice="Turn allow_private_addresses and allow_http off before customers use this.",
            )
        )
    if not own.operator_email:
        found.append(
            Finding.warn(
                "service.operator_email",
                "Nobody hears of trouble.",
                advice="Name an address that gets mail when a source breaks or a release is held.",
            )
        )
    if not any(bundled_folder().glob("*.css")):
        found.append(
            Finding.bad(
                "admin",
                "This installation has no styles and no scripts for the admin's pages.",
                advice="Run `make assets` in the checkout, make the wheel anew and install it.",
            )
        )
    if not env.shops:
        advice = "Add a [shops.<name>] section."
        found.append(Finding.bad("shops", "No shop is configured.", advice=advice))
    return found


def _check_public_url(env: Env) -> list[Finding]:
    about, written = "service.public_url", env.config.service.public_url
    url = urlsplit(written)
    local = (url.hostname or "") in ("localhost", "127.0.0.1", "::1")
    if url.scheme == "https" and not local:
        found = [Finding.ok(about, written)]
    else:
        found = [
            Finding.warn(
                about,
                f"{written} is not an https address that customers can reach.",
                advice="Put a reverse proxy with a certificate in front and name its address here. "
                "One-click unsubscribe and passkeys need https.",
            )
        ]
    link = env.link("/u/" + "x" * 42)
    if len(link) > 75:
        found.append(
            Finding.warn(
                about,
                f"Unsubscribe links get {len(link)} characters long.",
                advice="A shorter host name keeps the List-Unsubscribe header on one line.",
            )
        )
    return found


def _check_database(env: Env) -> list[Finding]:
    if not can_write(env.db):
        return [
            Finding.bad(
                "database",
                "The database cannot be written to.",
                advice="Check the disk, the rights of the file, or the connection.",
            )
        ]
    if full := room_trouble(env):
        message = f"There is no room to write. {full}"
        return [Finding.bad("database", message, advice="Free some of the disk.")]
    kind = "SQLite" if env.db.is_sqlite else "PostgreSQL"
    return [Finding.ok("database", f"{kind}, can be written to, schema up to date")]


def check_channel(env: Env, name: str) -> list[Finding]:
    """Try one channel without sending; a webhook gets a ping. Raises errors.ConfigError."""
    channel = make_channel(env, name)
    try:
        return channel.check()
    finally:
        channel.close()


def try_channel(env: Env, name: str) -> list[Finding]:
    """The same for who looks at a page: what cannot be set up is a finding, too."""
    try:
        return check_channel(env, name)
    except NotifierError as error:
        return [Finding.bad(name, str(error), advice="Correct the settings, then check again.")]


def _check_source(env: Env, shop: ShopRef, name: str) -> list[Finding]:
    section = shop.config.sources[name]
    about = f"shops.{shop.slug}.sources.{name}"
    if section.kind == PUSHED:
        return [Finding.ok(about, "waits for what is pushed")]
    try:
        connector = make_source(env, shop, name, section)
        found = list(connector.check())
    except (ConfigError, LookFailed) as error:
        return [Finding.bad(about, str(error), advice="Correct this source's settings.")]
    with env.db.read() as tx:
        row = sources.find_source(tx, shop.id, name)
    if row is not None and row.trouble:
        found.append(
            Finding.bad(
                about,
                f"{row.failures} looks in a row failed, last: {row.trouble}",
                advice="The last good state is kept. Correct the source, then `notifier poll`.",
            )
        )
    return found


def _what_turns_on(off: switches.Off) -> str:
    if off.until:
        return f"Is tried again at {off.until:%H:%M} UTC."
    sort, _, shop = off.name.partition(":")
    return f"`notifier resume-sending --shop {shop}` lets them go on." if sort == "alerts" else ""


def _check_running(env: Env) -> list[Finding]:
    """What a running or past service has left as trouble."""
    now = env.now()
    with env.db.read() as tx:
        off = switches.all_off(tx, now=now)
        open_alarms = alarms.open_alarms(tx)
        jobs = leases.list_jobs(tx)
    found = [
        Finding.warn(
            f"switch {one.name}",
            f"Off since {one.at:%Y-%m-%d %H:%M} UTC: {one.why}",
            advice=_what_turns_on(one),
        )
        for one in off.values()
    ]
    found += [
        Finding.warn(f"alarm {alarm.code}", f"{alarm.about}: {alarm.message}")
        for alarm in open_alarms[:20]
    ]
    found += [
        Finding.warn(f"job {job.name}", f"failed {job.failures} times in a row: {job.trouble}")
        for job in jobs
        if job.failures
    ]
    return found
