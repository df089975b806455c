"""Rules of cohorts about usage, against slow plain Python on random events."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import orjson
import pytest

from orgs.cohorts import rules
from orgs.models import Organization, OrganizationKey
from tests.factories import application, organization
from tests.orgs.cohorts import all_of, matched, rule
from tests.orgs.test_cohort_rules import COMPARE, as_number
from tests.tracker.test_rollups import NOW, event, put
from tracker import features, rollups
from tracker.features import Rule as UseRule
from tracker.models import Event, Feature

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
NAMES = ("project_created", "it's “x” %(y)s", "opened")


@pytest.fixture
def story():
    """Random events of seven ids, two of them one organization; values of every kind; staging must not count."""
    dice = random.Random(11)
    for name in ("silent", "o0"):
        organization(name)
    values = [1, 7, 30, 31, "30", " 31 ", "31.5", "many", None, True, [31], "1e2", -3]
    put(
        application(),
        [
            event(
                NOW - timedelta(days=dice.choice([-2, 0, 0, 1, 29, 30, 89, 90, 300]), seconds=dice.randrange(80_000)),
                name=dice.choice(NAMES),
                external_id=dice.choice([None, "O1", *(f"o{n}" for n in range(6))]),
                environment=dice.choice(["production"] * 5 + ["staging"]),
                plan=dice.choice([None, "pro", "free"]),
                properties=orjson.dumps({"new_total": value, "x": 99}).decode()
                if (value := dice.choice([*values, "absent"])) != "absent"
                else None,
            )
            for _ in range(400)
        ],
    )
    rollups.roll_up(NOW)
    OrganizationKey.objects.filter(external_id="O1").update(organization=Organization.objects.get(external_id="o1"))
    return by_organization()


def by_organization() -> dict[str, list[Event]]:
    found = defaultdict(list)
    for each in Event.objects.filter(environment="production", key__isnull=False).order_by("occurred_at", "id"):
        found[each.key.organization.external_id].append(each)
    return found


def everybody() -> set[str]:
    return set(Organization.objects.with_ids().values_list("external_id", flat=True))


def is_in(each: Event, name: str, days: int | None) -> bool:
    day = each.occurred_at.date()
    return each.name == name and day <= TODAY and (days is None or day > TODAY - timedelta(days=days))


@pytest.mark.parametrize("operator", ["gte", "gt", "exact", "lte", "lt"])
@pytest.mark.parametrize("days", [None, 1, 30, 90])
def test_counts_of_events_are_those_by_hand(story, operator, days):
    for name in (*NAMES, "never sent"):
        for times in (0, 1, 3, 12):
            counts = {org: sum(is_in(each, name, days) for each in story[org]) for org in everybody()}
            expected = {org for org, count in counts.items() if COMPARE[operator](count, times)}
            asked = rule("event_count", event=name, operator=operator, times=times, days=days or "")
            assert matched(all_of(asked), NOW) == expected, (name, times)


MEASURE = {
    "max": max,
    "min": min,
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "latest": lambda numbers: numbers[-1],
}


@pytest.mark.parametrize("operator", COMPARE)
@pytest.mark.parametrize("measure", MEASURE)
def test_values_of_events_are_those_by_hand(story, operator, measure):
    for days in (None, 30):
        for asked in ("30", "31.5", "-3"):
            expected = set()
            for org in everybody():
                own = [each for each in story[org] if is_in(each, "project_created", days)]
                numbers = [found for each in own if (found := as_number((each.properties or {}).get("new_total")))]
                if numbers and COMPARE[operator](MEASURE[measure](numbers), Decimal(asked)):
                    expected.add(org)
            given = {"measure": measure, "property": "new_total", "event": "project_created", "operator": operator}
            found = matched(all_of(rule("event_property", **given, value=asked, days=days or "")), NOW)
            assert found == expected, (days, asked)


def test_the_plan_is_the_property_else_what_the_latest_event_named(story):
    Organization.objects.filter(external_id="o2").update(properties={"plan": "enterprise"})
    Organization.objects.filter(external_id="o3").update(properties={"plan": 7})
    plans = {}
    for org in everybody():
        named = [each.plan for each in story[org] if each.plan and each.occurred_at <= NOW]
        plans[org] = "enterprise" if org == "o2" else named[-1] if named else None
    for value, operator in (("pro", "exact"), ("pro, enterprise", "exact"), ("pro", "is_not")):
        wanted = value.split(", ")
        expected = {org for org, plan in plans.items() if (plan in wanted) == (operator == "exact")}
        assert matched(all_of(rule("plan", operator=operator, value=value)), NOW) == expected
    assert matched(all_of(rule("plan", operator="is_not_set")), NOW) == {org for org, plan in plans.items() if not plan}


def test_more_than_thirty_projects_can_be_said_in_three_ways():
    app = application()
    put(app, [event(name="project_created", external_id="big", event_key=str(n),
                    properties=orjson.dumps({"new_total": n + 1}).decode()) for n in range(31)])  # fmt: skip
    put(app, [event(name="project_created", external_id="small", event_key=f"s{n}",
                    properties=orjson.dumps({"new_total": n + 1}).decode()) for n in range(30)])  # fmt: skip
    rollups.roll_up(NOW)
    Organization.objects.filter(external_id="big").update(properties={"project_total": "31"})
    ways = [
        rule("event_count", event="project_created", operator="gt", times=30),
        rule("event_property", measure="max", property="new_total", event="project_created", operator="gt", value=30),
        rule("property", name="project_total", operator="gt", value=30),
    ]
    assert [matched(all_of(way), NOW) for way in ways] == [{"big"}] * 3


def test_a_feature_is_adopted_used_or_not():
    yesterday, longest_ago, before = (NOW - timedelta(days=days) for days in (1, 28, 29))
    told = [event(yesterday, external_id="often")] * 3
    told += [event(longest_ago, external_id="once"), event(before, external_id="late"), event(external_id="today")]
    put(application(), [*told, event(yesterday, name="x", external_id="other")])
    rollups.roll_up(NOW)
    made = features.save(Feature(name="Reports", minimum_uses=3), [UseRule(event="opened")], actor=None, now=NOW)
    features.count_waiting(NOW)
    expected = {"adopted": {"often"}, "used": {"often", "once"}, "not_used": {"late", "today", "other"}}
    for operator, names in expected.items():
        assert matched(all_of(rule("feature", feature=made.pk, operator=operator)), NOW) == names
    asked = {"feature": str(made.pk), "operator": "not_used"}
    assert rules.of("feature").words(asked) == "feature “Reports” is not used"
