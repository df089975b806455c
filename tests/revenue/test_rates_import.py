"""Rates by command, in both shapes; refused cells; taking an import back."""

import io
import json
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.backoffice import settings as install
from orgs.importing import undo
from orgs.models import OrganizationTouch
from revenue.models import ExchangeRate
from tests import factories

pytestmark = pytest.mark.django_db


def run(path, text, *arguments):
    path = path / "rates.csv"
    path.write_text(text)
    out = io.StringIO()
    with suppress(CommandError):
        call_command("import_rates", str(path), *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def stored():
    return {(str(rate.date), rate.currency): rate.per_eur for rate in ExchangeRate.objects.all()}


def test_a_long_table_twice(tmp_path):
    text = "date,currency,per_eur\n2026-01-02,USD,1.25\n2026-01-02,jpy,160.5\n"
    answer = run(tmp_path, text)
    assert (answer["new"], answer["changed"], answer["refused"]) == (2, 0, [])
    assert stored() == {("2026-01-02", "USD"): Decimal("1.25"), ("2026-01-02", "JPY"): Decimal("160.5")}
    again = run(tmp_path, text.replace("1.25", "1.5"))
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 1, 1)
    assert stored()["2026-01-02", "USD"] == Decimal("1.5")


def test_the_table_of_the_ecb_as_it_is(tmp_path):
    answer = run(tmp_path, "Date,USD,JPY,CYP,\n2026-01-05,1.1703,183.2,N/A,\n2026-01-02,1.1721,182.9,N/A,\n")
    assert (answer["new"], answer["refused"], answer["file_error"]) == (4, [], None)
    assert stored()["2026-01-05", "JPY"] == Decimal("183.2")


def test_refused_cells_name_their_line_and_nothing_is_written(tmp_path):
    text = "date,currency,per_eur\n\n2026-01-02,USD,0\n2026-02-30,USD,1\n2026-01-03,USD,1.2\n2026-01-03,USD,1.3\n"
    answer = run(tmp_path, text)
    assert [(each["line"], each["column"]) for each in answer["refused"]] == [(3, "per_eur"), (4, "date"), (6, "USD")]
    assert stored() == {}
    valid = run(tmp_path, text, "--valid-rows-only")
    assert (valid["new"], stored()) == (1, {("2026-01-03", "USD"): Decimal("1.2")})


def test_the_chosen_dates_and_a_decimal_comma(tmp_path):
    text = "date;currency;per_eur\n02.01.2026;USD;1,0837\n03.01.2026;JPY;160,5\n4 January 2026;CHF;0,931\n"
    assert [each["column"] for each in run(tmp_path, text)["refused"]] == ["date", "date"]
    answer = run(tmp_path, text, "--date-format", "d.m.y")
    assert (answer["new"], answer["refused"]) == (3, [])
    assert stored() == {
        ("2026-01-02", "USD"): Decimal("1.0837"),
        ("2026-01-03", "JPY"): Decimal("160.5"),
        ("2026-01-04", "CHF"): Decimal("0.931"),
    }


def test_a_rate_that_could_be_two_numbers_is_refused(tmp_path):
    answer = run(tmp_path, 'date,currency,per_eur\n2026-01-02,JPY,"1,234"\n2026-01-03,USD,01E2\n')
    assert [(each["line"], each["column"]) for each in answer["refused"]] == [(2, "per_eur"), (3, "per_eur")]
    assert "thousands separator or a decimal comma" in answer["refused"][0]["message"]
    assert stored() == {}


def test_a_table_of_another_kind_is_refused_as_a_whole(tmp_path):
    answer = run(tmp_path, "date,amount\n2026-01-02,1\n")
    assert "date,currency,per_eur" in answer["file_error"]["message"]
    assert stored() == {}


def test_the_money_question_and_the_way_back(tmp_path):
    org = factories.organization()
    today = install.today(timezone.now())
    factories.subscription(org, "100", currency="USD", start_on=today - timedelta(days=9))
    first = run(tmp_path, f"date,currency,per_eur\n{today},USD,2\n")
    assert (first["mrr_before"], first["mrr_after"]) == ("0.0000", "50.0000")
    second = run(tmp_path, f"date,currency,per_eur\n{today},USD,4\n{date(2026, 1, 1)},USD,1\n")
    assert (second["mrr_before"], second["mrr_after"]) == ("50.0000", "25.0000")
    assert OrganizationTouch.objects.filter(organization=org).count() == 2
    told = undo.undo(second["batch"], user=None, now=timezone.now())
    assert (told.deleted, told.overwritten, told.kept) == (1, 1, [])
    assert stored() == {(str(today), "USD"): Decimal(2)}


def test_a_rate_changed_since_stays(tmp_path):
    answer = run(tmp_path, "date,currency,per_eur\n2026-01-02,USD,2\n")
    ExchangeRate.objects.update(per_eur=3)
    told = undo.undo(answer["batch"], user=None, now=timezone.now())
    assert (told.deleted, [(each.label, each.reason) for each in told.kept]) == (
        0,
        [("USD · 2026-01-02", "was changed since")],
    )
    assert stored() == {("2026-01-02", "USD"): Decimal(3)}


def test_the_list_of_rates_and_its_import(client):
    client.force_login(factories.staff())
    assert "No exchange rate yet" in client.get("/admin/revenue/exchangerate/").content.decode()
    ExchangeRate.objects.create(date=date(2026, 1, 2), currency="USD", per_eur=Decimal("1.25"))
    response = client.get("/admin/revenue/exchangerate/", {"currency": "USD"})
    assert "1.25" in response.content.decode()
    assert "Central Bank" in client.get("/admin/revenue/exchangerate/import/").content.decode()
