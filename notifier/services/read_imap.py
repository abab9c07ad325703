"""What is new in a folder on an IMAP server?

Read from where the last run ended. A mail that the server does not give, each time it is asked for,
holds up no other: it is passed over, remembered, and asked for again at the end of every later run,
for some days. Of a server that gives nothing only so many are passed over; then it counts as one
that cannot be read.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import timedelta

from notifier.config_mailbox import MailboxSection
from notifier.errors import LookFailed
from notifier.imap import NOT_GIVEN, TIMEOUT, ImapLogin, OpenFolder, open_folder
from notifier.log import log
from notifier.services.env import Env
from notifier.services.mailbox_run import AT_MOST, MailboxRun
from notifier.store import mailboxes
from notifier.store.mailboxes import Place, Withheld

__all__ = ["ASKED_FOR", "MOST_WITHHELD", "login_of", "read_server"]

WINDOW = 50_000  # UIDs asked for at a time, where a folder holds more mails than that
AGAIN_AFTER = timedelta(hours=1)  # a login that was refused: more tries would lock the account
MOST_WITHHELD = 20
ASKED_FOR = timedelta(days=3)  # so long a mail is asked for that is not given


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


def read_server(run: MailboxRun) -> None:
    """Raises errors.LookFailed when the mailbox cannot be read."""
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


def _read_open(run: MailboxRun, folder: OpenFolder) -> None:
    """From where the last run ended; what was read is remembered even if the line breaks."""
    env = run.env
    before = _place(run, folder)
    reached = before.uid if before is not None else 0
    with env.db.read() as tx:
        withheld = mailboxes.withheld(tx, run.key)
    run.withheld = {_name(one.uid): one.since for one in withheld}
    step = WINDOW if folder.mails > WINDOW else folder.next_uid
    try:
        while reached < folder.next_uid - 1 and not run.is_over:
            last = min(reached + step, folder.next_uid - 1)
            for uid in folder.uids(reached + 1, last, since=run.since.date()):
                if run.is_over:
                    return
                trouble = _read_new(run, folder, uid)
                reached = uid
                if trouble is not None and trouble.code != NOT_GIVEN:
                    raise trouble
            reached = last
    finally:
        now = Place(validity=folder.validity, uid=reached)
        if now != before:
            env.db.retry(lambda tx: mailboxes.save_place(tx, run.key, now, now=env.now()))
    _ask_again(run, folder, withheld)


def _place(run: MailboxRun, folder: OpenFolder) -> Place | None:
    """Where the last run ended; None when the folder is to be read from its first mail."""
    env = run.env
    with env.db.read() as tx:
        found = mailboxes.place_of(tx, run.key)
    if found is None or (found.validity == folder.validity and found.uid < folder.next_uid):
        return found
    log.info("mailbox read anew: its numbers have changed", mailbox=run.name)
    env.db.retry(lambda tx: mailboxes.forget_withheld(tx, run.key))
    return None


def _read_new(run: MailboxRun, folder: OpenFolder, uid: int) -> LookFailed | None:
    """Book a mail, or pass it over; why. Raises that where too many were passed over."""
    try:
        raw = folder.mail(uid)
    except LookFailed as error:
        if len(run.withheld) >= MOST_WITHHELD:
            raise
        _pass_over(run, Withheld(uid=uid, since=run.env.now()), error)
        return error
    if raw is not None:
        run.book(raw, mail=_name(uid))
    return None


def _ask_again(run: MailboxRun, folder: OpenFolder, withheld: Sequence[Withheld]) -> None:
    """For what was passed over before. If that breaks the line, all the others were read."""
    for one in withheld:
        if run.is_over:
            return
        try:
            raw = folder.mail(one.uid)
        except LookFailed as error:
            _pass_over(run, one, error)
            if error.code != NOT_GIVEN:
                return
            continue
        if raw is not None:
            run.book(raw, mail=_name(one.uid))
        _forget(run, one)


def _pass_over(run: MailboxRun, one: Withheld, error: LookFailed) -> None:
    env, mail = run.env, _name(one.uid)
    log.warning("mail not given", mailbox=run.name, mail=mail, code=error.code, why=str(error))
    if env.now() - one.since >= ASKED_FOR:
        log.error("mail given up", mailbox=run.name, mail=mail)
        run.given_up.append(mail)
        _forget(run, one)
        return
    run.withheld[mail] = one.since
    env.db.retry(lambda tx: mailboxes.withhold(tx, run.key, one, now=env.now()))


def _forget(run: MailboxRun, one: Withheld) -> None:
    run.withheld.pop(_name(one.uid), None)
    run.env.db.retry(lambda tx: mailboxes.forget_withheld(tx, run.key, uid=one.uid))


def _name(uid: int) -> str:
    """As people find a mail."""
    return f"UID {uid}"
