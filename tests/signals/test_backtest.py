"""The backtest equals a replay by hand: later rows deleted, the evidence and score of each day, counted plainly."""

import random
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median

import pytest
from django.db import transaction
from django.db.models import F, Q

from orgs.models import Organization
from revenue import books
from revenue.models import Subscription
from signals import backtest, health, rules
from signals.evidence import evidence
from signals.models import DataIncident
from signals.past import Past
from signals.versions import publishing
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, healthy, paying, shop, used
from tracker.models import EventNameDay, Feature, FeatureDay, UsageDay, UserMonth

pytestmark = pytest.mark.django_db


class Undo(Exception):
    pass


def nothing(done: int, total: int) -> None:
    pass


def numbers() -> backtest.Numbers:
    return backtest.Numbers(publishing.in_force(), publishing.rule_book())


def replayed(day: date, organization_ids: list[int]) -> dict[int, health.Reading]:
    """Readings of a day with everything later taken out of the database."""
    found = {}
    try:
        with transaction.atomic():
            UsageDay.objects.filter(day__gt=day).delete()
            EventNameDay.objects.filter(day__gt=day).delete()
            FeatureDay.objects.filter(day__gt=day).delete()
            UserMonth.objects.filter(month__gt=day).delete()
            Subscription.objects.filter(start_on__gt=day).delete()
            Subscription.objects.filter(end_on__gt=day).update(end_on=None)
            model = publishing.in_force().of("").model
            found = {one.organization_id: health.score(one, model) for one in evidence(day, organization_ids)}
            raise Undo
    except Undo:
        return found


def gone(name: str, *, ended: int, mrr: str = "500", quiet: int = 45, until: int = 420):
    """Left `ended` days ago, used every day until `quiet` days before."""
    org = paying(name, mrr, days_ago(600))
    Subscription.objects.filter(key__organization=org).update(end_on=days_ago(ended))
    used(org, [days_ago(n) for n in range(ended + quiet, until)])
    return org


@pytest.fixture
def world():
    dice = random.Random(3)
    orgs = [
        gone("seen coming", ended=100, mrr="900"),
        gone("out of the blue", ended=150, quiet=1),
        gone("long quiet", ended=200, quiet=75, mrr="300"),
        gone("before all usage", ended=360, quiet=40, until=401),
        healthy("well"),
    ]
    used(orgs[4], [days_ago(n) for n in range(61, 420)])
    wobbly = paying("wobbly", "250", days_ago(500))
    used(wobbly, sorted({days_ago(dice.randint(1, 400)) for _ in range(90)}), events=6)
    Organization.objects.filter(pk=wobbly.pk).update(renewal_on=days_ago(120))
    feature = Feature.objects.create(name="Reports", created_at=NOW, changed_at=NOW)
    Feature.objects.create(name="Never used", created_at=NOW, changed_at=NOW)
    about = {"application": shop(), "environment": "production", "key": factories.key_of(orgs[0]), "feature": feature}
    days = [days_ago(n) for n in range(180, 230)]
    FeatureDay.objects.bulk_create(FeatureDay(**about, day=day, events=1, users=1) for day in days)
    returned = gone("came back", ended=120, quiet=60)
    factories.subscription(returned, "500", start_on=days_ago(20))
    return [*orgs, wobbly, returned]


def test_it_equals_a_replay_day_by_day(world):
    found = backtest.backtest(TODAY, numbers(), nothing)
    left = {each.left.organization_id: each for each in found.departures}
    ends = {org.external_id: org.pk for org in world}
    expected_gone = ["seen coming", "out of the blue", "long quiet", "before all usage", "came back"]
    assert set(left) == {ends[name] for name in expected_gone}

    for each in left.values():
        days = {back: each.left.on - timedelta(days=back) for back in range(90, 0, -1)}
        readings = {back: replayed(day, [each.left.organization_id]) for back, day in days.items()}
        plain = {back: by_org[each.left.organization_id] for back, by_org in readings.items()}
        assert each.scores == {back: plain[back].score for back in (30, 60, 90)}
        alarms = [back for back in days if plain[back].band == "at_risk"]
        assert each.lead_days == (max(alarms) if alarms else None)

    caught = [each for each in left.values() if each.lead_days and each.lead_days >= 30]
    scored = [each for each in left.values() if each.is_scored]
    assert found.recall == Decimal(len(caught)) / len(scored)
    assert found.lead_time == median(each.lead_days for each in caught)
    assert {each.left.organization_id for each in caught} >= {ends["long quiet"]}
    assert not left[ends["out of the blue"]].is_caught


def test_what_is_known_of_a_day_is_what_a_replay_knows(world):
    """Field by field, on days within and beside the use of a feature, of every organization."""
    ids = [org.pk for org in world]
    past = Past(ids, days_ago(260), TODAY, books.read_terms())
    for back in (250, 229, 202, 201, 180, 179, 153, 152, 130, 101, 100, 99, 60):
        for org_id, reading in replayed(days_ago(back), ids).items():
            found = past.evidence(org_id, days_ago(back))
            # What all customers together did is no part of the past: no rule or score reads it.
            compared = replace(reading.evidence, all_events_30d=0, all_events_previous_30d=0)
            assert replace(found, all_events_30d=0, all_events_previous_30d=0) == compared, (org_id, back)
    used_then = {back: past.evidence(ids[0], days_ago(back)).features_used_28d for back in (230, 229, 228, 152, 151)}
    assert used_then == {230: 0, 229: 0, 228: 1, 152: 1, 151: 0}


