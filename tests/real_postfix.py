"""A real Postfix for a test: who gets mail there, who is refused at once, who only later?

An instance of its own in a folder that is gone afterwards; what the system has set up for itself is
not touched. OpenDKIM signs what passes where it is installed. Postfix begins as root only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.timing import wait_until

HERE, LATER, BOUNCES = "people.example", "later.example", "bounces.kettle.example"
SIGNED = "Message-ID,+List-Unsubscribe-Post,+Feedback-ID,+Auto-Submitted,+MIME-Version"
MAIN = """compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = mx.kettle.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {here}, {bounces}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/etc/boxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
relay_domains = {later}
transport_maps = inline:{{{later}=smtp:[127.0.0.1]:{later_port}}}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_milters = {milter}
milter_default_action = tempfail
alias_maps =
alias_database =
"""
BOXES = r"""/^ann[^@]*@people\.example$/ people/
/@bounces\.kettle\.example$/ bounces/
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{later_port} inet n - n - - smtpd
  -o myhostname=mx.later.example
  -o smtpd_milters=
  -o {{ smtpd_recipient_restrictions = check_recipient_access static:{{550 5.1.1 No such user}} }}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
OPENDKIM = """Syslog no
Domain kettle.example
Selector k1
KeyFile {folder}/key.pem
RequireSafeKeys no
Socket inet:{port}@127.0.0.1
Mode s
Canonicalization relaxed/relaxed
SignHeaders *,+{signed}
InternalHosts 127.0.0.1
PidFile {folder}/opendkim.pid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """Everybody at people.example whose name begins with ann is there; at later.example nobody is,
    which Postfix finds out after it has taken a mail."""

    folder: Path
    port: int
    signs: bool
    host: str = "127.0.0.1"

    def mails(self, box: str) -> list[bytes]:
        """What lies in a box, `people` or `bounces`."""
        return [file.read_bytes() for file in sorted((self.folder / "mail" / box).glob("new/*"))]


def why_not() -> str:
    """Why there is none here; empty: there is."""
    if shutil.which("postfix", path=_PATH) is None:
        return "Postfix is not installed (Debian: apt-get install postfix)."
    return "" if os.geteuid() == 0 else "Postfix begins as root only."


_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@contextmanager
def running(*, key: Path) -> Iterator[Postfix]:
    """Postfix on ports of its own. `key`: signs for kettle.example, as PEM."""
    folder = Path(tempfile.mkdtemp(prefix="notifier-postfix-", dir="/tmp"))  # others must enter it
    folder.chmod(0o755)
    try:
        milter = _start_opendkim(folder, key)
        postfix = Postfix(folder=folder, port=free_port(), signs=bool(milter))
        _write(postfix, milter)
        _control(folder, "start")
        try:
            log = folder / "mail.log"
            wait_until(lambda: log.exists() and "daemon started" in log.read_text())
            yield postfix
        finally:
            _control(folder, "stop")
            _stop_opendkim(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(postfix: Postfix, milter: str) -> None:
    folder = postfix.folder
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "nobody", "nogroup")
    owner = (folder / "mail").stat()
    facts = {
        "folder": folder,
        "here": HERE,
        "later": LATER,
        "bounces": BOUNCES,
        "uid": owner.st_uid,
        "gid": owner.st_gid,
        "port": postfix.port,
        "later_port": free_port(),
        "milter": milter,
    }
    (folder / "etc" / "main.cf").write_text(MAIN.format(**facts))
    (folder / "etc" / "master.cf").write_text(MASTER.format(**facts))
    (folder / "etc" / "boxes").write_text(BOXES)


def _control(folder: Path, word: str) -> None:
    program = shutil.which("postfix", path=_PATH)
    assert program is not None
    # without a terminal it says nothing but what is wrong
    subprocess.run([program, "-c", str(folder / "etc"), word], check=True, capture_output=True)


def _start_opendkim(folder: Path, key: Path) -> str:
    """Where Postfix finds it; empty where it is not installed."""
    program = shutil.which("opendkim", path=_PATH)
    if program is None:
        return ""
    shutil.copy(key, folder / "key.pem")
    shutil.chown(folder / "key.pem", "opendkim")
    port = free_port()
    words = OPENDKIM.format(folder=folder, port=port, signed=SIGNED)
    (folder / "opendkim.conf").write_text(words)
    subprocess.run([program, "-x", str(folder / "opendkim.conf")], check=True, capture_output=True)
    return f"inet:127.0.0.1:{port}"


def _stop_opendkim(folder: Path) -> None:
    file = folder / "opendkim.pid"
    if file.exists():
        os.kill(int(file.read_text()), 15)
