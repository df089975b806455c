"""What pages draw and export are the numbers of slow plain Python: every display, on random events."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.insights import oracle, worlds
from tests.tracker.insights.test_trends import PROPERTY_BASED, ZONES, near, on_a_world, written, zero
from tracker.builder import drawing
from tracker.insights import trends
from tracker.insights.description import Description, Display, Math

pytestmark = pytest.mark.django_db
DRAWN_AS = st.sampled_from(worlds.DISPLAYS)


def expected_of(description: Description, there: oracle.World) -> dict[tuple, tuple]:
    since, until = (date.fromisoformat(each) for each in (description.range.since, description.range.until))
    return oracle.answer(description, since, until + timedelta(days=1), there)["lines"]


def number(line: trends.Line, expected: dict, description: Description):
    """What the line must say over the whole range."""
    kind = line.part.kind if line.part else ""
    empty = (zero(description.series[line.series].math), {})
    return expected.get((line.series, kind, written(line.part, description)), empty)[0]


@PROPERTY_BASED
@given(
    sent=st.lists(worlds.events(), min_size=5, max_size=40),
    zone=ZONES,
    documents=st.lists(st.tuples(worlds.documents(), DRAWN_AS), min_size=4, max_size=8),
)
def test_every_display_shows_the_numbers(sent, zone, documents):
    asked = [{**each, "formula": None, "compare": False, "display": display} for each, display in documents]
    on_a_world(sent, zone, asked, shows)


def shows(description: Description, there: oracle.World) -> None:
    trend = trends.computed(description, worlds.NOW)
    expected = expected_of(description, there)
    picture = drawing.picture(trend)
    lines = drawing.listed(trend)
    whole = [number(line, expected, description) for line in lines]
    assert [row.value for row in picture.rows] == [drawing.shown(line.aggregate) for line in lines]
    assert all(near(line.aggregate, each) for line, each in zip(lines, whole, strict=True))
    exported = [row for row in drawing.exported(trend) if row[2] == ""]
    assert all(near(row[3], each) for row, each in zip(exported, whole, strict=True))
    check_beside(picture, trend)
    {Display.PIE: pie, Display.LINE: graph, Display.BAR: graph}.get(picture.display, nothing)(picture, trend, whole)


def check_beside(picture: drawing.Picture, trend: trends.Trend) -> None:
    is_beside = trend.description.breakdown is not None and len(trend.description.series) > 1
    assert (picture.beside is not None) == is_beside
    if picture.beside:
        cells = sorted(value for _, values in picture.beside.rows for _, value in values)
        assert cells == sorted(drawing.shown(line.aggregate) for line in trend.lines)


def nothing(picture: drawing.Picture, trend: trends.Trend, whole: list) -> None:
    assert picture.display in (Display.NUMBER, Display.TABLE)
    assert picture.chart is None


def pie(picture: drawing.Picture, trend: trends.Trend, whole: list) -> None:
    """Slices are parts of a whole: five and the rest, none empty, and their sum is the sum of the lines."""
    assert {each.math for each in trend.description.series} <= {Math.TOTAL, Math.SUM, Math.UNIQUE_ORGANIZATIONS}
    if picture.chart is None:
        assert not whole
        return
    [series] = picture.chart["series"]
    assert len(series["data"]) == len(picture.chart["labels"]) <= drawing.MOST_SLICES + 1
    positive = [Decimal(each) for each in whole if each and each > 0]
    assert sum(series["data"]) == pytest.approx(float(sum(positive)), abs=0.001)


def graph(picture: drawing.Picture, trend: trends.Trend, whole: list) -> None:
    if picture.chart is None:
        assert not whole
        return
    series = picture.chart["series"]
    if not trend.buckets:
        [bars] = series
        assert bars["data"] == [each if each is None else pytest.approx(float(each), abs=0.001) for each in whole]
        return
    drawn = drawing.drawn(trend)[: drawing.MOST_DRAWN]
    assert [each["data"] for each in series] == [[drawing.plain(value) for value in line.data] for line in drawn]
    assert len(picture.chart["labels"]) == len(trend.buckets)
