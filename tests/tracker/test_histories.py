"""A history answers for any day what the statements of `usage.evidence` answer with the later rows taken away."""

import random
from datetime import timedelta

import pytest
from django.db import transaction

from orgs.models import OrganizationKey
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, used
from tracker import usage
from tracker.histories import History, before, histories
from tracker.models import EventNameDay, UsageDay, UserMonth

pytestmark = pytest.mark.django_db
SINCE, DAYS = days_ago(200), (200, 199, 150, 90, 31, 30, 29, 7, 1, 0)


class Undo(Exception):
    pass


def as_known_on(day, ids) -> dict[int, usage.Usage]:
    """The evidence with every row of a later day deleted."""
    found = {}
    try:
        with transaction.atomic():
            UsageDay.objects.filter(day__gt=day).delete()
            EventNameDay.objects.filter(day__gt=day).delete()
            UserMonth.objects.filter(month__gt=day).delete()
            found = usage.evidence(day, ids)
            raise Undo
    except Undo:
        return found


@pytest.fixture
def orgs():
    """Three with random use over 500 days, one of them under two ids, one that began lately, one never seen."""
    dice = random.Random(5)
    found = [factories.organization(f"org-{n}") for n in range(5)]
    for org, most in zip(found, (500, 320, 60, 20), strict=False):
        for user, name in (("u1", "open"), ("u2", "save"), ("u3", "share")):
            days = sorted({days_ago(dice.randint(0, most)) for _ in range(most // 4)})
            fresh = [day for day in days if not UsageDay.objects.filter(key__organization=org, day=day).exists()]
            used(org, fresh, events=dice.randint(1, 9), users=[user], names=[name])
    alias = factories.organization("alias")
    used(alias, [days_ago(n) for n in (3, 40, 199, 230)], events=2, users=["u1", "u9"], names=["open", "export"])
    OrganizationKey.objects.filter(organization=alias).update(organization=found[0])
    return found


def test_every_day_equals_the_evidence_of_that_day(orgs):
    ids = [org.pk for org in orgs]
    known = histories(ids, SINCE, TODAY)
    for back in DAYS:
        day = days_ago(back)
        expected = as_known_on(day, ids)
        found = {org_id: answer for org_id, history in known.items() if (answer := history.as_of(day))}
        assert found == expected, day
        assert expected


def test_a_later_row_changes_nothing(orgs, monkeypatch):
    org, day = orgs[2], days_ago(70)
    assert histories([org.pk], SINCE, TODAY)[org.pk].as_of(days_ago(50)) is not None
    clean = histories([org.pk], SINCE, TODAY)[org.pk].as_of(day)
    used(org, [day + timedelta(days=n) for n in (1, 2)], users=["leak"], names=["leak"], now=NOW)
    planted = histories([org.pk], SINCE, TODAY)[org.pk]
    assert planted.as_of(day) == clean
    # Without the guard it would be seen.
    monkeypatch.setattr("tracker.histories.before", lambda bits, end: bits)
    assert planted.as_of(day) != clean


def test_the_guard():
    assert [before(0b1011, end) for end in range(5)] == [0, 0b1, 0b11, 0b11, 0b1011]


def test_a_day_whose_windows_begin_earlier_is_refused():
    with pytest.raises(ValueError, match="needs 168 days before it"):
        History(days_ago(10)).as_of(TODAY)
