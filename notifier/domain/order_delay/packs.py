"""Whose law governs an order line, and in which version?

A pack holds the numbers of one law from the day on which that version takes effect. Orders keep
the version of the day on which they were completed. Sources:

- `us-ftc-435`: 16 CFR part 435 (79 FR 55615), in effect since 2014-12-08.
- `eu-crd-18`: Directive 2011/83/EU art. 9, 11a, 13, 16, 18; art. 11a (withdrawal function) by
  Directive (EU) 2023/2673 from 2026-06-19.
- `uk-cra-28`: Consumer Rights Act 2015 s.28; SI 2013/3134 reg. 29, 30, 34.
- `strictest`: where the ship-to country is unknown or another one. The timers of 16 CFR 435, no
  consent by silence, and the withdrawal of the EU.

None of this is legal advice. A pack is to be read again against its sources when `verify_again_on`
has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from notifier.domain.business_days import Holidays, is_us_federal_holiday, never
from notifier.domain.order_delay.line import Exclusion
from notifier.domain.order_delay.paragraphs import BEHIND, EU, STRICTEST, UK, US
from notifier.domain.order_delay.states import ChoiceKind, Why


class Looks(StrEnum):
    """Which act of the merchant the law looks at."""

    AT_SHIPMENT = "at_shipment"
    AT_DELIVERY = "at_delivery"


class Evidence(StrEnum):
    LAW_TEXT = "law_text"
    SECOND_HAND = "second_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTerms:
    """How soon money must be sent. Calendar days count from the day after; None: no such limit."""

    working_days: int | None = None
    by_billing_cycle: bool = False  # if the seller is the creditor
    after_withdrawal: int | None = None
    without_undue_delay: int | None = None  # the law names no number: our alarm
    aim: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePack:
    """One version of one law. `paragraphs` names the source of every reason."""

    name: str
    effective_from: date
    verified_on: date
    verify_again_on: date
    evidence: Evidence
    sources: tuple[str, ...]
    looks: Looks
    paragraphs: Mapping[Why, str] = field(hash=False, repr=False)
    refund: RefundTerms
    default_days: int = 30
    credit_days: int = 30
    option_days: int = 30  # a first delay of up to this many days may pass on silence
    silence_may_consent: bool = False
    withdrawal_days: int | None = None  # after delivery; None: no right to withdraw
    withdrawal_function: bool = False  # every message links "withdraw from contract here"
    holidays: Holidays = field(default=never, repr=False)
    exclusions: frozenset[Exclusion] = frozenset(Exclusion)

    @property
    def version(self) -> str:
        """`us-ftc-435@2014-12-08`: what a record of a decision names."""
        return f"{self.name}@{self.effective_from.isoformat()}"

    def paragraph_of(self, choice: ChoiceKind) -> str:
        """What gives the customer this choice: a paragraph, or "policy"."""
        return self.paragraphs[BEHIND[choice]]


_READ_ON = date(2026, 11, 21)
_READ_AGAIN_ON = date(2027, 11, 21)
_ART_11A_FROM = date(2026, 6, 19)
_CFR = "https://www.ecfr.gov/current/title-16/chapter-I/subchapter-D/part-435"
_CRD = "https://eur-lex.europa.eu/eli/dir/2011/83/oj"
_CRD_11A = "https://eur-lex.europa.eu/eli/dir/2023/2673/oj"
_CRA = "https://www.legislation.gov.uk/ukpga/2015/15/section/28"
_CCR = "https://www.legislation.gov.uk/uksi/2013/3134"

_US = RulePack(
    name="us-ftc-435",
    effective_from=date(2014, 12, 8),
    verified_on=_READ_ON,
    verify_again_on=_READ_AGAIN_ON,
    evidence=Evidence.LAW_TEXT,
    sources=(_CFR,),
    looks=Looks.AT_SHIPMENT,
    paragraphs=US,
    refund=RefundTerms(working_days=7, by_billing_cycle=True),
    credit_days=50,
    silence_may_consent=True,
    holidays=is_us_federal_holiday,
)


def _eu(effective_from: date, *, withdrawal_function: bool) -> RulePack:
    return RulePack(
        name="eu-crd-18",
        effective_from=effective_from,
        verified_on=_READ_ON,
        verify_again_on=_READ_AGAIN_ON,
        evidence=Evidence.SECOND_HAND,
        sources=(_CRD, _CRD_11A) if withdrawal_function else (_CRD,),
        looks=Looks.AT_DELIVERY,
        paragraphs=EU,
        refund=RefundTerms(after_withdrawal=14, without_undue_delay=7, aim=3),
        withdrawal_days=14,
        withdrawal_function=withdrawal_function,
        exclusions=frozenset({Exclusion.SERVICE}),
    )


_UK = RulePack(
    name="uk-cra-28",
    effective_from=date(2015, 10, 1),
    verified_on=_READ_ON,
    verify_again_on=_READ_AGAIN_ON,
    evidence=Evidence.SECOND_HAND,
    sources=(_CRA, _CCR),
    looks=Looks.AT_DELIVERY,
    paragraphs=UK,
    refund=RefundTerms(after_withdrawal=14, without_undue_delay=7, aim=3),
    withdrawal_days=14,
    exclusions=frozenset({Exclusion.SERVICE}),
)


def _strictest(effective_from: date, *, withdrawal_function: bool) -> RulePack:
    return RulePack(
        name="strictest",
        effective_from=effective_from,
        verified_on=_READ_ON,
        verify_again_on=_READ_AGAIN_ON,
        evidence=Evidence.SECOND_HAND,
        sources=(_CFR, _CRD, _CRD_11A),
        looks=Looks.AT_SHIPMENT,
        paragraphs=STRICTEST,
        refund=RefundTerms(working_days=7, after_withdrawal=14, aim=3),
        withdrawal_days=14,
        withdrawal_function=withdrawal_function,
        holidays=is_us_federal_holiday,
    )


PACKS: Mapping[str, tuple[RulePack, ...]] = {
    "us-ftc-435": (_US,),
    "eu-crd-18": (
        _eu(date(2014, 6, 13), withdrawal_function=False),
        _eu(_ART_11A_FROM, withdrawal_function=True),
    ),
    "uk-cra-28": (_UK,),
    "strictest": (
        _strictest(date(2014, 12, 8), withdrawal_function=False),
        _strictest(_ART_11A_FROM, withdrawal_function=True),
    ),
}
"""Every version of every pack, oldest first."""

_USA = "US PR VI GU AS MP UM"  # with the territories
_EU = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK EL "
    "AX GF GP MF MQ RE YT IC EA "  # parts of members that have codes of their own
    "IS LI NO"  # EEA
)
_BY_COUNTRY = {
    **dict.fromkeys(_USA.split(), "us-ftc-435"),
    **dict.fromkeys(_EU.split(), "eu-crd-18"),
    **dict.fromkeys(("GB", "UK"), "uk-cra-28"),
}


def pack_for(country: str, at: date) -> RulePack:
    """The pack for orders shipped to `country` (ISO 3166, any case) and completed on day `at`.

    An empty, unknown or other country gets the strictest (trust OD-22). An order older than a law's
    first version here is judged by that version.
    """
    versions = PACKS[_BY_COUNTRY.get(country.strip().upper(), "strictest")]
    in_effect = [pack for pack in versions if pack.effective_from <= at]
    return in_effect[-1] if in_effect else versions[0]
