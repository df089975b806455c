"""The builder as staff use it: asked, answered, kept, shared, put on a dashboard; hostile text stays text."""

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from config.backoffice import roles
from config.backoffice.models import AuditEntry
from orgs.cohorts.uses import uses
from orgs.models import Cohort, CohortMember, OrganizationKey
from tests import factories
from tests.tracker.sending import Product, body
from tracker import rollups
from tracker.models import Dashboard, DashboardTile, SavedInsight

pytestmark = pytest.mark.django_db
HOSTILE = "</script><script>alert(1)</script>'\"; DROP TABLE tracker_event; -- =1+1 {{ 7*7 }}"


@pytest.fixture
def ada(client):
    user = factories.staff(is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def events():
    """Three organizations: two created projects, one of them twice; one bought something."""
    product, yesterday = Product("Shop"), int((timezone.now() - timedelta(days=1)).timestamp())
    for org, name, properties in (
        ("org-1", "project_created", {"new_total": 1}),
        ("org-1", "project_created", {"new_total": 2}),
        ("org-2", "project_created", {"new_total": 1}),
        ("org-3", "purchase", {"purchase_value": "12.50", HOSTILE: HOSTILE}),
    ):
        product.send(body(event=name, customer_org_id=org, properties=properties, ts_epoch=yesterday))
    rollups.roll_up(timezone.now())


def question(**more: str) -> dict[str, str]:
    return {
        "series-0-kind": "event",
        "series-0-name": "project_created",
        "series-0-math": "unique_organizations",
        "range": "-7d",
        "interval": "day",
        "display": "line",
        "environment": "production",
        **more,
    }


def result(client, **more: str) -> str:
    answer = client.get(f"{reverse('admin:insight_result')}?{urlencode(question(**more))}")
    assert answer.status_code == 200
    return answer.content.decode()


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


def kept(client, **more: str) -> SavedInsight:
    page = client.get(f"{reverse('admin:insight')}?{urlencode(question())}")
    sent = {"definition": page.context["definition"], "name": "Projects", "is_shared": "on", "as": "new", **more}
    client.post(reverse("admin:insight_save"), sent)
    return SavedInsight.objects.latest("id")


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


class TestPatterns:
    def part(self, client, name: str, **asked: str) -> str:
        address = reverse("admin:insight_pattern", args=[name])
        assert client.get(f"{address}?{urlencode(asked)}").status_code == 200
        return client.get(f"{address}?{urlencode({**asked, 'answer': 1})}").content.decode()

    def test_a_funnel_says_how_many_went_on(self, client, ada, events):
        asked = {"step-0": "project_created", "step-1": "purchase", "range": "-7d"}
        assert "began with “project_created”; 0 (0" in self.part(client, "funnel", **asked)

    def test_a_funnel_of_one_step_says_what_is_missing(self, client, ada):
        assert "Name at least two events" in self.part(client, "funnel", **{"step-0": "purchase"})
        wrong = {"step-0": "a", "step-1": "b", "window_days": "²"}
        assert "is no number of days" in self.part(client, "funnel", **wrong)

    def test_an_answer_is_watched_by_the_id_that_it_is_asked_with(self, client, ada):
        page = client.get(reverse("admin:insight_pattern", args=["lifecycle"]))
        query_id = page.context["query_id"]
        assert f"query={query_id}" in page.context["result_url"]
        watched = f'data-progress="{reverse("admin:insight_progress")}" data-query="{query_id}"'
        assert watched in page.content.decode()

    def test_retention_and_lifecycle(self, client, ada, events):
        page = self.part(client, "retention", range="-30d", interval="week")
        assert "3\xa0organizations began" in page
        page = self.part(client, "lifecycle", range="-30d", interval="month")
        assert "New: the first month ever" in page
        assert "Retention is by week or by month" in self.part(client, "retention", interval="day")

    def test_exported(self, client, ada, events):
        steps = {"step-0": "project_created", "step-1": "purchase", "range": "-7d"}

        def lines(name: str, **asked: str) -> list[str]:
            address = reverse("admin:insight_pattern", args=[name])
            answer = client.get(f"{address}?{urlencode({**asked, 'answer': 1, 'export': 'csv'})}")
            return answer.getvalue().decode("utf-8-sig").splitlines()

        assert lines("funnel", **steps) == [
            "step,event,organizations,of_first,of_previous",
            "1,project_created,2,1.0,1.0",
            "2,purchase,0,0.0,0.0",
        ]
        [header, first, *_] = lines("retention", range="-30d", interval="month")
        assert header == "began,organizations,months_later,returned,share"
        assert first.endswith(",3,0,3,1.0")
        header, *stages = lines("lifecycle", range="custom", **{"from": "-1d"}, interval="day")
        assert header == "day,new,returning,resurrecting,dormant"
        assert [each.split(",", 1)[1] for each in stages] == ["3,0,0,0", "0,0,0,3"]

    def test_of_a_cohort(self, client, ada, events):
        now = timezone.now()
        organization = OrganizationKey.objects.get(external_id="org-1").organization
        cohort = Cohort.objects.create(name="Large", created_at=now, changed_at=now)
        CohortMember.objects.create(cohort=cohort, organization=organization, since=now)
        page = self.part(client, "retention", range="-30d", interval="week", cohort=str(cohort.id))
        assert "1\xa0organization began" in page
        steps = {"step-0": "project_created", "step-1": "project_created", "range": "-7d"}
        assert "1\xa0organization began with" in self.part(client, "funnel", **steps, cohort=str(cohort.id))
        assert "2\xa0organizations began with" in self.part(client, "funnel", **steps)
        assert "There is no cohort 99" in self.part(client, "lifecycle", range="-7d", interval="day", cohort="99")
        sent = {"definition": json.dumps({**steps, "cohort": str(cohort.id)}), "kind": "funnel", "name": "Twice"}
        client.post(reverse("admin:insight_save"), sent)
        assert uses(cohort.id) == ["the insight “Twice”"]
        assert "last 7 days, only organizations in “Large”." in client.get(reverse("admin:insights")).content.decode()

    def test_there_is_no_other(self, client, ada):
        assert client.get(reverse("admin:insight_pattern", args=["magic"])).status_code == 404

    def test_kept_and_put_on_a_dashboard(self, client, ada, events):
        address = reverse("admin:insight_pattern", args=["funnel"])
        page = client.get(f"{address}?{urlencode({'step-0': 'project_created', 'step-1': 'purchase'})}")
        sent = {"definition": page.context["definition"], "kind": "funnel", "name": "To a purchase", "is_shared": "on"}
        client.post(reverse("admin:insight_save"), sent)
        insight = SavedInsight.objects.get(name="To a purchase")
        assert (insight.kind, insight.definition["step-1"]) == ("funnel", "purchase")
        listed = client.get(reverse("admin:insights")).content.decode()
        assert "project_created → purchase; by organization, within 14 days; last 90 days." in listed
        client.post(reverse("admin:dashboard_add"), {"name": "Usage", "is_shared": "on"})
        dashboard = Dashboard.objects.get(name="Usage")
        sent = {"insight": insight.id, "dashboard": dashboard.id, "act": "pin"}
        client.post(reverse("admin:insight_change"), sent)
        page = client.get(reverse("admin:dashboard", args=[dashboard.id]))
        [[_tile, _sentence, _opened, answered]] = page.context["tiles"]
        assert "began with" in client.get(answered).content.decode()

    def kept(self, client, kind: str, name: str = "Mine", **fields: str) -> SavedInsight:
        sent = {"definition": json.dumps(fields), "kind": kind, "name": name, "is_shared": "on"}
        client.post(reverse("admin:insight_save"), {**sent, "on_organizations": "on"})
        return SavedInsight.objects.get(name=name)

    def test_opened_again_and_changed(self, client, ada, events):
        insight = self.kept(client, "funnel", **{"step-0": "project_created", "step-1": "purchase"})
        address = f"{reverse('admin:insight_pattern', args=['funnel'])}?insight={insight.id}"
        page = client.get(address)
        assert 'value="project_created"' in page.content.decode()
        assert "Save changes" in page.content.decode()
        asked = {"insight": insight.id, "step-0": "account_created", "step-1": "purchase"}
        page = client.get(f"{reverse('admin:insight_pattern', args=['funnel'])}?{urlencode(asked)}")
        sent = {"definition": page.context["definition"], "kind": "funnel", "name": "Other", "is_shared": "on"}
        client.post(reverse("admin:insight_save"), {**sent, "as": "same", "insight": insight.id, "version": "1"})
        insight.refresh_from_db()
        assert (insight.name, insight.definition["step-0"], insight.version) == ("Other", "account_created", 2)
        assert not insight.on_organizations

    def test_on_an_organizations_page_each_says_what_it_is_for_one(self, client, ada, events):
        steps = {"step-0": "project_created", "step-1": "purchase", "range": "-7d"}
        self.kept(client, "funnel", "Steps", **steps)
        self.kept(client, "funnel", "Steps of users", **steps, by="user")
        self.kept(client, "retention", "Back", range="-30d", interval="month")
        self.kept(client, "lifecycle", "Life", range="custom", **{"from": "-1d"}, interval="day")

        def answers(external_id: str) -> dict[str, str]:
            organization = OrganizationKey.objects.get(external_id=external_id).organization
            page = client.get(reverse("admin:orgs_organization_change", args=[organization.id]))
            found = re.findall(r'>([^<]+)</a></h3>\s*<div data-load="([^"]+)"', page.content.decode())
            return {name: client.get(unescape(answered)).content.decode() for name, answered in found}

        first, third = answers("org-1"), answers("org-3")
        assert "as far as “project_created”, step 1 of 2; “purchase” did not follow" in first["Steps"]
        assert "It did not begin with “project_created”" in third["Steps"]
        assert "1\xa0user began with “project_created”; 0 (0" in first["Steps of users"]
        assert "which is the last of this time" in first["Back"]
        assert "Organizations" not in first["Back"]
        assert "It was active in 1 of 2\xa0days, new in the day of" in first["Life"]

    def test_a_question_about_one_organization_names_it_and_is_kept_for_all(self, client, ada, events):
        organization = OrganizationKey.objects.get(external_id="org-1").organization
        organization.display_name = HOSTILE
        organization.save()
        for address in (reverse("admin:insight"), reverse("admin:insight_pattern", args=["lifecycle"])):
            page = client.get(f"{address}?organization=org-1")
            assert page.context["about"] == HOSTILE
            assert "<script>alert" not in page.content.decode()
            assert '<input type="hidden" name="organization" value="org-1">' in page.content.decode()
            assert "org-1" not in page.context["definition"]
        unknown = self.part(client, "lifecycle", organization="nobody")
        assert "No organization has this id" in unknown

    def test_an_insight_of_another_kind_is_not_overwritten(self, client, ada):
        insight = kept(client)
        sent = {"definition": '{"step-0": "a", "step-1": "b"}', "kind": "funnel", "name": "No", "as": "same"}
        sent |= {"insight": insight.id, "version": insight.version}
        page = client.post(reverse("admin:insight_save"), sent, follow=True)
        assert "Not saved: somebody else" in page.content.decode()
        after = SavedInsight.objects.get(id=insight.id)
        assert (after.kind, after.definition, after.version) == ("trends", insight.definition, insight.version)

    @pytest.mark.parametrize("definition", ["[]", '{"step-0": 1}', '{"step-0": "' + "x" * 400 + '"}', '"x"'])
    def test_made_up_fields_are_refused(self, client, ada, definition):
        sent = {"definition": definition, "kind": "funnel", "name": "No", "is_shared": "on"}
        assert "Not saved." in client.post(reverse("admin:insight_save"), sent, follow=True).content.decode()
        assert not SavedInsight.objects.filter(name="No").exists()


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
