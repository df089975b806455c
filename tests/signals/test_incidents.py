"""A tracking outage from end to end: one incident, no false alarm, and what was held back runs when events return."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from config.backoffice.models import AuditEntry, WebhookDelivery, WebhookEndpoint
from config.backoffice.outbox import webhooks
from orgs.models import Organization, OrganizationSnapshot
from signals import detection, digest, incidents, scoring, snapshots
from signals.models import DataIncident, Reading, RuleVersion, Signal
from signals.rules import data_incident
from signals.versions import incident_dry_run, rule_settings
from tests import factories
from tests.signals.test_model_pages import run_asked
from tests.signals.world import NOW, TODAY, paying, shop, silent, span, used
from tracker.models import Application, EventNameDay, UsageDay, UserMonth

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
USAGE = {"usage_drop", "inactive_paying"}


def scan(days: int = 0, hours: int = 0) -> detection.Scan:
    """Score everybody and scan, so many days after today."""
    now = NOW + days * DAY + timedelta(hours=hours)
    scoring.score(TODAY + days * DAY, now)
    return detection.scan(TODAY + days * DAY, now, now)


def customers(count: int, last: int):
    found = [paying(f"org-{n}") for n in range(count)]
    for org in found:
        used(org, span(80, last))
    return found


def usage_signals() -> set[tuple[str, str]]:
    return set(Signal.objects.filter(type__in=USAGE).values_list("organization__external_id", "type"))


def test_an_outage_opens_one_incident_and_no_signal_until_events_return():
    found = customers(6, last=2)
    gone = silent("gone", last=13)
    for days in range(21):
        scan(days)
        assert DataIncident.objects.count() == 1, days
        assert usage_signals() == set(), days
    incident = DataIncident.objects.get()
    assert (incident.first_day, incident.opened_at, incident.seen_at) == (TODAY - DAY, NOW, NOW + 20 * DAY)
    assert incident.sentence.startswith("Events of the median organization −100")

    # Six of seven send again; the seventh really left before the outage.
    for org in found:
        used(org, [TODAY + 20 * DAY])
    scan(21)
    incident.refresh_from_db()
    assert incident.resolved_at == NOW + 21 * DAY
    assert ("gone", "inactive_paying") in usage_signals()
    assert {name for name, kind in usage_signals() if kind == "inactive_paying"} == {"gone"}
    # Twenty of thirty days are lost: now that data comes again, the drop is real to the rule.
    dropped = {name for name, kind in usage_signals() if kind == "usage_drop"}
    assert dropped == {org.external_id for org in (*found, gone)}
    trail = AuditEntry.objects.filter(action__startswith="incident").order_by("id").values_list("action", flat=True)
    assert list(trail) == ["incident.opened", "incident.resolved"]


def test_a_signal_that_is_open_stays_while_nobody_can_tell():
    customers(6, last=1)
    silent("gone", last=30)
    scan()
    assert usage_signals() >= {("gone", "inactive_paying")}
    before = Signal.objects.get(organization__external_id="gone", type="inactive_paying")
    for days in (1, 2, 3):
        scan(days)
    assert DataIncident.objects.open().count() == 1
    after = Signal.objects.get(pk=before.pk)
    assert (after.state, after.scans_not_true, after.sentence) == ("open", 0, before.sentence)


def test_an_outage_of_one_application_holds_back_its_users_only():
    shops = customers(6, last=2)
    other = factories.application("Other")
    elsewhere = [paying(f"other-{n}") for n in range(6)]
    for org in elsewhere:
        used(org, span(80, 1))
    for model in (UsageDay, EventNameDay, UserMonth):
        model.objects.filter(key__organization__in=elsewhere).update(application=other)
    quiet = silent("quiet", last=20)
    UsageDay.objects.filter(key__organization=quiet).update(application=other)
    never = paying("never")
    scan()
    assert [row.application.name for row in DataIncident.objects.open()] == ["Shop"]
    assert usage_signals() == {("quiet", "inactive_paying"), ("quiet", "usage_drop")}
    held = incidents.held_back(TODAY, {shop().pk})
    assert (never.pk in held, quiet.pk in held, elsewhere[0].pk in held) == (True, False, False)
    asked = [shops[0].pk, never.pk, quiet.pk, elsewhere[0].pk]
    assert [pk in incidents.held_back(TODAY, {shop().pk}, pk) for pk in asked] == [True, True, False, False]


def test_an_application_that_is_switched_off_or_a_rule_that_is_off_has_no_incident():
    customers(6, last=2)
    scan()
    Application.objects.update(is_active=False)
    scan(hours=1)
    assert not DataIncident.objects.open().exists()
    Application.objects.update(is_active=True)
    RuleVersion.objects.create(rule="data_incident", version=2, is_enabled=False, created_at=NOW)
    scan(hours=2)
    assert not DataIncident.objects.open().exists()


def why_it_ended() -> str:
    """What the trail says of the incident that ended last."""
    assert not DataIncident.objects.open().exists()
    entry = AuditEntry.objects.filter(action="incident.resolved").latest("id")
    reason = entry.detail["reason"]
    assert DataIncident.objects.get(pk=int(entry.subject_id)).reason == reason
    return reason


def test_the_trail_says_why_one_ended():
    found = customers(6, last=2)
    scan()
    thresholds = rule_settings.latest("data_incident").thresholds
    switched = {"is_enabled": False, "follows": 1, "why": "Too loud", "actor": None, "now": NOW}
    rule_settings.publish("data_incident", thresholds, **switched)
    scan(hours=1)
    assert why_it_ended() == "The rule was switched off (v2)."
    RuleVersion.objects.create(rule="data_incident", version=3, created_at=NOW)
    scan(hours=2)
    assert DataIncident.objects.open().count() == 1
    Application.objects.update(is_active=False)
    scan(hours=3)
    assert why_it_ended() == "The application was switched off."
    Application.objects.update(is_active=True)
    scan(hours=4)
    for org in found:
        used(org, span(1, 1))
    scan(hours=5)
    assert why_it_ended() == "Events are back."
    assert AuditEntry.objects.filter(action="incident.resolved").count() == DataIncident.objects.count() == 3


class TestEndedByAPerson:
    def test_with_a_reason_and_no_other_about_the_same_fall(self, client):
        customers(6, last=2)
        ada = factories.staff("ada")
        client.force_login(ada)
        scan()
        incident = DataIncident.objects.get()
        address = f"/admin/incidents/{incident.pk}/end/"
        assert "End the incident" in client.get("/admin/").content.decode()
        client.post(address, {"reason": " "})
        incident.refresh_from_db()
        assert (incident.resolved_at, AuditEntry.objects.filter(action="incident.resolved").count()) == (None, 0)
        client.post(address, {"reason": "Page views were stopped on purpose", "false_alarm": "1"})
        again = client.post(address, {"reason": "Again"}, follow=True)
        assert "is over already" in again.content.decode()
        incident.refresh_from_db()
        assert (incident.reason, incident.is_false_alarm) == ("Page views were stopped on purpose", True)
        assert incident.resolved_by == ada
        entry = AuditEntry.objects.get(action="incident.resolved")
        assert (entry.actor, entry.detail["false_alarm"]) == (ada, True)
        for hours in (1, 2):
            scan(hours=hours)
        assert DataIncident.objects.count() == 1
        # Rules speak again: nobody holds back whose use ended.
        scan(13)
        assert len([kind for _, kind in usage_signals() if kind == "inactive_paying"]) == 6

    def test_the_next_fall_opens_one_again(self):
        found = customers(6, last=2)
        scan()
        ended = {"reason": "Known", "is_false_alarm": False, "actor": factories.staff(), "now": NOW}
        incidents.end(DataIncident.objects.get().pk, **ended)
        for org in found:
            used(org, [TODAY, TODAY + DAY])
        scan(1)
        assert list(DataIncident.objects.values_list("is_waved_off", flat=True)) == [False]
        scan(3)
        assert DataIncident.objects.open().get().first_day == TODAY + 2 * DAY

    def test_it_takes_the_right_to_act(self, client):
        customers(6, last=2)
        scan()
        watcher = factories.staff("watcher", is_superuser=False)
        watcher.user_permissions.add(Permission.objects.get(codename="view_signal"))
        client.force_login(watcher)
        assert client.post(f"/admin/incidents/{DataIncident.objects.get().pk}/end/", {"reason": "x"}).status_code == 403
        assert "End the incident" not in client.get("/admin/").content.decode()
        assert DataIncident.objects.open().count() == 1


def test_a_digest_calls_nobody_worse_while_data_is_missing():
    ada = factories.staff("ada")
    found = customers(6, last=2)
    Organization.objects.update(owner=ada)
    morning = NOW - timedelta(hours=4)
    snapshots.refresh(NOW - DAY)
    digest.prepare(ada, morning - DAY)
    scan()
    OrganizationSnapshot.objects.update(band="at_risk")

    def titles(moment) -> list[str]:
        sections = digest.news_of(ada, "mine", digest.since_of(ada, moment), moment).sections
        digest.prepare(ada, moment)
        return [each.title for each in sections]

    assert titles(NOW + timedelta(hours=1)) == ["Data incidents"]
    for org in found:
        used(org, [TODAY - DAY])
    scan(hours=2)
    OrganizationSnapshot.objects.update(band="at_risk")
    assert titles(NOW + DAY) == ["Data incidents that are over", "Health got worse"]


def test_webhooks_and_digests_tell_both_ends():
    ada = factories.staff("ada")
    events = ["incident.opened", "incident.resolved"]
    webhooks.save(WebhookEndpoint(name="CRM", url="https://example.com/hook", events=events), actor=ada, now=NOW)
    found = customers(6, last=2)
    scan()
    for org in found:
        used(org, [TODAY - DAY])
    scan(hours=1)
    told = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("id")]
    assert [(each["type"], each["data"]["application"], each["data"]["reason"]) for each in told] == [
        ("incident.opened", "Shop", ""),
        ("incident.resolved", "Shop", "Events are back."),
    ]
    assert told[1]["data"]["first_day"] == "2026-03-09"
    sections = digest.news_of(ada, "mine", NOW - DAY, NOW + timedelta(hours=2)).sections
    assert [(each.title, [(line.name, line.words) for line in each.lines]) for each in sections] == [
        ("Data incidents", [("Shop", DataIncident.objects.get().sentence)]),
        ("Data incidents that are over", [("Shop", "Events are back.")]),
    ]


def test_a_scan_twice_opens_one():
    customers(6, last=2)
    scan()
    scan()
    assert DataIncident.objects.count() == 1


def test_a_quiet_sunday_does_not_end_it():
    found = [paying(f"org-{n}") for n in range(6)]
    for org in found:
        used(org, [day for day in span(80, 2) if day.weekday() < 5])
    scan()
    assert DataIncident.objects.open().count() == 1
    # 10 March is a Tuesday: until Sunday and Monday's scan nothing is there to compare with on the weekend.
    for days in range(1, 7):
        scan(days)
    assert DataIncident.objects.open().count() == 1


@pytest.mark.parametrize(
    ("day", "first_day", "expected"),
    [(10, None, 3), (10, 10, 3), (16, 10, 9), (17, 10, 3), (24, 10, 3), (25, 10, 4)],
)
def test_what_a_day_is_compared_with(day, first_day, expected):
    def march(number):
        return number and TODAY.replace(day=number)

    assert data_incident.compared_with(march(day), march(first_day)) == march(expected)


class TestDryRun:
    """What other numbers would hold back, before they are published."""

    def asked(self, fall_above: str, *, is_enabled: bool = True, least: int = 5) -> incident_dry_run.DryRun:
        thresholds = data_incident.Thresholds(Decimal(fall_above), least)
        return incident_dry_run.dry_run(
            thresholds, is_enabled=is_enabled, as_of=TODAY, progress=lambda done, total: None
        )

    def halved(self) -> None:
        """Six that pay 1000 each had half of their events yesterday, one uses another application, one never came."""
        for n in range(6):
            org = paying(f"org-{n}")
            used(org, span(80, 2))
            used(org, span(1, 1), events=5)
        elsewhere = silent("quiet", last=20)
        UsageDay.objects.filter(key__organization=elsewhere).update(application=factories.application("Other"))
        paying("never", "70")

    def test_it_says_what_publishing_does(self):
        self.halved()
        scan()
        assert not DataIncident.objects.exists()
        found = self.asked("0.4")
        # The six, and the one that never came: nobody can tell.
        assert (found.waiting_now, found.waiting_then) == (
            incident_dry_run.Waiting(0, Decimal(0)),
            incident_dry_run.Waiting(7, Decimal(6070)),
        )
        shown = {
            str(each.application): (each.is_found_now, each.is_found_then, each.days_now, each.days_then)
            for each in found.applications
        }
        assert shown == {"Shop": (False, True, 0, 1), "Other": (False, False, 0, 0)}
        assert "−50" in found.applications[0].sentence
        assert not DataIncident.objects.exists()

        thresholds = {"fall_above": "0.4", "minimum_organizations": 5}
        RuleVersion.objects.create(rule="data_incident", version=2, thresholds=thresholds, created_at=NOW)
        scan(hours=1)
        assert [row.application.name for row in DataIncident.objects.open()] == ["Shop"]
        held = incidents.held_back(TODAY, {shop().pk})
        assert sum(row.mrr for row in Reading.objects.filter(mrr__gt=0) if row.organization_id in held) == 6070

    def test_an_incident_that_goes_on_would_end_under_other_numbers_or_without_the_rule(self):
        customers(6, last=2)
        scan()
        assert DataIncident.objects.open().count() == 1
        for found in (self.asked("0.6", is_enabled=False), self.asked("0.6", least=7)):
            assert found.waiting_now == incident_dry_run.Waiting(6, Decimal(6000))
        assert self.asked("0.6", is_enabled=False).waiting_then.organizations == 0
        # With seven needed nobody can tell whether it is over: it goes on.
        assert self.asked("0.6", least=7).waiting_then.organizations == 6
        assert DataIncident.objects.open().count() == 1

    def test_it_is_asked_on_the_page(self, client):
        client.force_login(factories.staff())
        shop()
        page = client.get("/admin/rules/data_incident/").content.decode()
        assert "What would it hold back?" in page
        numbers = {"fall_above": "0.4", "minimum_organizations": "5", "is_enabled": "1", "follows": "1", "act": "ask"}
        assert client.post("/admin/rules/data_incident/", numbers).status_code == 302
        study = run_asked("dry_run")
        assert study.result["then"] == {"applications": 0, "organizations": 0, "mrr": "0"}
        shown = client.get(f"/admin/studies/{study.pk}/").content.decode()
        assert "These numbers hold nothing back today; neither do those in force." in shown


def test_pages_say_it(client):
    client.force_login(factories.staff())
    org = paying("org-1")
    now = timezone.now()
    about = {"opened_at": now, "seen_at": now, "first_day": TODAY, "sentence": "Events of the median <b>fell</b>"}
    DataIncident.objects.create(application=factories.application(), **about)
    for address in ("/admin/", "/admin/signals/", f"/admin/orgs/organization/{org.pk}/change/"):
        page = client.get(address).content.decode()
        assert "Data incident in Shop since 10 Mar" in page, address
        assert "&lt;b&gt;fell" in page
