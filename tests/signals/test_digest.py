"""The digest: what changed, once a person and day, nothing when nothing changed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from config.backoffice.models import Mail
from orgs import ownership, teams
from orgs.models import OrganizationSnapshot, Team
from signals import digest, followups, handling
from signals.lifecycle import Action
from signals.models import Churn, Digest, Signal
from tests.factories import staff
from tests.signals.mornings import DAY, MORNING, TODAY, customer, news, opened, reading

pytestmark = pytest.mark.django_db


class TestNews:
    def test_only_what_changed_since(self, ada):
        ben = staff("ben")
        globex = customer("globex", ada, band="watch", renewal_on=TODAY + timedelta(days=29))
        customer("far", ada, renewal_on=TODAY + timedelta(days=30))
        customer("near-before", ada, renewal_on=TODAY + timedelta(days=28))
        opened(globex, MORNING - timedelta(hours=3))
        opened(globex, MORNING - timedelta(days=2), "inactive_paying")
        opened(globex, MORNING - timedelta(hours=2), "expansion_candidate")
        closed = MORNING - timedelta(hours=1)
        ended = {"state": "resolved", "closed_at": closed, "changed_at": closed}
        opened(globex, MORNING - timedelta(days=9), "renewal_risk", **ended)
        opened(customer("bens", ben), MORNING - timedelta(hours=3))
        reading(globex, TODAY - timedelta(days=1), "healthy", "80")
        work = {"assignee": ada, "actor": ben, "now": MORNING - timedelta(days=20)}
        followups.create(globex.pk, title="Call", due_on=TODAY, **work)
        followups.create(globex.pk, title="Long overdue", due_on=TODAY - timedelta(days=5), **work)
        given = {**work, "now": MORNING - timedelta(hours=5)}
        followups.create(globex.pk, title="New for you", due_on=TODAY + timedelta(days=9), **given)
        own = {**given, "actor": ada}
        followups.create(globex.pk, title="I know", due_on=TODAY + timedelta(days=9), **own)
        Churn.objects.create(
            organization=globex, churned_on=TODAY, mrr=Decimal(90), found_at=MORNING - timedelta(hours=1)
        )
        Churn.objects.create(
            organization=globex, churned_on=TODAY - timedelta(days=33), mrr=1, found_at=MORNING - timedelta(hours=1)
        )
        given_away = customer("given", ben)
        ownership.assign([given_away.pk], ada, actor=ben, now=MORNING - timedelta(hours=1))
        hard = "\u00a0"
        assert news(ada) == {
            "New risks": [("globex", "Usage drop: 412, previous 1 180: −65 %", f"650{hard}EUR")],
            "Growing": [("globex", "Expansion candidate: 412, previous 1 180: −65 %", f"650{hard}EUR")],
            "Closed signals": [("globex", "Renewal risk: resolved", "")],
            "Health got worse": [("globex", "Healthy → Watch", f"1\u202f000{hard}EUR")],
            "Follow-ups": [("globex", "Call (ada)", "10 Mar"), ("globex", "New for you (ada)", "19 Mar")],
            "Renewals in 30 days": [("globex", "renews on 8 Apr", f"1\u202f000{hard}EUR")],
            "Stopped paying": [("globex", "since 10 Mar", f"90{hard}EUR")],
            "New owners": [("given", "belongs to ada", "")],
        }

    def test_of_the_team(self, ada):
        ben = staff("ben")
        teams.change(Team(name="North"), [ada, ben], actor=ada, now=MORNING)
        opened(customer("bens", ben), MORNING - timedelta(hours=3))
        assert news(ada) == {}
        assert list(news(ada, "team")) == ["New risks"]

    def test_a_long_list_is_cut_with_its_count(self, ada):
        for number in range(12):
            opened(customer(f"o{number}", ada), MORNING - timedelta(hours=3))
        [section] = digest.news_of(ada, "mine", MORNING - timedelta(days=1), MORNING).sections
        assert (section.count, len(section.lines), section.more) == (12, 10, 2)


class TestBetweenTwo:
    """What changes beside a digest, or before its moment and is seen after it, is told by the next one: once."""

    @pytest.fixture
    def globex(self, ada):
        return customer("globex", ada, band="healthy")

    def tomorrow(self, ada, day=1):
        """The sections of a later morning's digest, which is then written."""
        at = MORNING + timedelta(days=day)
        found = digest.news_of(ada, "mine", digest.since_of(ada, at), at)
        digest.prepare(ada, at)
        return {each.title: [line.words for line in each.lines] for each in found.sections}

    def test_what_was_committed_after_it_with_an_earlier_moment(self, ada, globex):
        """A scan, a churn round and a person took the clock before the digest did, and were slower."""
        before = MORNING - timedelta(seconds=2)
        opened(globex, MORNING - timedelta(minutes=10), "renewal_risk", sentence="seen in time")
        assert digest.send_all(MORNING) == (1, 0)
        opened(globex, before, sentence="late")
        opened(globex, MORNING - timedelta(days=9), "inactive_paying", state="resolved", changed_at=before)
        Churn.objects.create(organization=globex, churned_on=TODAY, mrr=Decimal(90), found_at=before)
        ben = staff("ben")
        work = {"due_on": TODAY + timedelta(days=9), "assignee": ada, "actor": ben, "now": before}
        followups.create(globex.pk, title="Call", **work)
        ownership.assign([customer("given", ben).pk], ada, actor=ben, now=before)
        assert self.tomorrow(ada) == {
            "New risks": ["Usage drop: late"],
            "Closed signals": ["Inactive paying: resolved"],
            "Follow-ups": ["Call (ada)"],
            "Stopped paying": ["since 10 Mar"],
            "New owners": ["belongs to ada"],
        }
        assert self.tomorrow(ada, day=2) == {}

    def test_a_scan_that_ran_after_its_time(self, ada, globex):
        """It ends signals at the moment that it was planned for, hours ago."""
        digest.send_all(MORNING)
        planned, ran = MORNING - timedelta(hours=7), MORNING + timedelta(hours=2)
        opened(globex, MORNING - timedelta(days=9), state="resolved", closed_at=planned, changed_at=ran)
        assert self.tomorrow(ada) == {"Closed signals": ["Usage drop: resolved"]}

    def test_a_band_that_changes_later_on_its_day(self, ada, globex):
        reading(globex, TODAY - timedelta(days=1), "healthy", "80")
        assert digest.send_all(MORNING) == (0, 1)
        reading(globex, TODAY, "at_risk", "30")
        reading(globex, TODAY + timedelta(days=1), "at_risk", "30")
        OrganizationSnapshot.objects.update(band="at_risk")
        assert self.tomorrow(ada) == {"Health got worse": ["Healthy → At risk"]}
        assert self.tomorrow(ada, day=2) == {}

    def test_a_band_that_cannot_be_judged_for_a_while(self, ada, globex):
        digest.send_all(MORNING)
        OrganizationSnapshot.objects.update(band="not_scored")
        assert self.tomorrow(ada) == {}
        OrganizationSnapshot.objects.update(band="watch")
        assert self.tomorrow(ada, day=2) == {"Health got worse": ["Healthy → Watch"]}
        assert [digest.bands for digest in Digest.objects.order_by("day")] == [{}, {}, {"watch": [globex.pk]}]

    def test_who_came_to_somebody_has_no_band_to_compare_with(self, ada, globex):
        digest.send_all(MORNING)
        fallen = customer("fallen", staff("ben"), band="at_risk")
        ownership.assign([fallen.pk], ada, actor=None, now=MORNING + timedelta(hours=1))
        assert self.tomorrow(ada) == {"New owners": ["belongs to ada"]}

    def test_a_snooze_that_is_over(self, ada, globex):
        signal = opened(globex, MORNING - timedelta(days=2))
        handling.act(signal.pk, Action.SNOOZE, actor=ada, now=MORNING - DAY, reason="holidays", until=TODAY)
        assert digest.send_all(MORNING) == (0, 1)
        woken = MORNING + timedelta(hours=2)
        Signal.objects.update(state="open", changed_at=woken)
        signal.transitions.create(from_state="snoozed", to_state="open", at=woken)
        assert self.tomorrow(ada) == {"Open again": ["Usage drop: 412, previous 1 180: −65 %"]}
        assert self.tomorrow(ada, day=2) == {}

    @pytest.mark.parametrize(("who", "told"), [("ada", {}), ("ben", {"Open again": 1})])
    def test_reopened_by_somebody_else(self, ada, globex, who, told):
        actor = ada if who == "ada" else staff(who)
        signal = opened(globex, MORNING - timedelta(days=2))
        handling.act(signal.pk, Action.RESOLVE, actor=ada, now=MORNING - DAY)
        digest.send_all(MORNING)
        handling.act(signal.pk, Action.REOPEN, actor=actor, now=MORNING + timedelta(hours=1))
        handling.assign(signal.pk, ada, actor=ada, now=MORNING + timedelta(hours=2))
        assert {title: len(lines) for title, lines in self.tomorrow(ada).items()} == told

    def test_after_months_without(self, ada, globex):
        digest.send_all(MORNING)
        opened(globex, MORNING + timedelta(days=69), "renewal_risk", sentence="long known")
        opened(globex, MORNING + timedelta(days=76), sentence="of last week")
        assert self.tomorrow(ada, day=84) == {"New risks": ["Usage drop: of last week"]}
        since = Digest.objects.order_by("day").last().since
        assert since == MORNING + timedelta(days=70)


