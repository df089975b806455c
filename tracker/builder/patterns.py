"""Questions with a shape of their own: funnel, retention, lifecycle. From a form's fields to an answer in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from config.backoffice import formatting
from config.backoffice.ids import read_id
from tracker.builder import form
from tracker.builder.form import Fields
from tracker.fields import PRODUCTION
from tracker.insights import funnels, lifecycle, retention, spans
from tracker.insights.description import Description, Interval
from tracker.insights.funnels import FEWEST, MOST
from tracker.insights.reading import BadDescription, read
from tracker.insights.spans import Span

FIELDS = (
    *(f"step-{n}" for n in range(MOST)),
    *("by", "window_days", "start", "back", "range", "from", "to", "interval", "environment", "application", "cohort"),
)
LONGEST = 300
HEAT_STEPS = 10
PARTS = ("new", "returning", "resurrecting")
COLOURS = {"new": "usage", "returning": "series-4", "resurrecting": "series-3", "dormant": "series-7"}


@dataclass(frozen=True)
class Pattern:
    """`ask` answers a template's context, `sentence` among it, to a question that its id names while it runs.

    `exported` in it is the header and the rows of a file, `says` is the definition in words. Raises BadDescription,
    running.TooSlow, running.Cancelled.
    """

    name: str
    title: str
    about: str
    defaults: Mapping[str, str]
    ask: Callable[[Fields, datetime, date, str], dict[str, Any]]
    says: Callable[[Fields], str]

    def filled(self, fields: Fields) -> dict[str, str]:
        """What was chosen, and the first choice for the rest."""
        return {"environment": PRODUCTION, **self.defaults, **{name: fields[name] for name in FIELDS if name in fields}}

    def sentence(self, fields: Fields, cohorts: Mapping[int, str]) -> str:
        """The definition in words, with the names of cohorts."""
        return f"{self.says(fields).removesuffix('.')}{cohort_words(fields, cohorts)}."


def span_of(fields: Fields, today: date, names: list[str] | None = None) -> tuple[Description, Span]:
    """Range, scope, interval and, as series, the events that were named; judged like every description."""
    document = {
        "series": [{"event": name} for name in names] if names else [{"event": None}],
        "range": form.range_of(fields),
        "interval": fields.get("interval") or None,
        "environment": fields.get("environment", PRODUCTION).strip() or None,
        "application": fields.get("application") or None,
        "filters": [{"operator": "in_cohort", "value": [fields["cohort"]]}] if fields.get("cohort") else [],
    }
    found = read(document, today)
    return found, spans.of(found)


# --- Funnel ------------------------------------------------------------------------------------------------
def steps_of(fields: Fields) -> list[str]:
    return [name for n in range(MOST) if (name := fields.get(f"step-{n}", "").strip())]


def days_of(fields: Fields) -> int:
    text = fields.get("window_days", "14").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise BadDescription("window_days", f"“{text[:20]}” is no number of days. Write a whole number such as 14.")
    return int(text)


def ask_funnel(fields: Fields, now: datetime, today: date, query_id: str) -> dict[str, Any]:
    names, days = steps_of(fields), days_of(fields)
    if len(names) < FEWEST:
        raise BadDescription("steps", "Name at least two events: what comes first, and what should follow.")
    asked, span = span_of({**fields, "interval": ""}, today, names)
    by = fields.get("by") or "organization"
    found = funnels.answer(asked.series, span, now, by=by, window=timedelta(days=days), query_id=query_id)
    first, last = found.steps[0], found.steps[-1]
    who = formatting.plural(first.count, by)
    share = formatting.percent(last.of_first)
    sentence = f"{who} began with “{names[0]}”; {formatting.number(last.count)} ({share}) reached “{names[-1]}”"
    steps = [(name, step, round((step.of_first or 0) * 100)) for name, step in zip(names, found.steps, strict=True)]
    rule = (
        f"Each step within {formatting.plural(days, 'day')} of the first, in this order; other events may lie between."
    )
    rows = [
        (place, name, step.count, step.of_first, step.of_previous)
        for place, (name, step) in enumerate(zip(names, found.steps, strict=True), start=1)
    ]
    exported = ("step", "event", f"{by}s", "of_first", "of_previous"), rows
    return {"sentence": sentence, "steps": steps, "by": by, "rule": rule, "exported": exported}


def funnel_words(fields: Fields) -> str:
    by, days = fields.get("by"), fields.get("window_days")
    return f"{' → '.join(steps_of(fields))}; by {by}, within {days} days; {range_words(fields)}."


# --- Retention ---------------------------------------------------------------------------------------------
def ask_retention(fields: Fields, now: datetime, today: date, query_id: str) -> dict[str, Any]:
    _asked, span = span_of(fields, today)
    start, back = fields.get("start", "").strip() or None, fields.get("back", "").strip() or None
    found = retention.answer(span, now, start=start, back=back, query_id=query_id)
    cohorts = [each for each in found.cohorts if each.size]
    unit = span.interval or Interval.WEEK
    began = sum(each.size for each in cohorts)
    next_one = [each for each in cohorts if len(each.returned) > 1]
    came = sum(each.returned[1] for each in next_one)
    of = sum(each.size for each in next_one)
    sentence = f"{formatting.plural(began, 'organization')} began; {formatting.percent(came / of if of else None)}"
    return {
        "sentence": f"{sentence} of them came back in the {unit} after",
        "cohorts": [(label(each.began, unit), each.size, heat(each)) for each in cohorts],
        "ages": range(max((len(each.returned) for each in cohorts), default=0)),
        "unit": unit,
        "rule": "Organizations by the first time, in percent of those that began; the last number of a line may be of "
        f"a {unit} that is still running.",
        "exported": (
            ("began", "organizations", f"{unit}s_later", "returned", "share"),
            [
                (each.began, each.size, later, count, share)
                for each in cohorts
                for later, (count, share) in enumerate(zip(each.returned, each.shares, strict=True))
            ],
        ),
    }


def retention_words(fields: Fields) -> str:
    start, back = fields.get("start") or "any event", fields.get("back") or "any event"
    who = f"Organizations that began with {start} and come back with {back}"
    return f"{who}, by {fields['interval']}; {range_words(fields)}."


def heat(cohort: retention.Cohort) -> list[tuple[int, str, int]]:
    """For each bucket: how many came, which share, and how dark the cell is (0 to 10)."""
    return [
        (count, formatting.percent(share), round(share * HEAT_STEPS))
        for count, share in zip(cohort.returned, cohort.shares, strict=True)
    ]


# --- Lifecycle ---------------------------------------------------------------------------------------------
def ask_lifecycle(fields: Fields, now: datetime, today: date, query_id: str) -> dict[str, Any]:
    _asked, span = span_of(fields, today)
    found = lifecycle.answer(span, now, query_id=query_id)
    unit = span.interval or Interval.WEEK
    series = [
        {
            "label": part.capitalize(),
            "kind": "bar",
            "stack": "parts",
            "colour": COLOURS[part],
            "data": [getattr(stage, part) for stage in found.stages],
        }
        for part in PARTS
    ]
    silent = [-stage.dormant for stage in found.stages]
    series.append({"label": "Dormant", "kind": "bar", "stack": "parts", "colour": COLOURS["dormant"], "data": silent})
    chart = {
        "labels": [label(stage.bucket, unit) for stage in found.stages],
        "series": series,
        "stacked": True,
        "incomplete_last": found.incomplete_last_bucket,
    }
    whole = found.stages[:-1] if found.incomplete_last_bucket and len(found.stages) > 1 else found.stages
    last = whole[-1]
    sentence = (
        f"In the {unit} of {label(last.bucket, unit)}: {last.new} new, {last.returning} returning, "
        f"{last.resurrecting} back after a pause, {last.dormant} fell silent"
    )
    rule = f"New: the first {unit} ever. Dormant: active in the {unit} before and not in this one."
    stages = [(stage.bucket, *(getattr(stage, part) for part in PARTS), stage.dormant) for stage in found.stages]
    exported = (str(unit), *PARTS, "dormant"), stages
    return {"sentence": sentence, "chart": chart, "rule": rule, "unit": unit, "exported": exported}


def lifecycle_words(fields: Fields) -> str:
    return f"New, returning, resurrecting and dormant organizations by {fields['interval']}; {range_words(fields)}."


def cohort_words(fields: Fields, cohorts: Mapping[int, str]) -> str:
    """Whom the question is about, as the end of a sentence; nothing for everybody."""
    chosen = read_id(fields.get("cohort"))
    return f", only organizations in “{cohorts.get(chosen, chosen)}”" if chosen else ""


def range_words(fields: Fields) -> str:
    chosen = form.RANGES.get(fields["range"], "")
    if fields["range"] == "custom":
        chosen = f"{fields.get('from') or 'the beginning'} to {fields.get('to') or 'today'}"
    return chosen[:1].lower() + chosen[1:]


def label(day: date, unit: Interval) -> str:
    return f"{day:%b %Y}" if unit == Interval.MONTH else f"{day.day} {day:%b}"


PATTERNS = {
    each.name: each
    for each in (
        Pattern(
            "funnel",
            "Funnel",
            "How many did one thing after the other?",
            {"range": "-90d", "by": "organization", "window_days": "14"},
            ask_funnel,
            funnel_words,
        ),
        Pattern(
            "retention",
            "Retention",
            "How many organizations come back?",
            {"range": "-11mStart", "interval": "month"},
            ask_retention,
            retention_words,
        ),
        Pattern(
            "lifecycle",
            "Lifecycle",
            "Who is new, who stays, who falls silent?",
            {"range": "-90d", "interval": "week"},
            ask_lifecycle,
            lifecycle_words,
        ),
    )
}
