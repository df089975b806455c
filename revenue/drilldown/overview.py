"""Tables of the page as files, and the half year behind the lifetime value."""

from revenue.drilldown.listing import (
    CHANGE,
    COUNT,
    INDEX,
    MONEY,
    MONTH,
    QUOTIENT,
    SHARE,
    SIGNED,
    Column,
    Listing,
    Total,
)
from revenue.drilldown.months import share_of
from revenue.mrr.cohorts import Cohort
from revenue.mrr.movements import CHURN
from revenue.mrr.ratios import LTV_MONTHS, lifetime_value
from revenue.mrr.report import MonthFigures

MONTH_COLUMNS = (
    Column("Month", MONTH),
    Column("Start", MONEY),
    Column("New", SIGNED),
    Column("Expansion", SIGNED),
    Column("Reactivation", SIGNED),
    Column("Contraction", SIGNED),
    Column("Churn", SIGNED),
    Column("Exchange rates", SIGNED),
    Column("End", MONEY),
    Column("Change", CHANGE),
    Column("Paying organizations", COUNT),
    Column("ARR", MONEY),
    Column("ARPA", MONEY),
    Column("Net retention", SHARE),
    Column("Gross retention", SHARE),
    Column("Net retention, 12 months", SHARE),
    Column("Gross retention, 12 months", SHARE),
    Column("Logo churn", SHARE),
    Column("Gross MRR churn", SHARE),
    Column("Net MRR churn", SHARE),
    Column("Quick ratio", QUOTIENT),
    Column("Lifetime value", MONEY),
    Column("Share of the largest", SHARE),
    Column("Share of the ten largest", SHARE),
    Column("HHI", INDEX),
)


def months(figures: list[MonthFigures], currency: str) -> Listing:
    """Every figure month by month, newest first."""
    return Listing(
        name="revenue-months",
        title="Month by month",
        currency=currency,
        columns=MONTH_COLUMNS,
        rows=[month_row(each) for each in reversed(figures)],
        totals=(Total("count", "Months", len(figures), COUNT),),
        formula="Start + new + expansion + reactivation + contraction + churn + exchange rates = end; losses below 0.",
        empty="There is no month with revenue yet.",
    )


def month_row(each: MonthFigures) -> tuple:
    moved, quotients, parts = each.bridge, each.ratios, each.composition.concentration
    return (
        each.month.first,
        moved.start,
        moved.new,
        moved.expansion,
        moved.reactivation,
        -moved.contraction,
        -moved.churn,
        moved.fx_impact,
        moved.end,
        share_of(moved.end - moved.start, moved.start),
        each.paying_end,
        each.arr_end,
        quotients.arpa,
        quotients.nrr,
        quotients.grr,
        quotients.nrr_12m,
        quotients.grr_12m,
        quotients.logo_churn_rate,
        quotients.gross_mrr_churn_rate,
        quotients.net_mrr_churn_rate,
        quotients.quick_ratio,
        quotients.ltv,
        parts.top1_share,
        parts.top10_share,
        parts.hhi,
    )


def cohorts(found: list[Cohort], currency: str) -> Listing:
    """Every cohort close by close, one row a close."""
    columns = (
        Column("First paid in", MONTH),
        Column("Organizations", COUNT),
        Column("Months later", COUNT),
        Column("Still paying", COUNT),
        Column("MRR", MONEY),
    )
    rows = [
        (cohort.month, cohort.size, later, paying, mrr)
        for cohort in reversed(found)
        for later, (paying, mrr) in enumerate(zip(cohort.paying_by_month, cohort.mrr_by_month, strict=True))
    ]
    return Listing(
        name="revenue-cohorts",
        title="Cohorts",
        currency=currency,
        columns=columns,
        rows=rows,
        totals=(Total("count", "Cohorts", len(found), COUNT),),
        formula="Organizations by the month of their first paying day; 0 months later is the close of that month.",
        empty="Cohorts stand here as soon as one organization has paid.",
    )


def lifetime(figures: list[MonthFigures], currency: str) -> Listing:
    """The months whose logo churn makes the lifetime value of the last one (R20)."""
    *before, now = figures
    before = [each for each in before[-LTV_MONTHS:] if each.paying_start]
    churned = [(each.organizations[CHURN], each.paying_start) for each in before]
    return Listing(
        name="revenue-lifetime",
        title="Lifetime value",
        currency=currency,
        columns=(
            Column("Month", MONTH),
            Column("Paying at the opening", COUNT),
            Column("Churned", COUNT),
            Column("Logo churn", SHARE),
        ),
        rows=[
            (each.month.first, paying, lost, share_of(lost, paying))
            for each, (lost, paying) in zip(before, churned, strict=True)
        ],
        totals=(
            Total(
                "ltv",
                "Lifetime value",
                lifetime_value(now.bridge.end, now.paying_end, churned),
                MONEY,
                "ARPA ÷ mean logo churn",
            ),
            Total("arpa", "ARPA", now.ratios.arpa, MONEY, "MRR ÷ paying organizations"),
            Total("months", "Months", len(before), COUNT),
        ),
        formula=(
            "ARPA divided by the mean logo churn of up to six months before the running one in which anybody paid at "
            "the opening; a dash while nobody churned in them."
        ),
        empty="There is no month with paying organizations before this one.",
    )
