"""Is it known whether those who wait want more than there is, however long the line?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifier.services import line_length
from notifier.services.line_length import wants_more
from notifier.store.line_size import is_waited_for
from tests.world import ANN, BEN, World


@pytest.fixture(autouse=True)
def _nothing_is_believed_yet() -> Iterator[None]:
    """Tests share a connection to the database, and what is believed of it."""
    line_length._counted.clear()
    yield
    line_length._counted.clear()


def ids(world: World, key: str) -> dict[str, int]:
    [row] = world.rows("SELECT id, product_id FROM variants WHERE key = :key", key=key)
    return {"product_id": row["product_id"], "variant_id": row["id"]}


def test_a_line_is_counted_until_it_is_more_than_there_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_length, "TOOK_LONG", 1e9)  # nothing is believed
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    shirt_s, shirt_m = ids(world, "SHIRT-S"), ids(world, "SHIRT-M")
    with world.db.read() as tx:
        assert not is_waited_for(tx, **shirt_s)
        assert not wants_more(world.db, tx, 0, **shirt_s)
    world.waits(ANN, quantity=3)
    world.waits(BEN, "SHIRT-M", any_variant=True)
    with world.db.read() as tx:
        assert is_waited_for(tx, **shirt_s)
        assert is_waited_for(tx, **shirt_m)
        assert [wants_more(world.db, tx, than, **shirt_s) for than in (0, 1, 3, 4, 5)] == [
            *(True, True, True),
            *(False, False),
        ]
        assert wants_more(world.db, tx, 0, **shirt_m)
        assert not wants_more(world.db, tx, 1, **shirt_m)
        assert not wants_more(world.db, tx, line_length.PLENTY + 1, **shirt_s)


def test_a_message_says_that_fewer_are_there_than_are_waited_for(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN, quantity=3)
    world.waits(BEN, quantity=3)
    world.see("SHIRT-S", 5)
    world.run()
    [mail] = world.mails(ANN, "back_in_stock")
    assert "fewer pieces than people" in mail.parsed.as_string()


def test_what_took_long_to_count_is_believed_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN, quantity=3)
    shirt = ids(world, "SHIRT-S")
    monkeypatch.setattr(line_length, "TOOK_LONG", 0.0)
    monkeypatch.setattr(line_length, "BELIEVED_FOR", 1e9)
    with world.db.read() as tx:
        assert not wants_more(world.db, tx, 4, **shirt)
    world.waits(BEN, quantity=4)
    with world.db.read() as tx:
        assert not wants_more(world.db, tx, 4, **shirt)  # as it was a little while ago
        assert wants_more(world.db, tx, 5, **shirt)  # that was not counted yet
