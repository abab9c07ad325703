"""What does the admin say, in each language, when it refuses what was written in a form?"""

from __future__ import annotations

import re
from typing import Any

import pytest

from notifier.errors import ConfigError
from notifier.services import own_account
from notifier.services.consent import Circumstances
from notifier.services.session_of import find_session
from tests.web.admin.test_settings import HERE, add_mail, change, problem
from tests.web.admin.visitor import Admin, Seen
from tests.web.storefront import Storefront

# What is written by programs for programs: pydantic, Python, and our own English.
NOT_FOR_PEOPLE = re.compile(r"[Ii]nput should|Value error|'[^' ]*'|\bis not\b|\bmust\b")


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


def speaks(admin: Admin, locale: str) -> Admin:
    signed = find_session(admin.env, admin.token)
    assert signed is not None
    own_account.set_taste(
        admin.env, signed.person, name="Olga", locale=locale, theme="", where=Circumstances()
    )
    return admin


FORMS = [
    ("/shop", "origins", "https://a.example/", "https://a.example"),
    ("/shop", "origins", "*", "*"),
    ("/shop", "origins", "a.example", "a.example"),
    ("/shop", "time_zone", "Mars/Phobos", "Mars/Phobos"),
    ("/shop", "name", "", "1"),
    ("/shop", "country", "Germany", "2"),
    ("/look", "accent", "red", "red"),
    ("/consent", "subscription_lifetime", "0s", "1s"),
    ("/consent", "subscription_lifetime", "soon", "soon"),
    ("/consent", "subscription_lifetime", "9999999999999999999d", ""),
    ("/consent", "proof_of_work", "maybe", ""),
    ("/release", "rate", "0", "0"),
    ("/release", "rate", "inf", "inf"),
    ("/release", "size", "2.5", "2.5"),
    ("/stock", "brake_share", "120", "100"),
    ("/stock", "brake_share", "much", "much"),
    ("/alerts", "weekly", "someday", "someday"),
    ("/alerts", "mail_to", "nobody", "nobody"),
    ("/system", "shopify_domain", "kettle", "kettle"),
    ("/system", "shopify_silence", "1m", "1h"),
    ("/limits", "max_active", "", ""),
    ("/limits", "max_active", "-1", ""),
]


@pytest.mark.parametrize("locale", ["de", "es"])
@pytest.mark.parametrize(("path", "name", "value", "holds"), FORMS)
def test_a_setting_that_does_not_fit_is_told_in_the_readers_language(
    admin: Admin, locale: str, path: str, name: str, value: str, holds: str
) -> None:
    in_english = problem(change(admin, path, **{name: value}), name)
    seen = change(speaks(admin, locale), path, **{name: value})

    told = problem(seen, name)
    assert seen.status == 422
    assert holds in told
    assert told != in_english
    assert not NOT_FOR_PEOPLE.search(told), told
    assert not re.search(r"[Ii]nput should|Value error|'[^' ]*'", in_english), in_english


CHANNELS = [
    ({"port": "70000"}, "port"),
    ({"port": "smtp"}, "port"),
    ({"host": "two words"}, "host"),
    ({"security": "ssl"}, "security"),
    ({"security": "none"}, "security"),
    ({"password": ""}, "password"),
    ({"from_address": "nobody"}, "from_address"),
    ({"connections": "0"}, "connections"),
    ({"dot_timeout": "x"}, "dot_timeout"),
    ({"hello_name": "a b"}, "hello_name"),
    ({"dkim_domain": "a.example"}, "dkim_selector"),
    ({"called": "../etc"}, "name"),
    ({"called": "mail"}, "name"),
]


@pytest.mark.parametrize("locale", ["de", "es"])
@pytest.mark.parametrize(("values", "name"), CHANNELS)
def test_a_channel_that_could_not_send_is_refused_in_the_readers_language(
    admin: Admin, locale: str, values: dict[str, str], name: str
) -> None:
    in_english = problem(add_mail(admin, **values), name)
    told = problem(add_mail(speaks(admin, locale), **values), name)

    assert told
    assert told != in_english
    assert not NOT_FOR_PEOPLE.search(told), told
    assert not re.search(r"[Ii]nput should|Value error|'[^' ]*'", in_english), in_english


def elsewhere(admin: Admin) -> list[tuple[Seen, str, str]]:
    """What is refused on other pages: the answer, and what it says in German and Spanish."""
    post, get = admin.post, admin.get
    there: dict[str, Any] = {"variant": "S", "wish": "save"}
    return [
        (get("/kettle/what-if?variant=S&units=many"), "keine Stückzahl", "número de unidades"),
        (get("/kettle/what-if?variant=S&units=0"), "nicht möglich", "no son posibles"),
        (get("/kettle/what-if?variant=NOPE&units=3"), "gibt es hier nicht", "no está aquí"),
        (get("/kettle/subscriptions?address=a,b@c.example@d"), "nur eine", "una sola"),
        (get("/kettle/subscriptions?state=lost"), "gezeigt werden", "se muestran"),
        (get("/-/audit?after=x"), "gibt es nicht mehr", "ya no está"),
        (post(f"{HERE}/keys", {"name": "x"}), "Kreuzen Sie an", "Marque lo que"),
        (post("/-/account/taste", {"name": ""}), "einen Namen an", "Dé un nombre"),
        (
            post("/kettle/products/SHIRT", {**there, "date": "soon"}),
            "„soon“ ist kein Datum",
            "«soon» no es una fecha",
        ),
        (
            post("/kettle/products/SHIRT", {**there, "date": "2027-02-01"}),
            "braucht seine Quelle",
            "necesita su fuente",
        ),
    ]


