"""Funnel, retention and lifecycle as staff use them."""

import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from orgs.cohorts.uses import uses
from orgs.models import Cohort, CohortMember, OrganizationKey
from tests.tracker.asked import HOSTILE, kept
from tracker.models import Dashboard, SavedInsight

pytestmark = pytest.mark.django_db


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
