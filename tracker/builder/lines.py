"""A question as the lines of its form: what each field holds, and which line an error is about. Pure."""

import re
from dataclasses import dataclass
from typing import Any

from tracker.builder import form
from tracker.fields import PRODUCTION
from tracker.insights.description import COHORTS, Kind, Of, letter

PLACE = re.compile(
    r"(?:series\[(?P<series>\d+)\])?\.?(?:filters(?:\.filters)?\[(?P<filter>\d+)\])?(?P<part>[a-z]*)", re.ASCII
)
PARTS = {"formula": "Formula", "breakdown": "Broken down by", "range": "Time", "interval": "Interval"}


@dataclass(frozen=True)
class FilterLine:
    """`prefix` begins the names of its fields and is its place."""

    prefix: str
    of: str
    property: str
    operator: str
    value: str
    is_wrong: bool = False

    @property
    def is_about_cohorts(self) -> bool:
        return self.operator in [str(each) for each in COHORTS]

    @property
    def has_several_cohorts(self) -> bool:
        return self.is_about_cohorts and "," in self.value


@dataclass(frozen=True)
class SeriesLine:
    prefix: str
    letter: str
    kind: str
    name: str
    math: str
    property: str
    of: str
    label: str
    filters: tuple[FilterLine, ...]
    is_wrong: bool = False


@dataclass(frozen=True)
class Lines:
    """The whole form; `range` is a key of `form.RANGES`."""

    series: tuple[SeriesLine, ...]
    match: str
    filters: tuple[FilterLine, ...]
    formula: str
    breakdown_of: str
    breakdown_property: str
    interval: str
    range: str
    since: str
    until: str
    compare: bool
    display: str
    environment: str
    application: str
    wrong: str = ""


def lines_of(document: dict[str, Any], wrong: str = "") -> Lines:
    """`wrong` is the path of an error in the document, such as `series[0].filters[1].value`."""
    place = wrong.replace("[", "-").replace("]", "").replace(".", "-")
    whole = document.get("filters") or {}
    breakdown, asked = document.get("breakdown") or {}, document.get("range") or {}
    since, until = asked.get("from") or "", asked.get("to") or ""
    is_named = since in form.RANGES and not until
    return Lines(
        series=tuple(series_line(each, number, place) for number, each in enumerate(document["series"])),
        match=whole.get("match", "all"),
        filters=filter_lines(whole.get("filters", []), "filters", place.removeprefix("filters-")),
        formula=document.get("formula") or "",
        breakdown_of=breakdown.get("of", str(Of.EVENT)),
        breakdown_property=str(breakdown.get("property") or ""),
        interval=document.get("interval") or "",
        range=since if is_named else "custom",
        since="" if is_named else since,
        until=until,
        compare=bool(document.get("compare")),
        display=document.get("display") or "line",
        environment=document.get("environment", PRODUCTION) or "",
        application=document.get("application") or "",
        wrong=place,
    )


def series_line(document: dict[str, Any], number: int, wrong: str) -> SeriesLine:
    prefix = f"series-{number}"
    kind, name = Kind.ANY, ""
    for each in (Kind.EVENT, Kind.FEATURE, Kind.PAGE):
        if document.get(each) is not None:
            kind, name = each, str(document[each])
    return SeriesLine(
        prefix=prefix,
        letter=letter(number),
        kind=str(kind),
        name=name,
        math=document.get("math") or "total",
        property=str(document.get("property") or ""),
        of=document.get("of") or str(Of.EVENT),
        label=document.get("label") or "",
        filters=filter_lines(document.get("filters", []), f"{prefix}-filters", wrong),
        is_wrong=is_at(wrong, prefix) and not wrong.startswith(f"{prefix}-filters-"),
    )


def filter_lines(documents: list[dict[str, Any]], prefix: str, wrong: str) -> tuple[FilterLine, ...]:
    return tuple(
        FilterLine(
            prefix=f"{prefix}-{number}",
            of=each.get("of") or str(Of.EVENT),
            property=str(each.get("property") or ""),
            operator=each.get("operator") or "exact",
            value=form.as_list(each.get("value")),
            is_wrong=is_at(wrong, f"{prefix}-{number}"),
        )
        for number, each in enumerate(documents)
    )


def place_words(path: str) -> str:
    """Where in the form a path of the document is: `series[1].filters[0].value` is “Series B, condition 1: ”."""
    said = PLACE.match(path)
    if said is None:
        return ""
    words = [f"Series {letter(int(said['series']))}"] if said["series"] else []
    if said["filter"]:
        words.append(f"condition {int(said['filter']) + 1}" + ("" if words else " for all"))
    if not words and said["part"] in PARTS:
        words.append(PARTS[said["part"]])
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}: " if text else ""


def is_at(wrong: str, prefix: str) -> bool:
    return wrong == prefix or wrong.startswith(f"{prefix}-")
