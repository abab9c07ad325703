"""What does a process without a web server tell Prometheus? Its health and its numbers, no more."""

from __future__ import annotations

from flask import Flask

from notifier.services.env import Env
from notifier.web import health
from notifier.web.answers import register_errors
from notifier.web.here import EXTENSION


def create_vitals(env: Env) -> Flask:
    """/healthz, /readyz and /metrics of a sender or scheduler; the token is asked for as usual."""
    app = Flask("notifier.web", static_folder=None, template_folder=None)
    app.extensions[EXTENSION] = env
    app.register_blueprint(health.blueprint)
    register_errors(app)
    return app
