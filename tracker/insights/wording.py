"""A description in plain English: what a line is called, and the whole definition as one sentence."""

from collections.abc import Mapping

from tracker.insights.description import (
    COHORTS,
    PRESENCE,
    Current,
    Description,
    Field,
    Filter,
    Group,
    Interval,
    Kind,
    Math,
    Of,
    Operator,
    Property,
    Range,
    Scope,
    Series,
    letter,
)
from tracker.insights.ranges import ALL

Names = Mapping[int, str]
NO_NAMES: Names = {}
# What people say for the usual beginnings of a range that ends today.
RANGES = {
    "-7d": "last 7 days",
    "-30d": "last 30 days",
    "-90d": "last 90 days",
    "-180d": "last 180 days",
    "mStart": "this month",
    "-2mStart": "this month and the two before",
    "-11mStart": "last 12 months",
}
COUNTED = {
    Math.TOTAL: "total",
    Math.UNIQUE_ORGANIZATIONS: "unique organizations",
    Math.UNIQUE_USERS: "unique users",
    Math.UNIQUE_SESSIONS: "unique sessions",
    Math.FIRST_TIME: "organizations for the first time",
    Math.AVG_PER_ORGANIZATION: "average per organization",
    Math.MEDIAN_PER_ORGANIZATION: "median per organization",
    Math.MAX_PER_ORGANIZATION: "most of one organization",
    Math.UNIQUE_VALUES: "different values",
    Math.SUM: "sum",
    Math.AVG: "average",
    Math.MIN: "minimum",
    Math.MAX: "maximum",
    Math.MEDIAN: "median",
    Math.P90: "90th percentile",
    Math.P95: "95th percentile",
    Math.P99: "99th percentile",
}
COMPARED = {
    Operator.EXACT: "is",
    Operator.IS_NOT: "is not",
    Operator.ICONTAINS: "contains",
    Operator.NOT_ICONTAINS: "does not contain",
    Operator.REGEX: "matches",
    Operator.NOT_REGEX: "does not match",
    Operator.GT: "is more than",
    Operator.GTE: "is at least",
    Operator.LT: "is less than",
    Operator.LTE: "is at most",
    Operator.IS_SET: "is set",
    Operator.IS_NOT_SET: "is not set",
    Operator.IS_DATE_BEFORE: "is before",
    Operator.IS_DATE_AFTER: "is after",
    Operator.IN_COHORT: "is in cohort",
    Operator.NOT_IN_COHORT: "is not in cohort",
}
FIELD_NAMES = {
    Field.PLAN: "plan at the time",
    Field.PATH: "page",
    Field.ADDRESS: "address",
    Field.ENVIRONMENT: "environment",
    Field.APPLICATION: "application",
    Field.SESSION: "session",
    Field.EVENT: "event",
}
CURRENT_NAMES: Mapping[str, str] = {
    Current.MRR: "MRR",
    Current.EXTERNAL_ID: "id",
    Current.FIRST_SEEN: "first day seen",
    Current.LAST_SEEN: "last day seen",
    Current.RENEWAL_ON: "renewal",
}
SHOWN_VALUES = 5


def sentence(description: Description, cohorts: Names = NO_NAMES, features: Names = NO_NAMES) -> str:
    """Like “A: total of “purchase” where currency is “EUR”, by month, from 2024-01-01 to 2024-04-30.”

    `cohorts` and `features` are names by id; without them both are called by their number.
    """
    several = len(description.series) > 1 or bool(description.formula)
    counted = [
        (f"{letter(place)}: " if several else "") + label(each, features) + where(each, cohorts)
        for place, each in enumerate(description.series)
    ]
    parts = ["; ".join(counted)]
    if description.formula:
        parts.append(f"shown as {description.formula}")
    if description.filters.filters:
        parts.append(f"only where {group(description.filters, cohorts)}")
    if description.breakdown:
        parts.append(f"broken down by {breakdown(description.breakdown, cohorts)}")
    parts += [when(description.range, description.interval), scope(description.scope)]
    if description.compare:
        parts.append("compared with the period before")
    text = ", ".join(each for each in parts if each)
    return f"{text[0].upper()}{text[1:]}."


