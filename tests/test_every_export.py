"""Every export that a page of the navigation offers, with hostile text in every list: no cell starts a formula."""

import html
import io
import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urljoin, urlsplit

import pytest
from django.utils import timezone

from config.backoffice import audit, jobs, pages, tokens
from orgs.cohorts import editing
from orgs.models import ImportBatch, Organization
from revenue.models import ExchangeRate
from signals import snapshots
from signals.models import Churn, FollowUp, Signal
from tests import factories
from tests.test_exports import FORMULA, body, csv_rows, sheet_rows
from tests.tracker.sending import Product
from tests.tracker.sending import body as event
from tracker import features, rollups
from tracker.features import Rule
from tracker.models import Feature, Price

pytestmark = pytest.mark.django_db
TEXT = "=HYPERLINK(1)"
EXPORT = re.compile(r'href="([^"]*\bexport[.=]csv[^"]*)"')
LINK = re.compile(r'href="(/admin/[^"]*)"')
NEGATIVE = re.compile(r"-[\d.]+")
# What must be among them; the crawl finds more.
EXPECTED = {
    *("orgs/organization/export", "revenue/subscription/export", "revenue/exchangerate/export"),
    *("signals/", "followups/", "churn/", "cohorts/", "reconciliation/", "ai-cost/", "features/organizations/"),
    *("events/", "pages/", "sessions/", "explorer/", "explorer/event/", "applications/", "rejects/"),
    *("revenue/months/", "revenue/month/", "revenue/cohorts/", "revenue/product/", "revenue/organization/"),
    *("backoffice/auditentry/export", "backoffice/jobrun/export", "auth/user/export"),
}
# Nothing is planned or moves today.
MAY_BE_EMPTY = {"/admin/revenue/days/", "/admin/revenue/renewals/", "/admin/revenue/scheduled/"}
NOT_FOLLOWED = ("logout", "export", "/add/", "/delete/", "/history/")


@pytest.fixture
def filled(client):
    """One row, named by a formula, in whatever has a list."""
    now = timezone.now()
    ada = factories.staff(TEXT)
    client.force_login(ada)
    sent = event(event=TEXT, customer_org_id=TEXT, path=f"/{TEXT}", plan=TEXT, properties={TEXT: TEXT})
    sent["ts_epoch"] = int((now - timedelta(days=1)).timestamp())
    product = Product()
    assert product.send(sent).status_code == 201
    assert product.send(event(event="")).status_code == 400
    used = {"feature": TEXT, "provider": TEXT, "model": TEXT, "estimated_cost_eur": 1, "success": True}
    call = event(event="ai_call_completed", customer_org_id="acme_1", properties=used)
    call["ts_epoch"] = sent["ts_epoch"]
    assert product.send(call).status_code == 201
    factories.subscription(factories.organization("acme-1", display_name=TEXT, imported_at=now))
    org = Organization.objects.get(external_id=TEXT)
    Organization.objects.filter(pk=org.pk).update(display_name=TEXT, imported_at=now, owner=ada)
    factories.subscription(org, product_code=TEXT)
    Price.objects.create(provider=TEXT, model=TEXT, input_per_million=1, output_per_million=1, valid_from=now.date())
    ExchangeRate.objects.create(date=now.date(), currency="USD", per_eur=Decimal("1.1"))
    Signal.objects.create(organization=org, type="usage_drop", sentence=TEXT, opened_at=now, changed_at=now)
    FollowUp.objects.create(
        organization=org, title=TEXT, due_on=now.date(), assignee=ada, created_at=now, changed_at=now
    )
    Churn.objects.create(organization=org, churned_on=now.date(), mrr=1, found_at=now)
    ImportBatch.objects.create(
        kind="organizations", file_name=TEXT, sha256="0" * 64, size=1, created_at=now, created_by=ada
    )
    features.save(Feature(name=TEXT), [Rule(event=TEXT)], actor=ada, now=now)
    rollups.roll_up(now)
    features.count_waiting(now)
    snapshots.refresh(now)
    rule = {"kind": "band", "operator": "exact", "value": "at_risk"}
    editing.create(TEXT, {"match": "all", "groups": [{"match": "all", "rules": [rule]}]}, actor=ada, now=now)
    tokens.create(ada, TEXT, now=now)
    audit.record(ada, "test.done", org, now=now, detail={"text": TEXT})
    jobs.request("import", slot=TEXT, now=now)
    return client


def offered(client) -> set[str]:
    """Address of every CSV that the navigation's pages offer, and the pages that they lead to."""
    seen: set[str] = set()
    found: set[str] = set()
    open_pages = [page.url for page in pages.all_pages() if page.group]
    for _ in (1, 2):
        following = []
        for address in open_pages:
            path = address.partition("?")[0]
            if path in seen or any(word in path for word in NOT_FOLLOWED):
                continue
            seen.add(path)
            answer = client.get(address)
            if answer.status_code != 200 or answer.streaming:
                continue
            text = answer.content.decode()
            found |= {urljoin(address, html.unescape(link)) for link in EXPORT.findall(text)}
            following += [urljoin(address, html.unescape(link)) for link in LINK.findall(text)]
        open_pages = following
    return found


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_every_list_that_is_offered_has_rows_and_no_formula(filled, file_format):
    lists = {re.sub(r"export([.=])csv", rf"export\1{file_format}", address) for address in offered(filled)}
    paths = {urlsplit(address).path.removesuffix(f".{file_format}") for address in lists}
    assert {path.removeprefix("/admin/") for path in paths} >= EXPECTED
    for address in sorted(lists):
        content = body(filled.get(address))
        header, *rows = csv_rows(content) if file_format == "csv" else sheet_rows(io.BytesIO(content))
        texts = [cell for row in [header, *rows] for cell in row if isinstance(cell, str)]
        assert not [text for text in texts if text.startswith(FORMULA) and not NEGATIVE.fullmatch(text)], address
        assert rows or urlsplit(address).path in MAY_BE_EMPTY, address
