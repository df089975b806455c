"""Follow-ups: made, ticked off, changed, undone; nobody's change is lost."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from config.backoffice import audit
from config.backoffice.refused import Refused
from orgs import teams
from orgs.models import Team
from signals import followups
from signals.models import FollowUp, Signal
from tests.factories import NOW, organization, snapshot, staff

DUE = date(2026, 3, 12)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ada(db):
    return staff("ada")


def make(org, ada, **values):
    defaults = {"title": "Call them", "due_on": DUE, "assignee": ada, "actor": ada, "now": NOW}
    return followups.create(org.pk, **{**defaults, **values})


def signal_of(org):
    return Signal.objects.create(organization=org, type="usage_drop", sentence="x", opened_at=NOW, changed_at=NOW)


class TestActs:
    def test_made_with_everything(self, ada):
        org = organization()
        signal = signal_of(org)
        made = make(org, ada, title=" Call\0 them ", signal_id=signal.pk)
        assert (made.title, made.due_on, made.assignee, made.signal, made.done_at) == (
            "Call them",
            DUE,
            ada,
            signal,
            None,
        )
        [line] = audit.of(made)
        assert (line.action, line.actor, line.detail) == (
            "follow_up.made",
            ada,
            {"due": "2026-03-12", "to": "ada", "for": "org-456"},
        )

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"title": " "}, "what has to be done"),
            ({"title": "x" * 201}, "201 characters"),
            ({"due_on": None}, "Choose the day"),
        ],
    )
    def test_refusals(self, ada, values, words):
        org = organization()
        with pytest.raises(Refused, match=words):
            make(org, ada, **values)
        assert not FollowUp.objects.exists()

    def test_not_for_somebody_outside_nor_with_another_customers_signal(self, ada):
        org, other = organization("one"), organization("two")
        with pytest.raises(Refused, match="can't open"):
            make(org, ada, assignee=staff("gone", is_active=False))
        with pytest.raises(Refused, match="another customer"):
            make(org, ada, signal_id=signal_of(other).pk)
        assert not FollowUp.objects.exists()

    def test_done_and_opened_again(self, ada):
        made = make(organization(), ada)
        done = followups.complete(made.pk, actor=ada, now=LATER)
        assert (done.done_at, done.done_by) == (LATER, ada)
        with pytest.raises(Refused, match="“Call them” is done already"):
            followups.complete(made.pk, actor=ada, now=LATER)
        opened = followups.reopen(made.pk, actor=ada, now=LATER)
        assert (opened.done_at, opened.done_by) == (None, None)
        with pytest.raises(Refused, match="is open already"):
            followups.reopen(made.pk, actor=ada, now=LATER)
        actions = [line.action for line in audit.of(made).order_by("id")]
        assert actions == ["follow_up.made", "follow_up.done", "follow_up.reopened"]

    def test_a_change_of_what_somebody_changed_meanwhile_is_refused(self, ada):
        made = make(organization(), ada)
        change = {"due_on": DUE, "assignee": ada, "actor": ada}
        followups.change(made.pk, title="Mail them", now=LATER, read_at=NOW, **change)
        with pytest.raises(Refused, match="Somebody was faster with “Mail them”"):
            followups.change(made.pk, title="Visit them", now=LATER, read_at=NOW, **change)
        assert FollowUp.objects.get().title == "Mail them"
        assert audit.of(made).latest("id").detail == {"title": ["Call them", "Mail them"]}

    def test_a_done_one_is_not_changed(self, ada):
        made = make(organization(), ada)
        followups.complete(made.pk, actor=ada, now=LATER)
        with pytest.raises(Refused, match="Somebody was faster"):
            followups.change(made.pk, title="x", due_on=DUE, assignee=None, actor=ada, now=LATER)
        assert FollowUp.objects.get().title == "Call them"


@pytest.mark.django_db(transaction=True)
def test_two_tick_it_off_at_once():
    ada = staff("ada")
    made = make(organization(), ada)
    told: list[str] = []
    start = threading.Barrier(2)

    def tick() -> None:
        start.wait()
        try:
            followups.complete(made.pk, actor=ada, now=LATER)
            told.append("done")
        except Refused:
            told.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["done", "refused"]
    assert audit.of(made).filter(action="follow_up.done").count() == 1


class TestPages:
    @pytest.fixture
    def world(self, client, ada):
        client.force_login(ada)
        ben = staff("ben")
        teams.change(Team(name="North"), [ada, ben], actor=ada, now=NOW)
        today = timezone.now().date()
        org = organization("globex", display_name="Globex")
        snapshot(org)
        for title, who, days in (
            ("late", ada, -1),
            ("now", ada, 0),
            ("soon", ada, 5),
            ("ben's", ben, 0),
            ("any", None, 0),
        ):
            make(org, ada, title=title, assignee=who, due_on=today + timedelta(days=days))
        followups.complete(make(org, ada, title="past", due_on=today).pk, actor=ada, now=timezone.now())
        return org

    @pytest.mark.parametrize(
        ("query", "titles", "counts"),
        [
            ("?scope=mine", ["late", "now", "soon"], (3, 2, 1)),
            ("?scope=team", ["late", "now", "ben's", "soon"], (4, 3, 1)),
            ("?scope=all", ["late", "now", "ben's", "any", "soon"], (5, 4, 1)),
            ("?scope=mine&show=overdue", ["late"], (3, 2, 1)),
            ("?scope=mine&show=done", ["past"], (3, 2, 1)),
            ("?scope=mine&show=<x>&page=99", ["late", "now", "soon"], (3, 2, 1)),
        ],
    )
    def test_the_list(self, world, client, query, titles, counts):
        context = client.get(f"/admin/followups/{query}").context
        assert [each.title for each in context["page"].object_list] == titles
        assert (context["open_count"], context["due_count"], context["overdue_count"]) == counts

    def test_done_and_undone(self, world, client):
        late = FollowUp.objects.get(title="late")
        answer = client.post(f"/admin/followups/{late.pk}/act/", {"action": "done"}, follow=True)
        undo = answer.context["undo"]
        assert undo["said"] == "“late” is done."
        client.post(undo["address"], dict(undo["fields"]))
        assert FollowUp.objects.get(pk=late.pk).done_at is None
        assert client.get("/admin/followups/").context["undo"] is None

    def test_made_on_the_customers_page_and_changed(self, world, client, ada):
        page = f"/admin/orgs/organization/{world.pk}/change/"
        sent = {"organization": world.pk, "title": "Offer", "due_on": "2030-01-02", "assignee": ada.pk, "next": page}
        assert client.post("/admin/followups/add/", sent).headers["Location"] == page
        made = FollowUp.objects.get(title="Offer")
        assert "Offer" in client.get(page).content.decode()
        change = {
            "action": "change",
            "title": "Offer 2",
            "due_on": "2030-01-03",
            "assignee": "",
            "read_at": made.changed_at.isoformat(),
        }
        client.post(f"/admin/followups/{made.pk}/act/", change)
        made.refresh_from_db()
        assert (made.title, made.due_on, made.assignee) == ("Offer 2", date(2030, 1, 3), None)

    @pytest.mark.parametrize("sent", [{}, {"title": "x"}, {"title": "x", "due_on": "2026-02-31"}])
    def test_what_is_missing_is_said(self, world, client, sent):
        before = FollowUp.objects.count()
        answer = client.post("/admin/followups/add/", {"organization": world.pk, **sent}, follow=True)
        assert answer.status_code == 200
        assert len(answer.context["messages"]) == 1
        assert FollowUp.objects.count() == before

    def test_whoever_may_only_look_cannot_act(self, world, client):
        client.force_login(staff("guest", is_superuser=False))
        late = FollowUp.objects.get(title="late")
        assert client.post(f"/admin/followups/{late.pk}/act/", {"action": "done"}).status_code == 403
        assert client.post("/admin/followups/add/", {"organization": world.pk}).status_code == 403
        assert FollowUp.objects.get(pk=late.pk).done_at is None
