"""Which databases are filled once a run, because more than one benchmark begins with a copy?"""

from __future__ import annotations

from collections.abc import Callable

from bench.places import Place, settle
from bench.shop import announce_all, configuration, form_line, open_shop, show
from bench.stage import Stage


def waiting(stage: Stage, place: Place, people: int) -> str:
    """So many wait for a variant that is sold out."""

    def fill(url: str) -> None:
        env, shop = open_shop(configuration(folder=stage.folder, url=url))
        show(env, shop, 0)
        form_line(env, shop, people)
        env.db.close()
        settle(url)

    return _kept(stage, place, people, kind="waiting", fill=fill)


def restocked(stage: Stage, place: Place, people: int) -> str:
    """The same after a look at the shop: all may be told, and nobody is yet."""

    def fill(url: str) -> None:
        env, shop = open_shop(configuration(folder=stage.folder, url=url))
        show(env, shop, 0)
        form_line(env, shop, people)
        assert show(env, shop, people).announced == 1
        env.db.close()
        settle(url)

    return _kept(stage, place, people, kind="restocked", fill=fill)


def due(stage: Stage, place: Place, people: int) -> str:
    """So many messages of one release are due, and nothing else is to be done."""

    def fill(url: str) -> None:
        env, shop = open_shop(configuration(folder=stage.folder, url=url))
        show(env, shop, 0)
        form_line(env, shop, people)
        assert show(env, shop, people).announced == 1
        announce_all(env)
        env.db.close()
        settle(url)

    return _kept(stage, place, people, kind="due", fill=fill)


def _kept(
    stage: Stage, place: Place, people: int, *, kind: str, fill: Callable[[str], None]
) -> str:
    key = (kind, place.name, people)
    if key not in stage.seeds:
        url = place.fresh()
        fill(url)
        stage.seeds[key] = url
    return stage.seeds[key]
