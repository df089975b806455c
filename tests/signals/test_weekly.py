"""The weekly review: the same sets as everywhere else, over seven days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from signals import followups, weekly
from signals.models import Churn, HealthModel, Reading, ScanCursor, Signal
from tests.factories import NOW, organization, snapshot, staff, subscription

pytestmark = pytest.mark.django_db
UNTIL = date(2026, 3, 10)
SINCE = date(2026, 3, 3)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture
def ada(client):
    user = staff("ada")
    client.force_login(user)
    return user


def names(listed) -> list[str]:
    return [each.organization.external_id for each in listed.items]


def reading(org, day, band, score, mrr="100"):
    model = HealthModel.objects.get()
    Reading.objects.create(
        organization=org,
        as_of=day,
        band=band,
        score=score and Decimal(score),
        coverage=1,
        model=model,
        mrr=Decimal(mrr),
        scored_at=NOW,
    )


def test_bands_are_compared_between_both_ends(ada):
    changes = {
        "worse": ("healthy", "80", "at_risk", "30"),
        "better": ("at_risk", "30", "watch", "50"),
        "silent": ("watch", "50", "no_activity", "20"),
        "same": ("watch", "50", "watch", "60"),
        "unscored": ("watch", "50", "not_scored", None),
    }
    for name, (before, score_before, now, score) in changes.items():
        org = organization(name, owner=ada if name == "worse" else None)
        reading(org, SINCE, before, score_before)
        reading(org, SINCE + timedelta(days=3), "healthy", "99")
        reading(org, UNTIL, now, score)
    reading(organization("new"), UNTIL, "healthy", "90")
    found = weekly.week(UNTIL, scope="all", user=ada)
    assert (names(found.worse), names(found.better)) == (["worse", "silent"], ["better"])
    assert names(weekly.week(UNTIL, scope="mine", user=ada).worse) == ["worse"]


def test_just_after_midnight_the_last_day_that_judged_everybody_counts(ada):
    gone = organization("gone")
    yesterday = UNTIL - timedelta(days=1)
    reading(gone, SINCE, "healthy", "80")
    reading(gone, yesterday, "watch", "60")
    ScanCursor.objects.create(id=1, scored_at=at(yesterday), scored_all_on=yesterday)
    assert names(weekly.week(UNTIL, scope="all", user=ada).worse) == ["gone"]
    reading(gone, UNTIL, "healthy", "80")
    ScanCursor.objects.update(scored_all_on=UNTIL)
    assert names(weekly.week(UNTIL, scope="all", user=ada).worse) == []


def test_money_over_the_days(ada):
    grown, gone, new = organization("grown", owner=ada), organization("gone"), organization("new")
    subscription(grown, "100")
    subscription(grown, "50", product_code="more", start_on=date(2026, 3, 5))
    subscription(gone, "70", end_on=SINCE)
    subscription(new, "30", start_on=date(2026, 3, 9))
    subscription(organization("today"), "500", start_on=UNTIL)
    moved = weekly.week(UNTIL, scope="all", user=ada).movements
    assert (moved.by_kind["expansion"], moved.by_kind["churn"], moved.by_kind["new"]) == (50, 70, 30)
    assert (moved.net, moved.count) == (10, 3)
    assert weekly.week(UNTIL, scope="mine", user=ada).movements.net == 50


def test_signals_and_work_of_the_days(ada):
    org = organization("globex", owner=ada)
    snapshot(org, mrr=Decimal(900), renewal_on=UNTIL + timedelta(days=29))
    snapshot(organization("later"), mrr=Decimal(900), renewal_on=UNTIL + timedelta(days=30))
    for kind, day, closed in (
        ("usage_drop", SINCE, None),
        ("inactive_paying", UNTIL, None),
        ("renewal_risk", SINCE - timedelta(days=9), SINCE + timedelta(days=1)),
    ):
        state = "resolved" if closed else "open"
        Signal.objects.create(
            organization=org,
            type=kind,
            state=state,
            sentence="x",
            opened_at=at(day, 0),
            changed_at=at(day),
            closed_at=closed and at(closed),
        )
    work = {"assignee": ada, "actor": ada, "now": at(SINCE)}
    followups.create(org.pk, title="late", due_on=UNTIL - timedelta(days=1), **work)
    followups.create(org.pk, title="today", due_on=UNTIL, **work)
    done = followups.create(org.pk, title="done", due_on=SINCE, **work)
    followups.complete(done.pk, actor=ada, now=at(SINCE + timedelta(days=2)))
    Churn.objects.create(organization=org, churned_on=SINCE, mrr=5, found_at=NOW)
    Churn.objects.create(organization=org, churned_on=UNTIL, mrr=5, found_at=NOW)
    found = weekly.week(UNTIL, scope="mine", user=ada)
    assert [each.type for each in found.opened.items] == ["usage_drop"]
    assert [each.type for each in found.closed.items] == ["renewal_risk"]
    assert [each.title for each in found.overdue.items] == ["late"]
    assert [each.title for each in found.done.items] == ["done"]
    assert [each.external_id for each in found.renewals.items] == ["globex"]
    assert [each.churned_on for each in found.churned.items] == [SINCE]


def test_long_lists_are_cut_with_their_count(ada):
    for number in range(30):
        Signal.objects.create(
            organization=organization(f"o{number}"),
            type="usage_drop",
            sentence="x",
            opened_at=at(SINCE),
            changed_at=at(SINCE),
        )
    opened = weekly.week(UNTIL, scope="all", user=ada).opened
    assert (opened.count, len(opened.items)) == (30, 25)


@pytest.mark.parametrize("query", ["", "?until=2026-03-10", "?until=x", "?until=2026-02-31", "?until=2999-01-01"])
def test_the_page(client, ada, query):
    snapshot(organization("<b>x</b>"), mrr=Decimal(5), renewal_on=UNTIL + timedelta(days=3))
    content = client.get(f"/admin/weekly/{query}").content.decode()
    assert "in these seven days" in content
    assert "<b>x</b>" not in content


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-07", "1899-12-31", "1900-01-01"])
def test_days_before_all_books_are_the_first_week(client, ada, day):
    week = client.get("/admin/weekly/", {"until": day}).context["week"]
    assert (week.since, week.until) == (date(1899, 12, 25), date(1900, 1, 1))
