"""Can somebody change what customers read without ever breaking it? (acceptance D, trust 5.D)"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.domain.rights import Role
from notifier.services.template_place import Place, shipped_parts
from notifier.store import templates
from tests.timing import seconds_computed
from tests.unit.test_rendering_drafts import BAD, HTML_BAD
from tests.web.admin.visitor import Admin
from tests.web.storefront import Storefront

HERE = "/kettle/templates/back_in_stock/en/"
GOOD = "Hurrah: {{ product.name }}"
JSON = {"Accept": "application/json"}


@pytest.fixture
def engine_name() -> str:
    """SQLite only: tests/service/test_edit_template.py is what differs in SQL."""
    return "sqlite"


def shipped(part: str, *, kind: str = "back_in_stock", locale: str = "en") -> str:
    return shipped_parts(Place(shop="", kind=kind, locale=locale))[part]


def save(
    admin: Admin, act: str, expected: int, *, path: str = HERE, **parts: str
) -> tuple[int, dict[str, Any]]:
    """What the editor's script sends and gets. `subject` stands for subject.txt and so on."""
    names = {"subject": "subject.txt", "text": "email.txt", "html": "email.html"}
    form = {names.get(name, "short.txt"): text for name, text in parts.items()}
    seen = admin.post(path, {"act": act, "expected": str(expected), **form}, headers=JSON)
    is_json = seen.answer.mimetype == "application/json"
    return seen.status, json.loads(seen.text) if is_json else {"page": seen}


def rows(admin: Admin, query: str) -> list[Any]:
    from sqlalchemy import text

    with admin.env.db.read() as tx:
        return list(tx.execute(text(query)))


def words(admin: Admin, path: str) -> str:
    seen = admin.get(path)
    assert seen.status == 200, seen.text[:2000]
    return seen.said


# --- the way of a text -----------------------------------------------------------------------


def test_a_text_goes_from_draft_to_published_and_back(admin: Admin) -> None:
    assert save(admin, "save", 0, subject=GOOD) == (
        200,
        {"said": "Saved as draft.", "expected": 1, "state": "draft"},
    )
    assert "draft" in words(admin, "/kettle/templates/?only=draft")
    assert save(admin, "publish", 1, subject=GOOD)[1]["said"].startswith("Published as version 1")
    save(admin, "publish", 1, subject="Second: {{ product.name }}")
    assert [row.state for row in rows(admin, "SELECT state FROM templates ORDER BY version")] == [
        *["old"] * 2,
        *["published"] * 2,
    ]

    history = words(admin, f"{HERE}history")
    assert "Version 2" in history
    assert "Owner" in history
    seen = admin.get(f"{HERE}history/2")
    assert [" ".join(one.text_content().split()) for one in seen.tree.xpath("//del|//ins")] == [
        "Hurrah",
        "Second",
    ]
    went = admin.post(f"{HERE}history/1/publish", {"expected": "2"})
    assert went.status == 303
    assert "Version 1 is published again, as version 3." in words(admin, HERE)
    assert admin.get(HERE).tree.xpath("string(//textarea[@name='subject.txt'])").strip() == GOOD

    admin.post(HERE, {"act": "default"})
    assert shipped("subject.txt").strip() in admin.get(HERE).tree.xpath(
        "string(//textarea[@name='subject.txt'])"
    )
    acts = [
        row.act for row in rows(admin, "SELECT act FROM ledger WHERE book = 'audit' ORDER BY id")
    ]
    assert [act for act in acts if act.startswith("template.")] == [
        "template.saved",
        "template.published",
        "template.published",
        "template.rolled_back",
        "template.unpublished",
    ]


