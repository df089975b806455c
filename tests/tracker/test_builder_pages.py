"""The builder as staff use it: asked, answered, kept, shared, put on a dashboard; hostile text stays text."""

import json
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from config.backoffice import roles
from config.backoffice.models import AuditEntry
from orgs.cohorts.uses import uses
from orgs.models import Cohort, OrganizationKey
from tests import factories
from tests.tracker.asked import HOSTILE, kept, question, result
from tracker.models import Dashboard, DashboardTile, SavedInsight

pytestmark = pytest.mark.django_db


class TestAsking:
    def test_the_answer_says_what_it_found(self, client, ada, events):
        assert "Unique organizations of “project_created”: 2" in result(client)
        assert "Total of “project_created”: 3" in result(client, **{"series-0-math": "total"})

    def test_several_series_are_told_each_with_its_conditions(self, client, ada, events):
        large = {"property": "new_total", "operator": "gt", "value": "1"}
        second = {"series-1-kind": "any", "series-1-math": "total", "interval": ""}
        first = {f"series-0-filters-0-{name}": value for name, value in large.items()}
        page = result(client, **first, **second)
        counted = "nique organizations of “project_created” where new_total is more than 1"
        assert f"U{counted}: 1; total of any event: 4, " in page
        assert f"A · u{counted}" in page
        whole = {f"filters-0-{name}": value for name, value in large.items()}
        assert "Unique organizations of “project_created”: 1, only where new_total is more than 1, " in result(
            client, **whole
        )

    def test_a_breakdown_names_its_leader(self, client, ada, events):
        page = result(client, **{"breakdown-of": "organization", "breakdown-property": "external_id"})
        assert "leads with 1, before 1" in page

    def test_nothing_found_says_so(self, client, ada, events):
        assert "Nothing matched" in result(client, **{"series-0-name": "never"})

    def test_a_question_that_makes_no_sense_marks_its_line(self, client, ada):
        asked = question(**{"filters-0-operator": "gt", "filters-0-property": "n", "filters-0-value": "many"})
        page = client.get(f"{reverse('admin:insight')}?{urlencode(asked)}").content.decode()
        assert "Condition 1 for all: “many” is no number. Write a number, such as 30." in page
        assert "bo-ask__line--wrong" in page

    def test_what_only_the_database_refuses_is_told_in_the_words_of_the_form(self, client, ada):
        condition = {"property": "v", "operator": "regex", "value": "("}
        page = result(client, **{f"series-0-filters-0-{name}": value for name, value in condition.items()})
        assert "Series A, condition 1: This is no regular expression" in page
        assert "Formula: There is no series B" in result(client, formula="A/B")

    def test_buttons_add_and_remove_lines_without_scripts(self, client, ada):
        asked = question(add="series")
        page = client.get(f"{reverse('admin:insight')}?{urlencode(asked)}").content.decode()
        assert 'name="series-1-kind"' in page
        asked |= {"series-1-kind": "any", "series-1-math": "total", "add": "series-1-filters"}
        page = client.get(f"{reverse('admin:insight')}?{urlencode(asked)}").content.decode()
        assert 'name="series-1-filters-0-property"' in page

    def test_export_holds_every_bucket_and_the_whole_range(self, client, ada, events):
        answer = client.get(f"{reverse('admin:insight_result')}?{urlencode(question(export='csv'))}")
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert lines[:2] == ["series,breakdown,bucket,value", "unique organizations of “project_created”,,,2"]
        assert len(lines) == 2 + 8
        assert AuditEntry.objects.filter(action="list.exported").count() == 1

    def test_hostile_text_stays_text(self, client, ada, events):
        asked = {"series-0-name": "purchase", "breakdown-of": "event", "breakdown-property": HOSTILE}
        page = result(client, **asked)
        assert "<script>alert" not in page
        assert "leads with 1" in page
        page = client.get(f"{reverse('admin:insight')}?{urlencode(question(**asked))}").content.decode()
        assert "<script>alert" not in page
        assert "49" not in page.split("{{ 7*7 }}")[0][-20:]

    def test_it_suggests_what_was_sent(self, client, ada, events):
        found = client.get(reverse("admin:insight_names")).json()
        assert found["events"] == ["project_created", "purchase"]
        assert found["properties"]["event"][:1] == ["new_total"]
        assert {HOSTILE, "purchase_value"} <= set(found["properties"]["event"])
        assert {"plan", "mrr"} <= set(found["properties"]["organization"])
        assert {"plan", "path"} <= set(found["properties"]["field"])

    def test_what_they_pay_is_a_property_of_the_organization(self, client, ada, events):
        organization = OrganizationKey.objects.get(external_id="org-1").organization
        factories.snapshot(organization, mrr="120.00")
        asked = {"series-0-math": "sum", "series-0-property": "mrr", "series-0-of": "organization"}
        filters = {"filters-0-property": "new_total", "filters-0-operator": "gt", "filters-0-value": "1"}
        assert ": 120," in result(client, **asked, **filters)

    def test_it_asks_for_the_permission_to_see_events(self, client):
        client.force_login(factories.staff("nobody", is_superuser=False))
        for name in ("insights", "insight", "insight_result", "insight_names", "insight_progress"):
            assert client.get(reverse(f"admin:{name}")).status_code == 403
        assert client.post(reverse("admin:insight_save")).status_code == 403


