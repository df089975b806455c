"""Questions with a shape of their own: funnel, retention, lifecycle. From a form's fields to an answer in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.backoffice import formatting
from config.backoffice.ids import read_id
from tracker.builder import alone, form
from tracker.builder.alone import label
from tracker.builder.form import Fields
from tracker.fields import PRODUCTION
from tracker.insights import retention, shapes
from tracker.insights.description import Interval
from tracker.insights.funnels import FEWEST, MOST
from tracker.insights.reading import BadDescription

FIELDS = (
    *(f"step-{n}" for n in range(MOST)),
    *("by", "window_days", "start", "back", "range", "from", "to", "interval", "environment", "application", "cohort"),
)
LONGEST = 300
HEAT_STEPS = 10
RETENTION = "Organizations by the first time, in percent of those that began; the last number of a line"
PARTS = ("new", "returning", "resurrecting")
COLOURS = {"new": "usage", "returning": "series-4", "resurrecting": "series-3", "dormant": "series-7"}


@dataclass(frozen=True)
class Pattern:
    """`ask` answers a template's context, `sentence` among it, to a question that its id names while it runs.

    `exported` in it is the header and the rows of a file, `says` is the definition in words, `document` the question as
    the API takes it. With the field `organization` it is about one. Raises BadDescription, running.TooSlow,
    running.Cancelled.
    """

    name: str
    title: str
    about: str
    defaults: Mapping[str, str]
    document: Callable[[Fields], dict[str, Any]]
    ask: Callable[[Fields, datetime, str], dict[str, Any]]
    says: Callable[[Fields], str]

    def filled(self, fields: Fields) -> dict[str, str]:
        """What was chosen, and the first choice for the rest."""
        return {"environment": PRODUCTION, **self.defaults, **{name: fields[name] for name in FIELDS if name in fields}}

    def sentence(self, fields: Fields, cohorts: Mapping[int, str]) -> str:
        """The definition in words, with the names of cohorts."""
        return f"{self.says(fields).removesuffix('.')}{cohort_words(fields, cohorts)}."


def shared(fields: Fields) -> dict[str, Any]:
    """The part of the document that every question has: range, scope, whom it is about."""
    return {
        "range": form.range_of(fields),
        "environment": fields.get("environment", PRODUCTION).strip() or None,
        "application": fields.get("application") or None,
        "organization": fields.get("organization") or None,
        "filters": [{"operator": "in_cohort", "value": [fields["cohort"]]}] if fields.get("cohort") else [],
    }


def by_interval(fields: Fields) -> dict[str, Any]:
    return {**shared(fields), "interval": fields.get("interval") or None}


# --- Funnel ------------------------------------------------------------------------------------------------
def steps_of(fields: Fields) -> list[str]:
    return [name for n in range(MOST) if (name := fields.get(f"step-{n}", "").strip())]


def days_of(fields: Fields) -> int:
    text = fields.get("window_days", "14").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise BadDescription("window_days", f"“{text[:20]}” is no number of days. Write a whole number such as 14.")
    return int(text)


def funnel_document(fields: Fields) -> dict[str, Any]:
    return {
        **shared(fields),
        "steps": [{"event": name} for name in steps_of(fields)],
        "by": fields["by"],
        "window_days": days_of(fields),
    }


def ask_funnel(fields: Fields, now: datetime, query_id: str) -> dict[str, Any]:
    names, by = steps_of(fields), fields["by"]
    if len(names) < FEWEST:
        raise BadDescription("steps", "Name at least two events: what comes first, and what should follow.")
    found = shapes.funnel(funnel_document(fields), now, query_id)
    is_alone = is_about_one(fields) and by == "organization"
    first, last = found.steps[0], found.steps[-1]
    who = formatting.plural(first.count, by)
    share = formatting.percent(last.of_first)
    sentence = f"{who} began with “{names[0]}”; {formatting.number(last.count)} ({share}) reached “{names[-1]}”"
    steps = [(name, step, round((step.of_first or 0) * 100)) for name, step in zip(names, found.steps, strict=True)]
    days = formatting.plural(days_of(fields), "day")
    rule = f"Each step within {days} of the first, in this order; other events may lie between."
    rows = [
        (place, name, step.count, step.of_first, step.of_previous)
        for place, (name, step) in enumerate(zip(names, found.steps, strict=True), start=1)
    ]
    exported = ("step", "event", f"{by}s", "of_first", "of_previous"), rows
    return {
        "sentence": alone.reached(found, names) if is_alone else sentence,
        "is_alone": is_alone,
        "steps": steps,
        "by": by,
        "rule": rule,
        "exported": exported,
    }


def funnel_words(fields: Fields) -> str:
    by, days = fields.get("by"), fields.get("window_days")
    return f"{' → '.join(steps_of(fields))}; by {by}, within {days} days; {range_words(fields)}."


# --- Retention ---------------------------------------------------------------------------------------------
def retention_document(fields: Fields) -> dict[str, Any]:
    names = {key: fields.get(key, "").strip() or None for key in ("start", "back")}
    return {**by_interval(fields), **names}


def ask_retention(fields: Fields, now: datetime, query_id: str) -> dict[str, Any]:
    found = shapes.retained(retention_document(fields), now, query_id)
    cohorts = [each for each in found.cohorts if each.size]
    unit = Interval(fields["interval"])
    began = sum(each.size for each in cohorts)
    next_one = [each for each in cohorts if len(each.returned) > 1]
    came = sum(each.returned[1] for each in next_one)
    of = sum(each.size for each in next_one)
    share = formatting.percent(came / of if of else None)
    sentence = f"{formatting.plural(began, 'organization')} began; {share} of them came back in the {unit} after"
    is_alone = is_about_one(fields)
    return {
        "sentence": alone.came_back(found, unit) if is_alone else sentence,
        "is_alone": is_alone,
        "cohorts": [(label(each.began, unit), each.size, heat(each)) for each in cohorts],
        "ages": range(max((len(each.returned) for each in cohorts), default=0)),
        "unit": unit,
        "rule": f"{alone.RETENTION if is_alone else RETENTION} may be of a {unit} that is still running.",
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
def ask_lifecycle(fields: Fields, now: datetime, query_id: str) -> dict[str, Any]:
    found = shapes.stages(by_interval(fields), now, query_id)
    unit = Interval(fields["interval"])
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
    if is_about_one(fields):
        sentence = alone.lived(found, unit)
    return {"sentence": sentence, "chart": chart, "rule": rule, "unit": unit, "exported": exported}


def lifecycle_words(fields: Fields) -> str:
    return f"New, returning, resurrecting and dormant organizations by {fields['interval']}; {range_words(fields)}."


def is_about_one(fields: Fields) -> bool:
    return bool(fields.get("organization"))


def cohort_words(fields: Fields, cohorts: Mapping[int, str]) -> str:
    """Whom the question is about, as the end of a sentence; nothing for everybody."""
    chosen = read_id(fields.get("cohort"))
    return f", only organizations in “{cohorts.get(chosen, chosen)}”" if chosen else ""


def range_words(fields: Fields) -> str:
    chosen = form.RANGES.get(fields["range"], "")
    if fields["range"] == "custom":
        chosen = f"{fields.get('from') or 'the beginning'} to {fields.get('to') or 'today'}"
    return chosen[:1].lower() + chosen[1:]


PATTERNS = {
    each.name: each
    for each in (
        Pattern(
            "funnel",
            "Funnel",
            "How many did one thing after the other?",
            {"range": "-90d", "by": "organization", "window_days": "14"},
            funnel_document,
            ask_funnel,
            funnel_words,
        ),
        Pattern(
            "retention",
            "Retention",
            "How many organizations come back?",
            {"range": "-11mStart", "interval": "month"},
            retention_document,
            ask_retention,
            retention_words,
        ),
        Pattern(
            "lifecycle",
            "Lifecycle",
            "Who is new, who stays, who falls silent?",
            {"range": "-90d", "interval": "week"},
            by_interval,
            ask_lifecycle,
            lifecycle_words,
        ),
    )
}
