"""What the demo's story must lead to, written by hand: which customer, which signal, which band.

The story goes through the real doors (import, ingest, roll-up, scoring, scan); nothing here is read from its script.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from config.backoffice import settings
from config.backoffice.models import AuditEntry
from orgs.models import Band, Cohort, ImportBatch, Organization
from revenue.answers import headline
from signals import ai_cost, backtest
from signals.demo.telling import tell
from signals.models import Reading, Signal
from signals.today import today
from signals.versions import publishing
from tracker import credentials, ingest, paths
from tracker.insights import trends
from tracker.insights.reading import read
from tracker.models import Event, Reject, SavedInsight, UsageDay
from tracker.paths import Scope

pytestmark = pytest.mark.django_db

# A Sunday, a Wednesday: the story holds on any day.
DAYS = [datetime(2026, 3, 8, 15, 0, tzinfo=UTC), datetime(2026, 3, 11, 9, 30, tzinfo=UTC)]


@pytest.fixture(scope="module", params=DAYS, ids=["sunday", "wednesday"])
def told(request, django_db_setup, django_db_blocker):
    """The named customers and forty of the crowd, told once for all tests of a day."""
    with django_db_blocker.unblock(), transaction.atomic():
        ingest.forget()
        credentials.forget()
        yield request.param, tell(60, 120, 25_000, request.param, lambda line: None)
        transaction.set_rollback(True)


def customer(external_id: str) -> Organization:
    return Organization.objects.select_related("snapshot").get(external_id=external_id)


def open_signals(external_id: str) -> set[str]:
    return set(Signal.objects.open().filter(organization__external_id=external_id).values_list("type", flat=True))


def test_globex_is_dying_quietly(told):
    globex = customer("org-457")
    assert str(globex) == "Globex Corporation"
    assert globex.owner.username == "maya"
    assert globex.snapshot.mrr == Decimal("9800.0000")
    assert globex.snapshot.band == Band.AT_RISK
    assert open_signals("org-457") == {"revenue_at_risk", "usage_drop", "renewal_risk"}


def test_umbrella_pays_and_is_silent(told):
    umbrella = customer("org-201")
    assert umbrella.snapshot.mrr == Decimal("4200.0000")
    assert umbrella.snapshot.band == Band.NO_ACTIVITY
    assert sorted(umbrella.snapshot.products) == ["business", "support"]
    assert open_signals("org-201") >= {"inactive_paying", "revenue_at_risk"}


def test_hooli_and_vandelay_are_growing(told):
    for external_id in ("org-305", "org-322"):
        assert customer(external_id).snapshot.band == Band.HEALTHY
        assert open_signals(external_id) == {"expansion_candidate"}


def test_initech_drops_while_still_healthy(told):
    assert customer("org-318").snapshot.band == Band.HEALTHY
    assert open_signals("org-318") == {"usage_drop"}


def test_wonka_and_stark_are_fine(told):
    for external_id in ("org-330", "org-344"):
        assert customer(external_id).snapshot.band == Band.HEALTHY
        assert open_signals(external_id) == set()


def test_soylent_is_imported_and_was_never_seen(told):
    for external_id in ("org-351", "org-352"):
        assert customer(external_id) in Organization.objects.imported_never_seen()
        assert open_signals(external_id) == {"inactive_paying"}


def test_acme_stands_under_two_spellings(told):
    imported, seen = customer("org-456"), customer("org_456")
    assert (str(imported), imported.snapshot.mrr, imported.snapshot.last_seen_at) == ("Acme Corporation", 99, None)
    assert (str(seen), seen.snapshot.mrr, seen.imported_at) == ("org_456", 0, None)
    assert seen.snapshot.events_30d > 400
    assert open_signals("org-456") == {"inactive_paying"}


def test_some_are_seen_and_in_no_file(told):
    never_imported = set(Organization.objects.seen_never_imported().values_list("external_id", flat=True))
    assert never_imported == {"org_456", "trial-9041", "trial-9077", "weyland"}


def test_the_gone_pay_nothing_and_nobody_is_called_for_them(told):
    for external_id in ("org-401", "org-402", "org-403", "org-404"):
        assert customer(external_id).snapshot.mrr == 0
        assert open_signals(external_id) == set()


def test_a_tenth_has_an_id_that_needs_care(told):
    careful = ("acme north/eu 7", "Größe & Söhne", "株式会社サンプル", "<b>bold</b>&co", "<script>alert(1)</script>")
    for external_id in (*careful, 'o\'brien "quoted"'):
        assert UsageDay.objects.filter(key__external_id=external_id).exists(), external_id


def test_it_went_through_the_doors(told):
    now, counts = told
    assert counts.organizations == 57
    assert counts.events == Event.objects.count()
    confirmed = ImportBatch.objects.filter(state="confirmed").values_list("kind", flat=True)
    assert sorted(confirmed) == ["organizations", "subscriptions"]
    assert AuditEntry.objects.filter(action="import.confirmed").count() == 2
    assert not Event.objects.filter(occurred_at__gt=now).exists()
    assert list(Reject.objects.values_list("code", "field")) == [("milliseconds", "ts_epoch")]


def test_pages_agree_with_each_other(told):
    now, _ = told
    page = today(user=None, scope="all", now=now)
    assert page.money.mrr == headline(page.as_of).mrr
    risky = Organization.objects.filter(signals__in=Signal.objects.open().risks()).distinct()
    assert page.open.risks.organizations == risky.count()
    assert page.open.risks.mrr == sum(org.snapshot.mrr for org in risky.select_related("snapshot"))


def test_every_score_is_the_sum_of_its_lines(told):
    scored = Reading.objects.exclude(score=None)
    assert scored.count() > 500
    for reading in scored:
        lines = [line["contribution"] for line in reading.components] + [line["taken"] for line in reading.caps]
        assert sum(Decimal(line) for line in lines) == reading.score


def test_a_backtest_of_the_story_says_who_was_seen_coming(told):
    now, _ = told
    numbers = backtest.Numbers(publishing.in_force(), publishing.rule_book())
    found = backtest.backtest(now.date(), numbers, lambda done, total: None)
    left = {each.left.organization_id: each for each in found.departures}
    piper, cyberdyne = left[customer("org-401").pk], left[customer("org-402").pk]
    assert (piper.left.mrr, cyberdyne.left.mrr) == (1200, 4100)
    assert (piper.is_caught, piper.lead_days >= 30, cyberdyne.is_caught) == (True, True, False)
    assert 0 < found.recall < 1
    assert found.lead_time >= 30
    assert found.at_risk.before_churn >= 1
    assert found.at_risk.precision > 0
    told_json = backtest.told(found)
    assert len(told_json["rows"]) == told_json["departures"] == len(found.departures)


def test_told_again_on_the_same_day_it_changes_nothing(told):
    now, _ = told
    before = (Event.objects.count(), Organization.objects.count(), Signal.objects.open().count())
    again = tell(60, 120, 25_000, now, lambda line: None)
    assert again.events == 0
    assert (Event.objects.count(), Organization.objects.count(), Signal.objects.open().count()) == before


def test_one_organization_passes_thirty_projects(told):
    events = Event.objects.filter(name="project_created", key__external_id="org-305")
    assert max(each.properties["new_total"] for each in events) == 34
    assert customer("org-305").properties["project_total"] == 34
    others = Organization.objects.exclude(external_id="org-305").values_list("properties__project_total", flat=True)
    assert max(total for total in others if total) <= 30


def test_a_cohort_stands_beside_everybody_else_in_usage_and_revenue(told):
    now, _ = told
    cohort = Cohort.objects.get(name="More than 30 projects")
    assert [str(each.organization) for each in cohort.members.select_related("organization")] == ["Hooli"]
    insight = SavedInsight.objects.get(owner__username="maya")
    found = trends.computed(read(insight.definition, settings.today(now)), now)
    shown = {(each.series, each.part.text): each.aggregate for each in found.lines}
    inside, outside = "In “More than 30 projects”", "Everybody else"
    assert (shown[0, inside], shown[3, inside]) == (1, 2100)
    assert shown[0, outside] > 40
    assert shown[1, inside] > 2 * shown[1, outside]
    assert shown[3, outside] > 20_000


def test_accounts_purchases_and_first_users_are_told(told):
    accounts = Event.objects.filter(name="account_created")
    firsts = [each for each in accounts if each.properties["is_first_user"]]
    assert len(firsts) == len({each.key_id for each in firsts}) == len({each.key_id for each in accounts})
    purchases = Event.objects.filter(name="purchase", key__external_id="org-330")
    assert {(each.properties["purchase_value"], each.properties["plan"]) for each in purchases} == {
        (5200, "enterprise")
    }
    assert purchases.count() == 4


def test_ai_costs_and_one_customers_margin_is_at_risk(told):
    now, _ = told
    found = ai_cost.report(settings.today(now), 30)
    assert found.total.calls > 300
    assert found.total.unpriced == 0
    paying = [each for each in found.at_risk(25) if each.mrr]
    assert [each.organization.external_id for each in paying] == ["org-366"]
    assert Decimal("0.02") < found.total.error_rate < Decimal("0.07")
    assert found.total.accepted > found.total.edited + found.total.rejected


def test_ids_in_paths_are_folded_into_few_pages(told):
    now, _ = told
    day = settings.today(now)
    pages = {each.page for each in paths.pages(Scope(day - timedelta(days=30), day))}
    assert {"/tasks/:id/edit", "/tasks/:id", "/projects/:id/files", "/automations/:id/edit"} <= pages
    assert len(pages) < 15
