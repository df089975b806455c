"""Revenue by health: the buckets add up to current MRR, and what is called revenue at risk says by which rule."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.backoffice import settings as install
from orgs.models import Band, Quadrant
from revenue import facts
from signals import revenue_by_health
from signals.models import Signal
from tests import factories

pytestmark = pytest.mark.django_db


def today() -> date:
    return install.today(timezone.now())


def paying(name, mrr, **snapshot):
    org = factories.organization(name)
    factories.subscription(org, mrr, start_on=today() - timedelta(days=40))
    if snapshot:
        factories.snapshot(org, mrr=Decimal(mrr), **snapshot)
    return org


@pytest.fixture
def customers():
    globex = paying("globex", "300", band=Band.AT_RISK, quadrant=Quadrant.REVENUE_AT_RISK)
    paying("umbrella", "50", band=Band.AT_RISK, quadrant=Quadrant.LOW_VALUE)
    paying("hooli", "400", band=Band.HEALTHY)
    paying("quiet", "150", band=Band.NO_ACTIVITY)
    paying("fresh", "100")
    factories.organization("no revenue")
    now = timezone.now()
    facts.refresh(today(), now)
    return globex


def signal(org, **values):
    now = timezone.now()
    defaults = {"type": Signal.Type.REVENUE_AT_RISK, "sentence": "", "evidence": {}, "mrr": 1, "severity": 1}
    defaults |= {"urgency": 1, "money_at_stake": 1, "calculation": "", "rule_version": 1}
    return Signal.objects.create(
        organization=org, opened_at=now, changed_at=now, last_scan_at=now, **{**defaults, **values}
    )


def test_every_paying_organization_stands_in_one_bucket(customers):
    found = revenue_by_health.revenue_by_health(today())
    assert [(each.band, each.organizations, each.mrr, each.share) for each in found.buckets] == [
        (Band.HEALTHY, 1, Decimal("400"), Decimal("0.400000")),
        (Band.WATCH, 0, Decimal("0"), Decimal("0.000000")),
        (Band.AT_RISK, 2, Decimal("350"), Decimal("0.350000")),
        (Band.NO_ACTIVITY, 1, Decimal("150"), Decimal("0.150000")),
        (Band.NOT_SCORED, 1, Decimal("100"), Decimal("0.100000")),
    ]
    assert (found.organizations, found.mrr) == (5, Decimal("1000"))
    assert found.mrr == facts.last_months(today(), 1)[0].bridge.end


def test_revenue_at_risk_by_three_rules(customers):
    signal(customers)
    signal(customers, type=Signal.Type.USAGE_DROP)
    found = revenue_by_health.revenue_by_health(today())
    assert [(each.name, each.organizations, each.mrr) for each in found.at_risk] == [
        ("band", 2, Decimal("350")),
        ("quadrant", 1, Decimal("300")),
        ("signal", 1, Decimal("300")),
    ]


def test_a_dismissed_signal_does_not_count(customers):
    signal(customers, state=Signal.State.DISMISSED, closed_at=timezone.now())
    assert revenue_by_health.revenue_by_health(today()).at_risk[-1].organizations == 0


def test_the_page_never_says_revenue_at_risk_without_its_rule(client, customers):
    client.force_login(factories.staff())
    text = client.get("/admin/revenue/").content.decode()
    for title, rule in revenue_by_health.RULES.values():
        assert text.count(title) == 1 and text.count(rule) == 1
    assert "they follow within minutes" in text  # one has no snapshot yet


def test_whoever_may_not_see_signals_sees_no_health(client, customers):
    maya = factories.staff("maya", is_superuser=False)
    maya.user_permissions.add(*permissions("revenue", "view_subscription"))
    client.force_login(maya)
    assert "Revenue by health" not in client.get("/admin/revenue/").content.decode()


def permissions(app_label, *codenames):
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(content_type__app_label=app_label, codename__in=codenames)


def test_nobody_pays_nothing_is_said(client):
    client.force_login(factories.staff())
    factories.subscription(factories.organization(), "0")
    assert "Revenue by health" not in client.get("/admin/revenue/").content.decode()
