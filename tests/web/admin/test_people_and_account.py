"""The pages of one's own account, of people, and of who did what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import text

from notifier.domain.rights import Role
from notifier.services import password_hash
from notifier.services.audit import note_change
from notifier.services.env import Env
from notifier.services.mail_entry_link import wait_for_mails
from notifier.services.seal import seal_ledger
from notifier.services.session_of import find_session, open_session
from notifier.store import accounts
from tests.timing import SettableClock
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import PUBLIC_URL

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

GOOD = "tundra-velvet-anchor"
OTHER = "kiosk-marble-heron"
EVIL = "<script>alert(1)</script>\x1b[31mred\x1b[0m\u202egnp.exe"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(password_hash, "hasher", lambda: cheap)
    password_hash._decoy.cache_clear()
    yield
    password_hash._decoy.cache_clear()


def renewed(admin: Admin, seen: Seen) -> Seen:
    """Take over the new session that this answer brought."""
    cookie = admin.client.get_cookie("__Host-notifier", domain="notify.example")
    assert cookie is not None
    admin.token = cookie.value
    return seen


def with_password(admin: Admin) -> None:
    with admin.env.db.write() as tx:
        hashed = password_hash.hash_password(GOOD)
        accounts.change_account(tx, admin.person_id, password_hash=hashed)


def test_name_language_and_colours_hold_at_once(admin: Admin) -> None:
    saved = admin.post("/-/account/taste", {"name": "Olga K", "locale": "de", "theme": "dark"})
    assert saved.status == 303
    page = admin.get("/-/account")
    assert page.heading == "Mein Konto"
    assert page.tree.get("data-theme") == "dark"
    assert page.tree.get("lang") == "de"
    for wrong in ({"name": ""}, {"locale": "xx"}, {"theme": "<b>"}, {"name": "x" * 300}):
        form = {"name": "Olga", "locale": "en", "theme": "", **wrong}
        assert admin.post("/-/account/taste", form).status == 422


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("wrong", OTHER, OTHER, "not your password"),
        (GOOD, "short", "short", "too short"),
        (GOOD, "kettle-kettle-1", "kettle-kettle-1", "among the first"),
        (GOOD, OTHER, "another", "differ"),
        (GOOD, "x" * 2**20, "x" * 2**20, "too long"),
        ("x" * 2**20, OTHER, OTHER, "too long"),
        ("", OTHER, OTHER, "fill in"),
    ],
)
def test_a_password_is_changed_only_with_the_old_one(
    admin: Admin, old: str, new: str, again: str, says: str
) -> None:
    with_password(admin)
    seen = admin.post("/-/account/password", {"old": old, "new": new, "again": again})
    assert seen.status == 422
    assert says in seen.tree.xpath("string(//*[@role='alert'])")


def test_changing_the_password_ends_every_other_session(admin: Admin, env: Env) -> None:
    with_password(admin)
    with env.db.write() as tx:
        elsewhere = open_session(env, tx, admin.person_id, agent="curl/8")
    before = admin.token
    form = {"old": GOOD, "new": OTHER, "again": OTHER}
    assert renewed(admin, admin.post("/-/account/password", form)).status == 303
    assert find_session(env, elsewhere) is None
    assert find_session(env, before) is None
    assert "The new password holds" in admin.get("/-/account").said


def test_sessions_are_listed_and_ended(admin: Admin, env: Env) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    with env.db.write() as tx:
        tokens = [
            open_session(env, tx, admin.person_id, ip="198.51.100.7", agent=agent),
            open_session(env, tx, admin.person_id, ip="203.0.113.9", agent=EVIL),
        ]
    page = admin.get("/-/account")
    assert "Firefox · Linux" in page.said
    assert "198.51.100.7" in page.said
    assert "<script>alert" not in page.text
    first = find_session(env, tokens[0])
    assert first is not None
    assert admin.post(f"/-/account/sessions/{first.session_id}/end").status == 303
    assert find_session(env, tokens[0]) is None
    assert admin.post("/-/account/sessions/end").status == 303
    assert find_session(env, tokens[1]) is None
    assert admin.get("/-/account").status == 200
    eve = admin.as_(Role.VIEWER)
    mine = find_session(env, admin.token)
    assert mine is not None
    assert eve.post(f"/-/account/sessions/{mine.session_id}/end").status == 404
    assert find_session(env, admin.token) is not None


def test_codes_are_turned_on_with_a_picture_and_a_code(
    admin: Admin, env: Env, clock: SettableClock
) -> None:
    assert admin.get("/-/account/codes").status == 303
    assert admin.post("/-/account/codes").location == "/-/account/codes"
    page = admin.get("/-/account/codes")
    assert page.tree.xpath("//*[name()='svg']")
    secret = page.tree.xpath("string(//code)").replace(" ", "")
    assert admin.post("/-/account/codes/prove", {"code": "000000"}).status == 422
    code = pyotp.TOTP(secret).at(env.now())
    shown = renewed(admin, admin.post("/-/account/codes/prove", {"code": code}))
    codes = shown.tree.xpath("//ol/li/text()")
    assert len(codes) == 10
    assert codes[0] not in admin.get("/-/account").text
    assert admin.post("/-/account/codes").status == 409
    clock.advance(timedelta(seconds=30))
    again = admin.post("/-/account/recovery-codes")
    assert set(again.tree.xpath("//ol/li/text()")).isdisjoint(codes)
    assert renewed(admin, admin.post("/-/account/codes/off")).status == 303
    assert admin.post("/-/account/recovery-codes").status == 409


@pytest.mark.parametrize(
    "path",
    [
        "/-/account/codes",
        "/-/account/codes/off",
        "/-/account/recovery-codes",
        "/-/account/passkeys",
        "/-/account/passkeys/1/remove",
        "/-/people/invite",
        "/-/people/1/rights",
        "/-/people/1/link",
        "/-/people/1/out",
        "/-/people/1/remove",
    ],
)
def test_what_is_dangerous_wants_a_fresh_sign_in(
    admin: Admin, clock: SettableClock, path: str
) -> None:
    clock.advance(timedelta(minutes=5))
    seen = admin.post(path)
    assert seen.status == 303
    assert "/-/confirm" in seen.location


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.SENDER])
def test_only_owners_see_people_and_the_audit_log(admin: Admin, role: Role) -> None:
    somebody = admin.as_(role)
    for path in ("/-/people", "/-/people/invite", f"/-/people/{admin.person_id}", "/-/audit"):
        assert somebody.get(path).status == 403, path
    for path in ("/-/people/invite", f"/-/people/{admin.person_id}/remove", "/-/audit/verify"):
        assert somebody.post(path).status == 403, path
    assert "/-/people" not in somebody.get("/-/account").text


def test_an_owner_invites_somebody_who_then_may_do_just_that(admin: Admin, env: Env) -> None:
    form = {"email": "ben@kettle.example", "name": "Ben", "role": "editor", "shops": ["cups"]}
    invited = admin.post("/-/people/invite", form)
    assert invited.status == 200
    wait_for_mails()
    link = invited.tree.xpath("string(//input[@id='link']/@value)")
    assert re.fullmatch(rf"{PUBLIC_URL}/admin/-/enter/[\w-]{{43}}", link)
    assert "Ben" in admin.get("/-/people").said
    assert "invited" in admin.get("/-/people").said
    assert admin.post("/-/people/invite", form).status == 409
    with env.db.read() as tx:
        ben = accounts.find_by_email(tx, "ben@kettle.example")
    assert ben is not None
    assert (ben.role, ben.shops) == ("editor", ["cups"])
    page = f"/-/people/{ben.id}"
    assert admin.post(f"{page}/rights", {"role": "viewer", "shops": ["kettle"]}).status == 303
    assert admin.post(f"{page}/rights", {"role": "owner", "shops": ["kettle"]}).status == 422
    assert admin.post(f"{page}/rights", {"role": "god"}).status == 422
    assert admin.post(f"{page}/out").status == 303
    assert "shut out" in admin.get("/-/people").said
    assert admin.post(f"{page}/link").status == 409
    assert admin.post(f"{page}/in").status == 303
    assert admin.post(f"{page}/remove").status == 303
    assert admin.get(page).status == 404


@pytest.mark.parametrize(("what", "data"), [("remove", {}), ("rights", {"role": "viewer"})])
def test_the_last_owner_stays(admin: Admin, what: str, data: dict[str, Any]) -> None:
    seen = admin.post(f"/-/people/{admin.person_id}/{what}", data)
    assert seen.status == 409
    assert "last owner" in seen.said
    assert admin.get("/-/people").status == 200


def test_who_changes_the_own_rights_signs_in_anew(admin: Admin) -> None:
    admin.as_(Role.OWNER, shops=("cups",))  # another owner, so that this one may go
    done = admin.post(f"/-/people/{admin.person_id}/rights", {"role": "viewer"})
    assert done.status == 303
    assert "/-/sign-in" in admin.get("/").location


def test_the_audit_log_is_paged_filtered_and_harmless(admin: Admin, env: Env) -> None:
    with env.db.write() as tx:
        for number in range(60):
            note_change(tx, env, "eta.set", by=None, ip=EVIL, number=number, note=EVIL)
        note_change(tx, env, "person.tried", by=find_session(env, admin.token).person)  # type: ignore[union-attr]
    first = admin.get("/-/audit")
    assert len(first.tree.xpath("//tbody/tr")) == 50
    assert "<script>alert" not in first.text
    assert "\x1b" not in first.text
    assert "\u202e" not in first.text
    assert "\\u001b[31mred" in first.said
    second = admin.get(first.tree.xpath("string(//a[@rel='next']/@href)"))
    assert len(second.tree.xpath("//tbody/tr")) == 11
    only = admin.get(f"/-/audit?act=person.&by=person:{admin.person_id}")
    assert len(only.tree.xpath("//tbody/tr")) == 1
    assert "Owner" in only.said
    assert "Nothing here" in admin.get("/-/audit?act=%25").said


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=1000000000", "limit=abc", "after=abc", "after=(select", f"act={'x' * 65}"],
)
def test_nonsense_in_the_address_is_refused(admin: Admin, query: str) -> None:
    assert admin.get(f"/-/audit?{query}").status == 422


def test_a_change_behind_our_back_shows_in_the_chain(admin: Admin, env: Env) -> None:
    with env.db.write() as tx:
        for _ in range(3):
            note_change(tx, env, "eta.set", by=None)
    seal_ledger(env)
    assert "The chain is whole. Entries: 3" in admin.post("/-/audit/verify").said
    with env.db.write() as tx:
        tx.execute(text("UPDATE ledger SET act = 'eta.sat' WHERE book = 'audit' AND sequence = 2"))
    broken = admin.post("/-/audit/verify").said
    assert "audit 2: was changed" in broken
