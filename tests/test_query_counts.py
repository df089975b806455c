"""Query counts of every list page: a committed baseline, the same for two rows and for fifty.

A number that grew wants a reason; one that shrank wants to be written down here.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orgs.models import Organization
from tests import everything, factories

pytestmark = pytest.mark.django_db

MOST = 12
BASELINE = {
    "/admin/": 21,
    "/admin/signals/": 10,
    "/admin/signals/?state=resolved": 10,
    "/admin/orgs/organization/": 11,
    "/admin/orgs/organization/?band=at_risk&paying=yes": 11,
    "/admin/followups/": 10,
    "/admin/followups/?show=done": 10,
    "/admin/churn/": 9,
    "/admin/cohorts/": 5,
    "/admin/pages/": 20,
    "/admin/sessions/": 14,
    "/admin/explorer/": 10,
    "/admin/ai-cost/": 15,
    "/admin/ai-cost/?by=model": 17,
    "/admin/revenue/subscription/": 10,
    "/admin/events/": 11,
    "/admin/features/": 8,
    "/admin/features/organizations/": 9,
    "/admin/applications/": 9,
    "/admin/rejects/": 4,
    "/admin/orgs/importbatch/": 5,
    "/admin/reconciliation/": 9,
    "/admin/reconciliation/?show=unmatched": 9,
    "/admin/reconciliation/?show=joined": 11,
    "/admin/reconciliation/?show=rejected": 11,
    "/admin/revenue/exchangerate/": 5,
    "/admin/backoffice/job/": 6,
    "/admin/backoffice/jobrun/": 5,
    "/admin/backoffice/auditentry/": 7,
    "/admin/backoffice/apitoken/": 4,
    "/admin/matrix/": 9,
    "/admin/weekly/": 19,
    "/admin/digest/": 25,
    "/admin/revenue/": 14,
    "/admin/revenue/month/": 10,
    "/admin/revenue/renewals/": 12,
    "/admin/insights/": 9,
    "/admin/tracker/price/": 5,
    "/admin/health-models/": 8,
    "/admin/orgs/team/": 5,
    "/admin/backoffice/webhookendpoint/": 4,
    "/admin/backoffice/webhookdelivery/": 6,
    "/admin/backoffice/mail/": 4,
    "/admin/auth/user/": 5,
    "/admin/auth/group/": 4,
}
# The home page is fifteen numbers of six parts of the product, not a list; the others ask several questions, some with
# a time limit of their own.
SEVERAL = {
    "/admin/",
    "/admin/pages/",
    "/admin/sessions/",
    "/admin/ai-cost/",
    "/admin/ai-cost/?by=model",
    "/admin/weekly/",
    "/admin/digest/",
    "/admin/revenue/",
}
# Six sections of the weekly review list 25 rows and count the others only where there are others.
COUNTED = {"/admin/weekly/": 6}
# A page with fifty rows more is larger by this many bytes at least: what it lists is there.
LARGER = 2000


def looks(client) -> dict[str, tuple[int, int]]:
    """Queries and bytes of each page's second look: what one process reads once is read."""
    found = {}
    for path in BASELINE:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path)
        assert answer.status_code == 200, path
        found[path] = len(captured), len(answer.content)
    return found


@pytest.fixture
def nothing_is_kept(settings):
    """Answers are asked of the tables each time, so that few and many rows are compared."""
    dummy = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    settings.CACHES = {**settings.CACHES, "answers": dummy}


@pytest.mark.usefixtures("nothing_is_kept")
def test_the_counts_are_the_baseline_and_do_not_grow_with_rows(client):
    ada = factories.staff()
    client.force_login(ada)
    everything.fill(range(2), ada)
    few = looks(client)
    everything.fill(range(2, 55), ada)
    assert Organization.objects.imported().count() == 55
    many = looks(client)
    assert {path: many[path][1] - few[path][1] for path in BASELINE if many[path][1] < few[path][1] + LARGER} == {}
    assert {path: queries for path, (queries, _) in few.items()} == BASELINE
    grown = {path: many[path][0] - few[path][0] for path in BASELINE}
    assert {path: queries for path, queries in grown.items() if queries} == COUNTED


def test_pages_that_ask_much_are_known():
    assert {path for path, queries in BASELINE.items() if queries > MOST} == SEVERAL
