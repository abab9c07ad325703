"""The API for a shop's own servers: everything below /api/v1 that asks for a bearer key."""

from __future__ import annotations

from flask import Blueprint

from notifier.web.api import (
    backorders,
    brake,
    demand,
    docs,
    eta,
    eta_history,
    eta_suggestion,
    evidence,
    order_reports,
    orders,
    preorders,
    products,
    purchases,
    releases,
    reservations,
    stock,
    subscriptions,
)

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
for part in (
    backorders,
    brake,
    demand,
    docs,
    eta,
    eta_history,
    eta_suggestion,
    evidence,
    order_reports,
    orders,
    preorders,
    products,
    purchases,
    releases,
    reservations,
    stock,
    subscriptions,
):
    blueprint.register_blueprint(part.blueprint)
