"""Which app faces the public: shoppers, customers by link, shops' servers, providers?"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from notifier.rendering import Renderer
from notifier.services.env import Env
from notifier.web import (
    form,
    front,
    health,
    links,
    mail_hooks,
    shop_hooks,
    stock_hook,
    twilio_hooks,
    widget,
)
from notifier.web.answers import register_errors
from notifier.web.api import blueprint as api
from notifier.web.cors import let_read
from notifier.web.fast_door import FastDoor
from notifier.web.here import EXTENSION
from notifier.web.sign_up_door import SignUpDoor

RENDERER = "notifier.renderer"
HSTS = "max-age=31536000"


def create_public(env: Env, renderer: Renderer) -> Flask:
    """The public Flask app. Links are built from the configuration, never from Host."""
    app = Flask("notifier.web", static_folder=None, template_folder=None)
    app.extensions[EXTENSION] = env
    app.extensions[RENDERER] = renderer
    app.config.update(
        MAX_CONTENT_LENGTH=20 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        MAX_FORM_PARTS=50,
        TRUSTED_HOSTS=trusted_hosts(env),
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for part in (
        front.blueprint,
        widget.blueprint,
        links.blueprint,
        form.blueprint,
        twilio_hooks.blueprint,
        stock_hook.blueprint,
        mail_hooks.blueprint,
        shop_hooks.blueprint,
    ):
        app.register_blueprint(part)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(api)
    register_errors(app)
    app.after_request(_with_headers)
    app.after_request(let_read)
    app.wsgi_app = SignUpDoor(  # type: ignore[assignment, method-assign]
        app.wsgi_app, lambda: app.extensions[EXTENSION]
    )
    app.wsgi_app = health.AnyName(  # type: ignore[method-assign]
        app.wsgi_app, token=env.config.service.metrics_token
    )
    hops = env.config.service.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    app.wsgi_app = FastDoor(  # type: ignore[assignment, method-assign]
        app.wsgi_app, lambda: app.extensions[EXTENSION]
    )
    return app


def trusted_hosts(env: Env) -> list[str]:
    """Under which names we may be asked; anything else is refused (trust WS-20)."""
    public = urlsplit(env.config.service.public_url).hostname or "localhost"
    listening = env.config.service.listen.rpartition(":")[0].strip("[]")
    return sorted({public, listening or "127.0.0.1", "127.0.0.1", "localhost"})


def _with_headers(answer: Response) -> Response:
    """What every answer carries; pages set their own stricter policy."""
    headers = answer.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    return answer
