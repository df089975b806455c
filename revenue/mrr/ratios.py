"""Ratios of one period from its tally (R15-R20); None where there is nothing to divide by (R27)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from revenue.mrr.money import from_units, half_away, ratio, to_units
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
        ltv=lifetime_value(
            from_units(tally.end),
            tally.paying_end,
            [(each.organizations[CHURN], each.paying_start) for each in before if each.paying_start],
        ),
    )


def lifetime_value(mrr: Decimal, paying: int, churned: Sequence[tuple[int, int]]) -> Decimal | None:
    """R20 from MRR, paying organizations and, for the months before, churned and paying at the opening (above 0);
    None while nobody churned. Months nobody paid at the opening of have no logo churn and are not averaged."""
    mean = sum((Fraction(lost, opening) for lost, opening in churned), Fraction(0))
    if not mean or not paying:
        return None
    value = Fraction(to_units(mrr), paying) * len(churned) / mean
    return from_units(half_away(value.numerator, value.denominator))


def _money(units: int, count: int) -> Decimal | None:
    return from_units(half_away(units, count)) if count else None
