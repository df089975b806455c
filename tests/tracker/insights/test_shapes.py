"""Funnels, retention and lifecycle against slow plain Python on random events."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orgs.models import Cohort, CohortMember, Organization, OrganizationKey
from tests.factories import application
from tests.tracker.test_rollups import event, put
from tracker import rollups
from tracker.insights import funnels, lifecycle, retention
from tracker.insights.description import (
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
)
from tracker.insights.reading import BadDescription
from tracker.insights.spans import Span
from tracker.models import Event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 3, 9, 30, tzinfo=UTC)
SPAN = Span(Range("2026-02-04", "2026-04-02"))


def step(name: str) -> Series:
    return Series(Kind.EVENT, name, Math.TOTAL)


STEPS = (step("visited"), step("tried"), step("bought"))


def send(rng: random.Random) -> list[tuple]:
    """(organization, user, session, name, path, time), with `d` an alias of `a`; all of production."""
    app = application()
    put(
        app,
        [
            event(
                datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(92 * 24 * 60)),
                name=rng.choice(["visited", "tried", "bought", "other"]),
                external_id=rng.choice("abcd"),
                user_hash=rng.choice([None, *(bytes([n]) * 32 for n in range(4))]),
                session_id=rng.choice([None, *(UUID(int=n) for n in range(6))]),
                path=rng.choice([None, "/a", "/a?x=1", "/b"]),
            )
            for _ in range(rng.randrange(5, 60))
        ],
        received_at=NOW,
    )
    rollups.roll_up(NOW)
    found = dict(Organization.objects.values_list("external_id", "id"))
    if {"a", "d"} <= set(found):
        OrganizationKey.objects.filter(external_id="d").update(organization=found["a"])
    owner = dict(OrganizationKey.objects.values_list("id", "organization_id"))
    return [
        (
            owner[each.key_id],
            each.user_hash and bytes(each.user_hash),
            each.session_id,
            each.name,
            each.path and each.path.split("?")[0],
            each.occurred_at,
        )
        for each in Event.objects.order_by("occurred_at", "id")
    ]


def within(moment: datetime) -> bool:
    return date(2026, 2, 4) <= moment.date() <= date(2026, 4, 2)


def furthest(events: list[tuple[str, datetime]], window: timedelta) -> int:
    """How many steps the best attempt reaches, trying each first step."""
    best = 0
    for place, (name, opened) in enumerate(events):
        if name != "visited" or not within(opened):
            continue
        wanted = ["tried", "bought"]
        for later, at in events[place + 1 :]:
            if wanted and later == wanted[0] and at < opened + window:
                wanted.pop(0)
        best = max(best, 3 - len(wanted))
    return best


@pytest.mark.parametrize("by", ["organization", "user"])
@pytest.mark.parametrize("seed", range(6))
def test_a_funnel_is_its_best_attempt(seed, by):
    rng = random.Random(seed)
    events, window = defaultdict(list), timedelta(days=rng.choice([2, 14]))
    for org, user, _, name, _, at in send(rng):
        if by == "organization" or user is not None:
            events[org if by == "organization" else user].append((name, at))
    reached = [furthest(each, window) for each in events.values()]
    expected = [sum(each >= depth for each in reached) for depth in (1, 2, 3)]
    found = funnels.answer(STEPS, SPAN, NOW, by=by, window=window)
    assert [each.count for each in found.steps] == expected
    if expected[0]:
        assert [each.of_first for each in found.steps] == [each / expected[0] for each in expected]


def test_every_start_may_open_an_attempt():
    """The first visit leads nowhere in time; the second does, with other events between."""
    days = {"visited": (1, 20), "tried": (19, 21), "other": (22,), "bought": (30, 40)}
    sent = [
        event(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day), name=name) for name in days for day in days[name]
    ]
    put(application(), sent, received_at=NOW + timedelta(days=60))
    rollups.roll_up(NOW + timedelta(days=60))
    found = funnels.answer(STEPS, Span(Range("2026-03-01", "2026-03-31")), NOW)
    assert [(each.label, each.count) for each in found.steps] == [
        ("“visited”", 1),
        ("“tried”", 1),
        ("“bought”", 1),
    ]
    short = funnels.answer(STEPS, Span(Range("2026-03-01", "2026-03-31")), NOW, window=timedelta(days=10))
    assert [each.count for each in short.steps] == [1, 1, 0]


def test_a_funnel_of_one_step_is_none():
    with pytest.raises(BadDescription, match="2 to 8 steps"):
        funnels.answer(STEPS[:1], SPAN, NOW)


def bucket_of(day: date, interval: Interval) -> date:
    return day.replace(day=1) if interval == Interval.MONTH else day - timedelta(days=day.weekday())


def labels(interval: Interval) -> list[date]:
    days = [date(2026, 2, 4) + timedelta(days=n) for n in range(58)]
    return sorted({bucket_of(day, interval) for day in days})


@pytest.mark.parametrize("interval", [Interval.WEEK, Interval.MONTH])
@pytest.mark.parametrize("seed", range(4))
def test_retention(seed, interval):
    events = [each for each in send(random.Random(seed)) if each[5].date() <= date(2026, 4, 2)]
    first = {}
    for org, _, _, name, _, at in events:
        if name == "visited":
            first.setdefault(org, bucket_of(at.date(), interval))
    active = {(org, bucket_of(at.date(), interval)) for org, _, _, name, _, at in events if name == "bought"}
    found = retention.answer(Span(SPAN.range, interval=interval), NOW, start="visited", back="bought")
    places = labels(interval)
    assert [each.began for each in found.cohorts] == places
    for n, cohort in enumerate(found.cohorts):
        members = {org for org, began in first.items() if began == cohort.began}
        assert cohort.size == len(members)
        assert cohort.returned == tuple(sum((org, later) in active for org in members) for later in places[n:])
    assert found.incomplete_last_bucket


@pytest.mark.parametrize("interval", [Interval.WEEK, Interval.MONTH])
@pytest.mark.parametrize("seed", range(4))
def test_lifecycle(seed, interval):
    events = [each for each in send(random.Random(seed)) if each[5].date() <= date(2026, 4, 2)]
    active = defaultdict(set)
    for org, *_, at in events:
        active[bucket_of(at.date(), interval)].add(org)
    found = lifecycle.answer(Span(SPAN.range, interval=interval), NOW)
    assert [each.bucket for each in found.stages] == labels(interval)
    for stage in found.stages:
        before = active.get(bucket_of(stage.bucket - timedelta(days=1), interval), set())
        ever = set().union(*(orgs for bucket, orgs in active.items() if bucket < stage.bucket))
        now = active.get(stage.bucket, set())
        expected = (len(now - ever), len(now & before), len((now & ever) - before), len(before - now))
        assert (stage.new, stage.returning, stage.resurrecting, stage.dormant) == expected


@pytest.mark.parametrize("seed", range(3))
def test_of_the_organizations_of_a_cohort(seed):
    """The answers are those of its one organization."""
    events = [each for each in send(random.Random(seed)) if within(each[5])]
    some = sorted({each[0] for each in events})[:1]
    cohort = Cohort.objects.create(name="Some", created_at=NOW, changed_at=NOW)
    CohortMember.objects.bulk_create(CohortMember(cohort=cohort, organization_id=each, since=NOW) for each in some)
    member = Filter(Property("", Of.COHORT), Operator.IN_COHORT, (cohort.pk,))
    span = Span(SPAN.range, interval=Interval.MONTH, filters=Group((member,)))
    asked = funnels.answer(STEPS, span, NOW), retention.answer(span, NOW), lifecycle.answer(span, NOW)
    span = Span(SPAN.range, interval=Interval.MONTH, scope=Scope(organization=organization_id(some[0])))
    assert asked == (funnels.answer(STEPS, span, NOW), retention.answer(span, NOW), lifecycle.answer(span, NOW))
    assert sum(each.size for each in asked[1].cohorts) <= 1


def organization_id(pk: int) -> str:
    return Organization.objects.get(pk=pk).external_id


def test_retention_and_lifecycle_know_no_other_condition():
    other = Filter(Property("plan", Of.FIELD), Operator.EXACT, ("pro",))
    span = Span(SPAN.range, interval=Interval.MONTH, filters=Group((other,)))
    for ask in (retention.answer, lifecycle.answer):
        with pytest.raises(BadDescription, match="the organization is in a cohort"):
            ask(span, NOW)


def test_a_lifecycle_needs_an_interval():
    with pytest.raises(BadDescription, match="by day, by week or by month"):
        lifecycle.answer(SPAN, NOW)
