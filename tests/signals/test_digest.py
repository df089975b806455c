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
from orgs.models import Team
from signals import digest, followups
from signals.models import Churn, Digest, DigestChoice, HealthModel, Reading, Signal
from tests.factories import organization, snapshot, staff

pytestmark = pytest.mark.django_db
# A Tuesday; the last digest was on Monday at 7.
MORNING = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
TODAY = MORNING.date()


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
        globex = customer("globex", ada, renewal_on=TODAY + timedelta(days=29))
        customer("far", ada, renewal_on=TODAY + timedelta(days=30))
        customer("near-before", ada, renewal_on=TODAY + timedelta(days=28))
        opened(globex, MORNING - timedelta(hours=3))
        opened(globex, MORNING - timedelta(days=2), "inactive_paying")
        opened(globex, MORNING - timedelta(hours=2), "expansion_candidate")
        closed = MORNING - timedelta(hours=1)
        opened(globex, MORNING - timedelta(days=9), "renewal_risk", state="resolved", closed_at=closed)
        opened(customer("bens", ben), MORNING - timedelta(hours=3))
        reading(globex, TODAY - timedelta(days=1), "healthy", "80")
        reading(globex, TODAY, "watch", "60")
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


class TestLinks:
    """Monday's digest covers three days; each address lists what was counted, or says that it does not."""

    SINCE = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)
    MONDAY = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)

    @pytest.fixture
    def sections(self, ada, client):
        client.force_login(ada)
        ben, saturday = staff("ben"), self.MONDAY - timedelta(days=2)
        for number in range(12):
            org = customer(f"o{number}", ada, renewal_on=self.MONDAY.date() + timedelta(days=28 + number % 3))
            opened(org, saturday)
            opened(org, saturday, "renewal_risk")
            opened(org, saturday, "expansion_candidate")
            opened(org, self.SINCE - timedelta(seconds=1), "inactive_paying")
            opened(org, self.MONDAY, "score_against_money")
            for state, at in (("resolved", saturday), ("dismissed", saturday), ("resolved", self.SINCE - timedelta(1))):
                opened(org, self.SINCE - timedelta(days=9), "revenue_at_risk", state=state, closed_at=at)
            reading(org, self.SINCE.date(), "healthy", 80)
            reading(org, self.MONDAY.date(), "watch", 60)
            about = {"assignee": ada, "title": "x"}
            followups.create(org.pk, due_on=saturday.date(), actor=ada, now=self.SINCE - timedelta(days=9), **about)
            followups.create(org.pk, due_on=saturday.date() + timedelta(90), actor=ben, now=saturday, **about)
            followups.create(org.pk, due_on=self.SINCE.date(), actor=ben, now=self.SINCE - timedelta(days=9), **about)
        opened(customer("bens", ben), saturday)
        return {section.title: section for section in digest.news_of(ada, "mine", self.SINCE, self.MONDAY).sections}

    @staticmethod
    def context(client, section):
        return client.get(section.address).context

    def test_signals(self, sections, client):
        for title, count in (("New risks", 24), ("Growing", 12), ("Closed signals", 24)):
            context = self.context(client, sections[title])
            assert (sections[title].count, context["counted"], context["totals"].organizations) == (count, count, 12)
            assert sum(len(row.signals) for row in context["rows"]) == count
        chips = [chip["word"] for chip in context["chips"]]
        assert chips == ["Resolved or dismissed", "My customers", "Closed 6 Mar 07:30 to 9 Mar 07:30"]

    def test_follow_ups(self, sections, client):
        context = self.context(client, sections["Follow-ups"])
        assert (sections["Follow-ups"].count, context["page"].paginator.count) == (24, 24)

    def test_renewals(self, sections, client):
        context = self.context(client, sections["Renewals in 30 days"])
        assert (sections["Renewals in 30 days"].count, context["cl"].result_count) == (8, 8)

    def test_what_no_list_can_show_says_what_opens(self, sections, ada):
        assert sections["Health got worse"].opens == "the weekly review"
        assert [title for title, section in sections.items() if section.opens] == ["Health got worse"]
        told = digest.bodies(digest.news_of(ada, "mine", self.SINCE, self.MONDAY), ada, self.MONDAY.date())
        for body in told.values():
            assert "and 2 more, in the weekly review" in body
            assert body.count("and 14 more") == 3  # new risks, closed signals, follow-ups


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
