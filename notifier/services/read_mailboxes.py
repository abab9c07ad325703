"""What has come back to the mailboxes that are configured: bounces, complaints, "stop"?

    [mailboxes.<name>], on an IMAP server or in a folder → each mail, once → receipts

A mailbox is only looked at: nothing in it is moved, marked or deleted, and where reading has come
to is remembered here (decision 0057). What is read twice all the same has no effect. One process
at a time reads a mailbox, by a lease.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

from notifier.config_mailbox import MailboxSection
from notifier.errors import ConfigError, LookFailed
from notifier.log import log
from notifier.metrics import MAILBOX_LOOKS, MAILS_READ
from notifier.services.alarm_said import Said, say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env
from notifier.services.mail_folder import mails_since
from notifier.services.mailbox_run import MailboxRun
from notifier.services.read_imap import read_server
from notifier.services.receive_mail import start_of
from notifier.store import alarms, leases, mailboxes
from notifier.store.session import Transaction

LEASE = timedelta(minutes=3)  # longer than a run can take
FILES_AT_ONCE = 50
PATIENCE = timedelta(minutes=30)  # a mailbox, or a mail, that cannot be read for longer is told of
UNREAD, WITHHELD, UNBOOKED = "mailbox.unread", "mailbox.withheld", "mailbox.not_booked"


def read_mailboxes(env: Env, *, owner: str) -> int:
    """Read what is new in each; how many mails said something new. `owner` names the process."""
    _forget_removed(env)
    return sum(
        _read_alone(env, name, section, owner=owner)
        for name, section in env.config.mailboxes.items()
    )


def _forget_removed(env: Env) -> None:
    """Nobody reads a mailbox any more that is not configured, and nobody needs to."""
    with env.db.read() as tx:
        found = alarms.open_alarms(tx)
    gone = [
        one
        for one in found
        if one.code in (UNREAD, WITHHELD, UNBOOKED) and one.about not in env.config.mailboxes
    ]

    def work(tx: Transaction) -> None:
        for one in gone:
            clear_alarm(env, tx, code=one.code, about=one.about)

    if gone:
        env.db.retry(work)


def _read_alone(env: Env, name: str, section: MailboxSection, *, owner: str) -> int:
    run = MailboxRun(env=env, name=name, section=section, key=_key_of(section))
    lease = f"mailbox:{run.key}"
    if not env.db.retry(
        lambda tx: leases.take_lease(tx, lease, owner=owner, now=env.now(), lease=LEASE)
    ):
        return 0
    try:
        if section.path:
            _read_folder(run)
        else:
            read_server(run)
    except (ConfigError, LookFailed) as error:
        _could_not(run, error)
    else:
        _could(run)
    finally:
        env.db.retry(lambda tx: leases.drop_lease(tx, lease, owner=owner))
        _tell_of_mails(run)
        _count(run)
    return run.report.news


def _key_of(section: MailboxSection) -> str:
    """The same for two sections that mean the same mailbox."""
    place = (section.host.lower(), section.username, section.folder, section.path)
    return hashlib.sha256("\n".join(place).encode()).hexdigest()[:24]


def _read_folder(run: MailboxRun) -> None:
    """What cannot be read of it is passed over, and tried again each time."""
    env = run.env
    files = mails_since(Path(run.section.path), since=run.since)
    with env.db.read() as tx:
        unread = mailboxes.unread_files(tx, run.key, list(files))
    done: list[str] = []
    try:
        for name in unread:
            if run.is_over:
                break
            try:
                raw = start_of(files[name])
            except FileNotFoundError:  # moved to what was seen: found there the next time
                continue
            except OSError as error:
                mail = files[name].name
                log.warning("mail not given", mailbox=run.name, mail=mail, why=str(error))
                run.withheld[mail] = run.since  # it was whole when it came, so this will not pass
                continue
            run.book(raw, mail=files[name].name)
            done.append(name)
            if len(done) >= FILES_AT_ONCE:
                _save(run, done)
    finally:
        _save(run, done)


def _save(run: MailboxRun, done: list[str]) -> None:
    names = tuple(done)
    done.clear()
    if names:
        now = run.env.now()
        run.env.db.retry(lambda tx: mailboxes.save_files(tx, run.key, names, now=now))


def _could(run: MailboxRun) -> None:
    env, held = run.env, run.withheld
    if run.report.read:
        log.info("mailbox read", mailbox=run.name, count=run.report.read, news=run.report.news)

    def work(tx: Transaction) -> None:
        mailboxes.works_again(tx, run.key)
        clear_alarm(env, tx, code=UNREAD, about=run.name)
        if not held:
            clear_alarm(env, tx, code=WITHHELD, about=run.name)
        if run.report.ours and not (run.failed or run.given_up):
            clear_alarm(env, tx, code=UNBOOKED, about=run.name)

    env.db.retry(work)
    MAILBOX_LOOKS.labels(mailbox=run.name, result="ok").inc()


def _tell_of_mails(run: MailboxRun) -> None:
    """Of those that were not heard, however the run ended."""
    long_ago = run.env.now() - PATIENCE
    by_age = sorted(run.withheld.items(), key=lambda one: one[1])
    withheld = [mail for mail, since in by_age if since <= long_ago]
    lost = run.failed + run.given_up

    def work(tx: Transaction) -> None:
        for code, key, mails in (
            (WITHHELD, "mailbox_withheld", withheld),
            (UNBOOKED, "mailbox_unbooked", lost),
        ):
            if mails:
                named = ", ".join(mails[:5])
                words = say(key, mailbox=run.name, count=len(mails), mails=named)
                _raise(run, tx, code, words)

    if withheld or lost:
        run.env.db.retry(work)


def _could_not(run: MailboxRun, error: ConfigError | LookFailed) -> None:
    env = run.env
    code = getattr(error, "code", "path")
    MAILBOX_LOOKS.labels(mailbox=run.name, result=code).inc()
    log.warning("mailbox not read", mailbox=run.name, code=code, why=str(error))

    def work(tx: Transaction) -> None:
        since = mailboxes.failing_since(tx, run.key, now=env.now())
        if env.now() - since >= PATIENCE:
            when = f"{since:%Y-%m-%d %H:%M} UTC"
            words = say("mailbox_unread", mailbox=run.name, since=when, error=str(error))
            _raise(run, tx, UNREAD, words)

    env.db.retry(work)


def _raise(run: MailboxRun, tx: Transaction, code: str, message: Said) -> None:
    shop = next(iter(run.env.shops.values()), None)
    raise_alarm(run.env, tx, code=code, about=run.name, message=message, shop=shop)


def _count(run: MailboxRun) -> None:
    report = run.report
    for result, count in (
        ("news", report.news),
        ("known", report.ours - report.news),
        ("not_ours", report.read - report.ours - len(run.failed)),
        ("not_booked", len(run.failed) + len(run.given_up)),
    ):
        if count > 0:
            MAILS_READ.labels(mailbox=run.name, result=result).inc(count)
