"""Which databases are filled once a run, because more than one benchmark begins with a copy?"""

from __future__ import annotations

from bench.places import Place, settle
from bench.shop import announce_all, configuration, form_line, open_shop, show
from bench.stage import Stage

WAITING, RESTOCKED, DUE = range(3)  # how far the story has gone


def waiting(stage: Stage, place: Place, people: int) -> str:
    """So many wait for a variant that is sold out."""
    return _filled(stage, place, people, until=WAITING)


def restocked(stage: Stage, place: Place, people: int) -> str:
    """The same after a look at the shop: all may be told, and nobody is yet."""
    return _filled(stage, place, people, until=RESTOCKED)


def due(stage: Stage, place: Place, people: int) -> str:
    """So many messages of one release are due, and nothing else is to be done."""
    return _filled(stage, place, people, until=DUE)


def _filled(stage: Stage, place: Place, people: int, *, until: int) -> str:
    key = (until, place.name, people)
    if key not in stage.seeds:
        url = place.fresh()
        env, shop = open_shop(configuration(folder=stage.folder, url=url))
        show(env, shop, 0)
        form_line(env, shop, people)
        if until >= RESTOCKED:
            assert show(env, shop, people).announced == 1
        if until >= DUE:
            announce_all(env)
        env.db.close()
        settle(url)
        stage.seeds[key] = url
    return stage.seeds[key]
