"""Where a customer stands: money first, then usage; days at their bounds."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from revenue import answers
from signals.stages import Stage, stage
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, paying, span, used

ONBOARDING = 30
LONG_AGO, TOMORROW = date(2024, 1, 15), TODAY + timedelta(days=1)


def line(start_on: date = LONG_AGO, *, end_on: date | None = None, trial: date | None = None, mrr: str = "100") -> dict:
    return {"start_on": start_on, "end_on": end_on, "trial_end_on": trial, "mrr": mrr}


@pytest.mark.parametrize(
    ("rows", "first_seen_on", "expected"),
    [
        ([], None, Stage("No customer yet")),
        ([], days_ago(3), Stage("No customer yet", "seen since 7 Mar 2026")),
        ([line(mrr="0"), line(mrr="-5")], None, Stage("No customer yet")),
        ([line()], LONG_AGO, Stage("Customer", "since 15 Jan 2024")),
        ([line()], days_ago(30), Stage("Customer", "since 15 Jan 2024")),
        ([line()], days_ago(29), Stage("Onboarding", "since 9 Feb 2026")),
        ([line(days_ago(29))], None, Stage("Onboarding", "since 9 Feb 2026")),
        ([line(days_ago(30))], None, Stage("Customer", "since 8 Feb 2026")),
        ([line(TODAY)], LONG_AGO, Stage("Customer", "since 10 Mar 2026")),
        ([line(TOMORROW)], LONG_AGO, Stage("Signed", "pays from 11 Mar 2026")),
        ([line(end_on=TOMORROW)], LONG_AGO, Stage("Leaving", "paid until 11 Mar 2026")),
        (
            [line(end_on=TOMORROW), line(end_on=date(2026, 12, 31))],
            LONG_AGO,
            Stage("Leaving", "paid until 31 Dec 2026"),
        ),
        ([line(end_on=TOMORROW), line(TOMORROW)], LONG_AGO, Stage("Customer", "since 15 Jan 2024")),
        ([line(end_on=TOMORROW), line()], LONG_AGO, Stage("Customer", "since 15 Jan 2024")),
        ([line(end_on=TODAY)], LONG_AGO, Stage("Former customer", "paid until 10 Mar 2026")),
        ([line(end_on=LONG_AGO)], None, Stage("No customer yet")),
        ([line(days_ago(5), trial=TOMORROW)], days_ago(5), Stage("Trial", "until 11 Mar 2026")),
        ([line(days_ago(5), trial=TODAY)], LONG_AGO, Stage("Customer", "since 10 Mar 2026")),
        ([line(days_ago(5), trial=TOMORROW), line()], LONG_AGO, Stage("Customer", "since 15 Jan 2024")),
        ([line(end_on=days_ago(90)), line(days_ago(5), trial=TOMORROW)], LONG_AGO, Stage("Trial", "until 11 Mar 2026")),
    ],
)
@pytest.mark.django_db
def test_stages(rows, first_seen_on, expected):
    org = factories.organization()
    for number, each in enumerate(rows):
        factories.subscription(org, product_code=f"p{number}", **each)
    assert stage(answers.subscriptions_of(org.pk, TODAY), first_seen_on, TODAY, ONBOARDING) == expected


@pytest.mark.django_db
def test_it_stands_in_the_head_for_whoever_may_see_revenue(client, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    org = paying("globex")
    used(org, span(60, 1))
    factories.snapshot(org, mrr=Decimal(1000), first_seen_at=NOW - timedelta(days=60))
    client.force_login(factories.staff())
    address = f"/admin/orgs/organization/{org.pk}/change/"
    assert 'Customer <span class="bo-muted">since 15 Jan 2024</span>' in client.get(address).content.decode()
    eve = factories.staff("eve", is_superuser=False)
    eve.user_permissions.set(Permission.objects.filter(codename="view_organization"))
    client.force_login(eve)
    assert "since 15 Jan 2024" not in client.get(address).content.decode()
