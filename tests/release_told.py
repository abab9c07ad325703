"""Whom has a release told, by text and by mail, and what does it say of itself?"""

from __future__ import annotations

from notifier.services.wave_words import why_nobody, why_wave
from notifier.store import releases, waves
from tests.world import World


def told(world: World) -> tuple[int, int]:
    """How many texts and how many mails say that it is back."""
    where = "kind = 'back_in_stock' AND state = 'accepted' AND medium = '%s'"
    return world.count("messages", where % "sms"), world.count("messages", where % "email")


def why(world: World, locale: str = "en") -> tuple[list[str], str]:
    """The reasons of the waves, and why nobody was told at the last look."""
    with world.db.read() as tx:
        [found] = world.rows("SELECT id FROM releases")
        release = releases.load_release(tx, found["id"])
        assert release is not None
        told = waves.waves_of(tx, release.id)
        return [why_wave(one, locale) for one in told], why_nobody(release, locale)
