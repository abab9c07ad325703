"""What does a mail cost from its rows to the bytes for the wire, beside one made by the textbook?

The product writes a batch as its sender does, with tokens, headers and quoted-printable: once on a
form for all, and once with a template that looks at a link, so that each is written in full.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bench.announce import fill
from bench.contest import PRODUCT, Line, Trial, alternate, compare, timed
from bench.shop import announce_all, configuration, open_shop
from bench.sizes import Size
from bench.stage import Stage
from bench.textbook import Build, textbook
from notifier.channels.base import FormLetter
from notifier.channels.smtp.mime import build_mail
from notifier.channels.smtp.settings import Settings
from notifier.domain.message import MessageKind
from notifier.domain.message_context import complete_context
from notifier.rendering import FileTemplates, GivenParts, Layered, Renderer, shipped_renderer
from notifier.resources import templates_folder
from notifier.services.compose import Batch, compose, context_of, load_batch
from notifier.services.env import Env
from notifier.services.write_letters import LetterWriter
from notifier.store.claims import select_due
from notifier.store.outbox import MessageRow

TEXTBOOK = "textbook: Jinja ×3, css-inline, EmailMessage"
KIND = MessageKind.BACK_IN_STOCK
LOCALE = "en"
BATCH = 500
LOOKS_AT_A_LINK = "\n{% if links.manage == product.url %}The same.{% endif %}\n"
ON_FORM, IN_FULL = "mail on a form", "mail in full"


Frame = Callable[[dict[str, Any]], dict[str, Any]]


def run(stage: Stage, size: Size, *, frame: Frame) -> list[Line]:
    """Both ways to write a mail, each beside the textbook. `frame`: what a frame is filled with."""
    people = min(BATCH, max(8, size.renders))
    url = fill(stage, stage.places[0], people=people)
    env, _ = open_shop(configuration(folder=stage.folder, url=url))
    announce_all(env)
    with env.db.read() as tx:
        messages = select_due(tx, channel="mail", now=env.now(), limit=people)
        batch = load_batch(env, tx, messages)
    floor = partial(_by_the_book, env, messages[: max(2, people // 10)], batch, frame)
    lines: list[Line] = []
    for subject, renderer in ((ON_FORM, shipped_renderer()), (IN_FULL, _looking())):
        product = partial(_write, env, LetterWriter(env, renderer), messages, batch, subject)
        product()  # what is compiled once is not what is measured
        trials = alternate({PRODUCT: product, TEXTBOOK: floor}, rounds=size.rounds, say=stage.say)
        lines += compare(
            trials, benchmark="rendering", subject=subject, database="", unit="messages"
        )
    env.db.close()
    return lines


def _looking() -> Renderer:
    folder = templates_folder() / "messages"
    text = (folder / LOCALE / KIND / "email.html").read_text(encoding="utf-8")
    changed = GivenParts(KIND, {"email.html": text + LOOKS_AT_A_LINK})
    return Renderer(Layered(changed, FileTemplates(folder)))


def _write(
    env: Env, writer: LetterWriter, messages: list[MessageRow], batch: Batch, subject: str
) -> Trial:
    settings = Settings(
        host="127.0.0.1", from_address="hello@kettle.example", bounce_domain="bounces.example"
    )
    secret, now = env.signer.secret_for("bench"), env.now()

    def work() -> int:
        letters = writer.write(messages, batch).letters
        assert all(isinstance(one, FormLetter) for one in letters) == (subject == ON_FORM)
        for letter in letters:
            assert build_mail(letter, settings=settings, secret=secret, now=now).wire
        return len(letters)

    return timed(work)


def _by_the_book(env: Env, messages: list[MessageRow], batch: Batch, frame: Frame) -> Trial:
    build: Build = textbook(KIND, LOCALE)
    shop = env.shop_by_id(messages[0].shop_id)
    assert shop is not None
    renderer = shipped_renderer()
    given = []
    for message in messages:  # whom it is to and what it says is not what is compared
        context = complete_context(KIND, context_of(env, shop, message, batch))
        letter = compose(env, renderer, message, batch, attempt_no=1)
        given.append(({**frame(context), "date": env.now()}, letter))
    assert build(*given[0]).count(b"https://notify.kettle.example/") > 3

    def work() -> int:
        for values, letter in given:
            build(values, letter)
        return len(given)

    return timed(work)