class TestKeeping:
    def test_saved_and_opened_again(self, client, ada, events):
        insight = kept(client)
        assert (insight.name, insight.owner, insight.is_shared) == ("Projects", ada, True)
        page = client.get(f"{reverse('admin:insight')}?insight={insight.id}").content.decode()
        assert 'value="project_created"' in page
        assert "Unique organizations of “project_created”" in client.get(reverse("admin:insights")).content.decode()
        assert AuditEntry.objects.get(action="insight.saved").actor == ada

    def test_the_second_of_two_editors_is_told(self, client, ada):
        insight = kept(client)
        definition = json.dumps(insight.definition)
        sent = {"definition": definition, "insight": insight.id, "as": "same", "is_shared": "on"}
        client.post(reverse("admin:insight_save"), {**sent, "name": "First", "version": "1"})
        answer = client.post(reverse("admin:insight_save"), {**sent, "name": "Second", "version": "1"}, follow=True)
        assert "somebody else changed or removed" in answer.content.decode()
        insight.refresh_from_db()
        assert (insight.name, insight.version) == ("First", 2)

    def test_a_private_one_is_nobody_elses(self, client, ada):
        insight = kept(client)
        SavedInsight.objects.filter(id=insight.id).update(is_shared=False)
        client.force_login(factories.staff("maya", is_superuser=True))
        shown = [each.name for each, _sentence, _opened in client.get(reverse("admin:insights")).context["insights"]]
        assert "Projects" not in shown
        page = client.get(f"{reverse('admin:insight')}?insight={insight.id}").content.decode()
        assert "project_created" not in page.split('id="events"')[0]

    def test_on_organizations_it_is_filtered_to_the_organization(self, client, ada, events):
        insight = kept(client, on_organizations="on")
        organization = factories.organization("org-9")
        page = client.get(reverse("admin:orgs_organization_change", args=[organization.id])).content.decode()
        assert f"insight={insight.id}&amp;organization=org-9&amp;bare=1" in page
        answer = client.get(f"{reverse('admin:insight_result')}?insight={insight.id}&bare=1&organization=org-1")
        assert "Unique organizations of “project_created”" in answer.content.decode()
        assert answer.context["picture"].rows[0].value == "1"

    def test_a_private_one_cannot_stand_on_organizations(self, client, ada):
        page = client.get(f"{reverse('admin:insight')}?{urlencode(question())}")
        sent = {"definition": page.context["definition"], "name": "Mine", "on_organizations": "on", "as": "new"}
        assert "share the insight" in client.post(reverse("admin:insight_save"), sent, follow=True).content.decode()
        assert not SavedInsight.objects.filter(name="Mine").exists()

    def test_a_cohort_beside_everybody_else(self, client, ada, events):
        organizations = {each.external_id: each.organization for each in OrganizationKey.objects.all()}
        for name, mrr in (("org-1", "120.00"), ("org-2", "30.00"), ("org-3", "50.00")):
            factories.snapshot(organizations[name], mrr=mrr)
        large = factories.cohort("Large", organizations["org-1"])
        address = f"{reverse('admin:insight')}?beside={large.pk}"
        assert address in client.get(reverse("admin:cohort", args=[large.pk])).content.decode()
        page = client.get(address)
        shown = client.get(page.context["result_url"]).content.decode()
        assert "sum of current MRR of organizations with any event: 120 in the cohort, 80 for everybody else" in shown
        assert "whoever had none is left out, with what it pays." in shown
        sent = {"definition": page.context["definition"], "name": "Beside", "is_shared": "on"}
        client.post(reverse("admin:insight_save"), sent)
        assert uses(large.pk) == ["the insight “Beside”"]

    def test_a_cohort_in_use_names_the_insight(self, client, ada):
        cohort = Cohort.objects.create(name="Large", created_at=timezone.now(), changed_at=timezone.now())
        definition = {
            "series": [{"event": None, "math": "total"}],
            "filters": [{"operator": "in_cohort", "value": [cohort.id]}],
        }
        now = timezone.now()
        SavedInsight.objects.create(name="Of the large", definition=definition, created_at=now, changed_at=now)
        assert uses(cohort.id) == ["the insight “Of the large”"]


