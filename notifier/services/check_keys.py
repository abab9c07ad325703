"""Are the addresses known here still found with the secret keys there are?

An address is found and suppressed under a hash that hangs on the oldest key (docs/decisions/0008).
Without that key who asked not to be written to is not recognised any more. The addresses that are
readable tell whether it is there; of a suppression only the hash is kept.
"""

from __future__ import annotations

from notifier.connectors.base import Finding
from notifier.services.env import Env
from notifier.signing import Signer
from notifier.store.address_hashes import readable_addresses, suppressed_hashes

ABOUT = "service.secret_keys"


def check_keys(env: Env) -> list[Finding]:
    """A warning with what cannot be found, where the key it is kept under is not the last one."""
    known: set[str] = set()
    lost: tuple[str, str, str] | None = None
    count = 0
    with env.db.read() as tx:
        for medium, address, kept_as in readable_addresses(tx):
            if env.signer.hash_address(medium, address) == kept_as:
                known.add(kept_as)
            else:
                count += 1
                lost = lost or (medium, address, kept_as)
        shut = len(suppressed_hashes(tx) - known)
    if lost is None:
        return [Finding(level="ok", about=ABOUT, message=f"find all {len(known)} addresses")]
    return [
        Finding(
            level="warn",
            about=ABOUT,
            message=f"{count} of {count + len(known)} addresses, and up to {shut} that must not be "
            "written to, are kept under a key that is not the last of the list. Who has "
            "unsubscribed would be written to again after a new sign-up, `erase` and `export` do "
            "not find them, and links in old mails may not work.",
            advice=_advice(env, *lost),
        )
    ]


def _advice(env: Env, medium: str, address: str, kept_as: str) -> str:
    for key in env.config.service.secret_keys:
        if Signer((key,)).hash_address(medium, address) == kept_as:
            return "The key is in the list: move it to the end. New keys go to the front."
    return (
        "Put the key that was taken out back, at the end of the list; new keys go to the front. "
        "The oldest key must stay for as long as addresses are kept."
    )
