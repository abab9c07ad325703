"""Subscriptions in the admin: filtered, one person's story, changed, brought, taken out."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import text

from notifier.domain.rights import Role
from tests.web.admin.visitor import Admin
from tests.web.storefront import Storefront
from tests.web.stories import Tell


@pytest.fixture
def waiting(tell: Tell) -> dict[str, int]:
    """Ann waits for a shirt, Ben for a kettle of which he was told, Eve has confirmed nothing."""
    return tell(_waiting)


def _waiting(store: Storefront) -> dict[str, int]:
    for key in ("S", "M", "KETTLE"):
        store.stock(key, 0)
    found = {"ann": store.wait("S"), "ben": store.wait("KETTLE", "ben@example.com")}
    found["eve"] = store.ask("S", "eve@example.com")
    store.send()
    store.stock("KETTLE", 5)
    store.send()
    return found


def rows(admin: Admin, query: str = "") -> int:
    return len(admin.get(f"/kettle/subscriptions{query}").tree.xpath("//tbody/tr"))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("?state=told", 1),
        ("?state=unconfirmed", 1),
        ("?product=SHIRT", 2),
        ("?product=SHIRT&state=waiting", 1),
        ("?address=BEN@example.com ", 1),
        ("?address=nobody@example.com", 0),
        ("?medium=sms", 0),
    ],
)
def test_a_filter_shows_exactly_those(
    waiting: dict[str, int], admin: Admin, query: str, count: int
) -> None:
    assert rows(admin, query) == count


def test_the_list_names_each_product_with_its_key_below(
    waiting: dict[str, int], admin: Admin, store: Storefront
) -> None:
    store.stock("BARE", 0, title="")
    store.ask("BARE", "dora@example.com")
    cells = admin.get("/kettle/subscriptions").tree.xpath("//td[@class='name']")
    said = [" ".join(" ".join(cell.itertext()).split()) for cell in cells]
    assert said == ["Linen shirt S S", "Copper kettle KETTLE", "Linen shirt S S", "BARE BARE"]


def test_an_empty_list_says_whether_it_was_searched(admin: Admin) -> None:
    for path, searched in (("subscriptions", "?state=told"), ("broadcast", "?q=zzz")):
        assert " yet" in admin.get(f"/kettle/{path}").said, path
        assert " yet" not in admin.get(f"/kettle/{path}{searched}").said, path


@pytest.mark.parametrize("query", ["?state=gone", "?medium=fax", "?address=a@", "?after=x"])
def test_what_is_no_filter_is_refused(waiting: dict[str, int], admin: Admin, query: str) -> None:
    assert admin.get(f"/kettle/subscriptions{query}").status == 422


def test_one_persons_story_says_what_was_told(waiting: dict[str, int], admin: Admin) -> None:
    seen = admin.get(f"/kettle/subscriptions/{waiting['ben']}")
    assert "ben@example.com" in seen.heading
    assert "Back in stock" in seen.said
    assert "Asked to be told" in seen.said
    assert "ann@example.com" not in seen.said


def test_who_only_looks_sees_no_address_anywhere(waiting: dict[str, int], admin: Admin) -> None:
    viewer = admin.as_(Role.VIEWER)
    for path in ("/kettle/subscriptions", f"/kettle/subscriptions/{waiting['ben']}"):
        assert "ben@example.com" not in viewer.get(path).text
    assert rows(viewer, "?address=ben@example.com") == 3  # the address filters nothing
    for path in (
        "/kettle/subscriptions.csv",
        f"/kettle/subscriptions/{waiting['ben']}/export.json",
    ):
        assert viewer.get(path).status == 403


def test_another_shops_people_are_not_there(waiting: dict[str, int], admin: Admin) -> None:
    one = waiting["ann"]
    for path in (f"/cups/subscriptions/{one}", f"/cups/subscriptions/{one}/export.json"):
        assert admin.get(path).status == 404
    for path in (f"/cups/subscriptions/{one}", f"/cups/subscriptions/{one}/erase"):
        assert admin.post(path, {"wish": "end"}).status == 404


def test_an_editor_ends_moves_and_resends(
    waiting: dict[str, int], admin: Admin, store: Storefront
) -> None:
    editor = admin.as_(Role.EDITOR)
    ann, eve = (f"/kettle/subscriptions/{waiting[name]}" for name in ("ann", "eve"))
    with store.env.db.read() as tx:
        other = tx.execute(text("SELECT id FROM variants WHERE key = 'M'")).scalar_one()
    assert editor.post(ann, {"wish": "move", "variant": str(other)}).status == 303
    assert rows(editor, "?variant=M") == 1
    assert editor.post(ann, {"wish": "move", "variant": "99999"}).status == 422
    assert editor.post(eve, {"wish": "resend"}).status == 429  # asked a moment ago
    assert editor.post(ann, {"wish": "end"}).status == 303
    assert store.state(waiting["ann"]) == "ended"
    assert editor.post(ann, {"wish": "sell"}).status == 422
    assert editor.post(f"{ann}/erase").status == 403


def test_erasing_leaves_nothing_of_the_address(
    waiting: dict[str, int], admin: Admin, store: Storefront
) -> None:
    path = f"/kettle/subscriptions/{waiting['ben']}"
    exported = admin.get(f"{path}/export.json").answer.get_json()
    assert exported["contact"]["address"] == "ben@example.com"
    assert admin.post(f"{path}/erase").status == 303
    assert rows(admin, "?address=ben@example.com") == 0
    assert "ben@example.com" not in admin.get(path).text
    assert "ben@example.com" not in admin.get("/kettle/subscriptions.csv").text


def test_a_cell_that_looks_like_a_formula_stays_text(store: Storefront, admin: Admin) -> None:
    store.stock('=HYPERLINK("http://evil.example")', 0)
    store.wait('=HYPERLINK("http://evil.example")', "x@example.com")
    answer = admin.get("/kettle/subscriptions.csv")
    assert "'=HYPERLINK" in answer.text
    assert ",=HYPERLINK" not in answer.text
    assert answer.text.startswith("\ufeffid,product")


def bring(admin: Admin, text_: str, **form: str) -> object:
    data = {"basis": "asked us", "evidence": "folder 7", "wish": "try", **form}
    data["file"] = (io.BytesIO(text_.encode()), "people.csv")  # type: ignore[assignment]
    return admin.post("/kettle/subscriptions/import", data)


def test_a_file_is_tried_then_brought_and_each_bad_row_is_named(
    waiting: dict[str, int], admin: Admin
) -> None:
    file = "email,variant\nnew@example.com,S\nwrong@,S\nann@example.com,S\n"
    assert admin.get("/kettle/subscriptions/import").status == 200
    tried = bring(admin, file)
    assert "What would become of the rows" in tried.said  # type: ignore[attr-defined]
    assert rows(admin) == 3
    done = bring(admin, file, wish="import")
    assert done.status == 200  # type: ignore[attr-defined]
    [problem] = done.tree.xpath("//tbody/tr")  # type: ignore[attr-defined]
    assert problem.xpath("string(td[2])") == "email"
    assert rows(admin) == 4
    assert bring(admin, file, basis="").status == 422  # type: ignore[attr-defined]
    assert bring(admin, "\x00\x01").status == 422  # type: ignore[attr-defined]
    nothing = admin.post("/kettle/subscriptions/import", {"basis": "a", "evidence": "b"})
    assert nothing.status == 422
    assert admin.as_(Role.EDITOR).get("/kettle/subscriptions/import").status == 403
