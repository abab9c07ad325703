"""What would bite later? Looks at configuration, database, channels, shops and sources the way the
service will use them, and says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from notifier.connectors.base import Finding
from notifier.domain.message import Medium
from notifier.errors import ConfigError, LookFailed, NotifierError
from notifier.resources import bundled_folder
from notifier.services.channels import make_channel
from notifier.services.check_keys import check_keys
from notifier.services.check_mailbox import check_mailbox
from notifier.services.check_values import check_values
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import webhook_channel
from notifier.services.operation import room_trouble
from notifier.services.poll import PUSHED, make_source
from notifier.services.tell_merchant import apprise_channel
from notifier.services.write_message import media_of
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
            found.append(_bad(about, str(error), "Correct the configuration, then check again."))
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


def _ok(about: str, message: str) -> Finding:
    return Finding(level="ok", about=about, message=message)


def _warn(about: str, message: str, advice: str) -> Finding:
    return Finding(level="warn", about=about, message=message, advice=advice)


def _bad(about: str, message: str, advice: str) -> Finding:
    return Finding(level="bad", about=about, message=message, advice=advice)


def _check_service(env: Env) -> list[Finding]:
    own = env.config.service
    found = []
    url = urlsplit(own.public_url)
    local = (url.hostname or "") in ("localhost", "127.0.0.1", "::1")
    if url.scheme != "https" or local:
        found.append(
            _warn(
                "service.public_url",
                f"{own.public_url} is not an https address that customers can reach.",
                "Put a reverse proxy with a certificate in front and name its address here. "
                "One-click unsubscribe and passkeys need https.",
            )
        )
    else:
        found.append(_ok("service.public_url", own.public_url))
    link = env.link("/u/" + "x" * 42)
    if len(link) > 75:
        found.append(
            _warn(
                "service.public_url",
                f"Unsubscribe links get {len(link)} characters long.",
                "A shorter host name keeps the List-Unsubscribe header on one line.",
            )
        )
    if own.allow_private_addresses or own.allow_http:
        found.append(
            _warn(
                "service",
                "Sources and webhooks may use this machine's network or plain http.",
                "Turn allow_private_addresses and allow_http off before customers use this.",
            )
        )
    if not own.operator_email:
        found.append(
            _warn(
                "service.operator_email",
                "Nobody hears of trouble.",
                "Name an address that gets mail when a source breaks or a release is held.",
            )
        )
    if not any(bundled_folder().glob("*.css")):
        found.append(
            _bad(
                "admin",
                "This installation has no styles and no scripts for the admin's pages.",
                "Run `make assets` in the checkout, make the wheel anew and install it.",
            )
        )
    if not env.shops:
        found.append(_bad("shops", "No shop is configured.", "Add a [shops.<name>] section."))
    return found


def _check_database(env: Env) -> list[Finding]:
    if not can_write(env.db):
        return [
            _bad(
                "database",
                "The database cannot be written to.",
                "Check the disk, the rights of the file, or the connection.",
            )
        ]
    if full := room_trouble(env):
        return [_bad("database", f"There is no room to write. {full}", "Free some of the disk.")]
    kind = "SQLite" if env.db.is_sqlite else "PostgreSQL"
    return [_ok("database", f"{kind}, can be written to, schema up to date")]


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
        return [_bad(name, str(error), "Correct the settings, then check again.")]


def check_shop(env: Env, shop: ShopRef) -> list[Finding]:
    """What is missing or wrong in the settings of one shop; asks nobody outside."""
    own = shop.config
    about = f"shops.{shop.slug}"
    found = []
    for field, channel in (("mail_channel", own.mail_channel), ("sms_channel", own.sms_channel)):
        if channel and channel not in env.config.channels:
            level = _warn if field == "mail_channel" and media_of(env, shop) else _bad
            found.append(
                level(
                    f"{about}.{field}",
                    f"There is no channel {channel!r}.",
                    f"Add [channels.{channel}], or correct the name.",
                )
            )
    if not media_of(env, shop):
        found.append(_bad(about, "This shop can reach nobody.", "Set mail_channel or sms_channel."))
    if not own.origins:
        found.append(
            _bad(
                f"{about}.origins",
                "The widget may run nowhere.",
                'List the addresses of the shop, e.g. origins = ["https://shop.example"].',
            )
        )
    for origin in own.origins:
        if origin.startswith("http://") and "localhost" not in origin and "127.0.0.1" not in origin:
            found.append(
                _warn(
                    f"{about}.origins",
                    f"{origin} is not https.",
                    "If shoppers use https, write that: a browser's origin must match exactly.",
                )
            )
    for field, why in (
        ("postal_address", "The law wants a postal address in every mail."),
        ("privacy_url", "The widget should link to the shop's privacy notice."),
        ("support_email", "Customers have nobody to write to."),
    ):
        if not getattr(own, field):
            found.append(_warn(f"{about}.{field}", why, f"Set {field}."))
    found += check_values(own, about=about)
    if Medium.EMAIL.value in media_of(env, shop) and not own.sender:
        found.append(
            _warn(
                f"{about}.sender",
                "Mail goes out under the channel's own From.",
                "Set sender so that customers see the shop's name.",
            )
        )
    if bool(own.shopify_secrets) != bool(own.shopify_domain):
        found.append(
            _bad(
                f"{about}.shopify_domain",
                "Shopify's webhooks are refused.",
                "Set shopify_domain and shopify_secrets, both or neither.",
            )
        )
    signed = (own.push_secrets, own.shopify_secrets, own.woocommerce_secrets)
    if not own.sources and not own.keys and not any(signed):
        found.append(
            _bad(
                f"{about}.sources",
                "Nothing says what is in stock.",
                "Add a source, or a key for POST /api/v1/stock.",
            )
        )
    return found or [_ok(about, f"{own.name}: {len(own.origins)} origins")]


def _check_source(env: Env, shop: ShopRef, name: str) -> list[Finding]:
    section = shop.config.sources[name]
    about = f"shops.{shop.slug}.sources.{name}"
    if section.kind == PUSHED:
        return [_ok(about, "waits for what is pushed")]
    try:
        connector = make_source(env, shop, name, section)
        found = list(connector.check())
    except (ConfigError, LookFailed) as error:
        return [_bad(about, str(error), "Correct this source's settings.")]
    with env.db.read() as tx:
        row = next((s for s in sources.list_sources(tx, shop.id) if s.name == name), None)
    if row is not None and row.trouble:
        found.append(
            _bad(
                about,
                f"{row.failures} looks in a row failed, last: {row.trouble}",
                "The last good state is kept. Correct the source, then `notifier poll`.",
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
        _warn(
            f"switch {one.name}",
            f"Off since {one.at:%Y-%m-%d %H:%M} UTC: {one.why}",
            _what_turns_on(one),
        )
        for one in off.values()
    ]
    found += [
        _warn(f"alarm {alarm.code}", f"{alarm.about}: {alarm.message}", "")
        for alarm in open_alarms[:20]
    ]
    found += [
        _warn(f"job {job.name}", f"failed {job.failures} times in a row: {job.trouble}", "")
        for job in jobs
        if job.failures
    ]
    return found
