"""The digest: what changed, once a person and day, nothing when nothing changed, lost or doubled by no death."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail as sent_mail
from django.db import connection

from config.backoffice import settings as install
from config.backoffice.models import Mail
from config.backoffice.outbox import mail, trying
from orgs import ownership, teams
from orgs.models import OrganizationSnapshot, Team
from signals import detection, digest, followups, handling, snapshots
from signals.lifecycle import Action
from signals.models import Churn, Digest, DigestChoice, HealthModel, Reading, Signal
from tests.factories import organization, snapshot, staff
from tests.signals.world import silent

pytestmark = pytest.mark.django_db
# A Tuesday; the last digest was on Monday at 7.
MORNING = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
TODAY = MORNING.date()
DAY = timedelta(days=1)


@pytest.fixture
def ada(db):
    return staff("ada", first_name="Ada")


def customer(external_id: str, owner, **values):
    org = organization(external_id, owner=owner)
    snapshot(org, mrr=Decimal(1000), **values)
    return org


def opened(org, at, kind="usage_drop", **values):
    defaults = {"sentence": "412, previous 1 180: −65 %", "money_at_stake": Decimal(650), "changed_at": at}
    return Signal.objects.create(organization=org, type=kind, opened_at=at, **{**defaults, **values})


def reading(org, day, band, score):
    model = HealthModel.objects.get()
    figures = {"coverage": 1, "mrr": 1000, "scored_at": MORNING}
    Reading.objects.create(organization=org, as_of=day, band=band, score=Decimal(score), model=model, **figures)


def news(user, scope="mine", since=MORNING - timedelta(days=1)):
    return {
        section.title: [(line.name, line.words, line.figure) for line in section.lines]
        for section in digest.news_of(user, scope, since, MORNING).sections
    }


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


class TestSending:
    def test_once_a_day_with_what_changed_since_the_last(self, ada):
        globex = customer("globex", ada)
        opened(globex, MORNING - timedelta(hours=3))
        assert digest.send_all(MORNING) == (1, 0)
        assert digest.send_all(MORNING + timedelta(hours=1)) == (0, 0)
        [row] = Mail.objects.all()
        assert (row.key, row.to, row.subject) == (f"digest:{ada.pk}:2026-03-10", ada.email, "Today: new risks 1")
        assert "globex: Usage drop" in row.text
        tomorrow = MORNING + timedelta(days=1)
        assert digest.send_all(tomorrow) == (0, 1)
        opened(globex, tomorrow + timedelta(minutes=1), "renewal_risk")
        assert digest.send_all(tomorrow + timedelta(days=1)) == (1, 0)
        days = Digest.objects.order_by("day").values_list("since", "until", "changes")
        assert list(days) == [
            (MORNING - timedelta(days=1), MORNING, 1),
            (MORNING, tomorrow, 0),
            (tomorrow, tomorrow + timedelta(days=1), 1),
        ]

    @pytest.mark.parametrize(
        ("moment", "is_time"),
        [
            (datetime(2026, 3, 10, 6, 59, tzinfo=UTC), False),
            (datetime(2026, 3, 10, 7, 0, tzinfo=UTC), True),
            (datetime(2026, 3, 10, 12, 0, tzinfo=UTC), False),
            (datetime(2026, 3, 13, 7, 0, tzinfo=UTC), True),
            (datetime(2026, 3, 14, 7, 0, tzinfo=UTC), False),
            (datetime(2026, 3, 15, 7, 0, tzinfo=UTC), False),
        ],
    )
    def test_weekday_mornings(self, ada, moment, is_time):
        assert digest.is_time(moment) is is_time

    def test_in_the_reporting_zone(self, ada):
        install.change({"time_zone": "Pacific/Auckland"}, actor=None, now=MORNING)
        assert digest.is_time(datetime(2026, 3, 8, 18, 30, tzinfo=UTC))
        assert not digest.is_time(datetime(2026, 3, 13, 18, 30, tzinfo=UTC))

    def test_who_gets_none(self, ada):
        readers = {
            "off": staff("off"),
            "no-mail": staff("nomail", email=""),
            "may-not": staff("maynot", is_superuser=False),
            "gone": staff("gone", is_active=False),
        }
        digest.choose(readers["off"], "off")
        for user in readers.values():
            opened(customer(f"of-{user}", user), MORNING - timedelta(hours=3))
        assert digest.send_all(MORNING) == (0, 1)
        assert not Mail.objects.exists()
        assert Digest.objects.get().user == ada

    def test_a_death_before_the_end_leaves_nothing(self, ada, monkeypatch):
        opened(customer("globex", ada), MORNING - timedelta(hours=3))

        def die(*_, **__):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Mail.objects.__class__, "bulk_create", die)
            with pytest.raises(KeyboardInterrupt):
                digest.send_all(MORNING)
        assert (Digest.objects.count(), Mail.objects.count()) == (0, 0)
        assert digest.send_all(MORNING + timedelta(minutes=15)) == (1, 0)

    def test_a_name_is_data(self, ada):
        org = customer("globex", ada)
        org.display_name = "<script>alert(1)</script>\nBcc: x@example.com"
        org.save()
        opened(org, MORNING - timedelta(hours=3), sentence="<b>x</b>")
        digest.send_all(MORNING)
        row = Mail.objects.get()
        assert "<script>" not in row.html and "<b>x</b>" not in row.html
        mail.send_due(MORNING, lambda: MORNING)
        [message] = sent_mail.outbox
        assert message.recipients() == [ada.email]


@pytest.mark.django_db(transaction=True)
def test_written_while_a_scan_is_at_work(monkeypatch):
    """The scan took the clock at 7:30:00 and commits after the digest of 7:30:02."""
    ada = staff("ada")
    organization_of = silent()
    ownership.assign([organization_of.pk], ada, actor=None, now=MORNING - timedelta(days=30))
    snapshots.refresh(MORNING)
    inside, go, real = threading.Event(), threading.Event(), detection.refresh_signal_columns

    def slowly(*given):
        inside.set()
        go.wait(20)
        real(*given)

    def scan():
        detection.scan(TODAY, MORNING, MORNING)
        connection.close()

    monkeypatch.setattr(detection, "refresh_signal_columns", slowly)
    thread = threading.Thread(target=scan)
    thread.start()
    inside.wait(20)
    assert digest.send_all(MORNING + timedelta(seconds=2)) == (0, 1)
    go.set()
    thread.join(20)
    assert Signal.objects.open().count() == 2
    assert digest.send_all(MORNING + timedelta(days=1)) == (1, 0)
    assert Mail.objects.get().subject == "Today: new risks 2"


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one():
    ada = staff("ada")
    opened(customer("globex", ada), MORNING - timedelta(hours=3))
    start, done = threading.Barrier(2), []

    def work():
        start.wait()
        done.append(digest.send_all(MORNING))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [(0, 0), (1, 0)]
    assert (Digest.objects.count(), Mail.objects.count()) == (1, 1)


class TestMail:
    def put(self, key="a"):
        return mail.write(key, to="ada@example.com", subject="Hi\nthere", text="text", html="<p>x</p>", now=MORNING)

    def test_written_once_a_key_and_sent_once(self, db):
        assert self.put()
        assert not self.put()
        assert mail.send_due(MORNING, lambda: MORNING) == (1, 0)
        assert mail.send_due(MORNING + timedelta(days=1), lambda: MORNING) == (0, 0)
        [message] = sent_mail.outbox
        assert (message.subject, message.body, message.alternatives[0].content) == ("Hi there", "text", "<p>x</p>")
        assert message.extra_headers["Message-ID"].startswith(f"<{Mail.objects.get().pk}.")

    def test_a_mail_server_that_is_away_is_tried_again(self, db, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        self.put()
        now = MORNING
        for wait in trying.WAITS:
            assert mail.send_due(now, lambda now=now: now) == (0, 1)
            row = Mail.objects.get()
            assert (row.state, row.next_try_at) == ("pending", now + wait)
            now = row.next_try_at
        assert mail.send_due(now, lambda: now) == (0, 1)
        assert Mail.objects.get().state == "failed"
        assert "ConnectionRefusedError" in Mail.objects.get().error

    def test_one_that_another_worker_has_is_left_to_it(self, db):
        self.put()
        assert trying.claim(Mail.objects.get(), MORNING)
        assert mail.send_due(MORNING, lambda: MORNING) == (0, 0)
        assert mail.send_due(MORNING + trying.LEASE, lambda: MORNING) == (1, 0)


def test_the_page(client, ada):
    client.force_login(ada)
    assert client.get("/admin/digest/").context["scope"] == "mine"
    client.post("/admin/digest/", {"scope": "off"})
    assert DigestChoice.objects.get().scope == "off"
    client.post("/admin/digest/", {"scope": "<x>"})
    assert DigestChoice.objects.get().scope == "mine"
