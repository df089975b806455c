"""Saved views: own and shared, one click, nobody else's to remove."""

import pytest
from django.http import QueryDict

from config.backoffice import saved_views
from config.backoffice.models import AuditEntry, SavedView
from config.backoffice.refused import Refused
from tests.factories import NOW, organization, snapshot, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return staff("ada")


def test_a_view_keeps_filters_and_order_only(ada):
    view = saved_views.save(
        "organizations", "  My  risks ", "?p=3&owner=me&band=at_risk&o=2&e=1&q=", actor=ada, now=NOW
    )
    assert (view.name, view.query, view.is_shared) == ("My risks", "band=at_risk&o=2&owner=me", False)
    assert not AuditEntry.objects.exists()
    again = saved_views.save("organizations", "My risks", "band=watch", actor=ada, now=NOW)
    assert (again.pk, SavedView.objects.get().query) == (view.pk, "band=watch")


def test_shared_ones_are_seen_by_all_and_recorded(ada):
    ben = staff("ben")
    saved_views.save("signals", "Ada's", "type=usage_drop", actor=ada, now=NOW)
    shared = saved_views.save("signals", "Team", "owner=team", actor=ada, now=NOW, is_shared=True)
    assert AuditEntry.objects.get().action == "view.shared"
    assert [each.name for each in saved_views.chips("signals", ada, QueryDict())] == ["Ada's", "Team"]
    [chip] = saved_views.chips("signals", ben, QueryDict("page=2&owner=team"))
    assert (chip.name, chip.address, chip.is_open, chip.is_mine) == ("Team", "/admin/signals/?owner=team", True, False)
    assert saved_views.chips("organizations", ben, QueryDict()) == []
    with pytest.raises(Refused, match="Only whoever saved"):
        saved_views.remove(shared.pk, actor=ben, now=NOW)
    assert saved_views.remove(shared.pk, actor=ada, now=NOW) == "Team"
    assert AuditEntry.objects.filter(action="view.removed").count() == 1


@pytest.mark.parametrize(
    ("page", "name", "query", "words"),
    [
        ("jobs", "x", "", "can't be saved"),
        ("signals", " ", "", "name of 1 to 60"),
        ("signals", "x" * 61, "", "name of 1 to 60"),
        ("signals", "x", "q=" + "y" * 1001, "too long"),
    ],
)
def test_refusals(ada, page, name, query, words):
    with pytest.raises(Refused, match=words):
        saved_views.save(page, name, query, actor=ada, now=NOW)
    assert not SavedView.objects.exists()


def test_on_the_lists(client, ada):
    client.force_login(ada)
    snapshot(organization(), mrr=5, band="at_risk")
    for page, path in (("organizations", "/admin/orgs/organization/"), ("signals", "/admin/signals/")):
        listed = f"{path}?band=at_risk"
        sent = {"page": page, "name": "<i>Risky</i>", "query": "band=at_risk", "shared": "1", "next": listed}
        assert client.post("/admin/views/act/", sent).headers["Location"] == listed
        content = client.get(path).content.decode()
        assert "&lt;i&gt;Risky&lt;/i&gt;" in content
        assert f'href="{listed}"' in content
        view = SavedView.objects.get(page=page)
        client.post("/admin/views/act/", {"action": "remove", "view": view.pk})
    assert not SavedView.objects.exists()


def test_a_narrow_screen_gets_shorter_pages(client, ada):
    client.force_login(ada)
    for number in range(30):
        snapshot(organization(f"o{number}"), mrr=5)
    assert len(client.get("/admin/orgs/organization/").context["cl"].result_list) == 30
    client.cookies["narrow"] = "1"
    assert len(client.get("/admin/orgs/organization/").context["cl"].result_list) == 20
