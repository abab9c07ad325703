"""How many claims may be out on what is left, if few are to come too late and all is to go soon?

Were all known but who buys when, this would be a problem of control: with each unit sold, one
claim fewer is needed, and those still out when the last unit goes come too late. Weighing time
against them, its solution (by dynamic programming, for buyers who come at a constant rate) is a
number of claims for each number of units left. `claims_for` is close to it.

- For the last unit, about as many as may come too late. With n units left the square root of n
  times as many, for no more than time is to be won by them.
- The other units may be spoken for as well, less some standard deviations of how many buy.
- Where it is not known how many of those told will buy, learning comes first: the doubt grows with
  the claims, so there are to be fewer. And if as many buy as may be (one release in forty shows
  more), there is to be enough for them but for those who may come too late.
"""

from __future__ import annotations

from math import log, sqrt

from notifier.domain.adaptive_claims import Claims

_MEET = 0.25  # some of those allowed meet by chance, sooner than they would be needed
_POWER = 0.55
_APART, _LESS, _LEAST = 2.0, 1.5, 4.0  # standard deviations between claims and units
_SURE = 0.95
_WHICH, _WHEN = 0.9, 2.0  # times the doubt; delays that were seen tell little of those to come


def claims_for(left: float, *, late: float, each: float = 0.0) -> float:
    """Buyers who may be on their way while `left` buyers' worth of stock (1 or more) is there, for
    `late` of them to come too late in the end. Grows with both. `each`: the probability that one
    who may still buy does; where nearly all do, fewer more than thought can come."""
    last = late / (1 + _MEET * float(late**_POWER))
    apart = max(_APART - _LESS * log(last), _LEAST) * sqrt(1 - min(each, _SURE))
    return last * sqrt(left) + (left - 1) / (1 + apart / sqrt(left))


def may_be_out(claims: Claims, *, left: float, late: float) -> bool:
    """Whether so many claims may be out; `late` as above."""
    if claims.most > left + late:
        return False
    unknown = _WHICH * claims.doubt + _WHEN * claims.doubt_when
    allowed = claims_for(left, late=late, each=claims.each)
    return claims.soon * (1 / allowed + unknown / left) <= 1
