"""Users by their share of the use: days of a user, once a day, against plain Python on random days."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from orgs.models import OrganizationKey
from tests import factories
from tests.factories import NOW
from tracker import shares
from tracker.models import UserMonth

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def org():
    return factories.organization("globex")


def was_active(key, user: str, *backs: int, application=None, environment: str = "production") -> None:
    """So many days ago, one mask a month as the roll-up writes them."""
    application = application or factories.application(f"App {user} {environment} {key.pk}")
    masks: dict[date, int] = {}
    for day in (TODAY - timedelta(days=back) for back in backs):
        masks[day.replace(day=1)] = masks.get(day.replace(day=1), 0) | 1 << (day.day - 1)
    UserMonth.objects.bulk_create(
        UserMonth(
            application=application,
            environment=environment,
            key=key,
            month=month,
            user_hash=user.encode().ljust(32, b"-"),
            days=days,
        )
        for month, days in masks.items()
    )


def listed(found: shares.Shares) -> list[tuple[str, int, date]]:
    return [(bytes.fromhex(each.user_hash).rstrip(b"-").decode(), each.days, each.last_on) for each in found.listed]


def test_it_equals_plain_counting(org):
    alias = OrganizationKey.objects.create(external_id="globex-2", organization=org, created_at=NOW)
    other = factories.key_of(factories.organization("other"))
    keys = [factories.key_of(org), alias]
    dice = random.Random(5)
    days: dict[str, set[int]] = {}
    for number in range(14):
        user = f"u{number}"
        for key in keys:
            backs = dice.sample(range(0, 70), dice.randint(0, 25))
            if backs:
                was_active(key, user, *backs)
            days.setdefault(user, set()).update(back for back in backs if 1 <= back <= 28)
        was_active(other, user, *range(1, 20))
        was_active(keys[0], user, *range(1, 28), environment="staging")
    used = {user: backs for user, backs in days.items() if backs}
    found = shares.of_organization(org.pk, TODAY, most=10)
    expected = sorted(used, key=lambda user: (-len(used[user]), user.ljust(32, "-")))[:10]
    assert listed(found) == [(user, len(used[user]), TODAY - timedelta(days=min(used[user]))) for user in expected]
    assert (found.users, found.days) == (len(used), sum(map(len, used.values())))
    assert [each.share for each in found.listed] == [Decimal(len(used[user])) / found.days for user in expected]


def test_bounds_of_the_window(org):
    key = factories.key_of(org)
    was_active(key, "today", 0)
    was_active(key, "yesterday", 1)
    was_active(key, "first", 28)
    was_active(key, "before", 29)
    found = shares.of_organization(org.pk, TODAY, most=10)
    assert [user for user, *_ in listed(found)] == ["first", "yesterday"]
    assert (found.since, found.until) == (TODAY - timedelta(days=28), TODAY)


@pytest.mark.parametrize(
    ("ada", "ben", "leads"), [(range(1, 6), range(1, 6), False), (range(1, 7), range(1, 6), True), ([3], [], True)]
)
def test_who_has_more_than_half(org, ada, ben, leads):
    """Half is not more than half."""
    key = factories.key_of(org)
    was_active(key, "ada", *ada)
    if ben:
        was_active(key, "ben", *ben)
    leader = shares.of_organization(org.pk, TODAY, most=1).leader
    assert (leader is not None) == leads


def test_nobody(org):
    found = shares.of_organization(org.pk, TODAY, most=5)
    assert (found.users, found.days, found.listed, found.leader) == (0, 0, (), None)


def test_the_panel_warns(org, client, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    client.force_login(factories.staff())
    address, key = f"/admin/orgs/organization/{org.pk}/change/", factories.key_of(org)
    assert "of the use" not in client.get(address).content.decode()
    was_active(key, "ada", *range(1, 21))
    page = client.get(address).content.decode()
    assert "Only one user" in page
    assert "Hangs on one person" in page
    was_active(key, "ben", 2, 4, 5)
    page = client.get(address).content.decode()
    assert "One user makes 87.0\N{NO-BREAK SPACE}% of the use" in page
    was_active(key, "eve", *range(1, 21))
    page = client.get(address).content.decode()
    assert "users, none with more than half of the use" in page
    assert "Hangs on one person" not in page
