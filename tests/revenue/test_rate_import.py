"""Exchange rates as a file: both shapes, refusals with their line, what a change touches, undo."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from config.backoffice.models import AuditEntry
from orgs.importing import batches, options, undo
from orgs.importing.reading import FileRefused
from orgs.models import ImportBatch, OrganizationTouch
from revenue.models import ExchangeRate
from tests.factories import organization, staff, subscription

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LONG = "date,currency,per_eur\n"

pytestmark = pytest.mark.django_db


def plan_of(text: str, **chosen):
    return batches.plan_content("rates", text.encode(), options.choose(NOW, **chosen))


def imported(text: str) -> ImportBatch:
    content = text.encode()
    batch = batches.receive(
        "rates", file_name="r.csv", content=content, options=options.choose(NOW), user=None, now=NOW
    )
    batches.preview(batch)
    assert batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW).end is batches.End.DONE
    return batch


def stored() -> list[tuple]:
    return list(ExchangeRate.objects.order_by("date", "currency").values_list("date", "currency", "per_eur"))


def test_the_ecbs_table_and_ours() -> None:
    imported("Date, USD, CYP, JPY, \n20 November 2026, 1.0837, N/A, 159.93, \n2026-11-19,1.08,,160,\n")
    assert stored() == [
        (date(2026, 11, 19), "JPY", Decimal(160)),
        (date(2026, 11, 19), "USD", Decimal("1.08")),
        (date(2026, 11, 20), "JPY", Decimal("159.93")),
        (date(2026, 11, 20), "USD", Decimal("1.0837")),
    ]
    plan = plan_of(LONG + "2026-11-20,USD,1.0837\n2026-11-19,usd,1.09\n2026-11-18,USD,1.1\n2026-11-18,EUR,1\n")
    assert plan.counts == {"new": 1, "changed": 1, "unchanged": 1, "refused": 0}
    assert plan.rows[1].differences == {"per_eur": ("1.08000000", "1.09000000")}


def test_refusals_name_line_column_and_value_all_at_once() -> None:
    rows = "2026-11-20,USD,0\n2026-02-30,USD,1\n2026-11-20,dollar,1\n\n2026-11-20,GBP,0.8\n2026-11-20,GBP,0.9\n"
    plan = plan_of(LONG + rows + "2026-11-20,CHF,1E30\n")
    assert [(each.line, each.column, each.value) for each in plan.refused] == [
        (2, "per_eur", "0"),
        (3, "date", "2026-02-30"),
        (4, "currency", "DOLLAR"),
        (7, "per_eur", "0.9"),
        (8, "per_eur", "1E+30"),
    ]
    assert plan.counts == {"new": 1, "changed": 0, "unchanged": 0, "refused": 5}


def test_days_and_decimals_as_people_write_them() -> None:
    plan = plan_of("date;currency;per_eur\n20.11.2026;USD;1,0837\n", day_format="d.m.y")
    assert [(row.label, row.after) for row in plan.rows] == [("USD on 2026-11-20", {"per_eur": "1.08370000"})]


def test_a_file_without_rates_is_refused() -> None:
    with pytest.raises(FileRefused, match="date, currency and per_eur, or the ECB"):
        plan_of("date,note\n2026-11-20,x\n")


def test_a_rate_touches_whoever_pays_in_the_currency_and_undo_restores() -> None:
    dollars, _euros = organization("d"), organization("e")
    subscription(dollars, currency="USD")
    subscription(_euros)
    imported(LONG + "2026-11-19,USD,1.08\n")
    before = list(ExchangeRate.objects.order_by("id").values())
    OrganizationTouch.objects.all().delete()
    second = imported(LONG + "2026-11-19,USD,1.20\n2026-11-20,USD,1.21\n")
    assert set(OrganizationTouch.objects.values_list("organization_id", flat=True)) == {dollars.pk}
    told = undo.undo(second.pk, user=None, now=NOW)
    assert (told.deleted, told.overwritten, told.kept) == (1, 1, [])
    assert list(ExchangeRate.objects.order_by("id").values()) == before
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "import.confirmed",
        "import.confirmed",
        "import.undone",
    ]


def test_a_rate_changed_since_is_kept_and_listed() -> None:
    batch = imported(LONG + "2026-11-19,USD,1.08\n2026-11-20,USD,1.09\n")
    ExchangeRate.objects.filter(date=date(2026, 11, 20)).update(per_eur=2)
    told = undo.undo(batch.pk, user=None, now=NOW)
    assert [each.reason for each in told.kept] == ["was changed since: per_eur"]
    assert stored() == [(date(2026, 11, 20), "USD", Decimal(2))]


def test_the_command(tmp_path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(LONG + "2026-11-20,USD,1.08\n")
    call_command("import_rates", file, "--dry-run", stdout=StringIO())
    assert stored() == []
    call_command("import_rates", file, stdout=StringIO())
    assert stored() == [(date(2026, 11, 20), "USD", Decimal("1.08"))]
    file.write_text(LONG + "2026-11-21,USD,zero\n")
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_rates", file, stdout=StringIO())
    assert len(stored()) == 1


def test_the_pages(client) -> None:
    client.force_login(staff())
    imported(LONG + "2026-11-20,USD,1.0837\n")
    page = client.get(reverse("admin:revenue_exchangerate_changelist")).content.decode()
    assert "1.0837" in page and "Import exchange rates" in page
    assert "ECB" in client.get(reverse("admin:revenue_exchangerate_import")).content.decode()