def test_a_broken_text_is_refused_with_every_line_and_may_be_kept_but_never_published(
    admin: Admin,
) -> None:
    bad = {"subject": "{{ product.titel }}", "html": "<p>a</p>\n<script>x</script>\n<b onx='1'>"}
    status, answer = save(admin, "save", 0, **bad)
    assert status == 422
    assert [(one["part"], one["line"]) for one in answer["findings"]] == [
        ("subject.txt", 1),
        ("email.html", 2),
        ("email.html", 3),
    ]
    assert "did you mean product.title?" in answer["findings"][0]["message"]
    assert rows(admin, "SELECT 1 FROM templates") == []

    assert save(admin, "keep", 0, **bad)[1]["state"] == "broken"
    assert "broken" in words(admin, "/kettle/templates/?only=broken")
    assert "did you mean product.title?" in words(admin, HERE)
    assert save(admin, "publish", 1, **bad)[0] == 422
    other = "/kettle/templates/reminder/de/"
    assert save(admin, "save", 0, path=other, subject="Noch da: {{ product.name }}")[0] == 200
    refused = admin.post("/kettle/templates/publish")
    assert refused.status == 409
    assert "Back in stock · en: subject.txt, line 1: unknown variable" in refused.said
    assert "Back in stock · en: email.html, line 2: <script> is not allowed" in refused.said
    assert rows(admin, "SELECT 1 FROM templates WHERE state = 'published'") == []

    assert admin.post(HERE, {"act": "discard"}).status == 303
    assert admin.post("/kettle/templates/publish").status == 303
    published = rows(admin, "SELECT DISTINCT kind FROM templates WHERE state = 'published'")
    assert [row.kind for row in published] == ["reminder"]


def test_a_language_of_its_own_needs_every_part_of_a_mail(admin: Admin) -> None:
    to = admin.get("/kettle/templates/language?locale=FR").location
    assert to.endswith("/kettle/templates/back_in_stock/fr/")
    page = admin.get("/kettle/templates/back_in_stock/fr/")
    assert "no text of its own yet" in page.said
    assert "is in stock again" in page.tree.xpath("string(//textarea[@name='email.txt'])")
    path = "/kettle/templates/back_in_stock/fr/"

    status, answer = save(admin, "publish", 0, path=path, subject="De retour : {{ product.name }}")

    assert status == 422
    assert [one["part"] for one in answer["findings"]] == ["email.txt", "email.html"]
    assert all("it is missing" in one["message"] for one in answer["findings"])
    for bad in ("x", "en-", "../../etc", "e" * 40, "EN", "en_US"):
        assert admin.get(f"/kettle/templates/back_in_stock/{bad}/").status in (404, 308)


def test_two_people_at_the_same_text_lose_nothing(admin: Admin) -> None:
    ben = admin.as_(Role.EDITOR)
    assert save(ben, "save", 0, subject="Ben says {{ product.name }}")[0] == 200

    status, answer = save(admin, "save", 0, subject="Olga says {{ product.name }}")

    assert status == 409
    page = answer["page"]
    assert "Editor saved meanwhile" in page.said
    assert page.tree.xpath("string(//textarea[@name='subject.txt'])").strip() == (
        "Olga says {{ product.name }}"
    )
    assert [one.text_content() for one in page.tree.xpath("//del|//ins")] == ["Ben", "Olga"]
    [seen] = page.tree.xpath("//input[@name='expected']/@value")
    assert seen == "1"
    assert save(admin, "save", int(seen), subject="Olga says {{ product.name }}")[0] == 200


# --- trust 5.D -------------------------------------------------------------------------------


