"""How does a shop's server say when something is expected?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

from flask import Blueprint
from pydantic import Field

from notifier.domain.dates import read_eta
from notifier.domain.eta import Eta
from notifier.domain.scope import Scope
from notifier.errors import InvalidInput
from notifier.services.foresee_eta import foresee_eta
from notifier.services.push_stock import find_key
from notifier.services.set_eta import set_eta, today_in
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Shape
from notifier.web.here import env

blueprint = Blueprint("eta", __name__)


class EtaGiven(Shape):
    """When one variant is expected. One of `variant` and `sku`."""

    variant: Key = Field("", description="The shop's own variant id.", examples=["4711"])
    sku: Key = Field("", description="Enough alone when one variant has it.")
    eta: str | None = Field(
        ...,
        max_length=100,
        description="2027-02-14, 2027-02, 2027-02-01/2027-02-14, `in 2-4 weeks` or null.",
        examples=["2027-02-14"],
    )
    source: str = Field(
        "",
        max_length=64,
        description="Where the date comes from. A date or range must have one; a month need not.",
        examples=["supplier"],
    )
    evidence: str = Field("", max_length=4000, description="What shows it: an order's number …")
    actor: str = Field("", max_length=64, description="Who says so.")
    reason: str = Field(
        "", max_length=400, description="Why it is late; who has ordered reads it in the notice."
    )
    preview: bool = Field(
        False, description="Save nothing; say who would be told what, and what the law wants then."
    )


class ForeseenLine(Shape):
    """One line that somebody has bought. `message` null: its customer is told nothing. `answer_by`:
    the last day on which an answer counts. `notice_by`: before which instant the law wants the
    notice offered; null where it wants none."""

    order: str
    ref: str
    before: str = Field(description="Its state now …")
    after: str = Field(description="… and with this date.")
    message: str | None
    revised: date | None
    silence: str = Field(description="What no answer means: consents, cancels or nothing.")
    answer_by: date | None
    notice_by: datetime | None


class Foreseen(Shape):
    """What the date would mean. `messages`: how many lines' customers get which message.
    `first_notice_by`: the earliest instant by which the law wants a notice offered. `lines`: at
    most 500 of the `lines_concerned`. `subscribers`: how many who wait for it would be told."""

    messages: dict[str, int]
    first_notice_by: datetime | None
    lines_concerned: int
    lines: list[ForeseenLine]
    subscribers: int


class EtaAnswer(Shape):
    """`changed` is false when that date was known. `told`: who waits hears of it, if it moved far
    enough for the shop's settings; who has bought it hears what the law wants. With `preview`,
    `foreseen` says what would follow, and nothing was saved."""

    variant: str
    before: str | None
    eta: str | None
    changed: bool
    told: bool
    foreseen: Foreseen | None


@operation(
    "POST",
    "/eta",
    scope=Scope.ETA_WRITE,
    summary="Say when something is expected",
    given=EtaGiven,
    answer=EtaAnswer,
    blueprint=blueprint,
)
def give_eta(caller: Caller, given: EtaGiven) -> EtaAnswer:
    """Kept in the history of promises with source, evidence and actor. 409 `available` when it can
    be bought now."""
    eta = read_eta(given.eta, today=today_in(env(), caller.shop))
    if given.eta is not None and eta is None:
        raise InvalidInput.of("eta", "not_a_date", f"{given.eta!r} is no date. Send null for none.")
    key = find_key(env(), caller.shop, variant=given.variant.strip(), sku=given.sku.strip())
    if given.preview:
        return _preview(caller, key, eta, source=given.source)
    done = set_eta(
        env(),
        caller.shop,
        key,
        eta,
        source=given.source,
        evidence=given.evidence,
        actor=f"{caller.name} {given.actor}".strip(),
        reason=given.reason.strip(),
    )
    return EtaAnswer(
        variant=done.variant,
        before=done.before,
        eta=done.after,
        changed=done.changed,
        told=done.told,
        foreseen=None,
    )


def _preview(caller: Caller, key: str, eta: Eta | None, *, source: str) -> EtaAnswer:
    found = foresee_eta(env(), caller.shop, key, eta, source=source)
    values = asdict(found)
    return EtaAnswer(
        variant=found.variant,
        before=found.before,
        eta=found.after,
        changed=found.before != found.after,
        told=found.subscribers > 0,
        foreseen=Foreseen(
            **{name: values[name] for name in Foreseen.model_fields if name != "lines"},
            lines=[ForeseenLine(**line) for line in values["lines"]],
        ),
    )
