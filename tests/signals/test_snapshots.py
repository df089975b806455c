"""The snapshot row: a projection, kept right step by step and equal to one made from scratch."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orgs.models import OrganizationSnapshot, OrganizationTouch
from revenue.models import Subscription
from signals import rounds, scoring, snapshots
from signals.detection import scan
from signals.models import Reading, Signal
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, dropping, healthy, paying, silent, span, used
from tracker.models import UsageDay

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def shown(org) -> OrganizationSnapshot:
    return OrganizationSnapshot.objects.get(organization=org)


def rows() -> list[dict]:
    return [row | {"computed_at": None} for row in OrganizationSnapshot.objects.order_by("organization_id").values()]


def touch(org) -> None:
    OrganizationTouch.objects.create(organization=org, reason="test", touched_at=NOW)


def test_every_column_by_hand():
    gone = silent()
    type(gone).objects.update(renewal_on=date(2026, 5, 9))
    assert snapshots.refresh(NOW) == 1
    scan(TODAY, NOW, NOW)
    row = shown(gone)
    last = UsageDay.objects.order_by("-day").first().last_at
    first = UsageDay.objects.order_by("day").first().first_at
    assert (row.mrr, row.health, row.band, row.coverage) == (600, Decimal("47.37"), "watch", 1)
    assert (row.previous_band, row.band_changed_on, row.quadrant) == ("", None, "revenue_at_risk")
    assert (row.first_seen_at, row.last_seen_at) == (first, last)
    assert (row.events_30d, row.events_previous_30d, row.users_28d) == (110, 290, 1)
    assert row.weekly_events == [70, 70, 70, 70, 70, 20, 0, 0]
    assert (row.renewal_on, row.products, row.computed_at) == (date(2026, 5, 9), ["pro"], NOW)
    types = ["renewal_risk", "usage_drop", "inactive_paying"]
    assert sorted(row.open_signals) == sorted(types)
    signals = {signal.type: signal.money_at_stake for signal in Signal.objects.all()}
    assert row.open_signals == sorted(types, key=lambda each: -signals[each])
    assert row.priority == row.money_at_stake == sum(signals.values())
    assert row.open_signal_count == 3


def test_never_seen_never_paid():
    row_of = factories.organization("quiet")
    snapshots.refresh(NOW)
    row = shown(row_of)
    assert (row.mrr, row.health, row.band, row.quadrant) == (0, None, "no_activity", "")
    assert (row.last_seen_at, row.weekly_events, row.products) == (None, [], [])


def test_quadrants_of_all_follow_the_median_when_one_is_refreshed():
    low, high = healthy("low", "100"), healthy("high", "300")
    cold = silent("cold", "200", last=45)
    snapshots.refresh(NOW)
    assert [shown(org).quadrant for org in (low, high, cold)] == ["expansion", "champions", ""]
    newer = healthy("newer", "1000")
    Subscription.objects.filter(key__organization=cold).update(mrr=Decimal(5000))
    touch(newer)
    touch(cold)
    assert snapshots.refresh_touched(NOW + SECOND) == 2
    assert [shown(org).quadrant for org in (low, high, cold, newer)] == ["expansion", "expansion", "", "champions"]


def test_band_changes_over_days():
    org = paying("acme")
    used(org, span(60, 1))
    snapshots.refresh(NOW)
    assert (shown(org).band, shown(org).previous_band, shown(org).band_changed_on) == ("healthy", "", None)
    for back in range(1, 40):
        snapshots.refresh(NOW + back * DAY)
    row = shown(org)
    history = dict(Reading.objects.values_list("as_of", "band"))
    first_silent = min(day for day, band in history.items() if band == "no_activity")
    assert first_silent == TODAY + timedelta(days=29)
    assert (row.band, row.previous_band, row.band_changed_on) == ("no_activity", "at_risk", first_silent)


def test_a_change_that_is_taken_back_on_the_same_day_is_none():
    org = healthy()
    snapshots.refresh(NOW - DAY)
    snapshots.refresh(NOW)
    assert shown(org).band == "healthy"
    UsageDay.objects.filter(day__gte=days_ago(28)).update(events=1)
    touch(org)
    snapshots.refresh_touched(NOW)
    assert (shown(org).band, shown(org).previous_band, shown(org).band_changed_on) == ("watch", "healthy", TODAY)
    UsageDay.objects.update(events=10)
    touch(org)
    snapshots.refresh_touched(NOW)
    assert (shown(org).band, shown(org).previous_band, shown(org).band_changed_on) == ("healthy", "", None)


def test_step_by_step_equals_from_scratch():
    """Random days of touches, scans and changes; then everything again at once."""
    chance = random.Random(7)
    orgs = [healthy("a", "100"), silent("b", "900"), dropping("c"), silent("d", last=40), factories.organization("e")]
    for day in range(6):
        now = NOW + day * DAY
        for org in chance.sample(orgs, 3):
            Subscription.objects.filter(key__organization=org).update(mrr=Decimal(chance.randint(0, 1000)))
            if day and org.external_id != "e":
                used(org, [now.date() - DAY], events=chance.randint(1, 50), now=now)
            touch(org)
        snapshots.refresh_touched(now)
        rounds.score_round(now)
        scan(now.date(), now, now)
    kept = rows()
    Reading.objects.filter(as_of=(NOW + 5 * DAY).date()).delete()
    OrganizationSnapshot.objects.all().delete()
    snapshots.refresh(NOW + 5 * DAY)
    assert rows() == kept
    assert {row["quadrant"] for row in kept} > {""}


def test_touches_that_were_read_are_deleted_and_later_ones_stay():
    org = paying("new")
    touch(org)
    touch(org)
    assert snapshots.refresh_touched(NOW) == 1
    assert (shown(org).mrr, OrganizationTouch.objects.count()) == (1000, 0)
    assert snapshots.refresh_touched(NOW) == 0


def test_first_events_show_without_waiting_for_the_hour():
    known = healthy()
    rounds.score_round(NOW)
    org = factories.organization("fresh")
    used(org, [TODAY], events=1, now=NOW + SECOND)
    used(known, [TODAY], events=1, now=NOW + SECOND)
    assert snapshots.refresh_touched(NOW + 2 * SECOND) == 1
    assert shown(org).last_seen_at is not None
    assert shown(known).computed_at == NOW
    assert snapshots.refresh_touched(NOW + 3 * SECOND) == 0


def test_the_number_of_queries_does_not_grow():
    healthy("first")
    snapshots.refresh(NOW)
    with CaptureQueriesContext(connection) as few:
        snapshots.refresh(NOW)
    for name in "abcdef":
        silent(name)
    snapshots.refresh(NOW)
    with CaptureQueriesContext(connection) as many:
        assert snapshots.refresh(NOW) == 7
    assert len(many) == len(few) <= 25


def test_an_unscored_organization_is_scored_first():
    org = healthy()
    snapshots.refresh(NOW, [org.pk])
    assert Reading.objects.count() == 1
    scoring.score(TODAY, NOW + SECOND, [org.pk])
    snapshots.refresh(NOW + SECOND, [org.pk])
    assert (shown(org).health, Reading.objects.count()) == (100, 1)


@pytest.mark.parametrize(
    ("agreed", "ends", "shown_as"),
    [
        (date(2026, 5, 9), date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 5, 9), date(2026, 6, 1), date(2026, 5, 9)),
        (None, date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 1, 9), date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 1, 9), None, date(2026, 1, 9)),
        (None, None, None),
    ],
)
def test_the_next_renewal_is_the_nearer_of_the_agreed_day_and_the_contract_end(agreed, ends, shown_as):
    org = factories.organization(renewal_on=agreed)
    factories.subscription(org, end_on=ends)
    snapshots.refresh(NOW)
    assert OrganizationSnapshot.objects.get(organization=org).renewal_on == shown_as
