"""Who opens the admin's pages in a test, and how does a test read them?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from notifier.domain.rights import Role
from notifier.services.env import Env
from notifier.services.session_of import find_session, open_session
from notifier.store import accounts
from notifier.web.admin.app import create_admin
from notifier.web.here import EXTENSION
from tests.web.storefront import PUBLIC_URL, RENDERER

_APPS: dict[str, Flask] = {}


def admin_app(env: Env) -> Flask:
    """The admin's app for this env; to build its routes takes longer than most tests."""
    settings = env.config.service.model_dump_json(exclude={"data_dir"})
    app = _APPS.get(settings)
    if app is None:
        app = _APPS[settings] = create_admin(env, RENDERER)
    app.extensions[EXTENSION] = env
    return app


@dataclass(kw_only=True)
class Seen:
    """An answer, and its page as a tree."""

    answer: TestResponse
    status: int = 0
    text: str = ""
    tree: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.status = self.answer.status_code
        self.text = self.answer.get_data(as_text=True)
        if self.answer.mimetype == "text/html" and self.text.strip():
            self.tree = html.fromstring(self.text)

    @property
    def heading(self) -> str:
        """The page's h1."""
        return " ".join(self.tree.xpath("string(//h1)").split())

    @property
    def said(self) -> str:
        """All visible text of the main part, blanks evened out."""
        main = self.tree.xpath("//main") or [self.tree]
        return re.sub(r"\s+", " ", main[0].text_content()).strip()

    @property
    def location(self) -> str:
        return str(self.answer.headers.get("Location", ""))


class Admin:
    """Somebody signed in. Follows no redirects by itself."""

    def __init__(self, env: Env, role: Role = Role.OWNER, shops: tuple[str, ...] = ()) -> None:
        self.env = env
        self.app = admin_app(env)
        self.client: FlaskClient = self.app.test_client()
        email = f"{role.value}{len(shops)}@kettle.example"
        self.person_id, self.token = env.db.retry(lambda tx: self._enter(tx, email, role, shops))
        self.client.set_cookie("__Host-notifier", self.token, domain="notify.example", secure=True)

    def _enter(self, tx: Any, email: str, role: Role, shops: tuple[str, ...]) -> tuple[int, str]:
        person_id = accounts.add_account(
            tx,
            email=email,
            name=role.value.title(),
            role=role.value,
            shops=shops,
            locale="en",
            user_handle=email,
            now=self.env.now(),
        )
        if person_id is None:
            found = accounts.find_by_email(tx, email)
            assert found is not None
            person_id = found.id
        return person_id, open_session(self.env, tx, person_id)

    def as_(self, role: Role, *, shops: tuple[str, ...] = ()) -> Admin:
        """Somebody of this role, in these shops only (none: all)."""
        return Admin(self.env, role, shops)

    @property
    def csrf(self) -> str:
        signed = find_session(self.env, self.token)
        assert signed is not None
        return signed.csrf

    def get(self, path: str, **more: Any) -> Seen:
        return Seen(answer=self.client.get(path, base_url=PUBLIC_URL, **more))

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Seen:
        """A form of ours, with its token; leave it out with csrf_token=None."""
        form = {"csrf_token": self.csrf, **(data or {})}
        form = {name: value for name, value in form.items() if value is not None}
        return Seen(answer=self.client.post(path, base_url=PUBLIC_URL, data=form, **more))
