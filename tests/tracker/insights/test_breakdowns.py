"""More values than are shown, none at all, organizations that change, and the cohort beside everybody else."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from orgs.models import Cohort, CohortMember, Organization
from tests.factories import application, snapshot
from tests.tracker.insights import oracle
from tests.tracker.insights.test_trends import check
from tests.tracker.test_rollups import event, put
from tracker import rollups
from tracker.insights import asking, reading, strips, trends
from tracker.models import Event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 3, 9, 30, tzinfo=UTC)
RANGE = {"from": "2026-03-01", "to": "2026-03-31"}


def bought(external_id: str, color: str | None, day: int = 10, **values) -> object:
    properties = json.dumps({"v": 1, **({} if color is None else {"color": color})})
    at = datetime(2026, 3, day, tzinfo=UTC)
    return event(at, name="bought", external_id=external_id, properties=properties, **values)


def send(*sent) -> None:
    put(application(), sent, received_at=NOW)
    rollups.roll_up(NOW)


def ask(**document) -> trends.Trend:
    return trends.answer(reading.read({"range": RANGE, **document}, NOW.date()), NOW)


@pytest.mark.parametrize("math", ["total", "unique_organizations", "avg_per_organization", "sum", "median"])
def test_the_rest_is_computed_on_the_whole_rest(math):
    """Thirty colors; of the five rarest all are of the same two organizations."""
    often = [bought(f"org-{n}", f"color-{n:02}", day) for n in range(25) for day in (1, 2)]
    rare = [bought(org, f"rare-{n}", 3 + n) for n in range(5) for org in ("x", "y")][:9]
    send(*often, *rare, bought("z", None), bought("x", None))
    series = {"event": "bought", "math": math, "property": "v"}
    document = {"series": [series], "breakdown": {"property": "color"}, "interval": "week", "range": RANGE}
    there = oracle.world("UTC", 0, NOW.date())
    found = check(reading.read(document, NOW.date()), there, use_daily=True)
    assert [each.part.kind for each in found.lines] == ["value"] * 25 + ["other", "none"]
    if math == "unique_organizations":
        assert [each.aggregate for each in found.lines[-2:]] == [2, 2]


@pytest.mark.parametrize("interval", [None, "day", "week", "month"])
def test_users_of_any_event_by_a_value(interval):
    """Thirty colors; a user of several, users in two of the rarest, events of nobody, events without a color."""
    ann, ben, cleo = (bytes([n]) * 32 for n in (1, 0x7F, 0xFF))
    often = [bought("a", f"color-{n:02}", day, user_hash=ann) for n in range(25) for day in (1, 2 + n, 31)]
    rare = [bought("a", f"rare-{n}", 3 + n, user_hash=user) for n in range(5) for user in (ann, ben)]
    nobody = [bought("b", color, user_hash=None) for color in ("color-24", None)]
    send(*often, *rare, bought("b", "color-24", 31, user_hash=cleo), *nobody)
    series = [
        {"event": None, "math": "unique_users"},
        {"event": None, "math": "first_time_for_organization"},
        {"event": "bought", "math": "unique_organizations"},
    ]
    document = {"series": series, "breakdown": {"property": "color"}, "interval": interval, "formula": "A/B"}
    asked = reading.read({**document, "range": RANGE}, NOW.date())
    assert strips.among(asking.ask(asked, NOW)) == {0}
    found = check(asked, oracle.world("UTC", 0, NOW.date()), use_daily=True)
    users = [each for each in found.lines if each.series == 0]
    assert [each.part.text for each in users[:2]] == ["color-24", "color-00"]
    assert [each.aggregate for each in users] == [2, *[1] * 24, 2, 0]
    assert found.formula.aggregate == 3 / 2


def test_users_of_any_event_by_values_that_nobody_sent():
    send(bought("a", "red", user_hash=b"u" * 32), bought("a", "red", user_hash=None))
    found = ask(series=[{"event": None, "math": "unique_users"}], breakdown={"property": "size"}, interval="week")
    assert [(each.part.kind, each.aggregate) for each in found.lines] == [("none", 1)]


def test_the_plan_then_and_the_plan_now():
    send(
        bought("a", "red", 5, plan="free"),
        bought("a", "red", 20, plan="pro"),
        bought("b", "red", 6, plan="free"),
    )
    series = [{"event": "bought", "math": "unique_organizations"}]
    then = ask(series=series, breakdown={"property": "plan", "of": "field"})
    now = ask(series=series, breakdown={"property": "plan", "of": "organization"})
    assert [(each.part.text, each.aggregate) for each in then.lines] == [("free", 2), ("pro", 1)]
    assert [(each.part.text, each.aggregate) for each in now.lines] == [("pro", 1), ("free", 1)]


def test_a_cohort_beside_everybody_else_with_its_revenue():
    send(*(bought("big", "red", day) for day in range(1, 5)), bought("small", "red"), bought("tiny", "red"))
    found = {each.external_id: each for each in Organization.objects.all()}
    cohort = Cohort.objects.create(name="More than 30 projects", created_at=NOW, changed_at=NOW)
    CohortMember.objects.create(cohort=cohort, organization=found["big"], since=NOW)
    for name, mrr in (("big", 900), ("small", 50), ("tiny", 25)):
        snapshot(found[name], mrr=mrr)
    trend = ask(
        series=[
            {"event": "bought", "math": "total"},
            {"event": None, "math": "unique_organizations"},
            {"event": None, "math": "sum", "property": "mrr", "of": "organization"},
        ],
        formula="C/B",
        breakdown={"property": str(cohort.pk), "of": "cohort"},
    )
    numbers = [(each.series, each.part.text, each.aggregate) for each in trend.lines]
    inside, outside = "In “More than 30 projects”", "Everybody else"
    assert numbers == [
        (0, inside, 4),
        (0, outside, 2),
        (1, inside, 1),
        (1, outside, 2),
        (2, inside, 900),
        (2, outside, 75),
    ]
    assert [(each.part.text, each.aggregate) for each in trend.formula_parts] == [(inside, 900), (outside, 37.5)]
    assert trend.formula.aggregate == 325


def test_an_organization_counts_once_over_the_range():
    send(*(bought("a", "red", day) for day in range(1, 11)))
    trend = ask(series=[{"event": "bought", "math": "unique_organizations"}], interval="day")
    assert sum(trend.lines[0].data) == 10
    assert trend.lines[0].aggregate == 1


@pytest.mark.parametrize("field", ["application", "environment"])
def test_the_first_of_several_on_one_day_says_where_it_was(field):
    """The latest is stored first, and both belong to the same day."""
    for name, environment, hours in (("One", "production", 9), ("Two", "staging", 8)):
        put(application(name), [bought("a", "red", environment=environment)], received_at=NOW)
        Event.objects.filter(application__name=name).update(occurred_at=datetime(2026, 3, 10, hours, tzinfo=UTC))
    rollups.roll_up(NOW)
    found = ask(
        series=[{"event": "bought", "math": "first_time_for_organization"}],
        breakdown={"property": field, "of": "field"},
        environment=None,
    )
    first = "Two" if field == "application" else "staging"
    assert [(each.part.text, each.aggregate) for each in found.lines] == [(first, 1)]


def test_what_came_before_the_raw_events_that_are_kept_is_said():
    from tracker.models import RollupCursor

    send(bought("a", "red"))
    RollupCursor.objects.update(raw_since=NOW - timedelta(days=10))
    series = {"event": "bought", "math": "sum", "property": "v"}
    assert ask(series=[series]).notes == (
        "Events before 2026-03-24 are no longer kept one by one; this answer begins there.",
    )
    assert ask(series=[{"event": "bought"}]).notes == ()
    first = {"event": "bought", "math": "first_time_for_organization"}
    red = {**first, "filters": [{"property": "color", "value": "red"}]}
    lately = {"from": "2026-03-25", "to": "2026-03-31"}
    assert ask(series=[red], range=lately).notes == (
        "Events before 2026-03-24 are no longer kept one by one; what came first is looked for from there.",
    )
    assert ask(series=[first], range=lately).notes == ()
