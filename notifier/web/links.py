"""Which pages does a customer open by a signed link?"""

from __future__ import annotations

from flask import Blueprint

from notifier.web import page_styles

blueprint = Blueprint("links", __name__)

for part in (page_styles.blueprint,):
    blueprint.register_blueprint(part)
