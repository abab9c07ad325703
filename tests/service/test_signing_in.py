"""Who gets into the admin, and who does not? The rules of trust 5 H, by the services."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import text

from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.errors import BadToken, ConfigError, Conflict, InvalidInput, TooMany
from notifier.log import mask
from notifier.sealing import seal, unseal
from notifier.services import entry_link, own_account, password_hash, people, second_factor
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.mail_entry_link import mail_entry_link, wait_for_mails
from notifier.services.people import Wanted
from notifier.services.reset_password import ask_for_reset, change_password
from notifier.services.session_of import Signed, Stage, find_session
from notifier.services.sign_in import Entered, sign_in, sign_out
from tests.world import BEN, EVE, OLGA, World

HOME = Circumstances(ip="198.51.100.7", agent="Firefox")
AWAY = Circumstances(ip="203.0.113.9", agent="curl")
GOOD = "tundra-velvet-anchor"
OTHER = "kiosk-marble-heron"
sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Real argon2id, with the least work: these tests hash hundreds of times."""
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(password_hash, "hasher", lambda: cheap)
    password_hash._decoy.cache_clear()
    yield
    password_hash._decoy.cache_clear()


def join(
    env: Env, email: str = OLGA, *, role: str = "owner", shops: tuple[str, ...] = ()
) -> Person:
    """Somebody with the password GOOD."""
    person, link = people.invite(
        env, email=email, name="", wanted=Wanted(role=role, shops=shops), by=None
    )
    entry_link.enter_by_link(env, token_of(link.url), password=GOOD, where=HOME)
    return person


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


def enter(
    env: Env, email: str = OLGA, *, password: str = GOOD, where: Circumstances = HOME
) -> Entered:
    return sign_in(env, email=email, password=password, where=where)


def signed(env: Env, email: str = OLGA, **options: Any) -> Signed:
    found = find_session(env, enter(env, email, **options).token)
    assert found is not None
    return found


def with_codes(env: Env, email: str = OLGA) -> tuple[pyotp.TOTP, list[str], str]:
    """The phone of somebody who turned codes on, the recovery codes and the session's token."""
    here = signed(env, email)
    phone = pyotp.TOTP(second_factor.begin_totp(env, here.person).secret)
    done = second_factor.prove_totp(env, here, code=phone.at(env.now()), where=HOME)
    env.clock.advance(timedelta(seconds=30))  # type: ignore[attr-defined]
    return phone, done.codes, done.token


def acts(world: World) -> list[tuple[str, dict[str, Any]]]:
    with world.env.db.read() as tx:
        rows = tx.execute(text("SELECT act, facts FROM ledger WHERE book = 'audit' ORDER BY id"))
        return [(row.act, json.loads(row.facts)) for row in rows]


def everything(world: World) -> str:
    """All that somebody reads who gets hold of the database."""
    tables = ("accounts", "sessions", "passkeys", "recovery_codes", "entry_links", "ledger")
    with world.env.db.read() as tx:
        return "".join(str(tx.execute(text(f"SELECT * FROM {t}")).all()) for t in tables)


def test_an_invitation_works_once_and_then_the_password(world: World) -> None:
    env = world.env
    olga, link = people.invite(
        env, email=f" {OLGA.upper()} ", name="", wanted=Wanted(role="owner"), by=None
    )
    assert (olga.email, olga.name, olga.role) == (OLGA, "olga", Role.OWNER)
    token = token_of(link.url)
    assert entry_link.open_link(env, token).email == OLGA
    with pytest.raises(InvalidInput, match="12 characters"):
        entry_link.enter_by_link(env, token, password="short", where=HOME)
    first = entry_link.enter_by_link(env, token, password=GOOD, where=HOME)
    assert first.stage is Stage.FULL
    with pytest.raises(BadToken):
        entry_link.enter_by_link(env, token, password=GOOD, where=HOME)
    assert find_session(env, enter(env).token) is not None
    assert token not in everything(world)
    assert GOOD not in everything(world)


