"""How does a whole batch of messages become letters, quickly and each as if written alone?

Messages that tell the same are written on one form (rendering/skeleton.py), with each recipient's
own values put in. The first and the last of every group are also written in full and compared;
should they differ, the group is written in full and a number says so. One message that cannot be
written stops no other: it is given back with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from notifier.channels.base import FormLetter, Letter
from notifier.domain.letter_form import Form, ShortForm, is_tame
from notifier.domain.message import Medium, MessageKind
from notifier.errors import StoreBusy, TemplateProblem
from notifier.log import log
from notifier.rendering import Renderer
from notifier.rendering.skeleton import Family, Skeletons
from notifier.services.compose import Batch, compose, shared_context
from notifier.services.compose_hook import compose_hook
from notifier.services.compose_own import (
    OF_EVERYBODYS_OWN,
    ON_FORMS,
    UNSUBSCRIBE,
    Own,
    Recipient,
    list_headers,
    own_values,
    unsubscribe_link,
    with_own,
    with_unsubscribe,
)
from notifier.services.env import Env, ShopRef
from notifier.services.held_until import held_until
from notifier.signing import Purpose
from notifier.store.outbox import MessageRow

WORTH_A_FORM = 4  # letters; making and checking a form costs as much as writing three
_FIELDS = tuple(one.name for one in fields(Letter))


@dataclass(slots=True, kw_only=True)
class Written:
    """The letters in the order of their messages, and what could not be written, with why."""

    letters: list[Letter] = field(default_factory=list)
    unwritable: list[tuple[MessageRow, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Group:
    """Messages that tell the same to different people."""

    shop: ShopRef
    kind: MessageKind
    medium: Medium
    shared: Mapping[str, Any]
    owns: Mapping[str, Own]
    members: list[Recipient]


class LetterWriter:
    """Writes batch after batch. Keeps what they have in common; used by one thread at a time."""

    def __init__(self, env: Env, renderer: Renderer) -> None:
        self._env = env
        self._renderer = renderer
        self._skeletons = Skeletons(renderer)

    def get_ready(self) -> None:
        """Read the layout and the words that nearly every message is written with."""
        self._skeletons.get_ready({one.config.locale for one in self._env.shops.values()})

    def write(self, messages: Sequence[MessageRow], batch: Batch) -> Written:
        """A letter for each message that can be written. Raises StoreBusy."""
        together = self._write_together(messages, batch)
        written = Written()
        for message in messages:
            letter = together.get(message.id)
            try:
                written.letters.append(letter or self._write_one(message, batch))
            except TemplateProblem as error:
                log.error("message cannot be written", message=message.id, why=str(error))
                written.unwritable.append((message, str(error)))
            except StoreBusy:
                raise  # no fault of the message
            except Exception as error:  # noqa: BLE001  one poisoned row must not stop the rest
                log.exception("message cannot be composed", message=message.id)
                written.unwritable.append((message, f"{type(error).__name__}: {error}"))
        return written

    def _write_one(self, message: MessageRow, batch: Batch) -> Letter:
        attempt_no = message.attempt_no + 1
        if message.medium == Medium.WEBHOOK:
            return compose_hook(self._env, message, attempt_no=attempt_no)
        return compose(self._env, self._renderer, message, batch, attempt_no=attempt_no)

    def _write_together(self, messages: Sequence[MessageRow], batch: Batch) -> dict[int, Letter]:
        """By message, the letters that could be written on a form."""
        letters: dict[int, Letter] = {}
        for members in _who_are_told_the_same(messages, batch):
            try:
                letters.update(self._write_group(members, batch))
            except TemplateProblem:
                continue  # each is written in full and says what is wrong
            except StoreBusy:
                raise
            except Exception:  # noqa: BLE001  then each is written in full
                log.exception("no form could be made", message=members[0].id)
        return letters

    def _write_group(self, members: list[MessageRow], batch: Batch) -> dict[int, Letter]:
        env, first = self._env, members[0]
        shop = env.shop_by_id(first.shop_id)
        if shop is None:
            return {}
        kind, medium = MessageKind(first.kind), Medium(first.medium)
        family = self._skeletons.family(kind, medium=medium, shop=shop.slug, locale=first.locale)
        if family.unfit:
            return {}
        subscriptions = batch.subscriptions
        group = _Group(
            shop=shop,
            kind=kind,
            medium=medium,
            shared=shared_context(env, shop, first, batch),
            owns=own_values(kind),
            members=[
                Recipient(env, shop, one, subscriptions.get(one.subscription_id or 0))
                for one in members
            ],
        )
        while not family.unfit:
            before = family.pinned
            letters = self._write_on_forms(group, family, batch)
            if family.pinned == before:
                return letters
        return {}

    def _write_on_forms(self, group: _Group, family: Family, batch: Batch) -> dict[int, Letter]:
        """Letters, as far as there are forms. Nothing when another value was pinned meanwhile."""
        letters: dict[int, Letter] = {}
        for part in _alike(group, family.pinned):
            own = {path: find(part[0]) for path, find in group.owns.items()}
            form = self._skeletons.form(
                family,
                shared=group.shared,
                whole=with_own(group.shared, own),
                own=own,
                unique=OF_EVERYBODYS_OWN,
            )
            if form is None:
                return {}
            fresh = dict(self._fill(form, group, part, batch))
            why = self._why_not_the_same(fresh, group, part, batch)
            if why:
                self._skeletons.refuse(family, why)
                return {}
            letters.update(fresh)
        return letters

    def _fill(
        self, form: Form | ShortForm, group: _Group, part: list[Recipient], batch: Batch
    ) -> Iterator[tuple[int, Letter]]:
        env, config = self._env, group.shop.config
        common: dict[str, Any] = {
            "kind": group.kind.value,
            "shop": group.shop.slug,
            "sender": config.sender,
            "reply_to": config.reply_to or config.support_email,
            "locale": form.locale,
            "template_version": form.version,
        }
        finders = [group.owns[name] for name in form.slots]
        others = list_headers(env, group.shop, group.kind)
        own_link = next((n for n, one in enumerate(finders) if one is UNSUBSCRIBE), None)
        for to in part:
            message = to.message
            given = [find(to) for find in finders]
            values = tuple([str(one) for one in given])
            if not all(given) or not all(map(is_tame, values)):
                continue
            contact = batch.contacts.get(message.contact_id) if message.contact_id else None
            own: dict[str, Any] = {
                "message_id": message.id,
                "uid": env.signer.make(Purpose.MESSAGE, message.id),
                "attempt_no": message.attempt_no + 1,
                "address": contact.address if contact else message.address,
                "not_after": message.expires_at,
                "first_tried_at": message.first_tried_at,
                "is_retry_of_unknown": message.unknowns > 0,
            }
            if isinstance(form, Form):
                link = unsubscribe_link(env, message) if own_link is None else values[own_link]
                own["headers"] = with_unsubscribe(link, others)
                yield message.id, FormLetter(form=form, values=values, common=common, **own)
                continue
            try:
                short = form.write(values)
            except TemplateProblem:
                continue  # told when it is written in full
            yield message.id, Letter(**common, **own, short=short)

    def _why_not_the_same(
        self, fresh: Mapping[int, Letter], group: _Group, part: list[Recipient], batch: Batch
    ) -> str:
        """What differs between a letter on the form and the same in full; '' when nothing does."""
        for to in (part[0], part[-1]):
            letter = fresh.get(to.message.id)
            if letter is None:
                continue
            if shared_context(self._env, group.shop, to.message, batch) != group.shared:
                return "what should be the same for all is not"
            whole = self._write_one(to.message, batch)
            for name in _FIELDS:
                if getattr(letter, name) != getattr(whole, name):
                    return f"the {name} came out otherwise"
        return ""


def _who_are_told_the_same(
    messages: Sequence[MessageRow], batch: Batch
) -> Iterator[list[MessageRow]]:
    """Groups of messages whose contexts differ in the recipients' own values only."""
    groups: dict[tuple[Any, ...], list[MessageRow]] = {}
    for message in messages:
        if message.medium == Medium.WEBHOOK or message.kind not in ON_FORMS:
            continue
        wish = batch.subscriptions.get(message.subscription_id or 0)
        key = (
            message.shop_id,
            message.kind,
            message.medium,
            message.locale,
            message.event_id,
            message.subscription_id is None,
            wish and wish.product_id,
            wish and wish.variant_id,
            held_until(message),
        )
        groups.setdefault(key, []).append(message)
    for members in groups.values():
        if len(members) >= WORTH_A_FORM:
            yield members


def _alike(group: _Group, pinned: frozenset[str]) -> Iterator[list[Recipient]]:
    """The members with the same pinned values, where a form is worth it."""
    if not pinned:
        yield group.members
        return
    parts: dict[tuple[Any, ...], list[Recipient]] = {}
    for to in group.members:
        key = tuple(group.owns[name](to) for name in sorted(pinned))
        parts.setdefault(key, []).append(to)
    for part in parts.values():
        if len(part) >= WORTH_A_FORM:
            yield part
