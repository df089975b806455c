"""Query counts of every list page: a committed baseline, the same for one row and for fifty.

A number that grew wants a reason; one that shrank wants to be written down here.
"""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.backoffice import audit
from orgs.cohorts import editing
from orgs.models import ImportBatch, Organization
from signals.models import Churn, FollowUp, Signal
from tests import factories

pytestmark = pytest.mark.django_db

MOST = 12
BASELINE = {
    "/admin/": 23,
    "/admin/signals/": 10,
    "/admin/orgs/organization/": 11,
    "/admin/orgs/organization/?band=at_risk&paying=yes": 11,
    "/admin/followups/": 9,
    "/admin/churn/": 8,
    "/admin/cohorts/": 5,
    "/admin/pages/": 20,
    "/admin/sessions/": 13,
    "/admin/explorer/": 10,
    "/admin/ai-cost/": 14,
    "/admin/revenue/subscription/": 10,
    "/admin/events/": 10,
    "/admin/features/": 6,
    "/admin/features/organizations/": 8,
    "/admin/applications/": 9,
    "/admin/rejects/": 3,
    "/admin/orgs/importbatch/": 5,
    "/admin/reconciliation/": 8,
    "/admin/revenue/exchangerate/": 5,
    "/admin/backoffice/job/": 5,
    "/admin/backoffice/jobrun/": 5,
    "/admin/backoffice/auditentry/": 7,
    "/admin/backoffice/apitoken/": 4,
}
SOME = {
    "match": "all",
    "groups": [{"match": "all", "rules": [{"kind": "band", "operator": "exact", "value": "watch"}]}],
}
# The home page is fifteen numbers of six parts of the product, not a list; the others ask several questions, some with
# a time limit of their own.
SEVERAL = {"/admin/", "/admin/pages/", "/admin/sessions/", "/admin/ai-cost/"}


def rows(start: int, stop: int, owner) -> None:
    now = timezone.now()
    for number in range(start, stop):
        org = factories.organization(f"org-{number}", owner=owner, imported_at=now)
        factories.snapshot(
            org, now=now, mrr=Decimal(number), band="at_risk", last_seen_at=now, open_signals=["usage_drop"]
        )
        factories.subscription(org, mrr="10")
        for kind in ("usage_drop", "inactive_paying"):
            Signal.objects.create(
                organization=org, type=kind, sentence="x", opened_at=now, changed_at=now, assignee=owner
            )
        FollowUp.objects.create(
            organization=org, title="x", due_on=now.date(), assignee=owner, created_at=now, changed_at=now
        )
        Churn.objects.create(organization=org, churned_on=now.date(), mrr=1, found_at=now)
        audit.record(owner, "test.done", org, now=now)
        editing.create(f"Cohort {number}", SOME, actor=owner, now=now)
        ImportBatch.objects.create(
            kind="organizations", file_name="a.csv", sha256="0" * 64, size=1, created_at=now, created_by=owner
        )


def count(client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
        assert answer.status_code == 200, path
    return len(captured)


@pytest.fixture
def nothing_is_kept(settings):
    """Answers are asked of the tables each time, so that few and many rows are compared."""
    dummy = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    settings.CACHES = {**settings.CACHES, "answers": dummy}


@pytest.mark.usefixtures("nothing_is_kept")
@pytest.mark.parametrize("path", BASELINE)
def test_the_count_is_the_baseline_and_does_not_grow_with_rows(client, path):
    ada = factories.staff()
    client.force_login(ada)
    rows(0, 2, ada)
    client.get(path)
    few = count(client, path)
    rows(2, 55, ada)
    assert Organization.objects.count() == 55
    many = count(client, path)
    assert (few, many) == (BASELINE[path], BASELINE[path])
    assert path in SEVERAL or many <= MOST
