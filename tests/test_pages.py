"""What stands in the navigation, and that each place opens for whoever may and for nobody else."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from config.backoffice import pages, panels, roles
from config.backoffice.jobs import kinds
from tests.factories import organization, snapshot, staff

pytestmark = pytest.mark.django_db


def shown(name: str) -> list[str]:
    return [page.name for page in pages.all_pages() if page.group == name]


def test_the_navigation():
    assert shown("Customers") == [
        "today",
        "signals",
        "matrix",
        "organizations",
        "followups",
        "weekly",
        "churn",
        "cohorts",
        "digest",
    ]
    assert shown("Evidence") == [
        "revenue",
        "subscriptions",
        "insights",
        "events",
        "features",
        "pages",
        "sessions",
        "explorer",
        "ai_cost",
    ]
    assert shown("Data") == ["imports", "applications", "rejects", "reconciliation", "rates"]
    operations = ["jobs", "health_models", "settings", "tokens", "webhooks", "mails", "users", "teams", "audit"]
    assert shown("Operations") == operations


def test_one_place_of_the_navigation_is_marked_the_deepest(rf):
    def marked(path):
        request = rf.get(path)
        request.user = User(is_active=True, is_superuser=True)
        return [item["link"] for group in pages.navigation(request) for item in group["items"] if item["active"]]

    assert marked("/admin/") == ["/admin/"]
    assert marked("/admin/revenue/month/") == ["/admin/revenue/"]
    assert marked("/admin/revenue/subscription/import/") == ["/admin/revenue/subscription/"]
    assert marked("/admin/studies/1/") == []


def test_the_panels_of_an_organization():
    assert [panel.name for panel in panels.panels("orgs.Organization")] == [
        "incident",
        "signals",
        "why",
        "changed",
        "followups",
        "notes",
        "usage",
        "features",
        "users",
        "members",
        "insights",
        "revenue",
        "timeline",
        "quality",
    ]


def test_the_jobs():
    assert {kind.name for kind in kinds() if kind.every} == {
        "roll_up",
        "features",
        "partitions",
        "revenue_figures",
        "snapshot",
        "score",
        "scan",
        "readings",
        "uploads",
        "churn",
        "digest",
        "mail",
        "webhooks",
        "cohorts",
    }


@pytest.mark.parametrize("page", [page for page in pages.all_pages() if page.group], ids=lambda page: page.name)
def test_a_place_opens_empty_and_asks_for_its_permission(client, page):
    client.force_login(staff())
    assert client.get(page.url, follow=True).status_code == 200

    nobody = staff("nobody", is_superuser=False)
    client.force_login(nobody)
    if page.name != "today":
        assert client.get(page.url).status_code == 403
    nobody.user_permissions.add(permission(page.permission))
    client.force_login(nobody)
    assert client.get(page.url, follow=True).status_code == 200


def permission(name: str) -> Permission:
    app_label, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app_label, codename=codename)


def test_the_role_of_customer_success_opens_the_day(client):
    maya = staff("maya", is_superuser=False)
    maya.groups.add(Group.objects.get(name=roles.CUSTOMER_SUCCESS))
    client.force_login(maya)
    org = organization("org-1")
    snapshot(org)
    for path in (
        "/admin/",
        "/admin/signals/",
        "/admin/orgs/organization/",
        f"/admin/orgs/organization/{org.pk}/change/",
    ):
        assert client.get(path).status_code == 200, path
    assert client.get("/admin/backoffice/installsettings/1/change/").status_code == 403
