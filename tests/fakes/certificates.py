"""How does a test get certificates that nobody else trusts?

Needs the `openssl` command (1.1.1 or later) and nothing else. One call makes a throw-away authority
and signs certificates with it; keys are P-256, so it takes a fraction of a second.

    authority = Authority(tmp_path)
    good = authority.issue("localhost")                 # also valid for 127.0.0.1 and ::1
    wrong = authority.issue("mail.other.example")       # valid, for another name
    expired = authority.issue("localhost", days=-1)
    trusted by a client as `ca_file=str(authority.ca_file)`
"""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    cert_file: Path
    key_file: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert_file, self.key_file)
        return context


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._issued = 0
        self.ca_file = folder / "ca.pem"
        self._ca_key = folder / "ca.key"
        _openssl(
            *("req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=Throw-away authority"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *("-keyout", str(self._ca_key), "-out", str(self.ca_file)),
        )

    def issue(self, name: str, *, days: int = 10) -> Certificate:
        """A certificate for `name`; for localhost also for the loop-back addresses. `days` below
        zero: it has expired."""
        self._issued += 1
        stem = self._folder / f"{self._issued}-{name}"
        key, request, cert, extensions = (
            stem.with_name(stem.name + end) for end in (".key", ".csr", ".pem", ".ext")
        )
        names = f"DNS:{name}" + (",IP:127.0.0.1,IP:::1" if name == "localhost" else "")
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        _openssl(
            *("req", "-new", "-nodes", "-subj", f"/CN={name}"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-keyout", str(key), "-out", str(request)),
        )
        _openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.ca_file)),
            *("-CAkey", str(self._ca_key), "-set_serial", str(self._issued)),
            *("-days", str(days), "-extfile", str(extensions), "-out", str(cert)),
        )
        return Certificate(cert_file=cert, key_file=key)


def _openssl(*arguments: str) -> None:
    try:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise RuntimeError("The openssl command is missing. Install openssl.") from error
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
