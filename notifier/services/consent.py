"""What did somebody agree to, in which words, and when did they take it back?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from notifier.domain.subscription import Origin
from notifier.errors import InvalidInput
from notifier.i18n import ConsentText, consent_by_id, consent_text
from notifier.services.env import Env, ShopRef
from notifier.store import ledger
from notifier.store.people import SubscriptionRow
from notifier.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """From where somebody acted. Personal: erased on request and after `retention.network`."""

    ip: str = ""
    agent: str = ""
    page_url: str = ""
    origin: str = ""

    def as_personal(self) -> dict[str, Any] | None:
        values = {"ip": self.ip, "agent": self.agent[:300], "page": self.page_url[:2000]}
        kept = {name: value for name, value in values.items() if value}
        return kept or None


def read_consent_id(text_id: str, *, medium: str) -> ConsentText | None:
    """The wording that was shown for this medium.

    The widget names one wording although it shows another for each medium; the id tells the
    language and that it is of today. Raises errors.InvalidInput for an id that is not ours.
    """
    if not text_id:
        return None
    found = consent_by_id(text_id)
    if found is not None and found.purpose != medium:
        return consent_text(found.locale, medium)
    if found is None:
        raise InvalidInput.of(
            "consent_text_id",
            "unknown_text",
            "This consent text is not one that is shown now. Reload the page and try again.",
        )
    return found


def consent_entry(
    env: Env,
    *,
    act: str,
    shop: ShopRef | int,
    address_hash: str,
    subscription_id: int | None,
    medium: str,
    circumstances: Circumstances,
    method: Origin | str,
    text: ConsentText | None = None,
    facts: dict[str, Any] | None = None,
) -> ledger.NewEntry:
    """One entry for the consent book (store/ledger.py).

    `shop` may be the id of one that is configured no more: who leaves it is heard all the same.
    """
    shop_id, name = (shop, "") if isinstance(shop, int) else (shop.id, shop.config.name)
    written = {
        "medium": medium,
        "purpose": "alerts",
        "method": str(method),
        "origin": circumstances.origin,
        **({"text_id": text.id, "wording": text.shown(shop=name)} if text else {}),
        **({"locale": text.locale} if text else {}),
        **(facts or {}),
    }
    return ledger.NewEntry(
        book="consent",
        act=act,
        at=env.now(),
        facts=written,
        personal=circumstances.as_personal(),
        shop_id=shop_id,
        address_hash=address_hash,
        subscription_id=subscription_id,
    )


def keep_consent(
    env: Env,
    tx: Transaction,
    subscription: SubscriptionRow,
    *,
    act: str,
    shop: ShopRef | int,
    address_hash: str,
    circumstances: Circumstances,
    method: Origin | str,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write into the consent book what somebody did about one subscription; see consent_entry."""
    said = consent_entry(
        env,
        act=act,
        shop=shop,
        address_hash=address_hash,
        subscription_id=subscription.id,
        medium=subscription.medium,
        circumstances=circumstances,
        method=method,
        facts=facts,
    )
    ledger.append_all(tx, [said])
