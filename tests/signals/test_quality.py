"""What is missing in the data about one organization: each gap for itself, and none where there is none."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from orgs.models import Organization
from revenue.models import ExchangeRate
from signals import rounds
from signals.quality import gaps, refused
from tests import factories
from tests.signals.world import NOW, TODAY, days_ago, healthy, shop, silent, used
from tracker.models import Reject

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return factories.staff("ada")


@pytest.fixture
def well():
    """Imported, seen, paying, every part of its health with data."""
    org = healthy()
    Organization.objects.filter(pk=org.pk).update(imported_at=NOW)
    return scored(org)


def scored(org: Organization) -> Organization:
    rounds.scan_round(NOW, NOW)
    return Organization.objects.select_related("snapshot").get(pk=org.pk)


def titles(org: Organization, user) -> list[str]:
    return [gap.title for gap in gaps(org, user, NOW)]


def test_nothing_is_missing(well, ada):
    assert gaps(well, ada, NOW) == []


def test_seen_without_an_import_or_money(ada):
    org = factories.organization("org-9")
    used(org, [days_ago(1), days_ago(40)])
    found = {gap.title: gap for gap in gaps(scored(org), ada, NOW)}
    assert list(found) == ["Never imported", "No subscription", "Health rests on 80\N{NO-BREAK SPACE}% of its weight"]
    assert found["Never imported"].address == "/admin/reconciliation/"
    assert "Trend: " in found["Health rests on 80\N{NO-BREAK SPACE}% of its weight"].words


def test_imported_and_never_seen(ada):
    org = factories.organization("org-9", imported_at=NOW)
    factories.subscription(org)
    assert titles(scored(org), ada) == [
        "Never seen in events",
        "Health rests on 0\N{NO-BREAK SPACE}% of its weight, too little for a score",
    ]


def test_currencies_without_a_rate(well, ada):
    factories.subscription(well, "1200", currency="SEK", product_code="a")
    factories.subscription(well, "34.50", currency="SEK", product_code="b")
    factories.subscription(well, "9", currency="SEK", product_code="c", end_on=TODAY)
    [gap] = gaps(well, ada, NOW)
    assert gap.title == "No exchange rate for SEK"
    assert " ".join(gap.words.split()) == "2 active lines (1 234.50 SEK a month) are in no total."
    ExchangeRate.objects.create(date=days_ago(100), currency="SEK", per_eur=Decimal(11))
    assert gaps(well, ada, NOW) == []


def test_refused_events_of_its_applications(well):
    other = factories.application("Other")
    about = {"hour": NOW - timedelta(days=1), "code": "too_long", "message": "x", "last_at": NOW}
    Reject.objects.create(application=other, count=50, **about)
    Reject.objects.create(application=shop(), count=99, is_stored=True, field="a", **about)
    assert refused(well, NOW) == 0
    Reject.objects.create(application=shop(), count=7, field="b", **about)
    Reject.objects.create(application=shop(), count=8, field="b", **about | {"hour": NOW - timedelta(days=8)})
    assert refused(well, NOW) == 7
    assert refused(factories.organization("never-seen"), NOW) == 0


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        ("view_organizationkey", ["Never imported"]),
        ("view_subscription", ["No subscription"]),
        ("view_reading", ["Health rests on 80\N{NO-BREAK SPACE}% of its weight"]),
        ("view_organization", []),
    ],
)
def test_each_for_whoever_may_see_it(permission, expected):
    org = factories.organization("org-9")
    used(org, [days_ago(1), days_ago(40)])
    eve = factories.staff("eve", is_superuser=False)
    eve.user_permissions.set(Permission.objects.filter(codename=permission))
    assert titles(scored(org), eve) == expected


def test_the_panel(well, client, ada, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    client.force_login(ada)
    address = f"/admin/orgs/organization/{well.pk}/change/"
    assert "nothing is missing" in client.get(address).content.decode()
    silent_one = silent("<b>x</b>")
    page = client.get(f"/admin/orgs/organization/{silent_one.pk}/change/").content.decode()
    assert "Never imported" in page
    assert "<b>x</b>" not in page