class TestLinks:
    """Monday's digest covers three days; each address lists just what it told, or says what it opens instead."""

    SINCE = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)
    MONDAY = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)

    @pytest.fixture
    def sections(self, ada, client):
        client.force_login(ada)
        ben, saturday, before = staff("ben"), self.MONDAY - timedelta(days=2), self.SINCE - timedelta(hours=2)
        for number in range(12):
            renewal_on = self.MONDAY.date() + timedelta(days=28 + number % 3)
            org = customer(f"o{number}", ada, band="watch", renewal_on=renewal_on)
            reading(org, self.SINCE.date(), "healthy", 80)
            for kind in ("usage_drop", "renewal_risk", "expansion_candidate"):
                opened(org, saturday, kind)
            opened(org, before, "inactive_paying")
            for state, at in (("resolved", saturday), ("dismissed", saturday), ("resolved", before)):
                opened(org, before, "revenue_at_risk", state=state, closed_at=at, changed_at=at)
            work = {"assignee": ada, "title": "x"}
            followups.create(org.pk, due_on=saturday.date(), actor=ada, now=before, **work)
            followups.create(org.pk, due_on=saturday.date() + timedelta(90), actor=ben, now=saturday, **work)
            followups.create(org.pk, due_on=self.SINCE.date(), actor=ben, now=before, **work)
            Churn.objects.create(organization=org, churned_on=saturday.date(), mrr=5, found_at=saturday)
            Churn.objects.create(organization=org, churned_on=before.date(), mrr=5, found_at=before)
        opened(customer("bens", ben), saturday)
        assert digest.since_of(ada, self.MONDAY) == self.SINCE
        found = digest.news_of(ada, "mine", self.SINCE, self.MONDAY, day=self.MONDAY.date())
        assert digest.send_all(self.MONDAY) == (2, 0)
        return {section.title: section for section in found.sections}

    def test_signals(self, sections, client):
        for title, count in (("New risks", 24), ("Growing", 12), ("Closed signals", 24)):
            context = client.get(sections[title].address).context
            assert (sections[title].count, context["counted"], context["totals"].organizations) == (count, count, 12)
            assert sum(len(row.signals) for row in context["rows"]) == count
        chips = [chip["word"] for chip in context["chips"]]
        assert chips == ["Resolved or dismissed", "My customers", "Told on 9 Mar: closed signals"]

    def test_follow_ups_and_churn(self, sections, client):
        for title, count in (("Follow-ups", 24), ("Stopped paying", 12)):
            context = client.get(sections[title].address).context
            assert (sections[title].count, context["page"].paginator.count) == (count, count)

    def test_renewals(self, sections, client):
        context = client.get(sections["Renewals in 30 days"].address).context
        assert (sections["Renewals in 30 days"].count, context["cl"].result_count) == (8, 8)

    def test_they_are_those_of_the_mail(self, sections, ada):
        text = Mail.objects.get(to=ada.email).text
        for section in sections.values():
            assert section.more <= 0 or section.address in text
        assert "and 14 more: http" in text

    def test_what_no_list_can_show_says_what_opens(self, sections, ada):
        assert {title: section.opens for title, section in sections.items() if section.opens} == {
            "Health got worse": "the weekly review"
        }
        assert "and 2 more, in the weekly review: http" in Mail.objects.get(to=ada.email).text
        assert "and 2 more, in the weekly review →" in Mail.objects.get(to=ada.email).html

    def test_what_is_not_sent_yet_opens_whole_pages(self, ada, client):
        for number in range(12):
            opened(customer(f"o{number}", ada), MORNING - timedelta(hours=3))
        [section] = digest.news_of(ada, "mine", MORNING - DAY, MORNING).sections
        assert (section.opens, "told" in section.address) == ("Signals", False)

    @pytest.mark.parametrize("told", ["2026-03-09/Growing", "2026-03-10/New risks", "x", "2026-02-31/New risks", "/"])
    def test_of_somebody_else_or_of_no_digest_it_is_no_filter(self, sections, client, told):
        client.force_login(staff("eve") if told.startswith("2026-03-09") else staff("fay"))
        context = client.get("/admin/signals/", {"told": told}).context
        assert (context["counted"], context["chips"], context["totals"].organizations) == (None, [], 13)
