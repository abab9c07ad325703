"""Which pages does a customer, or the operator, open by a signed link?"""

from __future__ import annotations

from flask import Blueprint

from notifier.web import (
    links_confirm,
    links_hold,
    links_keep,
    links_manage,
    links_order,
    links_product,
    links_unsubscribe,
    page_styles,
)

blueprint = Blueprint("links", __name__)

for part in (
    links_confirm,
    links_unsubscribe,
    links_manage,
    links_keep,
    links_hold,
    links_order,
    links_product,
    page_styles,
):
    blueprint.register_blueprint(part.blueprint)
