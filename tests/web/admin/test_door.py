"""Who gets in, and is every door of the admin watched?"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from notifier.domain.rights import Right, Role
from notifier.services import check
from notifier.services.env import Env
from notifier.web.admin import assets
from notifier.web.admin.app import PAGES
from tests.web.admin.visitor import Admin
from tests.web.storefront import PUBLIC_URL

OPEN = {"assets.asset"}  # and what belongs to signing in


def test_every_view_says_which_right_it_needs(admin: Admin) -> None:
    for name, view in admin.app.view_functions.items():
        guard = getattr(view, "guard", None)
        assert guard in {*Right, "anybody"}, f"{name} does not say who may call it"
        if guard == "anybody":
            assert name in OPEN or name.startswith("sign_in."), f"{name} is open to everybody"


def test_what_changes_something_is_not_reached_by_a_link(admin: Admin) -> None:
    for rule in admin.app.url_map.iter_rules():
        methods = set(rule.methods or ()) - {"HEAD", "OPTIONS"}
        assert methods <= {"GET", "POST"}, f"{rule} answers {methods}"


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(admin: Admin) -> None:
    stranger = admin.app.test_client()
    answer = stranger.get("/", base_url=PUBLIC_URL)
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]
    piece = stranger.get("/", base_url=PUBLIC_URL, headers={"HX-Request": "true"})
    assert piece.status_code == 204
    assert "/sign-in" in piece.headers["HX-Redirect"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused(admin: Admin, headers: dict[str, str]) -> None:
    seen = admin.post("/-/sign-out", headers=headers)
    assert seen.status == 403


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 64, "é"])
def test_a_form_without_the_sessions_token_is_refused(admin: Admin, token: str | None) -> None:
    seen = admin.post("/-/sign-out", {"csrf_token": token})
    assert seen.status == 403
    assert admin.get("/").status == 303  # still signed in: on to the shop
    assert "/sign-in" not in admin.get("/").location


def test_a_shop_that_one_may_not_enter_is_like_one_that_is_not_there(admin: Admin) -> None:
    ben = admin.as_(Role.OWNER, shops=("cups",))
    tried = 0
    for rule in admin.app.url_map.iter_rules():
        if "shop" not in rule.arguments or "GET" not in (rule.methods or ()):
            continue
        values = dict.fromkeys(rule.arguments, "1")
        with admin.app.test_request_context(base_url=PUBLIC_URL):
            foreign = rule.build({**values, "shop": "kettle"}, append_unknown=False)
            nowhere = rule.build({**values, "shop": "nowhere"}, append_unknown=False)
        if foreign is None or nowhere is None:
            continue
        assert ben.get(foreign[1]).status == 404, rule
        assert ben.get(nowhere[1]).status == 404, rule
        tried += 1
    assert tried > 20


def test_every_page_has_its_words_in_every_language(admin: Admin) -> None:
    from notifier.i18n import available_locales
    from notifier.web.admin.page import WORDS, words_of

    files = list(WORDS.glob("*.toml"))
    assert files
    for path in files:
        assert set(tomllib.loads(path.read_text())) == set(available_locales()), path.name
        keys = {locale: set(words_of(path.stem, locale)) for locale in available_locales()}
        assert len({frozenset(one) for one in keys.values()}) == 1, f"{path.name}: {keys}"


# What reads alike of one and of many, by its file and key.
ALIKE = {
    "account.left", "audit.whole", "orders.preview_messages", "products.more_than",
    "releases_broadcast.more_than", "releases_broadcast.by_email", "releases_broadcast.by_sms",
    "settings.trial_count", "templates.publish_all", "templates.faults", "today.more_than",
    "today.refunds",
    "today.times",  # said of two and more
}  # fmt: skip


def test_one_thing_is_not_called_many() -> None:
    from notifier.web.admin.page import WORDS, words_of

    files = {path.stem: words_of(path.stem, "en") for path in WORDS.glob("*.toml")}
    counting = {
        f"{file}.{name}"
        for file, words in files.items()
        for name, phrase in words.items()
        if "{count}" in phrase and f"{name}_one" not in words and not name.endswith("_one")
    }
    assert counting == ALIKE, "give it a phrase <key>_one, or list it as reading alike"


def test_pages_carry_a_strict_policy_and_are_kept_nowhere(admin: Admin) -> None:
    answer = admin.get("/nowhere/at/all").answer
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_what_is_bundled_is_kept_for_ever_by_its_content(admin: Admin) -> None:
    with admin.app.test_request_context(base_url=PUBLIC_URL):
        url = assets.url("admin.css")
    answer = admin.get(url).answer
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert admin.get("/-/assets/0/admin.css").answer.headers["Cache-Control"] == "no-store"
    assert admin.get("/-/assets/0/..%2Fwidget.js").status == 404


def test_an_installation_without_its_bundles_shows_plain_pages_and_check_says_so(
    admin: Admin, env: Env, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "BUILT", tmp_path)
    monkeypatch.setattr(check, "bundled_folder", lambda: tmp_path)

    page = admin.get("/-/account")

    assert page.status == 200
    assert admin.get("/-/assets/missing/admin.css").status == 404
    assert [one.level for one in check.check_all(env) if one.about == "admin"] == ["bad"]


@pytest.mark.parametrize("blueprint", PAGES, ids=lambda one: str(one.name))
def test_every_section_begins_with_a_view_called_index_or_is_no_section(blueprint: object) -> None:
    from notifier.web.admin.page import SECTIONS

    name = str(getattr(blueprint, "name", ""))
    if name in dict(SECTIONS):
        assert blueprint is not None
