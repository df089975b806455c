"""Every list as a file: nothing in it starts a formula, and what goes out comes back in unchanged."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from config.backoffice import exports, pages
from config.backoffice import settings as install
from config.backoffice.models import AuditEntry
from orgs.importing import batches, options
from orgs.importing.cells import DAMAGED_NUMBER, SPREADSHEET_ERROR
from orgs.importing.reading import TRIMMED
from orgs.models import Organization
from revenue.models import ExchangeRate, Subscription
from tests.factories import NOW, organization, snapshot, staff, subscription
from tests.signals.world import dropping

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")
LISTS = {
    "organizations": "/admin/orgs/organization/export.{}?show=all",
    "subscriptions": "/admin/revenue/subscription/export.{}",
    "exchange-rates": "/admin/revenue/exchangerate/export.{}",
    "imports": "/admin/orgs/importbatch/export.{}",
    "signals": "/admin/signals/?export={}",
    "events": "/admin/events/?export={}",
    "rejects": "/admin/rejects/?export={}",
    "reconciliation": "/admin/reconciliation/?export={}",
    "audit-trail": "/admin/backoffice/auditentry/export.{}",
    "job-runs": "/admin/backoffice/jobrun/export.{}",
    "applications": "/admin/applications/?export={}",
    "users": "/admin/auth/user/export.{}",
    "api-tokens": "/admin/backoffice/apitoken/export.{}",
}
TEXTS = st.text(max_size=40) | st.tuples(st.sampled_from([*FORMULA, "'", "''="]), st.text(max_size=8)).map("".join)


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet_rows(file) -> list[list]:
    return [list(row) for row in load_workbook(file, read_only=True).active.iter_rows(values_only=True)]


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=5))
def test_no_cell_starts_a_formula_and_all_come_back(table: list[list[str]]) -> None:
    written = "".join(exports.lines(["a", "b", "c"], table)).encode("utf-8", "surrogatepass")
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig", "surrogatepass"), newline="")))[1:]
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    assert [[exports.plain(cell) for cell in row] for row in rows] == table


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=3))
def test_a_workbook_holds_no_formula(table: list[list[str]]) -> None:
    with exports.workbook("t", ["=1+1", "b"], table) as file:
        book = load_workbook(file)
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert cells and not [cell for cell in cells if cell.data_type == "f" or str(cell.value).startswith(FORMULA)]


def test_numbers_stay_numbers() -> None:
    with exports.workbook("t", ["n"], [[Decimal("-12.50")], [3], [None], [True]]) as file:
        assert sheet_rows(file)[1:] == [[-12.5], [3], [None], ["True"]]
    assert exports.safe(Decimal("-12.50")) == "-12.50"


@pytest.mark.django_db
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_a_file_and_told_to_the_audit_trail(client, name: str, file_format: str) -> None:
    client.force_login(staff())
    snapshot(organization("=cmd()", display_name="@x", imported_at=NOW), mrr=5)
    response = client.get(LISTS[name].format(file_format))
    assert response.status_code == 200
    content = body(response)
    rows = csv_rows(content) if file_format == "csv" else sheet_rows(io.BytesIO(content))
    assert len(rows[0]) >= 3
    assert not [cell for row in rows for cell in row if isinstance(cell, str) and cell.startswith(FORMULA)]
    entry = AuditEntry.objects.get(action="list.exported")
    assert (entry.actor_label, entry.detail["list"], entry.detail["format"]) == ("ada", name, file_format)
    assert client.get(LISTS[name].format("pdf")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_exported_only_to_whom_it_is_shown(client, name: str) -> None:
    client.force_login(staff("nobody", is_superuser=False))
    assert client.get(LISTS[name].format("csv")).status_code == 403
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_the_pages_link_to_their_exports(client) -> None:
    client.force_login(staff())
    for name in ("organizations", "subscriptions", "rates", "imports", "signals", "events", "audit", "reconciliation"):
        [page] = [page for page in pages.all_pages() if page.name == name]
        text = client.get(page.url).content.decode()
        assert "Export CSV" in text and "Export XLSX" in text, name


def plan_again(kind: str, content: bytes):
    return batches.plan_content(kind, content, options.choose(NOW)).counts


# Made of what an import keeps as it is, so that next to nothing has to be thrown away.
IN_ONE_LINE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30)
NAMES = (
    st.tuples(st.sampled_from(["", "=", "+", "-", "@", "'", "''="]), IN_ONE_LINE)
    .map(lambda parts: "".join(parts).strip(TRIMMED).strip())
    .filter(lambda text: text and not DAMAGED_NUMBER.search(text) and not SPREADSHEET_ERROR.search(text))
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_organizations_come_back_unchanged(client, names: list[tuple[str, str]]) -> None:
    Organization.objects.all().delete()
    for number, (name, tier) in enumerate(names):
        organization(f"={number}", display_name=name, imported_at=NOW, properties={"tier": tier, "seats": 3})
    user = staff() if not hasattr(client, "ada") else client.ada
    client.ada = user
    client.force_login(user)
    counts = plan_again("organizations", body(client.get(LISTS["organizations"].format("csv"))))
    assert counts == {"new": 0, "changed": 0, "unchanged": len(names), "refused": 0}


@pytest.mark.django_db
@pytest.mark.parametrize("convention", ["exclusive", "inclusive"])
def test_subscriptions_and_rates_come_back_unchanged(client, convention: str) -> None:
    user = staff()
    client.force_login(user)
    install.change({"end_convention": convention}, actor=user, now=NOW)
    org = organization("-o", imported_at=NOW)
    subscription(org, "99.1234", end_on=date(2027, 2, 1), trial_end_on=date(2024, 2, 1), name="=Pro")
    subscription(org, "10", product_code="@p", amount=Decimal(120), interval="year", subscription_id="+1")
    subscription(org, "-5", product_code="discount")
    ExchangeRate.objects.create(date=date(2026, 1, 1), currency="USD", per_eur=Decimal("1.08371234"))
    content = body(client.get(LISTS["subscriptions"].format("csv")))
    assert plan_again("subscriptions", content) == {"new": 0, "changed": 0, "unchanged": 3, "refused": 0}
    assert plan_again("rates", body(client.get(LISTS["exchange-rates"].format("csv"))))["unchanged"] == 1
    assert Subscription.objects.count() == 3


@pytest.mark.django_db
def test_the_queue_has_one_row_a_signal_and_keeps_its_filters(client) -> None:
    from signals import rounds

    client.force_login(staff())
    dropping()
    rounds.scan_round(datetime(2026, 3, 10, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, tzinfo=UTC))
    header, *rows = csv_rows(body(client.get("/admin/signals/?export=csv")))
    assert [(row[0], row[header.index("signal")]) for row in rows] == [("dropping", "Usage drop")]
    assert csv_rows(body(client.get("/admin/signals/?export=csv&q=nobody")))[1:] == []
    assert reverse("admin:signals") == "/admin/signals/"
