"""What has come back to the mailboxes that are configured: bounces, complaints, "stop"?

    [mailboxes.<name>], on an IMAP server or in a folder → each mail, once → receipts

A mailbox is only looked at: nothing in it is moved, marked or deleted, and where reading has come
to is remembered here (decision 0057). What is read twice all the same has no effect. One process
at a time reads a mailbox, by a lease.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from notifier.config_mailbox import MailboxSection
from notifier.errors import ConfigError, LookFailed, StoreBusy
from notifier.imap import TIMEOUT, ImapLogin, OpenFolder, open_folder
from notifier.log import log
from notifier.metrics import MAILBOX_LOOKS, MAILS_READ
from notifier.services.alarm_said import Said, say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env
from notifier.services.mail_folder import mails_since
from notifier.services.receive_mail import MailReport, book_mail, start_of
from notifier.store import alarms, leases, mailboxes
from notifier.store.mailboxes import Place
from notifier.store.session import Transaction

MOST = 1_000  # mails of one mailbox in one run; the next run goes on
AT_MOST = 60.0  # seconds for one mailbox in one run
LEASE = timedelta(minutes=3)  # longer than a run can take
LOOK_BACK = timedelta(days=90)  # what is older says nothing about what is kept of messages
WINDOW = 50_000  # UIDs asked for at a time, where a folder holds more mails than that
FILES_AT_ONCE = 50
PATIENCE = timedelta(minutes=30)  # a mailbox that cannot be read for longer is told of
AGAIN_AFTER = timedelta(hours=1)  # a login that was refused: more tries would lock the account
UNREAD, UNBOOKED = "mailbox.unread", "mailbox.not_booked"


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run over one mailbox. `key` is the mailbox's name in our rows."""

    env: Env
    name: str
    section: MailboxSection
    key: str
    until: float = field(default_factory=lambda: time.monotonic() + AT_MOST)
    report: MailReport = field(default_factory=MailReport)
    failed: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.report.read >= MOST or time.monotonic() >= self.until

    @property
    def since(self) -> datetime:
        """What came before is not looked at: our memory of what was read must reach further."""
        kept = self.env.config.retention.receipts
        return self.env.now() - min(LOOK_BACK, kept or LOOK_BACK)

    def book(self, raw: bytes, *, mail: str) -> None:
        """`mail`: what a person finds it by."""
        try:
            book_mail(self.env, raw, self.report)
        except StoreBusy:
            raise
        except Exception:  # noqa: BLE001  one mail must not keep the others from being heard
            log.exception("mail not booked", mailbox=self.name, mail=mail)
            self.failed.append(mail)


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
        if one.code in (UNREAD, UNBOOKED) and one.about not in env.config.mailboxes
    ]

    def work(tx: Transaction) -> None:
        for one in gone:
            clear_alarm(env, tx, code=one.code, about=one.about)

    if gone:
        env.db.retry(work)


def _read_alone(env: Env, name: str, section: MailboxSection, *, owner: str) -> int:
    run = _Run(env=env, name=name, section=section, key=_key_of(section))
    lease = f"mailbox:{run.key}"
    if not env.db.retry(
        lambda tx: leases.take_lease(tx, lease, owner=owner, now=env.now(), lease=LEASE)
    ):
        return 0
    try:
        if section.path:
            _read_folder(run)
        else:
            _read_server(run)
    except (ConfigError, LookFailed) as error:
        _could_not(run, error)
    else:
        _could(run)
    finally:
        env.db.retry(lambda tx: leases.drop_lease(tx, lease, owner=owner))
        _count(run)
    return run.report.news


def _key_of(section: MailboxSection) -> str:
    """The same for two sections that mean the same mailbox."""
    place = (section.host.lower(), section.username, section.folder, section.path)
    return hashlib.sha256("\n".join(place).encode()).hexdigest()[:24]


def login_of(section: MailboxSection) -> ImapLogin:
    return ImapLogin(
        host=section.host,
        port=section.port_used,
        security=section.security,
        username=section.username,
        password=section.password,
        ca_file=section.ca_file,
        folder=section.folder,
    )