@sqlite_only
@pytest.mark.parametrize(
    ("email", "password"),
    [
        (OLGA, "not the password"),
        (EVE, GOOD),
        ("no address at all", GOOD),
        ("x" * 10**6, GOOD),
        ("\ud800@b.co", GOOD),
        ("' OR 1=1 --", GOOD),
        ("ben@shut.example", GOOD),
        ("new@invited.example", GOOD),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(world: World, email: str, password: str) -> None:
    env = world.env
    olga = join(env)
    ben = join(env, "ben@shut.example")
    people.shut_out(env, ben.id, by=olga)
    people.invite(env, email="new@invited.example", name="", wanted=Wanted(role="viewer"), by=olga)
    with pytest.raises(InvalidInput) as refused:
        enter(env, email, password=password)
    [problem] = refused.value.problems
    assert (problem.field, problem.code) == ("password", "wrong")
    act, facts = acts(world)[-1]
    assert act == "person.sign_in_failed"
    assert email not in str(facts)


@sqlite_only
def test_a_megabyte_of_password_is_refused_before_it_is_hashed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(world.env)
    monkeypatch.setattr(password_hash, "is_password", pytest.fail)
    begun = time.process_time()
    with pytest.raises(InvalidInput, match="at most 256"):
        enter(world.env, password="x" * 2**20)
    assert time.process_time() - begun < 0.1


@sqlite_only
def test_an_unknown_address_takes_as_long_as_a_known_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the work that is done, since a busy machine makes seconds of milliseconds."""
    join(world.env)
    hashed: list[str] = []
    cheap = password_hash.hasher()

    class Counting:
        def hash(self, password: str) -> str:
            return cheap.hash(password)

        def check_needs_rehash(self, stored: str) -> bool:
            return cheap.check_needs_rehash(stored)

        def verify(self, stored: str, password: str) -> bool:
            hashed.append(stored.split("$")[3])  # its settings
            return cheap.verify(stored, password)

    monkeypatch.setattr(password_hash, "hasher", Counting)
    for email in (OLGA, EVE):
        with pytest.raises(InvalidInput):
            enter(world.env, email, password="not the password")
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


def test_wrong_passwords_make_one_wait_longer_and_longer(world: World) -> None:
    env = world.env
    join(env)
    for _ in range(5):
        with pytest.raises(InvalidInput):
            enter(env, password="not the password")
    waits = []
    for _ in range(4):
        with pytest.raises(TooMany) as waiting:
            enter(env)  # even the right one does not count now
        waits.append(waiting.value.retry_after.total_seconds())
        world.clock.advance(waiting.value.retry_after)
        with pytest.raises(InvalidInput):
            enter(env, password="not the password")
    assert waits == [1, 2, 4, 8]
    assert enter(env, where=AWAY).stage is Stage.FULL  # a stranger shuts nobody out
    world.clock.advance(timedelta(minutes=15))  # the longest there is
    assert enter(env).stage is Stage.FULL
    assert enter(env).stage is Stage.FULL  # forgotten


@sqlite_only
def test_one_network_cannot_try_address_after_address(world: World) -> None:
    for number in range(30):
        with pytest.raises(InvalidInput):
            enter(world.env, f"guess{number}@kettle.example")
    with pytest.raises(TooMany):
        enter(world.env, "another@kettle.example")


def test_a_code_is_asked_for_and_works_once(world: World) -> None:
    env = world.env
    join(env)
    phone, _, _ = with_codes(env)
    half = enter(env)
    here = find_session(env, half.token)
    assert here is not None
    assert (half.stage, here.stage) == (Stage.SECOND_FACTOR, Stage.SECOND_FACTOR)
    code = phone.at(env.now())
    token = second_factor.enter_code(env, here, code=f" {code[:3]} {code[3:]} ", where=HOME)
    full = find_session(env, token)
    assert full is not None
    assert full.stage is Stage.FULL
    assert find_session(env, half.token) is None
    again = find_session(env, enter(env).token)
    assert again is not None
    with pytest.raises(InvalidInput, match="used already"):
        second_factor.enter_code(env, again, code=code, where=HOME)
    assert phone.secret not in everything(world)


@sqlite_only
@pytest.mark.parametrize(
    ("steps", "works"), [(-2, False), (-1, False), (0, True), (1, True), (2, False)]
)
def test_codes_count_a_step_off_but_never_before_the_last_one(
    world: World, steps: int, works: bool
) -> None:
    env = world.env
    join(env)
    phone, _, _ = with_codes(env)  # used the code of the step before this one
    here = find_session(env, enter(env).token)
    assert here is not None
    code = phone.at(env.now(), counter_offset=steps)
    if works:
        assert second_factor.enter_code(env, here, code=code, where=HOME)
    else:
        with pytest.raises(InvalidInput):
            second_factor.enter_code(env, here, code=code, where=HOME)


@sqlite_only
def test_guessing_codes_ends_the_session_and_slows_every_network(world: World) -> None:
    env = world.env
    join(env)
    with_codes(env)
    half = enter(env)
    here = find_session(env, half.token)
    assert here is not None
    for _ in range(5):
        with pytest.raises(InvalidInput):
            second_factor.enter_code(env, here, code="000000", where=HOME)
    with pytest.raises(TooMany):
        second_factor.enter_code(env, here, code="000000", where=AWAY)
    for _ in range(4):
        world.clock.advance(timedelta(seconds=20))
        with pytest.raises(InvalidInput):
            second_factor.enter_code(env, here, code="000000", where=AWAY)
    world.clock.advance(timedelta(seconds=60))
    with pytest.raises(Conflict, match="sign in again"):
        second_factor.enter_code(env, here, code="000000", where=AWAY)
    assert find_session(env, half.token) is None


def test_a_recovery_code_works_once_and_new_ones_end_the_old(world: World) -> None:
    env = world.env
    join(env)
    _, codes, token = with_codes(env)
    assert len(set(codes)) == 10
    assert not any(code in everything(world) for code in codes)

    def try_code(code: str) -> str:
        here = find_session(env, enter(env).token)
        assert here is not None
        return second_factor.enter_code(env, here, code=code, where=HOME)

    assert try_code(codes[0].upper().replace("-", " "))
    with pytest.raises(InvalidInput):
        try_code(codes[0])
    here = find_session(env, token)
    assert here is not None
    fresh = second_factor.renew_recovery_codes(env, here.person, where=HOME)
    with pytest.raises(InvalidInput):
        try_code(codes[1])
    assert try_code(fresh[1])
    assert own_account.see_account(env, here.person).recovery_codes_left == 9


@sqlite_only
@pytest.mark.parametrize(
    "change", ["password", "codes on", "codes off", "rights", "shut out", "link"]
)
def test_what_changes_who_may_come_in_ends_all_other_sessions(world: World, change: str) -> None:
    env = world.env
    boss = join(env, BEN)
    olga = join(env)
    elsewhere = enter(env, where=AWAY).token
    mine = enter(env).token
    here = find_session(env, mine)
    assert here is not None
    if change == "password":
        kept = change_password(env, here, old=GOOD, new=OTHER, where=HOME)
    elif change.startswith("codes"):
        phone, _, kept = with_codes(env)
        if change == "codes off":
            here = find_session(env, kept)
            assert here is not None
            half = find_session(env, enter(env, where=AWAY).token)
            assert half is not None
            elsewhere = second_factor.enter_code(env, half, code=phone.at(env.now()), where=AWAY)
            kept = second_factor.turn_off_totp(env, here, where=HOME)
    elif change == "rights":
        kept = ""
        people.change_rights(env, olga.id, wanted=Wanted(role="viewer"), by=boss)
    elif change == "shut out":
        kept = ""
        people.shut_out(env, olga.id, by=boss)
    else:
        _, link = people.give_link(env, olga.id, by=boss)
        kept = entry_link.enter_by_link(env, token_of(link.url), password=OTHER, where=HOME).token
    assert find_session(env, elsewhere) is None
    assert find_session(env, mine) is None  # the one that goes on has a new id
    if kept:
        assert find_session(env, kept) is not None


def test_the_last_owner_stays(world: World) -> None:
    env = world.env
    olga = join(env)
    acts_on_the_last = (
        lambda: people.change_rights(env, olga.id, wanted=Wanted(role="editor"), by=olga),
        lambda: people.remove(env, olga.id, by=olga),
        lambda: people.shut_out(env, olga.id, by=Person(id=99, email="", name="", role=Role.OWNER)),
    )
    for act in acts_on_the_last:
        with pytest.raises(Conflict, match="last owner"):
            act()
    ben = join(env, BEN)
    people.shut_out(env, ben.id, by=olga)
    for act in acts_on_the_last:  # an owner who may not come in is none
        with pytest.raises(Conflict, match="last owner"):
            act()
    people.let_in_again(env, ben.id, by=olga)
    assert people.change_rights(
        env, olga.id, wanted=Wanted(role="editor", shops=("kettle",)), by=ben
    )
    assert people.find_colleague(env, olga.id).person.shops == ("kettle",)
    people.remove(env, olga.id, by=ben)
    assert [one.person.email for one in people.list_people(env)] == [BEN]


@sqlite_only
@pytest.mark.parametrize(
    ("wanted", "email", "field"),
    [
        (Wanted(role="god"), EVE, "role"),
        (Wanted(role="viewer", shops=("nowhere",)), EVE, "shops"),
        (Wanted(role="owner", shops=("kettle",)), EVE, "shops"),
        (Wanted(role="viewer"), "eve@", "email"),
        (Wanted(role="viewer"), "eve@b.co\r\nBcc: x@y.co", "email"),
    ],
)
def test_nobody_is_invited_to_what_there_is_not(
    world: World, wanted: Wanted, email: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.invite(world.env, email=email, name="", wanted=wanted, by=None)
    assert refused.value.problems[0].field == field
    assert people.list_people(world.env) == []


def test_an_address_is_invited_once(world: World) -> None:
    join(world.env)
    with pytest.raises(Conflict) as refused:
        people.invite(world.env, email=OLGA, name="", wanted=Wanted(role="viewer"), by=None)
    assert refused.value.field == "email"


@sqlite_only
def test_a_forgotten_password_is_set_anew_by_mail_and_the_code_still_asked_for(
    world: World,
) -> None:
    env = world.env
    olga = join(env)
    with_codes(env)
    for email in (EVE, OLGA):
        ask_for_reset(env, email=email, where=HOME)
    wait_for_mails()
    assert world.mails(EVE) == []
    [mail] = world.mails(OLGA)
    body = mail.parsed.get_body(("plain",)).get_content()
    found = re.search(r"https://notify\.kettle\.example/admin/-/enter/(\S+)", body)
    assert found is not None
    assert entry_link.open_link(env, found[1]).purpose is entry_link.Purpose.RESET
    entered = entry_link.enter_by_link(env, found[1], password=OTHER, where=HOME)
    assert entered.stage is Stage.SECOND_FACTOR
    with pytest.raises(InvalidInput):
        enter(env)
    assert enter(env, password=OTHER).stage is Stage.SECOND_FACTOR
    for _ in range(5):
        ask_for_reset(env, email=OLGA, where=HOME)
    wait_for_mails()
    assert len(world.mails(olga.email)) == 3  # an hour


@sqlite_only
@pytest.mark.parametrize("damage", ["", "x", "older", "expired", "shut out"])
def test_a_link_that_leads_nowhere_says_no_more_than_that(world: World, damage: str) -> None:
    env = world.env
    boss = join(env, BEN)
    olga = join(env)
    _, link = people.give_link(env, olga.id, by=boss)
    token = damage if len(damage) < 2 else token_of(link.url)
    if damage == "older":
        people.give_link(env, olga.id, by=boss)
    elif damage == "expired":
        world.clock.advance(timedelta(hours=1))
    elif damage == "shut out":
        people.shut_out(env, olga.id, by=boss)
    with pytest.raises(BadToken, match="not valid any more"):
        entry_link.open_link(env, token)


@sqlite_only
def test_a_stranger_who_asks_for_a_reset_ends_no_invitation(world: World) -> None:
    env = world.env
    _, link = people.invite(env, email=OLGA, name="", wanted=Wanted(role="owner"), by=None)
    ask_for_reset(env, email=OLGA, where=AWAY)
    wait_for_mails()
    assert len(world.mails(OLGA)) == 1
    token = token_of(link.url)
    assert entry_link.enter_by_link(env, token, password=GOOD, where=HOME).stage is Stage.FULL
    with env.db.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM entry_links")).scalar_one() == 0


def test_no_number_is_given_to_two_people(world: World) -> None:
    env = world.env
    olga = join(env)
    ben = join(env, BEN)
    people.remove(env, ben.id, by=olga)
    assert join(env, EVE).id > ben.id


@sqlite_only
def test_who_lost_the_phone_gets_in_by_a_link_of_an_owner(world: World) -> None:
    env = world.env
    boss = join(env, BEN)
    olga = join(env)
    with_codes(env)
    _, link = people.give_link(env, olga.id, by=boss, without_second_factor=True)
    entered = entry_link.enter_by_link(env, token_of(link.url), password=OTHER, where=HOME)
    assert entered.stage is Stage.FULL


@sqlite_only
def test_every_act_is_in_the_audit_log_without_address_or_secret(world: World) -> None:
    env = world.env
    olga = join(env)
    phone, _, token = with_codes(env)
    here = find_session(env, token)
    assert here is not None
    own_account.set_taste(env, olga, name="Olga", locale="de", theme="dark", where=HOME)
    own_account.end_other_sessions(env, here, where=HOME)
    second_factor.turn_off_totp(env, here, where=HOME)
    with pytest.raises(InvalidInput):
        enter(env, "olga.who@kettle.example")
    ask_for_reset(env, email=OLGA, where=HOME)
    wait_for_mails()
    last = signed(env)
    sign_out(env, session_id=last.session_id, person_id=olga.id, where=HOME)
    noted = acts(world)
    assert [act for act, _ in noted] == [
        "person.invited",
        "person.password_set",
        "person.signed_in",
        "person.signed_in",
        "person.codes_on",
        "person.taste_set",
        "person.sessions_ended",
        "person.codes_off",
        "person.sign_in_failed",
        "person.reset_asked",
        "person.signed_in",
        "person.signed_out",
    ]
    whole = str(noted)
    assert OLGA not in whole
    assert "olga.who" not in whole
    assert phone.secret not in whole
    assert noted[-1][1]["by"] == f"person:{olga.id}"


@sqlite_only
def test_a_mail_that_cannot_go_out_is_told_without_its_link(world: World) -> None:
    env = world.env
    olga = join(env)
    _, link = people.give_link(env, olga.id, by=None)
    world.smtp.close()
    assert not mail_entry_link(env, olga, link, at_once=True)
    with env.db.read() as tx:
        alarm = tx.execute(text("SELECT * FROM alarms WHERE code = 'account.mail_failed'")).one()
    assert token_of(link.url) not in str(alarm)
    assert token_of(link.url) not in mask(f"GET {link.url} HTTP/1.1")


def test_a_sealed_secret_opens_with_its_key_in_its_place_only() -> None:
    old, new = b"o" * 32, b"n" * 32
    sealed = seal("JBSWY3DP", about="totp:1", keys=[old])
    assert "JBSWY3DP" not in sealed
    assert unseal(sealed, about="totp:1", keys=[new, old]) == "JBSWY3DP"
    for about, keys in (("totp:2", [old]), ("totp:1", [new])):
        with pytest.raises(ConfigError):
            unseal(sealed, about=about, keys=keys)
    for damaged in (sealed[:-3] + "AAA", "1.x.y", "", "2" + sealed[1:], sealed + "é"):
        with pytest.raises(ConfigError):
            unseal(damaged, about="totp:1", keys=[old])


def test_many_tries_at_once_are_no_way_around_the_wait(world: World) -> None:
    env = world.env
    join(env)

    def guess(number: int) -> str:
        try:
            enter(env, password=f"not the password {number}")
        except TooMany:
            return "wait"
        except InvalidInput:
            return "wrong"
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(guess, range(16)))
    assert answers == ["wait"] * 11 + ["wrong"] * 5
