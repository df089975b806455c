"""The doors of models, rules and studies: what people may do there, and what a page says when it can't be done."""

import re

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.models import JobRun
from config.backoffice.tasks import execute
from signals import scoring, studies
from signals.health.model import COMPONENTS, MEASURES
from signals.models import HealthModel, RuleVersion, Study
from signals.pages.backtest import answer_context
from tests.factories import staff
from tests.signals.world import dropping, healthy, silent

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client):
    made = staff()
    client.force_login(made)
    return made


def first() -> HealthModel:
    return HealthModel.objects.get(version=1)


def started(client) -> HealthModel:
    client.post(f"/admin/health-models/{first().pk}/", {"act": "start"})
    return HealthModel.objects.drafts().get()


def posted(client, address: str) -> dict[str, str]:
    """What the form of a page would send."""
    page = client.get(address).content.decode()
    found = {}
    for field in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', field), re.search(r'value="([^"]*)"', field)
        if name and "hidden" not in field:
            found[name[1]] = value[1] if value else ""
    return {name: value for name, value in found.items() if "." in name or name in first().definition}


def score_now() -> None:
    now = timezone.now()
    scoring.score(settings.today(now), now)


def run_asked(kind: str) -> Study:
    """The job, as a worker runs it."""
    study = Study.objects.filter(kind=kind).latest("id")
    run = JobRun.objects.get(job=kind, slot=f"study-{study.pk}")
    JobRun.objects.filter(pk=run.pk).update(state="running", attempts=1)
    run.refresh_from_db()
    assert execute(run), run.error
    study.refresh_from_db()
    return study


def test_a_draft_from_start_to_publication(client, ada):
    healthy()
    silent()
    score_now()
    draft = started(client)
    address = f"/admin/health-models/{draft.pk}/"
    numbers = posted(client, address)
    assert len(numbers) == 26
    numbers |= {"healthy_from": "20", "watch_from": "10", "act": "save", "revision": "1", "segment": ""}
    assert client.post(address, numbers).status_code == 302
    draft.refresh_from_db()
    assert (draft.definition["healthy_from"], draft.revision) == ("20", 2)
    assert "Healthy from 70 → 20" in client.get(address).content.decode()

    asked = client.post(address, {"act": "ask"}, follow=True)
    assert "Waiting for a worker" in asked.content.decode()
    study = run_asked("what_if")
    assert (study.result["organizations"], study.result["revision"]) == (2, 2)
    page = client.get(f"/admin/studies/{study.pk}/").content.decode()
    assert "would change band" in page
    refused = client.post(address, {"act": "publish", "revision": "2", "why": ""}, follow=True)
    assert "Say why" in refused.content.decode()
    client.post(address, {"act": "publish", "revision": "2", "why": "They all stay."})
    draft.refresh_from_db()
    assert (draft.state, draft.published_by) == ("published", ada)
    client.post(address, numbers)
    draft.refresh_from_db()
    assert draft.definition["healthy_from"] == "20"


