"""Who calls us back: providers with receipts, shops with stock?"""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
