"""Install settings: read with defaults, changed with a version and a line in the audit trail."""

import json
from datetime import UTC, date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from config.backoffice import settings
from config.backoffice.models import AuditEntry, InstallSettings
from tests.factories import NOW, staff

pytestmark = pytest.mark.django_db


def test_defaults_stand_before_anybody_saved():
    row = settings.read()
    assert (row.time_zone, row.reporting_currency, row.end_convention, row.gap_grace_days) == (
        "UTC", "EUR", "exclusive", 0,
    )  # fmt: skip
    assert not InstallSettings.objects.exists()


def test_a_change_is_versioned_and_audited():
    ada = staff()
    row = settings.change({"time_zone": "Europe/Berlin"}, actor=ada, now=NOW)
    assert (row.version, row.changed_at) == (2, NOW)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == (ada, "settings.changed")
    assert entry.detail == {"time_zone": ["UTC", "Europe/Berlin"]}


def test_no_change_no_version():
    settings.change({"time_zone": "UTC"}, actor=None, now=NOW)
    assert settings.read().version == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"reporting_currency": "euro"}, "reporting_currency"),
        ({"gap_grace_days": 400}, "gap_grace_days"),
        ({"fx_mode": "constant", "fx_constant_date": None}, "__all__"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_changes(values, field):
    with pytest.raises(ValidationError) as refused:
        settings.change(values, actor=None, now=NOW)
    assert field in refused.value.message_dict
    assert settings.read().version == 1


def test_today_is_the_day_of_the_reporting_zone():
    settings.change({"time_zone": "Pacific/Auckland"}, actor=None, now=NOW)
    assert settings.today(datetime(2026, 3, 10, 11, 30, tzinfo=UTC)) == date(2026, 3, 11)


def test_a_day_of_the_zone_has_its_own_length():
    berlin = ZoneInfo("Europe/Berlin")
    start, end = (settings.day_start(date(2026, 3, day), berlin) for day in (29, 30))
    assert (end - start).total_seconds() == 23 * 3600


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_and_changes():
    assert json.loads(run("configure", "time_zone", "--json")) == {"time_zone": "UTC"}
    assert run("configure", "gap_grace_days", "5") == "gap_grace_days = 5\n"
    assert settings.read().gap_grace_days == 5
    run("configure", "fx_constant_date", "2026-01-31")
    assert settings.read().fx_constant_date == date(2026, 1, 31)


def test_constant_rates_are_those_of_today_until_a_day_is_named():
    settings.change({"fx_mode": "constant"}, actor=None, now=NOW)
    assert settings.read().fx_constant_date == NOW.date()
    assert AuditEntry.objects.get().detail["fx_constant_date"] == ["None", str(NOW.date())]
    run("configure", "fx_constant_date", "2024-01-31")
    run("configure", "fx_mode", "constant")
    assert settings.read().fx_constant_date == date(2024, 1, 31)
    with pytest.raises(CommandError, match="need a rate date"):
        run("configure", "fx_constant_date", "")


def test_the_command_refuses_in_words():
    with pytest.raises(CommandError, match=r"gap_grace_days: “many” was not taken"):
        run("configure", "gap_grace_days", "many")


def test_within_a_request_the_row_is_read_once(django_assert_num_queries):
    with django_assert_num_queries(1), settings.read_once():
        assert settings.read() is settings.read()
    with settings.read_once():
        settings.read()
        settings.change({"time_zone": "Asia/Tokyo"}, actor=None, now=NOW)
        assert settings.zone() == ZoneInfo("Asia/Tokyo")
