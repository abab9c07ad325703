"""What does a shop have around its mails in one language, as the database has it now?"""

from __future__ import annotations

from notifier.i18n import locale_chain
from notifier.rendering.blocks import (
    BLOCKS,
    LOOK,
    LOOK_PART,
    NO_LANGUAGE,
    Blocks,
    Look,
    stored_look,
)
from notifier.services.template_place import Place, load_standing
from notifier.store.session import Transaction


def load_look(tx: Transaction, shop: str) -> Look:
    """The published colours, logo and address; for every shop where this one has none."""
    for place in dict.fromkeys((shop, "")):
        found = load_standing(tx, Place(shop=place, kind=LOOK, locale=NO_LANGUAGE)).published
        if found is not None:
            return stored_look(found.parts.get(LOOK_PART, ""))
    return Look()


def load_around(tx: Transaction, shop: str, locale: str) -> Blocks:
    """What would stand around a mail now."""
    look = load_look(tx, shop)
    for place in dict.fromkeys((shop, "")):
        for name in locale_chain(locale):
            found = load_standing(tx, Place(shop=place, kind=BLOCKS, locale=name)).published
            if found is not None:
                return Blocks(look=look, parts=dict(found.parts), version=f"{found.id}")
    return Blocks(look=look)