def label(series: Series, features: Names = NO_NAMES) -> str:
    """What a series is called: the name it was given, else what it counts."""
    if series.label:
        return series.label
    counted = COUNTED[series.math]
    if series.property and series.property.of == Of.ORGANIZATION:
        return f"{counted} of current {property_(series.property)} of organizations with {target(series, features)}"
    if series.property:
        return f"{counted} of {property_(series.property)} of {target(series, features)}"
    return f"{counted} of {target(series, features)}"


def target(series: Series, features: Names = NO_NAMES) -> str:
    if series.kind == Kind.ANY:
        return "any event"
    if series.kind == Kind.FEATURE:
        return f"feature “{features.get(int(series.name), series.name)}”"
    return {Kind.EVENT: "“{}”", Kind.PAGE: "page “{}”"}[series.kind].format(series.name)


def property_(asked: Property) -> str:
    if asked.of == Of.FIELD:
        return FIELD_NAMES[Field(asked.name)]
    return CURRENT_NAMES.get(asked.name, asked.name) if asked.of == Of.ORGANIZATION else asked.name


def breakdown(asked: Property, cohorts: Names = NO_NAMES) -> str:
    """With the word that says when the value was true."""
    if asked.of == Of.COHORT:
        return f"being in cohort {_cohort(int(asked.name), cohorts)}"
    named = property_(asked)
    return f"current {named} of the organization" if asked.of == Of.ORGANIZATION else named


def condition(given: Filter, cohorts: Names = NO_NAMES) -> str:
    if given.operator in COHORTS:
        names = " or ".join(_cohort(int(each), cohorts) for each in given.values)
        return f"the organization {COMPARED[given.operator]} {names}"
    current = "the organization's current " if given.property.of == Of.ORGANIZATION else ""
    named = f"{current}{property_(given.property)} {COMPARED[given.operator]}"
    return named if given.operator in PRESENCE else f"{named} {_values(given)}"


def group(given: Group, cohorts: Names = NO_NAMES) -> str:
    """Conditions with their “and” and “or”; what stands inside another group in brackets."""
    parts = [
        f"({group(each, cohorts)})" if isinstance(each, Group) else condition(each, cohorts) for each in given.filters
    ]
    return (" or " if given.any else " and ").join(parts)


def when(given: Range, interval: Interval | None) -> str:
    if given.since == ALL:
        text = f"all time up to {given.until}" if given.until else "all time"
    elif not given.until and given.since in RANGES:
        text = RANGES[given.since]
    else:
        text = f"from {given.since} to {given.until or 'today'}"
    return f"by {interval}, {text}" if interval else text


def scope(given: Scope) -> str:
    parts = [
        f"environment {given.environment}" if given.environment else "all environments",
        f"application {given.application}" if given.application else "",
        f"organization “{given.organization}”" if given.organization else "",
    ]
    return ", ".join(each for each in parts if each)


def where(series: Series, cohorts: Names = NO_NAMES) -> str:
    """The conditions of a series, behind its label."""
    conditions = " and ".join(condition(each, cohorts) for each in series.filters)
    return f" where {conditions}" if conditions else ""


def _values(given: Filter) -> str:
    shown = [f"“{each}”" if isinstance(each, str) else f"{each}" for each in given.values[:SHOWN_VALUES]]
    more = len(given.values) - SHOWN_VALUES
    return " or ".join(shown) + (f" or {more} more" if more > 0 else "")


def _cohort(cohort_id: int, cohorts: Names) -> str:
    return f"“{cohorts[cohort_id]}”" if cohort_id in cohorts else f"{cohort_id}"
