"""Every answer equals slow plain Python on random events, from whichever source it comes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracker.insights import oracle, worlds
from tests.tracker.insights.worlds import NOW
from tracker.insights import reading, trends
from tracker.insights.description import COHORTS, Description, Group, Kind, Of, Property

pytestmark = pytest.mark.django_db
ZONES = st.sampled_from(
    [("UTC", "monday"), ("America/New_York", "sunday"), ("Asia/Kolkata", "monday"), ("Europe/Paris", "sunday")]
)
PROPERTY_BASED = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def about(description: Description, cohort_id: int, feature_id: int) -> Description:
    """The same question about a cohort and a feature that exist."""

    def changed(each):
        if isinstance(each, Group):
            return replace(each, filters=tuple(map(changed, each.filters)))
        return replace(each, values=(cohort_id,)) if each.operator in COHORTS else each

    breakdown = description.breakdown
    if breakdown and breakdown.of == Of.COHORT:
        breakdown = Property(str(cohort_id), Of.COHORT)
    series = tuple(
        replace(
            each,
            filters=tuple(map(changed, each.filters)),
            name=str(feature_id) if each.kind == Kind.FEATURE else each.name,
        )
        for each in description.series
    )
    return replace(description, series=series, filters=changed(description.filters), breakdown=breakdown)


def check(description: Description, there: oracle.World, *, use_daily: bool) -> trends.Trend:
    found = trends.computed(description, NOW, use_daily=use_daily)
    since, until = (date.fromisoformat(each) for each in (description.range.since, description.range.until))
    until += timedelta(days=1)
    check_lines(found, oracle.answer(description, since, until, there))
    if description.compare:
        before = before_of(since, until)
        assert (found.previous.since, found.previous.until) == before
        check_lines(found.previous, oracle.answer(description, *before, there))
    return found


def before_of(since: date, until: date) -> tuple[date, date]:
    """Whole months compare with whole months, other ranges with as many days."""
    if since.day == until.day == 1:
        months = (until.year - since.year) * 12 + until.month - since.month
        year, month = divmod(since.year * 12 + since.month - 1 - months, 12)
        return date(year, month + 1, 1), since
    return since - (until - since), since


def check_lines(found: trends.Trend, expected: dict) -> None:
    assert found.skipped_values == expected["skipped"]
    met = set()
    for line in found.lines:
        key = (line.series, *part_of(line, found.description))
        met.add(key)
        math = found.description.series[line.series].math
        check_line(found, line, *expected["lines"].get(key, (zero(math), {})), zero(math))
    assert met >= set(expected["lines"])
    if found.description.formula:
        check_formula(found, found.formula, expected["whole"])
        for line in found.formula_parts:
            key = part_of(line, found.description)
            numbers = [expected["lines"].get((place, *key), (0, {})) for place in range(len(found.description.series))]
            check_formula(found, line, numbers)


def check_formula(found: trends.Trend, line: trends.Line, numbers: list[tuple]) -> None:
    formula = found.description.formula
    numbers = numbers[: worlds.FORMULAS[formula]]
    labels = {label: oracle.computed(formula, [data.get(label) for _, data in numbers]) for label in instants(found)}
    check_line(found, line, oracle.computed(formula, [whole for whole, _ in numbers]), labels, None)


def check_line(found: trends.Trend, line: trends.Line, aggregate, data: dict, empty) -> None:
    data = dict(data)
    assert near(line.aggregate, aggregate), (line, aggregate)
    assert len(line.data) == len(found.buckets)
    for label, value in zip(instants(found), line.data, strict=True):
        assert near(value, data.pop(label, empty)), (line, label)
    assert not data, (line, data)


def instants(found: trends.Trend) -> list:
    return [each.astimezone(UTC) if isinstance(each, datetime) else each for each in found.buckets]


def part_of(line: trends.Line, description: Description) -> tuple[str, str | None]:
    return line.part.kind if line.part else "", written(line.part, description)


def written(part, description: Description) -> str | None:
    if part is None or description.breakdown.of != Of.COHORT:
        return part and part.text
    return "true" if part.text.startswith("In ") else "false"


def zero(math: str) -> int | None:
    return None if math in trends.NUMBERS_WITHOUT_ZERO else 0


def near(found, expected) -> bool:
    if found is None or expected is None:
        return found is expected
    return abs(Decimal(found) - Decimal(expected)) <= Decimal("1e-9") * max(1, abs(Decimal(expected)))


def on_a_world(sent, zone, documents, look) -> None:
    """Everything is taken back afterwards: each example has a database of its own."""
    with transaction.atomic():
        cohort, feature = worlds.build(sent, *zone)
        there = oracle.world(zone[0], 6 if zone[1] == "sunday" else 0, NOW.date())
        for document in documents:
            description = about(reading.read(document, NOW.date()), cohort.pk, feature.pk)
            assert reading.read(description.as_document(), NOW.date()) == description
            look(description, there)
        transaction.set_rollback(True)


@PROPERTY_BASED
@given(
    sent=st.lists(worlds.events(), min_size=5, max_size=60),
    zone=ZONES,
    documents=st.lists(worlds.documents(), min_size=4, max_size=8),
)
def test_raw_events_answer_like_plain_python(sent, zone, documents):
    on_a_world(sent, zone, documents, lambda description, there: check(description, there, use_daily=False))


@PROPERTY_BASED
@given(
    sent=st.lists(worlds.events(), min_size=5, max_size=60),
    zone=ZONES,
    documents=st.lists(
        worlds.documents(named=worlds.KNOWN_DAILY, maths=worlds.COUNTS, intervals=("day", "week", "month")),
        min_size=4,
        max_size=8,
    ),
)
def test_the_daily_rows_answer_the_same_where_they_suffice(sent, zone, documents):
    def look(description, there):
        from_daily = check(description, there, use_daily=True)
        from_raw = trends.computed(description, NOW, use_daily=False)
        assert (from_daily.lines, from_daily.skipped_values) == (from_raw.lines, from_raw.skipped_values)
        has_values = description.breakdown is not None
        is_placed = has_values and description.breakdown.of == Of.FIELD
        for series, is_daily in zip(description.series, from_daily.from_daily, strict=True):
            kinds = {"unique_users": ("any", "feature"), "unique_sessions": ("any",)}.get(series.math)
            if series.math == "first_time_for_organization":
                assert is_daily == (not is_placed)
            else:
                assert is_daily == (kinds is None or (series.kind in kinds and not has_values))

    on_a_world(sent, zone, documents, look)