def test_what_other_pages_refuse_is_told_in_the_readers_language(
    admin: Admin, store: Storefront
) -> None:
    store.stock("S", 0)
    for locale, place in (("de", 1), ("es", 2)):
        for one in elsewhere(speaks(admin, locale)):
            said = one[place]
            assert isinstance(said, str)
            assert said in one[0].said, (locale, one[0].said)


def test_shares_stand_in_the_history_as_in_their_form(admin: Admin) -> None:
    change(admin, "/stock", brake_share="5")
    change(admin, "/brake", bounce_share="2.5")
    said = admin.get(f"{HERE}/history").said
    assert "5\u00a0%" in admin.get(f"{HERE}/history").text
    assert "0.05" not in said
    assert "2.5 %" in said.replace("\u00a0", " ")


def test_figures_have_the_readers_decimal_sign_and_left_alone_are_no_change(admin: Admin) -> None:
    change(admin, "/brake", bounce_share="7.5")
    speaks(admin, "de")

    [shown] = admin.get(f"{HERE}/brake").tree.xpath("//input[@name='s.bounce_share']/@value")
    assert shown == "7,5"
    change(admin, "/brake", bounce_share="7,5", complaint_share="0,4")

    rows = admin.get(f"{HERE}/history").said
    assert "7,5\u00a0%" in rows.replace(" %", "\u00a0%")
    assert "7.5" not in rows
    assert rows.count("shops/kettle/brake/bounce_share") == 1


def test_the_history_calls_settings_what_their_form_calls_them(admin: Admin) -> None:
    change(admin, "/brake", bounce_share="7.5")
    change(admin, "/shop", country="AT")
    for locale in ("en", "de", "es"):
        speaks(admin, locale)
        rows = admin.get(f"{HERE}/history").tree.xpath("//tbody/tr/th")
        for row, part, name in zip(
            rows, ("shop", "brake"), ("country", "bounce_share"), strict=True
        ):
            page = admin.get(f"{HERE}/{part}").tree
            [label] = page.xpath(f"//label[@for='s-{name}']/text()[1]")
            assert row.text_content().startswith(label.strip())


def test_all_that_is_wrong_on_a_page_is_told_at_once(admin: Admin) -> None:
    seen = change(speaks(admin, "de"), "/release", rate="viel", interval="bald", size="2.5")

    assert "„viel“ ist keine Zahl." in problem(seen, "rate")
    assert "„bald“ ist keine Dauer." in problem(seen, "interval")
    assert "„2.5“ ist keine ganze Zahl." in problem(seen, "size")


def test_what_a_strangers_channel_says_of_its_settings_is_told_in_its_own_words(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_settings: object) -> None:
        raise ConfigError.of("host", "not_ours", "Pigeons find no such loft.")

    monkeypatch.setattr("notifier.channels.email_smtp.Settings.__post_init__", refuse)
    seen = add_mail(speaks(admin, "de"))
    assert problem(seen, "host") == "Das wurde nicht angenommen: Pigeons find no such loft."


DRAFTS = [
    ("subject.txt", "{{ product.titel }}", "Eine Variable product.titel gibt es nicht."),
    ("subject.txt", "{{ product }}", "product ist eine Gruppe von Werten."),
    ("subject.txt", "{% macro x() %}{% endmacro %}", "gibt es in Nachrichten nicht."),
    ("subject.txt", "{{ product.title|reverse }}", "Einen Filter reverse gibt es nicht."),
    ("subject.txt", "{# nothing #}", "Es kommt nichts heraus."),
    ("subject.txt", "{% if %}", "Das lässt sich nicht als Vorlage lesen:"),
    ("email.txt", "No link.", "muss immer darin stehen und fehlt."),
    ("email.html", "<script>x</script>", "<script> ist in einer Nachricht nicht erlaubt."),
    ("email.html", "<p>{{ links.unsubscribe }}", "<p> wird nicht geschlossen."),
]


def test_what_is_wrong_with_a_template_is_told_in_the_readers_language(admin: Admin) -> None:
    for part, text, says in DRAFTS:
        data = {part: text, "act": "publish", "expected": "0"}
        seen = speaks(admin, "de").post("/kettle/templates/back_in_stock/en/", data)
        assert seen.status == 422, text
        assert says in seen.said, (text, seen.said[:900])
