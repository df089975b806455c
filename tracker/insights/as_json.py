"""Answers as JSON: numbers are numbers, days are ISO days, hours carry the offset of the reporting zone."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tracker.insights import asking
from tracker.insights.trends import Line, Trend

LARGEST_WHOLE = 2**53


def number(value: Decimal | int | float | None) -> int | float | None:
    """A whole number without a point; null for what could not be computed."""
    if value is None or isinstance(value, int):
        return value
    whole = value == value.to_integral_value() if isinstance(value, Decimal) else value.is_integer()
    return int(value) if whole and abs(value) < LARGEST_WHOLE else float(value)


def trend(given: Trend) -> dict[str, Any]:
    """The answer to POST /api/v1/insights/query/."""
    buckets = [moment(each) for each in given.buckets]
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return {
        "series": [{"series": names[each.series or 0], **line(each, buckets)} for each in given.lines],
        "formula": given.formula
        and {
            **line(given.formula, buckets),
            "by_breakdown": [line(each, buckets) for each in given.formula_parts],
        },
        "skipped_values": given.skipped_values,
        "incomplete_last_bucket": given.incomplete_last_bucket,
        "range": {"from": given.since.isoformat(), "to": (given.until - timedelta(days=1)).isoformat()},
        "sentence": asking.sentence(given.description),
        "notes": list(given.notes),
        "previous": given.previous and trend(given.previous),
    }


def line(given: Line, buckets: list[str]) -> dict[str, Any]:
    return {
        "label": given.label,
        "breakdown": given.part and given.part.text,
        "breakdown_kind": given.part and given.part.kind,
        "buckets": buckets,
        "data": [number(each) for each in given.data],
        "aggregate": number(given.aggregate),
    }


def moment(value: date | datetime) -> str:
    return value.isoformat()
