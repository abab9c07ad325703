"""How is a message written once for many recipients, and when must it be written for each?

`Skeletons` renders a message with slots (slots.py) for the values that differ by recipient and
cuts it there: a form. A template that looks at such a value is not guessed at. If only a few
values of it are about (a quantity), there is one form for each; if every recipient has his own (a
link), the message is written in full for each.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from notifier.domain.letter_form import LONGEST_VALUE, Cut, Form, ShortForm, fill
from notifier.domain.message import ABOUT_ORDERS, Medium, MessageKind
from notifier.domain.template_rules import MAX_OUTPUT
from notifier.errors import TemplateProblem
from notifier.i18n import section
from notifier.log import log
from notifier.metrics import NO_SKELETON
from notifier.rendering.layout import Layout, load_layout
from notifier.rendering.renderer import Plan, Renderer, finish_short, finish_subject
from notifier.rendering.short_text import discreet, fit_texts, shorter_contexts
from notifier.rendering.slots import Marks, SlotEnvironment, Unfit, watched

KEPT = 64  # forms
_MOST_OCTETS = 4 * LONGEST_VALUE  # of one value in UTF-8

Values = Mapping[str, str | int]
"""What is a recipient's own: `links.manage`, `quantity` … and its value."""


@dataclass(slots=True, kw_only=True, eq=False)
class Family:
    """Everything with one template. `pinned`: own values that it looks at; `unfit`: why it has
    no form at all, empty when it may have one."""

    plan: Plan
    medium: Medium
    pinned: frozenset[str] = frozenset()
    unfit: str = ""
    forms: dict[tuple[Any, ...], _Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    shared: Mapping[str, Any]
    form: Form | ShortForm


class _NotWithThis(Exception):
    """No form can be made with this recipient's values; perhaps with another's."""


class Skeletons:
    """Makes and keeps forms. Used by one thread at a time."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._slotted: Renderer | None = None
        self._families: OrderedDict[tuple[str, ...], Family] = OrderedDict()

    def get_ready(self, locales: Iterable[str]) -> None:
        """Read what all forms have in common."""
        for locale in locales:
            section(locale, "mail")
        self._with_slots()

    def family(self, kind: MessageKind, *, medium: Medium, shop: str, locale: str) -> Family:
        """What is known of the template that such a message is written with now.

        Raises TemplateProblem where there is no template.
        """
        plan = self._renderer.plan(kind, medium=medium, shop=shop, locale=locale)
        key = (kind, medium, shop, locale)
        found = self._families.get(key)
        if found is None or found.plan.version != plan.version:
            unfit = "about an order" if kind in ABOUT_ORDERS else ""
            found = self._families[key] = Family(plan=plan, medium=medium, unfit=unfit)
        self._families.move_to_end(key)
        while len(self._families) > KEPT:
            self._families.popitem(last=False)
        return found

    def form(
        self,
        family: Family,
        *,
        shared: Mapping[str, Any],
        whole: Mapping[str, Any],
        own: Values,
        unique: frozenset[str],
    ) -> Form | ShortForm | None:
        """The form for all whose context is `shared` and whose pinned values are those of `own`.

        `whole` is the context of one of them, `own` his own values by path; `unique`: those of
        which nearly everybody has another. None when there is none; or when another value has
        just been pinned: then the recipients must be sorted anew.
        """
        if family.unfit:
            return None
        key = tuple(own.get(name) for name in sorted(family.pinned))
        kept = family.forms.get(key)
        if kept is not None and kept.shared == shared:
            return kept.form
        try:
            made = self._make(family, whole, own)
        except _NotWithThis:
            return None
        except Unfit as why:
            self._learn(family, why, unique=unique)
            return None
        while len(family.forms) >= KEPT:
            family.forms.pop(next(iter(family.forms)))
        family.forms[key] = _Kept(shared=shared, form=made)
        return made

    def refuse(self, family: Family, why: str) -> None:
        """Write everything of this family in full from now on."""
        NO_SKELETON.labels(kind=family.plan.kind).inc()
        family.unfit = why
        family.forms.clear()
        log.warning(
            "written one by one", kind=family.plan.kind, why=why, version=family.plan.version
        )

    def _learn(self, family: Family, why: Unfit, *, unique: frozenset[str]) -> None:
        if why.slot and why.slot not in unique and why.slot not in family.pinned:
            family.pinned |= {why.slot}
            family.forms.clear()
        else:
            family.unfit = str(why) or "unfit"
            log.info("template has no skeleton", kind=family.plan.kind, why=family.unfit)

    def _make(self, family: Family, whole: Mapping[str, Any], own: Values) -> Form | ShortForm:
        """Raises Unfit and _NotWithThis."""
        try:
            full = family.plan.complete(whole)
            names = tuple(name for name in own if name not in family.pinned)
            marks = Marks(names, secrets.token_hex(8))
            for name in names:
                _put_slot(full, name, given=own[name], marks=marks)
            draw = self._with_slots()
            with watched(marks):
                if family.medium is Medium.SMS:
                    return _short_form(draw, family.plan, full, marks)
                return _mail_form(draw, family.plan, full, marks)
        except TemplateProblem as problem:  # whoever it concerns is told when it is written in full
            raise Unfit("", f"it cannot be rendered with slots: {problem}") from problem

    def _with_slots(self) -> Renderer:
        if self._slotted is None:
            self._slotted = Renderer(
                self._renderer.lookup,
                layout=_slotted_layout(
                    self._renderer.layout.folder, version=self._renderer.layout.version
                ),
                blocks=self._renderer.blocks,
                environment=SlotEnvironment,
            )
        return self._slotted


@cache
def _slotted_layout(folder: Path, *, version: str) -> Layout:
    """The layout, made for slots. Raises Unfit when its files are not the same any more."""
    made = load_layout(folder, environment=SlotEnvironment)
    if made.version != version:
        raise Unfit("", "the layout's files have changed since they were read")
    return made


def _put_slot(full: dict[str, Any], path: str, *, given: str | int, marks: Marks) -> None:
    """Raises _NotWithThis where a slot, which is true, would stand for nothing."""
    group, _, name = path.rpartition(".")
    place = full[group] if group else full
    if not given or not place[name]:
        raise _NotWithThis(path)
    place[name] = marks.slots[path]


def _mail_form(draw: Renderer, plan: Plan, full: dict[str, Any], marks: Marks) -> Form:
    drawn = draw.draw_mail(plan, full)
    cuts = (marks.cut(drawn.subject), marks.cut(drawn.text), marks.cut(drawn.html))
    for cut, part in zip(cuts[1:], ("email.txt", "email.html"), strict=True):
        _check_room(cut, MAX_OUTPUT[part])
    slots, numbered = _only_used(cuts, marks)
    return Form(
        slots=slots,
        subject=numbered[0],
        text=numbered[1],
        html=numbered[2],
        polish=partial(finish_subject, is_discreet=full["shop"]["discreet"]),
        locale=plan.chosen.locale,
        version=plan.version,
    )


def _short_form(draw: Renderer, plan: Plan, full: dict[str, Any], marks: Marks) -> ShortForm:
    source = plan.chosen.parts["short.txt"]
    words = section(plan.chosen.locale, "mail")
    guarded = discreet(full, words) if full["shop"]["discreet"] else full
    every = shorter_contexts(guarded, words)
    cuts = tuple(marks.cut(draw.render_part(source, one)) for one in every)
    slots, numbered = _only_used(cuts, marks)

    def write(values: tuple[str, ...]) -> str:
        texts = (finish_short(fill(cut, values)) for cut in numbered)
        return fit_texts(texts, where=source.where)

    return ShortForm(slots=slots, write=write, locale=plan.chosen.locale, version=plan.version)


def _check_room(cut: Cut, most: int) -> None:
    """A message must not come out too long for some recipients only."""
    size = sum(len(one.encode()) if isinstance(one, str) else _MOST_OCTETS for one in cut)
    if size > most:
        raise Unfit("", f"with long values it could have {size} characters")


def _only_used(cuts: tuple[Cut, ...], marks: Marks) -> tuple[tuple[str, ...], tuple[Cut, ...]]:
    """The names of the slots that are printed, and the cuts with their numbers among them."""
    used = sorted({one for cut in cuts for one in cut if isinstance(one, int)})
    place = {old: new for new, old in enumerate(used)}
    numbered = tuple(
        tuple(place[one] if isinstance(one, int) else one for one in cut) for cut in cuts
    )
    return tuple(marks.names[old] for old in used), numbered
