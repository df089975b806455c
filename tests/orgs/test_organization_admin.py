"""The list of organizations and the page of one."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config.backoffice.models import AuditEntry
from orgs.models import Organization, OrganizationKey, OrganizationSnapshot, OrganizationTouch
from signals.models import Signal

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIST = "admin:orgs_organization_changelist"
HOSTILE = ["a/b?c#d%20", "<script>alert(1)</script>", "'; DROP TABLE x;--", "=cmd()", "日本 \u202e"]

pytestmark = pytest.mark.django_db


def organization(external_id: str, mrr: str | None = "10", **values) -> Organization:
    snapshot = {
        name: values.pop(name)
        for name in ("band", "last_seen_at", "events_30d", "events_previous_30d")
        if name in values
    }
    made = Organization.objects.create(
        external_id=external_id, created_at=NOW, changed_at=NOW, **{"imported_at": NOW, **values}
    )
    OrganizationKey.objects.create(external_id=external_id, organization=made, created_at=NOW)
    if mrr is not None:
        OrganizationSnapshot.objects.create(organization=made, mrr=Decimal(mrr), computed_at=NOW, **snapshot)
    return made


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def listed(browser: Client, **query: str) -> list[str]:
    response = browser.get(reverse(LIST), query)
    assert response.status_code == 200
    return [each.external_id for each in response.context["cl"].result_list]


def test_rows_cost_no_queries(browser: Client, django_assert_max_num_queries) -> None:
    owner = User.objects.create_user("kim")
    for i in range(60):
        organization(f"o{i}", owner=owner, last_seen_at=NOW, events_30d=5, events_previous_30d=10)
    browser.get(reverse(LIST))
    with django_assert_max_num_queries(12):
        page = browser.get(reverse(LIST)).content.decode()
    assert "10.00\u00a0EUR" in page and "−50\u00a0%" in page


def test_active_by_default_and_the_sets(browser: Client) -> None:
    organization("paying")
    organization("idle", mrr="0")
    organization("fresh", mrr=None)
    organization("seen", mrr="0", last_seen_at=NOW, imported_at=None, band="at_risk")
    assert listed(browser) == ["paying", "seen"]
    assert sorted(listed(browser, show="all")) == ["fresh", "idle", "paying", "seen"]
    assert sorted(listed(browser, presence="imported_never_seen")) == ["fresh", "idle", "paying"]
    assert listed(browser, presence="seen_never_imported") == ["seen"]
    assert listed(browser, band="at_risk") == ["seen"]
    assert listed(browser, paying="yes") == ["paying"]
    assert listed(browser, last_seen="nonsense") == ["paying", "seen"]


def test_the_order_by_open_signals_lists_everybody_once(browser: Client) -> None:
    made = [organization(external_id) for external_id in ("none", "two", "one")]
    for org, count in zip(made, (0, 2, 1), strict=True):
        OrganizationSnapshot.objects.filter(organization=org).update(open_signal_count=count)
        for kind in ("usage_drop", "inactive_paying")[:count]:
            Signal.objects.create(organization=org, type=kind, sentence="x", opened_at=NOW, changed_at=NOW)
    names = browser.get(reverse(LIST)).context["cl"].list_display
    place = names.index("signals")
    assert listed(browser, o=f"-{place}") == ["two", "one", "none"]
    assert listed(browser, o=str(place)) == ["none", "one", "two"]


def test_search_finds_any_id_and_names(browser: Client) -> None:
    made = organization("globex", display_name="Globex Corporation", mrr="0")
    OrganizationKey.objects.create(external_id="GLX-7", organization=made, created_at=NOW)
    assert listed(browser, q="glx-7") == listed(browser, q="corpor") == ["globex"]
    assert listed(browser, q="%") == []


@pytest.mark.parametrize("external_id", HOSTILE)
def test_hostile_ids_and_names(browser: Client, external_id: str) -> None:
    made = organization(external_id, display_name=external_id)
    assert listed(browser, q=external_id) == [external_id]
    page = browser.get(reverse("admin:orgs_organization_change", args=[made.pk]))
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.content.decode()
    assert "<script>alert(1)" not in browser.get(reverse(LIST)).content.decode()


def test_the_export_is_safe_and_filtered(browser: Client) -> None:
    organization("=cmd()", display_name="@SUM(A1)")
    organization("idle", mrr="0")
    response = browser.get(reverse("admin:orgs_organization_export", args=["csv"]))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("'=cmd(),'@SUM(A1),,,,,10.0000,EUR")


def test_saving_leaves_audit_and_touch(browser: Client) -> None:
    made = organization("o1", display_name="Old")
    url = reverse("admin:orgs_organization_change", args=[made.pk])
    response = browser.post(url, {"display_name": "New", "segment": "", "owner": "", "renewal_on": "2027-01-31"})
    assert response.status_code == 302
    made.refresh_from_db()
    assert (made.display_name, str(made.renewal_on)) == ("New", "2027-01-31")
    entry = AuditEntry.objects.get(action="organization.changed")
    assert entry.detail == {"display_name": ["Old", "New"], "renewal_on": ["", "2027-01-31"]}
    assert OrganizationTouch.objects.filter(organization=made, reason="edited").count() == 1


def test_saving_nothing_new_leaves_no_trace(browser: Client) -> None:
    made = organization("o1", display_name="Same")
    browser.post(reverse("admin:orgs_organization_change", args=[made.pk]), {"display_name": "Same", "segment": ""})
    assert not AuditEntry.objects.exists() and not OrganizationTouch.objects.exists()