def test_wrong_numbers_come_back_as_typed(client, ada):
    draft = started(client)
    address = f"/admin/health-models/{draft.pk}/"
    answer = client.post(address, posted(client, address) | {"act": "save", "revision": "1", "trend.weight": "lots"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="lots"' in page
    assert "&#x27;lots&#x27; is not a number" in page
    assert HealthModel.objects.get(pk=draft.pk).revision == 1


def test_one_organization_is_tried(client, ada):
    dropping("org-7")
    address = f"/admin/health-models/{first().pk}/"
    assert "dropping" not in client.get(address).content.decode()
    assert "under Model v1" in client.get(address, {"try": "org-7"}).content.decode()
    assert "No organization has the id “x\ty”" in client.get(address, {"try": "x\ty"}).content.decode()


def test_who_may_not_change_sees_no_buttons(client):
    maya = staff("maya", is_superuser=False)
    maya.groups.add(Group.objects.get(name="Customer success"))
    client.force_login(maya)
    address = f"/admin/health-models/{first().pk}/"
    assert "New draft" not in client.get(address).content.decode()
    assert client.post(address, {"act": "start"}).status_code == 403
    assert client.post("/admin/rules/usage_drop/", {"act": "publish"}).status_code == 403
    assert client.post("/admin/backtest/").status_code == 403
    assert HealthModel.objects.count() == 1


def test_a_rule_is_tried_and_published(client, ada):
    dropping()
    score_now()
    address = "/admin/rules/usage_drop/"
    numbers = {"ratio_below": "0.1", "minimum_previous": "50", "is_enabled": "1", "follows": "1"}
    client.post(address, numbers | {"act": "ask"})
    study = run_asked("dry_run")
    assert client.get(f"/admin/studies/{study.pk}/").status_code == 200
    assert study.arguments["thresholds"]["ratio_below"] == "0.1"
    assert RuleVersion.objects.filter(rule="usage_drop").count() == 1
    assert client.post(address, numbers | {"act": "publish", "why": "Quieter."}).status_code == 302
    again = client.post(address, numbers | {"act": "publish", "why": "Quieter."})
    assert (again.status_code, RuleVersion.objects.filter(rule="usage_drop").count()) == (409, 2)
    assert client.post(address, numbers | {"ratio_below": "2", "act": "publish", "why": "x"}).status_code == 422
    assert client.get("/admin/rules/nothing/").status_code == 404


def test_a_dry_run_says_how_many_and_how_much():
    org = dropping()
    gone = silent()
    score_now()
    now = timezone.now()
    # As of today nobody has used anything for months: both pay and are silent.
    asked = {"rule": "inactive_paying", "thresholds": {"days": 364, "full_severity_days": 700}, "is_enabled": True}
    studies.ask(Study.Kind.DRY_RUN, by=None, now=now, arguments=asked)
    result = run_asked("dry_run").result
    assert result["now"] == {"organizations": 2, "mrr": "1500.0000"}
    assert result["then"] == {"organizations": 0, "mrr": "0"}
    assert [(row["organization"], row["comes"]) for row in result["rows"]] == [(org.pk, False), (gone.pk, False)]


def test_a_study_can_be_cancelled(client, ada):
    healthy()
    client.post("/admin/backtest/", {"model": ""})
    study = Study.objects.get()
    client.post(f"/admin/studies/{study.pk}/")
    assert run_asked("backtest").result is None
    assert "Cancelled" in client.get(f"/admin/studies/{study.pk}/").content.decode()
    assert JobRun.objects.get(job="backtest").summary == "Cancelled."
    assert studies.cancel(study.pk, timezone.now()) is False


def test_a_backtest_is_asked_and_shown(client, ada):
    healthy()
    assert "Not checked yet" in client.get("/admin/backtest/").content.decode()
    client.post("/admin/backtest/", {"model": ""})
    run_asked("backtest")
    assert "Nobody left between" in client.get("/admin/backtest/").content.decode()


def test_the_cards_of_a_backtest_say_of_how_many():
    result = {"rows": [], "since": "2025-11-22", "until": "2026-11-22", "scored": 10, "caught": 2}
    words = answer_context(Study(result=result | {"at_risk": {"fired": 3, "before_churn": 1}}))
    assert (words["recall_words"], words["precision_words"]) == (
        "2 of 10\u00a0customers that left",
        "1 of 3\u00a0alarms came true",
    )
    assert words["false_alarms"] == 2
    nothing = answer_context(Study())
    assert (nothing["recall_words"], nothing["precision_words"], nothing["false_alarms"]) == ("", "", 0)


def test_every_component_says_what_it_measures(client, ada):
    page = client.get(f"/admin/health-models/{first().pk}/").content.decode()
    groups = re.findall(r'<legend class="bo-strong">(.*?)</legend><small class="bo-muted">(.*?)</small>', page)
    assert groups == [(COMPONENTS[name], MEASURES[name]) for name in COMPONENTS]
