"""Stored facts in the shape that pages show: chart data, table rows, sentences. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from revenue.mrr.cohorts import Cohort
from revenue.mrr.money import ratio, to_units
from revenue.mrr.movements import CHURN, CONTRACTION, EXPANSION, KINDS, NEW, REACTIVATION
from revenue.mrr.report import MonthFigures

SPANS = (12, 24, 36)
COHORTS_SHOWN = 12
HEAT_STEPS = 10
TITLES = {
    NEW: "New",
    EXPANSION: "Expansion",
    REACTIVATION: "Reactivation",
    CONTRACTION: "Contraction",
    CHURN: "Churn",
}
COLOURS = {
    NEW: "money",
    EXPANSION: "expansion",
    REACTIVATION: "reactivation",
    CONTRACTION: "contraction",
    CHURN: "churn",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A month against the one before: `difference` in money, `share` of the month before (None without MRR then)."""

    figures: MonthFigures
    difference: Decimal
    share: Decimal | None

    @property
    def movements(self) -> list[tuple[str, Decimal, int]]:
        """Kind, signed amount and organizations, in the order of the bridge."""
        bridge = self.figures.bridge
        signed = {kind: getattr(bridge, kind) for kind in KINDS}
        for kind in (CONTRACTION, CHURN):
            signed[kind] = -signed[kind]
        return [(kind, signed[kind], self.figures.organizations[kind]) for kind in KINDS]


def steps(months: Sequence[MonthFigures], count: int) -> list[Step]:
    """The last `count` months, newest first; the month before the first stored one is its own start."""
    return [step_of(figures) for figures in reversed(months[-count:])]


def step_of(figures: MonthFigures) -> Step:
    bridge = figures.bridge
    difference = bridge.end - bridge.start
    return Step(figures, difference, ratio(to_units(difference), to_units(bridge.start)))


def trend(months: Sequence[MonthFigures], count: int, currency: str) -> dict[str, Any]:
    """MRR at each close as bars, the close a year earlier as a grey line."""
    shown = months[-count:]
    ends = {figures.month.first: figures.bridge.end for figures in months}
    before = [ends.get(year_before(figures.month.first)) for figures in shown]
    series = [{"label": "MRR", "kind": "bar", "colour": "money", "data": [plain(each.bridge.end) for each in shown]}]
    if any(value is not None for value in before):
        earlier = [None if value is None else plain(value) for value in before]
        series.append({"label": "A year earlier", "kind": "line", "colour": "previous", "data": earlier})
    return {**frame(shown, currency), "series": series}


def bridge(months: Sequence[MonthFigures], count: int, currency: str) -> dict[str, Any]:
    """Gains upwards and losses downwards, stacked month by month; what rates did is its own part."""
    shown = months[-count:]
    series = [
        {
            "label": TITLES[kind],
            "kind": "bar",
            "colour": COLOURS[kind],
            "stack": "movements",
            "data": [plain(dict(rest(step_of(each)))[kind]) for each in shown],
        }
        for kind in KINDS
    ]
    rates = [plain(each.bridge.fx_impact) for each in shown]
    if any(rates):
        series.append({"label": "Exchange rates", "kind": "bar", "colour": "grey", "stack": "movements", "data": rates})
    return {**frame(shown, currency), "stacked": True, "series": series}


def rest(step: Step) -> list[tuple[str, Decimal]]:
    return [(kind, amount) for kind, amount, _count in step.movements]


def frame(shown: Sequence[MonthFigures], currency: str) -> dict[str, Any]:
    return {
        "labels": [f"{each.month.first:%b %Y}" for each in shown],
        "unit": currency,
        "incomplete_last": bool(shown) and shown[-1].month.partial,
    }


def line(points: Sequence[tuple[date, Decimal]], currency: str) -> dict[str, Any]:
    """One organization's MRR at month closes."""
    return {
        "labels": [f"{day:%b %Y}" for day, _mrr in points],
        "unit": currency,
        "incomplete_last": True,
        "series": [{"label": "MRR", "kind": "bar", "colour": "money", "data": [plain(mrr) for _day, mrr in points]}],
    }


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Share of a cohort still paying (or of its first close's MRR) at a close; `step` 0 to 10 colours it."""

    paying: int
    mrr: Decimal
    share: Decimal | None
    step: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    month: date
    size: int
    cells: tuple[HeatCell, ...]


def heat(cohorts: Sequence[Cohort], by: str = "paying", shown: int = COHORTS_SHOWN) -> list[HeatRow]:
    """The youngest cohorts, oldest first; share of the members (`paying`), or of column 0's MRR (`mrr`)."""
    return [heat_row(cohort, by, shown) for cohort in cohorts[-shown:]]


def heat_row(cohort: Cohort, by: str, shown: int) -> HeatRow:
    pairs = list(zip(cohort.paying_by_month, cohort.mrr_by_month, strict=True))[:shown]
    base = to_units(cohort.mrr_by_month[0]) if by == "mrr" else cohort.size
    return HeatRow(cohort.month, cohort.size, tuple(heat_cell(pair, base, by) for pair in pairs))


def heat_cell(pair: tuple[int, Decimal], base: int, by: str) -> HeatCell:
    paying, mrr = pair
    share = ratio(to_units(mrr) if by == "mrr" else paying, base)
    step = 0 if share is None else min(int(share * HEAT_STEPS), HEAT_STEPS)
    return HeatCell(paying, mrr, share, step)


def year_before(first: date) -> date:
    return first.replace(year=first.year - 1)


def plain(amount: Decimal) -> float:
    """For drawing and the table under a chart: two places are enough."""
    return round(float(amount), 2)
