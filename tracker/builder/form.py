"""Between a form's flat fields and a document of the query API. Works without scripts: every button is a submit.

Fields: `series-0-kind|name|feature|math|property|of|label`, `series-0-filters-1-of|property|operator|value|cohort`,
`match`, `filters-0-…`, `formula`, `breakdown-of|property|cohort`, `interval`, `range`, `from`, `to`, `compare`,
`display`, `environment`, `application`. A line without a property is an empty line: it is shown and asks nothing.
"""

import copy
import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from tracker.insights import wording
from tracker.insights.description import COHORTS, LISTS, MOST_FILTERS, MOST_SERIES, OF_PROPERTY, PRESENCE, Kind, Of
from tracker.insights.ranges import ALL

RANGES = {
    **{since: said.capitalize() for since, said in wording.RANGES.items()},
    ALL: "All time",
    "custom": "From … to …",
}
BLANK_FILTER: dict[str, Any] = {"of": str(Of.EVENT), "property": "", "operator": "exact", "value": ""}
FIRST: dict[str, Any] = {
    "series": [{"event": None, "math": "unique_organizations", "filters": []}],
    "range": {"from": "-30d"},
    "interval": "day",
    "display": "line",
}
SERIES_PLACE = re.compile(r"series-(\d{1,2})", re.ASCII)
FILTER_PLACE = re.compile(r"(?:series-(?P<series>\d{1,2})-)?filters(?:-(?P<filter>\d{1,2}))?", re.ASCII)
Fields = Mapping[str, str]


def is_filled(fields: Fields) -> bool:
    """Whether somebody sent the form, so that its fields count and not a saved question."""
    return "series-0-kind" in fields


def document_of(fields: Fields) -> dict[str, Any]:
    """The question as typed; the reader of descriptions judges it."""
    return {
        "series": [series_of(fields, f"series-{n}") for n in range(MOST_SERIES) if f"series-{n}-kind" in fields],
        "filters": {"match": fields.get("match", "all"), "filters": filters_of(fields, "filters")},
        "formula": fields.get("formula", "").strip() or None,
        "breakdown": breakdown_of(fields),
        "interval": fields.get("interval") or None,
        "range": range_of(fields),
        "compare": "compare" in fields,
        "display": fields.get("display") or "line",
        "environment": fields.get("environment", "").strip() or None,
        "application": fields.get("application") or None,
    }


def series_of(fields: Fields, prefix: str) -> dict[str, Any]:
    kind, name = fields[f"{prefix}-kind"], fields.get(f"{prefix}-name", "").strip()
    if kind == Kind.FEATURE:
        name = fields.get(f"{prefix}-feature") or name
    target = {"event": None} if kind == Kind.ANY or (kind == Kind.EVENT and not name) else {kind: name}
    math = fields.get(f"{prefix}-math", "total")
    counted = {}
    if math in [str(each) for each in OF_PROPERTY]:
        counted = {
            "property": fields.get(f"{prefix}-property", "").strip() or None,
            "of": fields.get(f"{prefix}-of") or str(Of.EVENT),
        }
    filters, label = filters_of(fields, f"{prefix}-filters"), fields.get(f"{prefix}-label", "").strip()
    return {**target, "math": math, **counted, "filters": filters, **({"label": label} if label else {})}


def filters_of(fields: Fields, prefix: str) -> list[dict[str, Any]]:
    found = [filter_of(fields, f"{prefix}-{n}") for n in range(MOST_FILTERS) if f"{prefix}-{n}-operator" in fields]
    return [each for each in found if each]


def filter_of(fields: Fields, prefix: str) -> dict[str, Any]:
    """One condition; nothing for an empty line."""
    operator, value = fields[f"{prefix}-operator"], fields.get(f"{prefix}-value", "")
    if operator in [str(each) for each in COHORTS]:
        chosen = fields.get(f"{prefix}-cohort") or value
        return {"operator": operator, "value": listed(chosen)} if chosen.strip() else {}
    name = fields.get(f"{prefix}-property", "").strip()
    if not name:
        return {}
    return {
        "property": name,
        "of": fields.get(f"{prefix}-of") or str(Of.EVENT),
        "operator": operator,
        **({} if operator in [str(each) for each in PRESENCE] else {"value": operand(operator, value)}),
    }


def operand(operator: str, value: str) -> Any:
    return listed(value) if operator in [str(each) for each in LISTS] else value.strip()


def listed(text: str) -> list[str]:
    """`a, b` are two values; `"a, b"` is one."""
    rows = csv.reader([text.strip()], skipinitialspace=True)
    return [each.strip() for row in rows for each in row] or [""]


def as_list(values: Any) -> str:
    """The text that `listed` reads as these values."""
    if not isinstance(values, list):
        return "" if values is None else str(values)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([str(each) for each in values])
    return line.getvalue()


def breakdown_of(fields: Fields) -> dict[str, Any] | None:
    of = fields.get("breakdown-of") or str(Of.EVENT)
    name = fields.get("breakdown-property", "").strip()
    if of == Of.COHORT:
        name = fields.get("breakdown-cohort") or name
    return {"property": name, "of": of} if name else None


def range_of(fields: Fields) -> dict[str, Any]:
    chosen = fields.get("range", "-30d")
    if chosen != "custom":
        return {"from": chosen, "to": None}
    return {"from": fields.get("from", "").strip() or None, "to": fields.get("to", "").strip() or None}


# --- Lines added and taken away ------------------------------------------------------------------------------
def with_line(document: dict[str, Any], place: str) -> dict[str, Any]:
    """One more line at `series`, `series-0-filters` or `filters`; any other place changes nothing.

    A new series begins as the last one: what is counted of the same events is mostly asked next.
    """
    lines = lines_at(document, place) if place.endswith("filters") else None
    if place == "series" and len(document["series"]) < MOST_SERIES:
        document["series"].append({**copy.deepcopy(document["series"][-1]), "label": ""})
    elif lines is not None and len(lines) < MOST_FILTERS:
        lines.append(dict(BLANK_FILTER))
    return document


def without_line(document: dict[str, Any], place: str) -> dict[str, Any]:
    """Without the line at `series-1`, `series-0-filters-2` or `filters-0`; the last series stays."""
    if said := SERIES_PLACE.fullmatch(place):
        if len(document["series"]) > 1:
            del document["series"][int(said[1]) : int(said[1]) + 1]
        return document
    lines, said = lines_at(document, place), FILTER_PLACE.fullmatch(place)
    if lines is not None and said and said["filter"]:
        del lines[int(said["filter"]) : int(said["filter"]) + 1]
    return document


def lines_at(document: dict[str, Any], place: str) -> list | None:
    """The filters that a place names, those of a series or of the whole insight; None when it names none."""
    said = FILTER_PLACE.fullmatch(place)
    if said is None:
        return None
    if said["series"] is None:
        return document["filters"]["filters"]
    number = int(said["series"])
    return document["series"][number]["filters"] if number < len(document["series"]) else None
