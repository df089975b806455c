"""Ratios of one period from its tally (R15-R20); None where there is nothing to divide by (R27)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from revenue.mrr.money import from_units, half_away, ratio
from revenue.mrr.movements import CHURN, CONTRACTION, EXPANSION, NEW, REACTIVATION, Tally
from revenue.mrr.sums import MonthSums

LTV_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Ratios:
    """Quotients with six places (1.0 = 100 %), `arpa` and `ltv` money with four."""

    arpa: Decimal | None
    nrr: Decimal | None
    grr: Decimal | None
    nrr_12m: Decimal | None
    grr_12m: Decimal | None
    logo_churn_rate: Decimal | None
    gross_mrr_churn_rate: Decimal | None
    net_mrr_churn_rate: Decimal | None
    quick_ratio: Decimal | None
    ltv: Decimal | None


def ratios(month: MonthSums, before: Sequence[Tally], year_ago: int) -> Ratios:
    """Of one month; `before`: the six months before it (R20), `year_ago`: MRR twelve months before, in units (R16)."""
    tally = month.tally
    moved = tally.amounts
    gained = moved[EXPANSION] + moved[REACTIVATION]
    lost = moved[CONTRACTION] + moved[CHURN]
    return Ratios(
        arpa=_money(tally.end, tally.paying_end),
        nrr=ratio(tally.start + moved[EXPANSION] - lost, tally.start),
        grr=ratio(tally.start - lost, tally.start),
        nrr_12m=ratio(month.retained, year_ago),
        grr_12m=ratio(month.kept, year_ago),
        logo_churn_rate=ratio(tally.organizations[CHURN], tally.paying_start),
        gross_mrr_churn_rate=ratio(lost, tally.start),
        net_mrr_churn_rate=ratio(lost - gained, tally.start),
        quick_ratio=ratio(moved[NEW] + gained, lost),
        ltv=_lifetime_value(tally, before),
    )


def _lifetime_value(tally: Tally, before: Sequence[Tally]) -> Decimal | None:
    """R20; months nobody was paying at the opening of have no logo churn and are not averaged."""
    rates = [Fraction(month.organizations[CHURN], month.paying_start) for month in before if month.paying_start]
    churned = sum(rates, Fraction(0))
    if not churned or not tally.paying_end:
        return None
    value = Fraction(tally.end, tally.paying_end) * len(rates) / churned
    return from_units(half_away(value.numerator, value.denominator))


def _money(units: int, count: int) -> Decimal | None:
    return from_units(half_away(units, count)) if count else None
