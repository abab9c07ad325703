"""How does a link into the admin reach its person by mail?

Through the mail channel of a shop, at once and beside the outbox: the link must not be written
into a table, no template that an editor can change may hold it, and the page that was asked must
answer as quickly for an address nobody knows. What is lost with the process is asked for again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html import escape

from notifier.channels.base import Letter, Outcome, Phase
from notifier.domain.person import Person
from notifier.errors import NotifierError, StoreBusy
from notifier.i18n import duration_words, section
from notifier.log import log, mask
from notifier.services.alarms import raise_alarm
from notifier.services.channels import make_channel
from notifier.services.entry_link import LASTS, EntryLink
from notifier.services.env import Env, ShopRef

CODE = "account.mail_failed"


@cache
def _postman() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="entry-mail")


def mail_entry_link(
    env: Env, person: Person, link: EntryLink, *, by: str = "", at_once: bool = False
) -> bool:
    """Send it on its way; False where no channel carries mail for the shops of this person.

    `by`: the name of who invites. `at_once`: return when it was sent, or was not.
    """
    shop = _shop_of(env, person)
    if shop is None:
        log.warning("link not mailed: no shop has a mail channel", purpose=link.purpose.value)
        return False
    letter = _letter(person, link, shop, by=by)
    task = _postman().submit(_send, env, letter, shop)
    return task.result() if at_once else True


def do_later(work: Callable[[], None]) -> None:
    """Do this beside the request, in turn with the mails."""

    def run() -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  nobody waits for this thread
            log.exception("not done beside the request")

    _postman().submit(run)


def wait_for_mails(*, patience: float = 30) -> None:
    """Until all that was put off is done, mails of it included."""
    for _ in range(2):  # what was put off may have put a mail behind it
        _postman().submit(int).result(timeout=patience)


def _shop_of(env: Env, person: Person) -> ShopRef | None:
    for slug, shop in env.shops.items():
        if person.may_enter(slug) and shop.config.mail_channel in env.config.channels:
            return shop
    return None


def _letter(person: Person, link: EntryLink, shop: ShopRef, *, by: str) -> Letter:
    own = shop.config
    words = section(person.locale, "account_mail")
    said = {"shop": own.name, "program": words["program"], "by": by or words["somebody"]}
    purpose = link.purpose.value
    hello = _fill(words["hello"], name=person.name)
    text = _fill(words[f"{purpose}_text"], **said)
    lasts = _fill(words["lasts"], time=duration_words(LASTS[link.purpose], person.locale))
    body = "".join(
        f"<p>{part}</p>"
        for part in (
            escape(hello),
            escape(text),
            f'<a href="{escape(link.url)}">{escape(words["choose"])}</a>',
            escape(lasts),
            escape(own.postal_address),
        )
    )
    return Letter(
        message_id=0,
        uid=f"entry-{secrets.token_hex(8)}",
        attempt_no=1,
        kind=f"account_{purpose}",
        address=person.email,
        shop=shop.slug,
        locale=person.locale,
        sender=own.sender,
        reply_to=own.reply_to,
        subject=_fill(words[f"{purpose}_subject"], **said),
        text="\n\n".join((hello, text, link.url, lasts, own.postal_address)).strip() + "\n",
        html=f'<!doctype html><html lang="{escape(person.locale)}"><body>{body}</body></html>',
    )


def _fill(text: str, **values: str) -> str:
    """Names cannot bring line breaks or braces of their own into a subject."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", " ".join(value.split()).replace("{", "("))
    return text


def _send(env: Env, letter: Letter, shop: ShopRef) -> bool:
    """Whether the provider took it. What went wrong is told, never the link."""
    try:
        trouble = _hand_over(env, letter, shop)
    except NotifierError as error:
        trouble = str(error)
    except Exception as error:  # noqa: BLE001  nobody waits for this thread: say it in an alarm
        log.exception("link not mailed")
        trouble = type(error).__name__
    if not trouble:
        return True
    message = (
        f"A link for signing in could not be mailed by {shop.config.mail_channel!r}: {trouble}"
    )
    try:
        env.db.retry(
            lambda tx: raise_alarm(
                env, tx, code=CODE, about=shop.slug, message=mask(message)[:500], shop=None
            )
        )
    except StoreBusy as busy:
        log.warning("alarm not stored: database busy", why=str(busy))
    return False


def _hand_over(env: Env, letter: Letter, shop: ShopRef) -> str:
    """What went wrong, or nothing."""
    channel = make_channel(env, shop.config.mail_channel)

    def note(_message_id: int, _phase: Phase) -> None:
        """Nothing is taken over after a crash: who needs a link asks again."""

    try:
        for _, result in channel.send([letter], note=note):
            return "" if result.outcome is Outcome.ACCEPTED else f"{result.code} {result.detail}"
    finally:
        channel.close()
    return "no answer"
