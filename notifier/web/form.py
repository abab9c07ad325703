"""How does somebody sign up without JavaScript, on a page of ours?"""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("form", __name__)
