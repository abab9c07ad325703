"""Which app faces those who work for a shop? A second one, beside the public (house.md 3)."""

from __future__ import annotations

import hashlib

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from notifier.rendering import Renderer
from notifier.services.env import Env
from notifier.web.admin import (
    account,
    assets,
    audit,
    brake,
    demand,
    door,
    front,
    orders,
    people,
    products,
    releases,
    releases_broadcast,
    settings,
    settings_channels,
    settings_keys,
    settings_sources,
    settings_webhooks,
    sign_in,
    subscriptions,
    templates,
    templates_blocks,
    templates_edit,
    templates_history,
    templates_preview,
    today,
)
from notifier.web.admin.failures import register_failures
from notifier.web.here import EXTENSION
from notifier.web.public import HSTS, RENDERER, trusted_hosts

# One file a page. Each has a `blueprint`; the first view of a section is called `index`.
PAGES = (
    assets.blueprint,
    front.blueprint,
    sign_in.blueprint,
    account.blueprint,
    people.blueprint,
    audit.blueprint,
    today.blueprint,
    brake.blueprint,
    products.blueprint,
    subscriptions.blueprint,
    releases.blueprint,
    releases_broadcast.blueprint,
    templates.blueprint,
    templates_blocks.blueprint,
    templates_edit.blueprint,
    templates_history.blueprint,
    templates_preview.blueprint,
    orders.blueprint,
    demand.blueprint,
    settings.blueprint,
    settings_sources.blueprint,
    settings_channels.blueprint,
    settings_keys.blueprint,
    settings_webhooks.blueprint,
)
PREFIX = "/admin"


def create_admin(env: Env, renderer: Renderer) -> Flask:
    """The admin's Flask app. It is mounted under PREFIX, or served on an address of its own."""
    app = Flask("notifier.web.admin", static_folder=None, template_folder=None)
    app.extensions[EXTENSION] = env
    app.extensions[RENDERER] = renderer
    app.secret_key = _note_key(env)
    app.config.update(
        MAX_CONTENT_LENGTH=21 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=500,
        TRUSTED_HOSTS=_hosts(env),
        PROPAGATE_EXCEPTIONS=False,
        # Flask's own cookie carries what is said once on the next page, nothing else
        SESSION_COOKIE_NAME="notifier_note",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=env.config.service.public_url.startswith("https://"),
    )
    assets.say_what_is_missing()
    door.watch(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    register_failures(app)
    app.after_request(_with_headers)
    hops = env.config.service.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    return app


def _hosts(env: Env) -> list[str]:
    """Those of the public pages, and the one the admin has an address of its own under."""
    own = env.config.service.admin_listen.rpartition(":")[0].strip("[]")
    return sorted({*trusted_hosts(env), own} - {""})


def _note_key(env: Env) -> bytes:
    newest = str(env.config.service.secret_keys[0]) if env.config.service.secret_keys else ""
    return hashlib.sha256(b"notifier admin notes\0" + newest.encode()).digest()


def _with_headers(answer: Response) -> Response:
    headers = answer.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN" if g.get("may_be_framed") else "DENY")
    headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    return answer
