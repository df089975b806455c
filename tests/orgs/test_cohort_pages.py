"""The list of cohorts, the builder with and without its script, the page of one; filters that count the same."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.html import escape

from config.backoffice import roles
from orgs.cohorts import membership
from orgs.models import Cohort, Organization
from signals.models import Signal
from tests.factories import NOW, organization, snapshot, staff
from tests.orgs.cohorts import all_of, cohort, members, rule

pytestmark = pytest.mark.django_db
NEW = "/admin/cohorts/new/"
BUILD = "/admin/cohorts/build/"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE orgs_cohort; --",
    "{{ 7|add:7 }}",
]


@pytest.fixture
def browser(client):
    maya = staff("maya", is_superuser=False)
    maya.groups.add(Group.objects.get(name=roles.CUSTOMER_SUCCESS))
    client.force_login(maya)
    return client


def projects(count: int, external_id: str, mrr: str = "0") -> Organization:
    org = organization(external_id, properties={"project_total": count})
    snapshot(org, mrr=Decimal(mrr))
    return org


def form(*conditions: dict, name: str = "Big", act: str = "save", match: str = "all") -> dict:
    fields = {"name": name, "act": act, "match": "all", "g0-match": match}
    for place, condition in enumerate(conditions):
        fields |= {f"g0-r{place}-{key}": str(value) for key, value in condition.items()}
    return fields


MORE = {"kind": "property", "name": "project_total", "operator": "gt", "value": "30"}


def text_of(response) -> str:
    return re.sub(r"[ \n]+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_a_cohort_is_built_counted_and_shown_with_the_same_numbers_everywhere(browser):
    projects(31, "big-1", "12000")
    projects(99, "big-2", "400")
    projects(3, "small")
    live = browser.post(BUILD, form(MORE, act=""))
    assert "2\u00a0organizations, 12\u202f400\u00a0EUR" in text_of(live)
    assert not Cohort.objects.exists()

    saved = browser.post(NEW, form(MORE), follow=True)
    made = Cohort.objects.get()
    assert saved.redirect_chain[-1][0] == f"/admin/cohorts/{made.pk}/"
    assert "Organizations whose property “project_total” is more than 30." in text_of(saved)
    assert members(made) == {"big-1", "big-2"}

    listed = browser.get(f"/admin/orgs/organization/?cohort={made.pk}")
    assert listed.context_data["cl"].result_count == 2
    assert listed.context_data["total"].mrr == 12_400
    row = text_of(browser.get("/admin/cohorts/"))
    assert "1\u00a0cohort; the largest, “Big”, has 2\u00a0organizations with 12\u202f400\u00a0EUR a month." in row


def test_the_list_of_members_holds_those_without_usage_and_revenue_too(browser):
    projects(31, "quiet")
    made = cohort("Big", rule("property", name="project_total", operator="gt", value=30))
    listed = browser.get(f"/admin/orgs/organization/?cohort={made.pk}")
    assert listed.context_data["cl"].result_count == 1


def test_without_a_script_the_buttons_do_the_same(browser):
    added = browser.post(NEW, form(MORE, act="add:0"))
    assert 'name="g0-r1-kind"' in added.content.decode()
    assert 'value="project_total"' in added.content.decode()
    grouped = browser.post(NEW, form(MORE, act="group"))
    assert 'name="g1-r0-kind"' in grouped.content.decode()
    removed = browser.post(NEW, form(MORE, {"kind": "band", "operator": "exact", "value": "watch"}, act="remove:0:0"))
    assert 'name="g0-r1-kind"' not in removed.content.decode()
    assert "Health is Watch" in text_of(removed)
    assert not Cohort.objects.exists()


def test_another_kind_of_condition_begins_with_values_that_fit_it(browser):
    changed = browser.post(BUILD, form({**MORE, "kind": "band", "was": "property"}, act=""))
    assert 'value="healthy" selected' in changed.content.decode()
    assert "Health is Healthy" in text_of(changed)


def test_a_new_cohort_asks_for_a_condition_instead_of_finding_fault(browser):
    page = browser.get(NEW).content.decode()
    assert "Fill in the condition; how many organizations it means is counted here." in page
    assert "is empty" not in page


def test_half_filled_in_is_no_alarm_before_somebody_saves(browser):
    half = form({**MORE, "value": ""}, act="")
    assert "bo-alarm" not in browser.post(BUILD, half).content.decode()
    refused = browser.post(NEW, {**half, "act": "save"})
    assert "Value “” is not a number. Write it like 30 or 12.5." in text_of(refused)
    assert "bo-alarm" in refused.content.decode()
    assert not Cohort.objects.exists()


@pytest.mark.parametrize(
    "act",
    ["add:7", "remove:0", "remove:9:9", "add:-1", "add:x", "nonsense", "remove:0:0", "group:1:2:3", "add:" + "9" * 99],
)
def test_odd_buttons_change_nothing_and_break_nothing(browser, act):
    assert browser.post(NEW, form(MORE, act=act)).status_code == 200
    assert not Cohort.objects.exists()


def test_limits_hold_for_forms_made_by_hand(browser):
    many = {f"g{g}-r{r}-kind": "property" for g in range(15) for r in range(25)}
    shown = browser.post(BUILD, {**many, "act": ""}).content.decode()
    assert 'name="g9-r19-kind"' in shown
    assert 'name="g9-r20-kind"' not in shown
    assert 'name="g10-r0-kind"' not in shown


def test_a_change_is_saved_with_the_members_and_a_name_in_use_is_refused(browser):
    projects(31, "big")
    projects(25, "middle")
    made = cohort("Big", rule("property", name="project_total", operator="gt", value=30))
    cohort("Taken", rule("property", name="x", operator="is_set"))
    address = f"/admin/cohorts/{made.pk}/edit/"
    assert 'value="30"' in browser.get(address).content.decode()
    browser.post(address, form({**MORE, "value": "20"}))
    assert members(made) == {"big", "middle"}
    refused = browser.post(address, form({**MORE, "value": "10"}, name="taken"))
    assert "A cohort of this name exists already." in text_of(refused)
    made.refresh_from_db()
    assert made.definition["groups"][0]["rules"][0]["value"] == "20"


def test_a_cohort_in_use_stays_and_says_where(browser):
    inner = cohort("Inner", rule("property", name="x", operator="is_set"))
    cohort("Outer", rule("cohort", operator="in", cohort=inner.pk))
    refused = browser.post(f"/admin/cohorts/{inner.pk}/act/", {"act": "delete"}, follow=True)
    assert "“Inner” is used by the cohort “Outer”. Take it out there first." in text_of(refused)
    assert Cohort.objects.count() == 2


def test_deleted_and_computed_by_their_buttons(browser):
    made = cohort("Big", rule("property", name="project_total", operator="gt", value=30))
    projects(31, "later")
    browser.post(f"/admin/cohorts/{made.pk}/act/", {"act": "compute"})
    assert members(made) == {"later"}
    browser.post(f"/admin/cohorts/{made.pk}/act/", {"act": "delete"})
    assert not Cohort.objects.exists()


def test_each_button_asks_for_its_permission(client):
    made = cohort("Big", rule("property", name="x", operator="is_set"))
    looker = staff("looker", is_superuser=False)
    looker.user_permissions.add(*permissions("view_cohort"))
    client.force_login(looker)
    assert client.get(f"/admin/cohorts/{made.pk}/").status_code == 200
    assert "/edit/" not in client.get(f"/admin/cohorts/{made.pk}/").content.decode()
    for address in (NEW, f"/admin/cohorts/{made.pk}/edit/"):
        assert client.post(address, form(MORE)).status_code == 403
    for act in ("delete", "compute"):
        assert client.post(f"/admin/cohorts/{made.pk}/act/", {"act": act}).status_code == 403
    assert Cohort.objects.count() == 1


def permissions(*codenames: str):
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=codenames)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_values_are_text(browser, text):
    org = organization("o", properties={text: text})
    snapshot(org)
    browser.post(NEW, form({"kind": "property", "name": text, "operator": "exact", "value": text}, name=text))
    made = Cohort.objects.get()
    assert members(made) == {"o"}
    for address in ("/admin/cohorts/", f"/admin/cohorts/{made.pk}/", f"/admin/cohorts/{made.pk}/edit/", NEW):
        shown = browser.get(address).content.decode()
        assert text not in shown or text == escape(text) or text.startswith("{{")
        assert "{{ 14" not in shown
    exported = b"".join(browser.get("/admin/cohorts/?export=csv").streaming_content).decode()
    assert exported.splitlines()[1].startswith(('"', "<", "'", "{"))


def test_signals_are_filtered_by_a_cohort(browser):
    for name, count in (("in", 40), ("out", 1)):
        org = projects(count, name, "10")
        Signal.objects.create(organization=org, type="usage_drop", sentence="x", opened_at=NOW, changed_at=NOW)
    made = cohort("Big", rule("property", name="project_total", operator="gt", value=30))
    page = browser.get(f"/admin/signals/?cohort={made.pk}")
    assert page.context_data["totals"].organizations == 1
    assert [chip["word"] for chip in page.context_data["chips"]] == ["Big"]
    assert browser.get("/admin/signals/?cohort=999").context_data["totals"].organizations == 0
    assert browser.get("/admin/signals/?cohort=x").context_data["totals"].organizations == 2


def test_the_list_without_a_cohort_leads_to_the_builder(browser):
    page = browser.get("/admin/cohorts/").content.decode()
    assert "No cohort yet." in page
    assert NEW in page
    assert browser.get(reverse("admin:orgs_cohort_changelist")).url == "/admin/cohorts/"


def test_a_problem_is_shown_beside_the_members(browser):
    made = cohort("Big", rule("property", name="x", operator="is_set"))
    Cohort.objects.filter(pk=made.pk).update(definition=all_of({"kind": "gone"}))
    membership.recompute(NOW)
    assert "There is no condition of the kind “gone” here." in text_of(browser.get(f"/admin/cohorts/{made.pk}/"))
    assert browser.get(f"/admin/cohorts/{made.pk}/edit/").status_code == 200