def counted(found: backtest.Backtest, ids: list[int], held: Collection[date] = ()) -> tuple[list, dict]:
    """Checkpoints At risk and rules that fired, each with those before churn, by a replay; usage waits on `held`."""
    left = {each.left.organization_id: each.left.on for each in found.departures}
    at_risk, fired, were = [0, 0], {rule.key: [0, 0] for rule in rules.RULES}, {}
    needing_usage = {rule.key for rule in rules.RULES if rule.needs_usage}
    for day in found.checkpoints:
        for org_id, reading in replayed(day, ids).items():
            follows = org_id in left and day < left[org_id] <= day + timedelta(days=60)
            before = were.get(org_id, set())
            if not reading.evidence.paying and reading.evidence.silent_for(28):
                were[org_id] = set()
                continue
            if reading.evidence.paying and reading.band == "at_risk":
                at_risk = [at_risk[0] + 1, at_risk[1] + follows]
            true = {verdict.rule.key for verdict in rules.check_all(reading.evidence, reading) if verdict.condition}
            if day in held:
                true = (true - needing_usage) | (before & needing_usage)
            for key in true - before:
                fired[key] = [fired[key][0] + 1, fired[key][1] + follows]
            were[org_id] = true
    return at_risk, fired


def fired_in(found: backtest.Backtest) -> dict[str, list[int]]:
    return {key: [record.fired, record.before_churn] for key, record in found.rules.items()}


def test_checkpoints_count_what_a_replay_counts(world):
    found = backtest.backtest(TODAY, numbers(), nothing)
    assert found.checkpoints[-1] == days_ago(60)
    assert {(later - day).days for day, later in zip(found.checkpoints, found.checkpoints[1:], strict=False)} == {28}
    at_risk, fired = counted(found, [org.pk for org in world])
    assert [found.at_risk.fired, found.at_risk.before_churn] == at_risk
    assert fired_in(found) == fired
    assert fired["inactive_paying"][1] > 0


def test_what_incidents_held_back_waits_for_the_next_checkpoint(world):
    ids = [org.pk for org in world]
    plain = backtest.backtest(TODAY, numbers(), nothing)
    day = plain.checkpoints[7]
    waiting = counted(plain, ids, {day})[1]
    assert waiting != fired_in(plain)

    def during(first_day: date, resolved_on: date | None) -> dict[str, list[int]]:
        resolved_at = resolved_on and datetime(resolved_on.year, resolved_on.month, resolved_on.day, 9, tzinfo=UTC)
        values = {"first_day": first_day, "resolved_at": resolved_at, "opened_at": NOW, "seen_at": NOW}
        DataIncident.objects.all().delete()
        DataIncident.objects.create(application=shop(), sentence="x", **values)
        return fired_in(backtest.backtest(TODAY, numbers(), nothing))

    assert during(day - timedelta(days=1), day + timedelta(days=1)) == waiting
    assert during(day, day + timedelta(days=1)) == fired_in(plain)
    assert during(day - timedelta(days=9), day) == fired_in(plain)
    DataIncident.objects.update(first_day=day - timedelta(days=1), resolved_at=NOW, is_false_alarm=True)
    assert fired_in(backtest.backtest(TODAY, numbers(), nothing)) == fired_in(plain)
    later = {each for each in plain.checkpoints if each >= day}
    assert during(day - timedelta(days=1), None) == counted(plain, ids, later)[1]


def test_a_row_planted_after_the_day_changes_nothing(world, monkeypatch):
    org, day = world[5], days_ago(130)

    def looked_at() -> health.Reading:
        past = Past([org.pk], days_ago(200), TODAY, books.read_terms())
        return numbers().read(past.evidence(org.pk, day))

    clean = looked_at()
    used(org, [day + timedelta(days=n) for n in (1, 2, 3)], users=["leak1", "leak2"], names=["leak"])
    factories.subscription(org, "7000", product_code="later", start_on=day + timedelta(days=1))
    Subscription.objects.filter(key__organization=org, product_code="pro").update(end_on=F("start_on") + 500)
    assert Subscription.objects.filter(Q(end_on__gt=day), key__organization=org, product_code="pro").exists()
    assert looked_at() == clean
    # Each guard is what keeps it out: without one the reading differs.
    with monkeypatch.context() as patch:
        patch.setattr("tracker.histories.before", lambda bits, end: bits)
        assert looked_at() != clean
    with monkeypatch.context() as patch:
        patch.setattr("revenue.answers.replay.is_active", lambda row, on: True)
        assert looked_at() != clean


def test_nobody_left_and_nothing_known():
    healthy()
    found = backtest.backtest(TODAY, numbers(), nothing)
    assert (found.departures, found.recall, found.lead_time, found.checkpoints) == ([], None, None, ())
    assert backtest.told(found)["at_risk"] == {"fired": 0, "before_churn": 0, "precision": None}
