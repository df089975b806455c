"""Rounds and jobs: everybody once a day, the touched every hour, and a run that died starts over without harm."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from config.backoffice import settings
from config.backoffice.models import JobRun
from orgs.models import Organization, OrganizationSnapshot, OrganizationTouch
from revenue.models import ExchangeRate
from signals import jobs, rounds, snapshots
from signals.models import HealthModel, Reading, ScanCursor, Signal
from signals.rounds import Scored
from signals.versions import drafting
from tests import factories
from tests.signals.world import NOW, TODAY, healthy, paying, silent, used
from tracker.models import UsageDay

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_everybody_once_a_day_then_only_who_had_events():
    well = healthy()
    silent()
    assert rounds.score_round(NOW) == Scored(2, True)
    assert rounds.score_round(NOW + HOUR) == Scored(0, False)
    used(well, [TODAY], now=NOW + HOUR)
    assert rounds.score_round(NOW + 2 * HOUR) == Scored(1, False)
    assert rounds.score_round(NOW + DAY) == Scored(2, True)
    cursor = ScanCursor.objects.get()
    assert (cursor.scored_at, cursor.scored_all_on, cursor.models_in_force) == (NOW + DAY, TODAY + DAY, "1 ")


def test_there_is_one_cursor():
    rounds.score_round(NOW)
    with pytest.raises(IntegrityError, match="one_row_of_scan_cursor"), transaction.atomic():
        ScanCursor.objects.create(id=2)
    assert ScanCursor.objects.get().scored_at == NOW


def test_a_roll_up_that_committed_late_is_not_missed():
    well = healthy()
    rounds.score_round(NOW)
    used(well, [TODAY], now=NOW - timedelta(minutes=1))
    assert rounds.score_round(NOW + HOUR) == Scored(1, False)


def test_events_outside_production_score_nobody():
    tested = paying("tested")
    rounds.score_round(NOW)
    used(tested, [TODAY], now=NOW + HOUR)
    UsageDay.objects.update(environment="staging")
    assert snapshots.refresh_touched(NOW + 2 * HOUR) == 0
    assert rounds.score_round(NOW + 2 * HOUR) == Scored(0, False)


def test_everybody_again_when_settings_or_the_model_changed():
    healthy()
    silent()
    rounds.score_round(NOW)
    settings.change({"reporting_currency": "EUR", "week_start": "sunday"}, actor=None, now=NOW)
    assert rounds.score_round(NOW + HOUR) == Scored(2, True)
    draft = drafting.start(HealthModel.objects.get(), actor=None, now=NOW)
    drafting.publish(draft.pk, 1, "Nothing new.", actor=None, now=NOW)
    assert rounds.score_round(NOW + 2 * HOUR) == Scored(2, True)
    assert rounds.score_round(NOW + 3 * HOUR) == Scored(0, False)


def test_after_midnight_everybody_is_scored_before_a_question_about_today():
    for name in ("a", "b", "c"):
        healthy(name)
    rounds.score_today(NOW)
    tomorrow = NOW + timedelta(days=1)
    touched = Organization.objects.order_by("id")[0]
    OrganizationTouch.objects.create(organization=touched, reason="name", touched_at=tomorrow)
    snapshots.refresh_touched(tomorrow)
    assert Reading.objects.filter(as_of=tomorrow.date()).count() == 1
    rounds.score_today(tomorrow)
    assert Reading.objects.filter(as_of=tomorrow.date()).count() == 3
    scored = set(Reading.objects.filter(as_of=tomorrow.date()).values_list("scored_at", flat=True))
    rounds.score_today(tomorrow + timedelta(hours=1))
    assert set(Reading.objects.filter(as_of=tomorrow.date()).values_list("scored_at", flat=True)) == scored


def test_the_day_is_one_of_the_reporting_zone():
    settings.change({"time_zone": "Pacific/Auckland"}, actor=None, now=NOW)
    healthy()
    rounds.score_round(NOW)
    assert Reading.objects.get().as_of == TODAY + DAY


def test_a_scan_job_that_starts_over_counts_once():
    gone = silent(last=70)
    run = JobRun(job="scan", slot="x", due_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert "1 opened" in jobs.scan(run)
    gone.keys.first().subscriptions.all().delete()
    run.due_at += HOUR
    for _ in range(3):
        jobs.scan(run)
    # Rounds follow the clock, and nobody was touched: the readings of today still say that it pays.
    assert Signal.objects.get().scans_not_true == 0
    rounds.score(Reading.objects.get().as_of, NOW)
    run.due_at += HOUR
    for _ in range(3):
        jobs.scan(run)
    signal = Signal.objects.get()
    assert (signal.scans_not_true, signal.state, signal.last_scan_at) == (1, "open", run.due_at)


def test_other_settings_ask_for_a_scan_and_a_look_at_the_books_within_seconds():
    """Until then amounts would be those of the former currency under the name of the new one."""
    assert not rounds.follow_settings(NOW)
    ExchangeRate.objects.create(date=TODAY - 400 * DAY, currency="USD", per_eur=Decimal(2))
    silent()
    rounds.scan_round(NOW, NOW)
    assert not rounds.follow_settings(NOW)
    settings.change({"reporting_currency": "USD"}, actor=None, now=NOW)
    for seconds in (5, 20):
        jobs_now = NOW + timedelta(seconds=seconds)
        assert rounds.follow_settings(jobs_now)
    version = settings.read().version
    asked = JobRun.objects.order_by("job").values_list("job", "slot", "due_at")
    at = NOW + timedelta(seconds=5)
    assert list(asked) == [("churn", f"settings {version}", at), ("scan", f"settings {version}", at)]
    rounds.scan_round(at, at)
    assert not rounds.follow_settings(at)
    assert OrganizationSnapshot.objects.get().mrr == 1200
    assert set(Signal.objects.values_list("mrr", "currency")) == {(1200, "USD")}


def test_the_jobs_say_what_they_did():
    silent()
    assert jobs.score(JobRun()) == "1\u00a0organization scored, everybody."
    assert jobs.refresh_touched(JobRun()) == "0\u00a0organizations refreshed."


def run(*arguments: str) -> dict:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


class TestCommands:
    DAY = ("--as-of", "2026-03-10")

    def test_score_scan_and_explain(self):
        silent("org-456")
        assert run("score", *self.DAY) == {"as_of": "2026-03-10", "organizations": 1, "model": 1}
        scanned = run("scan", *self.DAY)
        assert scanned == {
            "as_of": "2026-03-10",
            "organizations": 1,
            "opened": 2,
            "woken": 0,
            "resolved": 0,
            "open": 2,
        }
        told = run("explain", "org-456", *self.DAY)
        assert (told["organization"], told["score"], told["state"], told["priority"]) == (
            "org-456",
            "47.37",
            "watch",
            "674.94",
        )
        assert [line["contribution"] for line in told["components"]] == ["8.62", "8.75", "20.00", "10.00", "0.00"]
        assert told["components"][1]["words"] == "7 of 20 working days, 35 of 100 points, weight 25 → 8.75 of 25"
        assert [signal["money_at_stake"] for signal in told["signals"]] == ["356.1600", "318.7800"]

    def test_explain_works_before_anything_was_stored_and_for_an_alias(self):
        org = silent("org-456")
        factories.OrganizationKey.objects.create(external_id="a/ b", organization=org, created_at=NOW)
        assert run("explain", "a/ b", *self.DAY)["score"] == "47.37"
        assert Reading.objects.count() == 0
        out = StringIO()
        call_command("explain", "org-456", *self.DAY, stdout=out)
        assert out.getvalue().startswith("org-456 as of 2026-03-10: 47.37 of 100 (watch), coverage 1.0000, model v1\n")

    def test_an_unknown_organization_is_an_error(self):
        with pytest.raises(CommandError, match="No organization has the id “nobody”"):
            run("explain", "nobody")

    def test_a_scan_of_a_day_takes_place_on_that_day(self):
        silent("org-456", last=14)
        assert run("scan", "--as-of", "2026-03-09")["opened"] == 0
        assert run("scan", *self.DAY)["opened"] == 1
        signal = Signal.objects.get()
        assert (signal.type, signal.opened_at.date()) == ("inactive_paying", date(2026, 3, 10))

    def test_two_scans_without_the_condition_resolve(self):
        org = silent("org-456", last=14)
        run("scan", *self.DAY)
        org.keys.first().subscriptions.all().delete()
        assert run("scan", *self.DAY)["resolved"] == 0
        assert run("scan", *self.DAY)["resolved"] == 1
