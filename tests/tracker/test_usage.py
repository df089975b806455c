"""Evidence in four statements against slow plain Python on random events."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from orgs.models import Organization, OrganizationKey
from tests.factories import application, organization
from tests.tracker.test_rollups import NOW, event, put
from tracker import rollups, usage
from tracker.models import Event
from tracker.usage import Usage

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 3, 10)


def alias(external_id: str, of: str) -> None:
    OrganizationKey.objects.filter(external_id=external_id).update(
        organization=Organization.objects.get(external_id=of)
    )


def by_hand(organization_id: int, as_of: date) -> Usage | None:
    """The same numbers from raw events, one by one."""
    rows = [
        (each.occurred_at.date(), min(each.occurred_at, each.received_at), bytes(each.user_hash), each.name)
        for each in Event.objects.filter(key__organization_id=organization_id, environment="production")
        if each.occurred_at.date() <= as_of
    ]
    if not rows:
        return None

    def between(first: int, last: int) -> list:
        return [row for row in rows if last <= (as_of - row[0]).days - 1 < first]

    windows = [between(28 * n + 28, 28 * n) for n in range(6)]
    first, last = min(row[0] for row in rows), max(row[0] for row in rows)
    return Usage(
        first_seen_on=first,
        first_seen_at=min(row[1] for row in rows if row[0] == first),
        last_seen_on=last,
        last_seen_at=max(row[1] for row in rows if row[0] == last),
        active_weekdays_28=len({row[0] for row in windows[0] if row[0].weekday() < 5}),
        users_28=len({row[2] for row in windows[0]}),
        users_peak=max(len({row[2] for row in window}) for window in windows),
        names_28=len({row[3] for row in windows[0]}),
        names_peak=max(len({row[3] for row in window}) for window in windows),
        events_28=len(windows[0]),
        events_previous_28=len(windows[1]),
        events_30=len(between(30, 0)),
        events_previous_30=len(between(60, 30)),
        weekly_events=tuple(len(between(7 * n + 7, 7 * n)) for n in range(7, -1, -1)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_evidence_equals_a_count_by_hand(seed, django_assert_num_queries):
    rng, apps = random.Random(seed), [application(), application("Other")]
    for app in apps:
        put(
            app,
            [
                event(
                    NOW - timedelta(days=rng.randrange(-3, 200), seconds=rng.randrange(86_400)),
                    name=rng.choice(["opened", "saved", "shared"]),
                    external_id=rng.choice(["a", "A", "b", "c"]),
                    user_hash=bytes([rng.randrange(9)]) * 32,
                    environment=rng.choice(["production"] * 4 + ["staging"]),
                )
                for _ in range(300)
            ],
        )
    rollups.roll_up(NOW)
    alias("A", of="a")
    for as_of in (AS_OF, AS_OF - timedelta(days=rng.randrange(1, 120))):
        with django_assert_num_queries(4):
            found = usage.evidence(as_of)
        expected = {each: by_hand(each, as_of) for each in Organization.objects.values_list("id", flat=True)}
        assert found == {each: value for each, value in expected.items() if value}
        one = Organization.objects.get(external_id="a").id
        assert usage.evidence(as_of, [one]) == {one: found[one]}


def test_the_same_user_under_two_ids_is_one_user():
    put(application(), [event(NOW - timedelta(days=1), external_id=each) for each in ("a", "b")])
    rollups.roll_up(NOW)
    alias("b", of="a")
    org = Organization.objects.get(external_id="a")
    assert usage.evidence(AS_OF)[org.id].users_28 == 1
    yesterday = usage.by_day(org.id, AS_OF).days[-1]
    assert (yesterday.events, yesterday.users) == (2, 1)


def test_the_day_itself_counts_for_last_seen_alone():
    put(application(), [event(), event(NOW + timedelta(days=1))])
    rollups.roll_up(NOW)
    [found] = usage.evidence(AS_OF).values()
    assert (found.last_seen_on, found.last_seen_at, found.events_28) == (AS_OF, NOW, 0)
    assert usage.evidence(AS_OF - timedelta(days=1)) == {}


def test_usage_by_day_has_no_gaps_and_compares_with_the_days_before():
    put(application(), [event(NOW - timedelta(days=days)) for days in (0, 1, 1, 90, 91, 180, 181)])
    rollups.roll_up(NOW)
    period = usage.by_day(Organization.objects.get().id, AS_OF)
    assert (len(period.days), len(period.previous)) == (90, 90)
    assert (period.days[0].day, period.days[-1].day) == (AS_OF - timedelta(days=90), AS_OF - timedelta(days=1))
    assert (period.events, period.previous_events, period.change) == (3, 2, 0.5)
    assert (period.today.day, period.today.events, period.today.users) == (AS_OF, 1, 1)


def test_names_used_most_first():
    put(application(), [event(name=name) for name in ("b", "a", "b")])
    rollups.roll_up(NOW)
    found = usage.names_used(Organization.objects.get().id, AS_OF, AS_OF + timedelta(days=1))
    assert [(each.name, each.events, each.last_on) for each in found] == [("b", 2, AS_OF), ("a", 1, AS_OF)]


def test_the_plan_is_the_property_else_that_of_the_latest_event():
    app, org = application(), organization("org")
    assert usage.current_plan(org) is None
    put(app, [event(NOW - timedelta(days=1), plan="team"), event(NOW - timedelta(days=2), plan="free"), event()])
    put(app, [event(NOW + timedelta(days=2), plan="future")])
    rollups.roll_up(NOW)
    assert usage.current_plan(org) == usage.current_plans()[org.id] == "team"
    org.properties = {"plan": "enterprise"}
    org.save()
    assert usage.current_plan(org) == usage.current_plans()[org.id] == "enterprise"


def test_touched_since_names_organizations_of_later_roll_ups():
    put(application(), [event()])
    rollups.roll_up(NOW)
    org = Organization.objects.get()
    assert usage.touched_since(NOW) == {org.id}
    assert usage.touched_since(datetime(2026, 3, 10, 12, 1, tzinfo=UTC)) == set()