def one_of_each(table: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """A row of each number; tests/unit tries them all."""
    for number in dict.fromkeys(row[0] for row in table):
        sendable = [row for row in table if row[0] == number and "\ud800" not in row[1]]
        yield from sendable[:1]


def test_every_row_of_5d_is_refused_within_three_seconds_and_stores_nothing(admin: Admin) -> None:
    admin.get(HERE)  # as a person does; a child is started meanwhile
    check(admin, "ok")
    slow, accepted = [], []
    table = [
        ("text", number, source, said) for number, source, said in BAD if "\ud800" not in source
    ]
    table += [("html", number, f"<p>fine</p>\n{source}", said) for number, source, said in HTML_BAD]
    table += [("subject", "143", "{{ 'a\nb' }}", "one line"), ("subject", "143", "a\nb", "line")]
    for part, number, source, said in table:
        answers: list[tuple[int, Any]] = []

        def refuse(part: str = part, source: str = source, answers: Any = answers) -> None:
            path = "/kettle/templates/waiting/en/"
            answers.append(save(admin, "save", 0, path=path, **{part: source}))

        if seconds_computed(refuse) > 3:
            slow.append((number, source[:60]))
        status, answer = answers[-1]
        found = [one["message"] for one in answer.get("findings", ())]
        if status != 422 or not any(re.search(said, one) for one in found):
            accepted.append((number, source[:60], status, found))
    assert not slow
    assert not accepted
    assert rows(admin, "SELECT 1 FROM templates") == []
    assert save(admin, "save", 0, subject=GOOD)[0] == 200  # it hurt nobody


def test_5d_142_a_notice_without_what_the_law_wants_is_not_published(admin: Admin) -> None:
    path = "/kettle/templates/delay_notice/en/"

    status, answer = save(admin, "publish", 0, path=path, text="Late. {{ links.wait }}")

    assert status == 422
    assert "the sentences the law asks for are missing" in answer["findings"][0]["message"]


def check(admin: Admin, subject: str, **more: str) -> dict[str, Any]:
    seen = admin.post(f"{HERE}check", {"subject.txt": subject, **more})
    assert seen.status == 200, seen.text[:500]
    return dict(json.loads(seen.text))


def test_the_check_beside_the_text_names_line_and_price(admin: Admin) -> None:
    found = check(
        admin, "a {{ product.name }}", **{"short.txt": "{{ shop.name }} {{ product.url }} ☃"}
    )
    assert found["subject"].startswith("a Stovetop kettle")
    assert found["findings"] == []
    assert found["segments"].startswith("UCS-2, 68 characters, 1 message")
    long = {"short.txt": "{{ shop.name }} {{ product.url }} " + "x" * 400}
    assert "2 are the most" in check(admin, "a", **long)["segments"]


# --- looking -----------------------------------------------------------------------------------


def test_the_preview_is_a_closed_frame_that_shows_what_is_not_saved(admin: Admin) -> None:
    form = {"email.html": "<h1>Draft for {{ product.name }}</h1>{{ button(product.url, 'Go') }}"}
    seen = admin.post(f"{HERE}preview", {**form, "show": "html", "theme": "dark"})

    policy = seen.answer.headers["Content-Security-Policy"]
    assert {
        "default-src 'none'",
        "img-src data: https:",
        "style-src 'unsafe-inline'",
        "sandbox",
    } <= {one.strip() for one in policy.split(";")}
    assert "<h1" in seen.text
    assert "Draft for Stovetop kettle" in seen.text
    assert "@media all" in seen.text  # the dark rules hold, whatever the reader's screen is
    markup = admin.post(f"{HERE}preview", {**form, "sample": "markup"})
    assert "<script>" not in markup.text
    broken = admin.post(f"{HERE}preview", {"email.html": "<p>{{ product.titel }}</p>"})
    assert "email.html, line 1: unknown variable product.titel" in broken.said
    text = admin.post(f"{HERE}preview", {"show": "text", "email.txt": "<b>{{ product.url }}"})
    assert "&lt;b&gt;" in text.text
    assert rows(admin, "SELECT 1 FROM templates") == rows(admin, "SELECT 1 FROM messages") == []


def test_real_cases_are_shown_without_anybodys_link_and_masked_for_who_only_looks(
    admin: Admin, store: Storefront
) -> None:
    store.stock("M", 0)
    for name in ("ann", "ben", "cleo", "dora", "emil", "finn"):
        store.wait("M", f"{name}@example.com")
    page = admin.get(HERE)
    cases = page.tree.xpath("//select[@name='case']/option[@value!='']")
    assert len(cases) == 5
    assert cases[0].text_content().startswith("finn@example.com, Linen shirt")
    key = cases[0].get("value")

    shown = admin.post(f"{HERE}preview", {"case": key})
    assert "Linen shirt" in shown.text
    assert "https://notify.example/" not in shown.text  # every link of ours is a sample's
    looker = admin.as_(Role.VIEWER)
    masked = looker.get(HERE).tree.xpath("//select[@name='case']")[0].text_content()
    assert "finn@" not in masked
    assert "f…@example.com" in masked
    for wrong in ("s999999", "m1", "x", "s" + "9" * 30):
        assert admin.post(f"{HERE}preview", {"case": wrong}).status == 404
    others = "/cups/templates/back_in_stock/en/preview"
    assert admin.post(others, {"case": key}).status == 404


def test_who_only_looks_changes_nothing_and_other_shops_are_not_there(admin: Admin) -> None:
    looker = admin.as_(Role.VIEWER)
    assert looker.get(HERE).status == 200
    assert not looker.get(HERE).tree.xpath("//button[@name='act']")
    for path in (
        HERE,
        "/kettle/templates/publish",
        f"{HERE}history/1/publish",
        f"{HERE}changes",
        "/kettle/templates/around/",
        "/kettle/templates/around/en/",
    ):
        assert looker.post(path, {"act": "publish", "expected": "0"}).status == 403, path
    stranger = admin.as_(Role.EDITOR, shops=("cups",))
    for path in ("/kettle/templates/", HERE, f"{HERE}history", "/kettle/templates/around/"):
        assert stranger.get(path).status == 404
    assert admin.get("/kettle/templates/nonsense/en/").status == 404
    assert admin.get("/kettle/templates/?only=(select").status == 422
    assert admin.post(HERE, {"act": "save", "expected": "-1"}).status == 422
    assert admin.post(HERE, {"act": "drop", "expected": "0"}).status == 422
    assert admin.post(HERE, {"act": "save", "expected": "0", "csrf_token": "x"}).status == 403


def test_a_test_goes_to_oneself_only_and_not_too_often(admin: Admin, tmp_path: Path) -> None:
    form = {"subject": "Trial {{ product.name }}"}
    status, answer = save(admin, "test", 0, **form)
    assert (status, answer["said"]) == (200, "A test was sent to owner0@kettle.example.")
    [letter] = [json.loads(line) for line in (tmp_path / "letters.jsonl").read_text().splitlines()]
    assert letter["address"] == "owner0@kettle.example"
    assert letter["subject"].startswith("[Test] Trial Stovetop kettle")
    seen = admin.post(HERE, {"act": "test", "address": "eve@stranger.example", "expected": "0"})
    assert "owner0@kettle.example" in seen.said
    assert "eve@stranger.example" not in (tmp_path / "letters.jsonl").read_text()
    assert rows(admin, "SELECT 1 FROM messages") == []
    assert [save(admin, "test", 0, **form)[0] for _ in range(9)] == [200] * 8 + [429]
    assert save(admin, "test", 0, subject="{{ product.titel }}")[0] == 422


# --- a default that changes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "kept", "gone"),
    [
        ("merge", ("Hello!", "It is back"), ("It's back",)),
        ("keep", ("Hello!", "It's back"), ("It is back",)),
        ("take", ("It is back",), ("Hello!", "It's back")),
    ],
)
def test_a_new_default_is_shown_three_ways_and_answered(
    admin: Admin, wish: str, kept: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    then = shipped("email.html").replace("<h1>It is back</h1>", "<h1>It's back</h1>")
    own = then + "<p>Hello!</p>\n"

    def copied_long_ago(tx: Any) -> None:
        templates.save_version(
            tx,
            shop="kettle",
            locale="en",
            kind="back_in_stock",
            version=1,
            parts={"email.html": own},
            state="published",
            copied_from="",
            by="Olga",
            at=admin.env.now(),
            copied={"email.html": then},
        )

    admin.env.db.retry(copied_long_ago)
    assert "default changed" in words(admin, "/kettle/templates/?only=outdated")
    page = admin.get(f"{HERE}changes")
    assert [one.text for one in page.tree.xpath("//h3")][:3] == [
        "Yours",
        "The default then",
        "The default now",
    ]

    form = {"part": "email.html", "wish": wish, "expected": "1"}
    assert admin.post(f"{HERE}changes", form).status == 303

    written = admin.get(HERE).tree.xpath("string(//textarea[@name='email.html'])")
    assert all(one in written for one in kept)
    assert not any(one in written for one in gone)
    assert "Nothing new" in words(admin, f"{HERE}changes")


# --- around every mail -------------------------------------------------------------------------


def test_what_is_around_every_mail_changes_all_of_them_and_breaks_none(admin: Admin) -> None:
    look = {"own_accent": "1", "accent": "#aa0055", "own_paper": "1", "paper": "#101010"}
    look |= {"logo_url": "", "postal_address": "2 New Road, Leith"}
    path = "/kettle/templates/around/"
    assert admin.post(path, {**look, "act": "publish", "expected": "0"}).status == 303
    footer = {
        "footer.html": "<p>Open <b>daily</b> at {{ shop.name }}</p>",
        "footer.txt": "Open daily",
    }
    german = f"{path}de/"
    assert admin.post(german, {**footer, "act": "publish", "expected": "0"}).status == 303

    mail = admin.post("/kettle/templates/confirm/de/preview", {}).text
    assert "Open <b>daily</b> at Kettle" in mail
    assert "2 New Road, Leith" in mail
    assert "#aa0055" in mail
    assert "weil diese Adresse" in mail  # why one gets it is still there
    assert "Open daily" in admin.post("/kettle/templates/confirm/de/preview", {"show": "text"}).text
    assert "Open" not in admin.post("/kettle/templates/confirm/en/preview", {}).text

    for name, value, said in (
        ("accent", "red", "“red” is not a colour"),
        ("logo_url", "javascript:alert(1)", "https://"),
        ("logo_url", "https://x.example/a\"onerror='x", "https://"),
        ("postal_address", "x" * 301, "at most 300"),
    ):
        seen = admin.post(path, {**look, name: value, "act": "publish", "expected": "1"})
        assert seen.status == 422
        assert said in seen.said
    for part, text, said in (
        ("footer.html", "<p>{{ links.unsubscribe }}</p>", "unknown variable links"),
        ("footer.html", "<div><p>swallows the rest", "never closed"),
        ("header.html", "<script>x</script>", "<script> is not allowed"),
        ("header.html", '<a href="{{ shop.name }}">x</a>', "may only print a url"),
        ("header.txt", "{{ 9**9**9 }}", "operator **"),
        ("footer.txt", "x" * 9000, "8000 is the most"),
    ):
        seen = admin.post(german, {part: text, "act": "publish", "expected": "1"})
        assert seen.status == 422, (part, text)
        assert said in seen.said
    late = admin.post(german, {**footer, "act": "publish", "expected": "0"})
    assert late.status == 409
    assert "Owner saved meanwhile" in late.said


def test_a_block_that_breaks_a_mail_is_kept_back_and_every_such_mail_is_named(
    admin: Admin,
) -> None:
    """A mail that is nearly as long as a mailbox shows, and a footer that makes it longer."""
    twice = "{% for other in alternatives %}" + "x" * 43_000 + "{% endfor %}"
    html = shipped("email.html") + f"<p>{twice}</p>"
    assert save(admin, "publish", 0, html=html)[1].get("findings") is None
    footer = {"footer.html": "<p>" + "{{ shop.name }} " * 480 + "</p>"}

    seen = admin.post("/kettle/templates/around/en/", {**footer, "act": "publish", "expected": "0"})

    assert seen.status == 409
    assert "Back in stock · en: email.html: it comes out at" in seen.said
    assert "Reminder" not in seen.said
    assert "shop.name" in seen.tree.xpath("string(//textarea[@name='footer.html'])")
    assert rows(admin, "SELECT 1 FROM templates WHERE kind = 'blocks'") == []


def test_what_a_newer_program_would_refuse_is_shown_as_broken(admin: Admin) -> None:
    def slip_in(tx: Any) -> None:
        templates.save_version(
            tx,
            shop="kettle",
            locale="en",
            kind="waiting",
            version=1,
            parts={"subject.txt": "{{ product.no_longer_there }}"},
            state="published",
            copied_from="",
            by="Olga",
            at=admin.env.now(),
        )

    admin.env.db.retry(slip_in)
    seen = admin.get("/kettle/templates/?only=broken")
    assert "no_longer_there" in seen.tree.xpath("//a[@class='cell']/@title")[0]
