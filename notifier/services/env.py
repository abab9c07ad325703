"""What does every service need to work: database, configuration, clock, signatures, shops?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from notifier.clock import Clock, system_clock
from notifier.config import Config, Shop
from notifier.domain.stock import Rules
from notifier.errors import NotFound
from notifier.services.pace import Pace
from notifier.signing import Purpose, Signer
from notifier.store.catalogue import VariantRow, ensure_shops
from notifier.store.session import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRef:
    """A configured shop and its row."""

    id: int
    slug: str
    config: Shop


@dataclass(slots=True, kw_only=True)
class Env:
    """Handed to every service. Make it with `open_env`."""

    db: Database
    config: Config
    signer: Signer
    clock: Clock = system_clock
    shops: dict[str, ShopRef] = field(default_factory=dict)
    # the configuration before what was set in the admin, and how much of that is in `config`
    file_config: Config = field(init=False)
    settings_change: int = 0
    settings_asked_at: float = float("-inf")
    pace: Pace = field(default_factory=Pace)  # of telling a long line

    def __post_init__(self) -> None:
        self.file_config = self.config

    def now(self) -> datetime:
        return self.clock()

    def shop(self, slug: str) -> ShopRef:
        """Raises errors.NotFound for a shop that is not configured."""
        try:
            return self.shops[slug]
        except KeyError:
            raise NotFound(f"There is no shop {slug!r} in the configuration.") from None

    def shop_by_id(self, shop_id: int) -> ShopRef | None:
        return next((s for s in self.shops.values() if s.id == shop_id), None)

    def shop_by_key(self, public_key: str) -> ShopRef:
        for shop in self.shops.values():
            if shop.config.public_key == public_key:
                return shop
        raise NotFound("There is no shop with this key.", field="key")

    def link(self, path: str) -> str:
        """An absolute address of ours; made from the configuration, never from a request."""
        return f"{self.config.service.public_url}{path}"

    def token_link(
        self, path: str, purpose: Purpose, subject: int, *, expires_at: datetime | None = None
    ) -> str:
        token = self.signer.make(purpose, subject, expires_at=expires_at)
        return self.link(f"/{path}/{token}")


def open_env(config: Config, *, clock: Clock = system_clock, db: Database | None = None) -> Env:
    """Open the (already migrated) database and make rows for the configured shops."""
    db = db or Database(config.database_url, pool_size=config.database.pool_size)
    env = Env(db=db, config=config, signer=Signer(config.service.secret_keys), clock=clock)
    use_config(env, config, change=0)
    return env


def use_config(env: Env, config: Config, *, change: int) -> None:
    """Work with this configuration from now on. `change` is the newest setting in it.

    Whoever keeps something made from the configuration looks at `env.settings_change` for whether
    it is still the same.
    """
    slugs = list(config.shops)
    found: dict[str, ShopRef] = {}
    if slugs:
        ids = env.db.retry(lambda tx: ensure_shops(tx, slugs, now=env.now()))
        found = {
            slug: ShopRef(id=ids[slug], slug=slug, config=config.shops[slug]) for slug in slugs
        }
    env.config, env.shops, env.settings_change = config, found, change


def rules_for(shop: Shop, variant: VariantRow | None = None) -> Rules:
    """The stock rules of a shop, with what a variant has of its own.

    What is on backorder while no more orders are taken for it cannot be ordered.
    """
    own = shop.stock
    threshold = variant.threshold if variant and variant.threshold is not None else own.threshold
    smallest = (
        variant.min_quantity if variant and variant.min_quantity is not None else own.min_quantity
    )
    return Rules(
        threshold=threshold,
        min_quantity=smallest,
        confirm_looks=own.confirm_looks,
        confirm_for=own.confirm_for,
        cool_down=own.cool_down,
        backorder_counts=own.backorder_counts and not (variant and variant.orders_stopped),
    )
