"""Can a mailbox be read that mail comes back to, and would what is in it be known as ours?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from notifier.config_mailbox import MailboxSection
from notifier.connectors.base import Finding
from notifier.errors import ConfigError, LookFailed
from notifier.imap import open_folder
from notifier.services.env import Env
from notifier.services.mail_folder import mails_since
from notifier.services.mailbox_run import LOOK_BACK
from notifier.services.read_imap import login_of

AT_MOST = 30.0  # seconds


def check_mailbox(env: Env, name: str) -> list[Finding]:
    """Log in and open the folder, without reading a mail."""
    section = env.config.mailboxes[name]
    return [*_look(env, name, section), *_known_as_ours(env, name)]


def _look(env: Env, name: str, section: MailboxSection) -> Iterator[Finding]:
    about = f"mailboxes.{name}"
    try:
        if section.path:
            where = section.path
            count = len(mails_since(Path(section.path), since=env.now() - LOOK_BACK))
        else:
            where = f"{section.folder} of {section.username} at {section.host}"
            with open_folder(login_of(section), at_most=AT_MOST) as folder:
                count = folder.mails
    except (ConfigError, LookFailed) as error:
        advice = f"Correct [mailboxes.{name}], then check again."
        yield Finding(level="bad", about=about, message=str(error), advice=advice)
        return
    yield Finding(level="ok", about=about, message=f"can be read: {where}, {count} mails")


def _known_as_ours(env: Env, name: str) -> Iterator[Finding]:
    """Only mail to an address that we made is believed."""
    names = ("bounce_domain", "unsubscribe_address")
    channels = env.config.channels.values()
    if not any(channel.settings.get(one) for channel in channels for one in names):
        yield Finding(
            level="warn",
            about=f"mailboxes.{name}",
            message="Nothing that comes to it can be told as ours: no channel has a bounce_domain "
            "or an unsubscribe_address.",
            advice="Set bounce_domain in the mail channel to the domain whose b+… and u+… "
            "addresses arrive in this mailbox.",
        )