def _read_server(run: _Run) -> None:
    env, login = run.env, login_of(run.section)
    tried = _name_of_login(env, login)
    with env.db.read() as tx:
        refused_until = mailboxes.refused_until(tx, tried)
    if refused_until is not None and env.now() < refused_until <= env.now() + AGAIN_AFTER:
        raise LookFailed(
            "login_refused",
            f"{login.place} has refused the login of {login.username!r}; it is tried again after "
            f"{refused_until:%H:%M} UTC. Correct username and password.",
        )
    try:
        with open_folder(login, at_most=AT_MOST + TIMEOUT) as folder:
            _read_open(run, folder)
    except LookFailed as error:
        if error.code == "login_refused":
            until = env.now() + AGAIN_AFTER
            env.db.retry(lambda tx: mailboxes.refuse_until(tx, tried, until))
        raise


def _name_of_login(env: Env, login: ImapLogin) -> str:
    """Another one as soon as the password is another; tells nothing of it."""
    said = f"{login.place}\n{login.username}\n{login.password}".encode()
    return hmac.digest(env.signer.secret_for("mailbox"), said, "sha256").hex()


def _read_open(run: _Run, folder: OpenFolder) -> None:
    """From where the last run ended; what was read is remembered even if the line breaks."""
    env = run.env
    with env.db.read() as tx:
        before = mailboxes.place_of(tx, run.key)
    is_known = before is not None and before.validity == folder.validity
    if before is None or not is_known or before.uid >= folder.next_uid:
        if before is not None:
            log.info("mailbox read anew: its numbers have changed", mailbox=run.name)
        reached = 0
    else:
        reached = before.uid
    step = WINDOW if folder.mails > WINDOW else folder.next_uid
    try:
        while reached < folder.next_uid - 1 and not run.is_over:
            last = min(reached + step, folder.next_uid - 1)
            for uid in folder.uids(reached + 1, last, since=run.since.date()):
                if run.is_over:
                    return
                raw = folder.mail(uid)
                if raw is not None:
                    run.book(raw, mail=f"UID {uid}")
                reached = uid
            reached = last
    finally:
        now = Place(validity=folder.validity, uid=reached)
        if now != before:
            env.db.retry(lambda tx: mailboxes.save_place(tx, run.key, now, now=env.now()))


def _read_folder(run: _Run) -> None:
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
                raise ConfigError(f"{files[name]} cannot be read: {error}.") from error
            run.book(raw, mail=files[name].name)
            done.append(name)
            if len(done) >= FILES_AT_ONCE:
                _save(run, done)
    finally:
        _save(run, done)


def _save(run: _Run, done: list[str]) -> None:
    names = tuple(done)
    done.clear()
    if names:
        now = run.env.now()
        run.env.db.retry(lambda tx: mailboxes.save_files(tx, run.key, names, now=now))


def _could(run: _Run) -> None:
    env, failed = run.env, run.failed
    if run.report.read:
        log.info("mailbox read", mailbox=run.name, count=run.report.read, news=run.report.news)

    def work(tx: Transaction) -> None:
        mailboxes.works_again(tx, run.key)
        clear_alarm(env, tx, code=UNREAD, about=run.name)
        if failed:
            words = {"count": len(failed), "mails": ", ".join(failed[:5])}
            _raise(run, tx, UNBOOKED, say("mailbox_unbooked", mailbox=run.name, **words))
        elif run.report.ours:
            clear_alarm(env, tx, code=UNBOOKED, about=run.name)

    env.db.retry(work)
    MAILBOX_LOOKS.labels(mailbox=run.name, result="ok").inc()


def _could_not(run: _Run, error: ConfigError | LookFailed) -> None:
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


def _raise(run: _Run, tx: Transaction, code: str, message: Said) -> None:
    shop = next(iter(run.env.shops.values()), None)
    raise_alarm(run.env, tx, code=code, about=run.name, message=message, shop=shop)


def _count(run: _Run) -> None:
    report = run.report
    for result, count in (
        ("news", report.news),
        ("known", report.ours - report.news),
        ("not_ours", report.read - report.ours - len(run.failed)),
        ("not_booked", len(run.failed)),
    ):
        if count > 0:
            MAILS_READ.labels(mailbox=run.name, result=result).inc(count)
