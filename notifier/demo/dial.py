"""What does the stock dial offer, and what does it show of the notifier's work beside it?"""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from notifier.demo.goods import GOODS
from notifier.demo.merchant_feed import Mischief
from notifier.demo.pictures import draw
from notifier.demo.shop import Act, Shop
from notifier.demo.stage import STRATEGIES
from notifier.demo.storefront import stage
from notifier.demo.story import beliefs, name_of, source_state, story
from notifier.errors import InvalidInput

__all__ = ["blueprint"]

MOST_GUESTS = 50
WINDOW = 180.0  # seconds of each curve
POINTS = 60

blueprint = Blueprint("dial", __name__)


@blueprint.get("/dial")
def dial_page() -> str:
    return render_template(
        "demo/dial.html",
        groups=[
            {
                "name": good.name["en"],
                "slug": good.slug,
                "kinds": [
                    {"key": kind.key, "label": kind.label["en"], "picture": draw(good, kind)}
                    for kind in good.kinds
                ],
            }
            for good in GOODS
        ],
        state=_state(),
        strategies=STRATEGIES,
        mischiefs=list(Mischief),
        this_month=stage().clock().strftime("%Y-%m"),
    )


@blueprint.get("/dial.json")
def dial_state() -> Response:
    return jsonify(_state(variant=request.args.get("variant", "")))


@blueprint.post("/dial/<key>")
def turn(key: str) -> Any:
    """One turn of the dial: `act`, with `eta` for a date."""
    act = request.form.get("act", "")
    on_stage = stage()
    if act == "guests":
        count = request.form.get("count", default=10, type=int)
        if not 1 <= count <= MOST_GUESTS:
            raise InvalidInput.of("count", "out_of_range", f"Take 1 to {MOST_GUESTS} people.")
        on_stage.shop.shelf(key)
        on_stage.add_guests(key, count)
        return _done()
    if act == "flap":
        on_stage.shop.shelf(key)
        if not on_stage.flap(key):
            raise InvalidInput.of("act", "flaps", f"{name_of(key)} is flapping already.")
        return _done()
    if act not in list(Act):
        raise InvalidInput.of("act", "unknown", f"{act[:40]!r} is not on this dial.")
    on_stage.shop.act(key, Act(act), eta=request.form.get("eta", "").strip())
    return _done()


@blueprint.post("/dial")
def switch() -> Any:
    """One of the switches: `way`, `strategy`, `mischief`, or something for all at once."""
    on_stage = stage()
    form = request.form
    if form.get("way") in ("poll", "push"):
        on_stage.set_pushing(form["way"] == "push")
    elif form.get("strategy") in STRATEGIES:
        on_stage.choose_strategy(form["strategy"])
    elif form.get("mischief") in list(Mischief):
        on_stage.desk.mischief = Mischief(form["mischief"])
        on_stage.note("switch", f"The feed is now: {form['mischief'].replace('_', ' ')}.")
    elif form.get("all") == "restock":
        on_stage.shop.restock_all()
    elif form.get("all") == "reset":
        on_stage.desk.mischief = Mischief.NONE
        on_stage.shop.reset()
    else:
        raise InvalidInput.of("switch", "unknown", "There is no such switch on this dial.")
    return _done()


def _done() -> Response | AnyResponse:
    """JSON for the page's script; the page again for a browser without it."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        return redirect(url_for("dial.dial_page"), code=303)
    return jsonify(_state(variant=request.args.get("variant", "")))


def _state(*, variant: str = "") -> dict[str, Any]:
    on_stage = stage()
    now = on_stage.env.now()
    believed = beliefs(on_stage)
    shelves = on_stage.shop.shelves()
    return {
        "pushes": on_stage.desk.pushes,
        "mischief": on_stage.desk.mischief.value,
        "strategy": on_stage.ref.config.release.strategy,
        "source": source_state(on_stage),
        "variants": {
            key: {
                "availability": shelf.availability.value,
                "quantity": shelf.quantity,
                "eta": shelf.eta,
                "curve": _points(on_stage.shop, key),
                "believed": believed.get(key),
            }
            for key, shelf in shelves.items()
        },
        "story": [beat.as_json(now) for beat in story(on_stage, variant=variant)],
    }


def _points(shop: Shop, key: str) -> list[tuple[float, float]]:
    """The curve of the last minutes, both axes from 0 to 1."""
    now = time.time()  # curves are drawn by the machine's clock: no jump tears them
    steps = shop.curve(key)
    before = [units for at, units in steps if at < now - WINDOW]
    inside = [(at, units) for at, units in steps if at >= now - WINDOW][-POINTS:]
    first = before[-1] if before else (steps[0][1] if steps else 0)
    steps = [(now - WINDOW, first), *inside, (now, steps[-1][1] if steps else 0)]
    most = max(1, *(units for _, units in steps))
    return [(round(1 - (now - at) / WINDOW, 4), round(units / most, 4)) for at, units in steps]