class TestDashboards:
    def test_made_filled_ordered_emptied_removed(self, client, ada):
        first, second = kept(client), kept(client, name="Second")
        client.post(reverse("admin:dashboard_add"), {"name": "Usage", "is_shared": "on"})
        dashboard = Dashboard.objects.get(name="Usage")
        for insight in (first, second, second):
            sent = {"insight": insight.id, "dashboard": dashboard.id, "act": "pin"}
            client.post(reverse("admin:insight_change"), sent)
        tiles = list(dashboard.tiles.all())
        assert [tile.insight for tile in tiles] == [first, second]
        address = reverse("admin:dashboard", args=[dashboard.id])
        client.post(address, {"act": "up", "tile": tiles[1].id})
        assert [tile.insight for tile in dashboard.tiles.all()] == [second, first]
        assert f"insight={second.id}&amp;bare=1" in client.get(address).content.decode()
        client.post(address, {"act": "unpin", "tile": tiles[0].id})
        assert [tile.insight for tile in dashboard.tiles.all()] == [second]
        said = AuditEntry.objects.filter(action="dashboard.changed").order_by("id").values_list("detail", flat=True)
        assert list(said) == [{"added": first.name}, {"added": second.name}, {"taken away": first.name}]
        client.post(address, {"act": "remove"})
        assert not Dashboard.objects.filter(name="Usage").exists()
        assert SavedInsight.objects.filter(id__in=[first.id, second.id]).count() == 2

    def test_somebody_elses_is_looked_at_and_left(self, client, ada):
        client.post(reverse("admin:dashboard_add"), {"name": "Usage", "is_shared": "on"})
        dashboard, insight = Dashboard.objects.get(name="Usage"), kept(client)
        client.post(reverse("admin:insight_change"), {"insight": insight.id, "dashboard": dashboard.id, "act": "pin"})
        maya = factories.staff("maya", is_superuser=False)
        maya.groups.add(Group.objects.get(name=roles.CUSTOMER_SUCCESS))
        client.force_login(maya)
        address = reverse("admin:dashboard", args=[dashboard.id])
        assert client.get(address).status_code == 200
        assert client.post(address, {"act": "remove"}).status_code == 403
        assert client.post(address, {"act": "unpin", "tile": 1}).status_code == 403
        assert DashboardTile.objects.filter(dashboard=dashboard).count() == 1
