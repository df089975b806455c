"""The report as plain JSON values: money text with four decimals, ratios text with six or null."""

from collections.abc import Hashable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from revenue.mrr.cohorts import Cohort
from revenue.mrr.movements import Bridge
from revenue.mrr.report import MonthFigures, Report


def as_json(report: Report) -> dict[str, Any]:
    """`unconverted_rows` holds line ids; organizations appear as text."""
    return {
        "months": [month_as_json(figures) for figures in report.months],
        "whole_range": _texts(asdict(report.whole_range)),
        "cohorts": [cohort_as_json(cohort) for cohort in report.cohorts],
        "org_mrr_at_as_of": _texts(report.mrr_by_organization),
        "unconverted_rows": [row.line for row in report.unconverted_rows],
    }


def cohort_as_json(cohort: Cohort) -> dict[str, Any]:
    """One cohort; its month as "2026-03"."""
    return {
        "cohort": cohort.month.isoformat()[:7],
        "size": cohort.size,
        "first_day_mrr": _text(cohort.first_day_mrr),
        "paying_by_month": list(cohort.paying_by_month),
        "mrr_by_month": [_text(mrr) for mrr in cohort.mrr_by_month],
    }


def month_as_json(figures: MonthFigures) -> dict[str, Any]:
    """One month: bridge, heads, ratios, composition and the day ledger's sums."""
    parts = figures.composition
    return {
        "month": figures.month.label,
        "close_date": figures.month.close.isoformat(),
        "partial": figures.month.partial,
        **_bridge(figures.bridge),
        "arr_end": _text(figures.arr_end),
        "paying_orgs_start": figures.paying_start,
        "paying_orgs_end": figures.paying_end,
        "orgs": figures.organizations,
        "orgs_in_and_out": figures.in_and_out,
        **_texts(asdict(figures.ratios)),
        **_texts(asdict(parts.concentration)),
        "mrr_by_product": _texts(parts.mrr_by_product),
        "product_counts": {code: [counts.lines, counts.organizations] for code, counts in parts.product_counts.items()},
        "mrr_by_currency": _texts(parts.mrr_by_currency),
        "activity": _texts(figures.activity),
    }


def _bridge(bridge: Bridge) -> dict[str, str | None]:
    texts = _texts(asdict(bridge))
    return {"mrr_start": texts.pop("start"), "mrr_end": texts.pop("end"), **texts}


def _texts(amounts: dict[Any, Decimal] | dict[Hashable, Decimal | None]) -> dict[str, str | None]:
    return {str(key): _text(amount) for key, amount in amounts.items()}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
