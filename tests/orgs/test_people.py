"""Teams, owners, notes and sentiments: what staff say about customers and who looks after them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from config.backoffice import audit
from config.backoffice.models import AuditEntry
from config.backoffice.refused import Refused
from orgs import notes, ownership, scopes, sentiments, teams
from orgs.models import Band, Note, Organization, OrganizationTouch, Sentiment, Team
from tests.factories import NOW, organization, snapshot, staff

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ada():
    return staff("ada")


@pytest.fixture
def ben():
    return staff("ben")


class TestTeams:
    def test_a_team_is_saved_with_who_came_and_who_left(self, ada, ben):
        team = teams.change(Team(name="North"), [ada, ben], actor=ada, now=NOW)
        teams.change(team, [ada], actor=ben, now=LATER)
        assert [(line.action, line.detail) for line in audit.of(team).order_by("id")] == [
            ("team.made", {"name": "North", "joined": ["ada", "ben"], "left": []}),
            ("team.changed", {"name": "North", "joined": [], "left": ["ben"]}),
        ]

    def test_scopes(self, ada, ben):
        cleo, dan = staff("cleo"), staff("dan")
        teams.change(Team(name="North"), [ada, ben], actor=ada, now=NOW)
        teams.change(Team(name="South"), [ada, cleo], actor=ada, now=NOW)
        for owner in (ada, ben, cleo, dan, None):
            organization(f"of-{owner}", owner=owner)

        def seen(scope, user):
            return [each.external_id for each in Organization.objects.in_scope(scope, user)]

        assert seen("mine", ada) == ["of-ada"]
        assert seen("team", ada) == ["of-ada", "of-ben", "of-cleo"]
        assert seen("team", ben) == ["of-ada", "of-ben"]
        assert seen("team", dan) == ["of-dan"]
        assert len(seen("all", dan)) == 5

    def test_the_last_choice_is_kept(self, client, ada):
        client.force_login(ada)
        assert client.get("/admin/").context["scope"] == "all"
        client.get("/admin/?scope=team")
        assert client.get("/admin/").context["scope"] == "team"
        assert client.get("/admin/?scope=everything").context["scope"] == "team"

    def test_the_form(self, client, ada, ben):
        client.force_login(ada)
        client.post("/admin/orgs/team/add/", {"name": "North", "members": [ada.pk, ben.pk]})
        team = Team.objects.get()
        assert set(team.members.all()) == {ada, ben}
        assert audit.of(team).count() == 1
        client.post(f"/admin/orgs/team/{team.pk}/delete/", {"post": "yes"})
        assert not Team.objects.exists()
        assert AuditEntry.objects.filter(action="team.removed", subject_label="North").count() == 1


class TestOwners:
    def test_many_at_once(self, ada, ben):
        orgs = [organization(f"o{number}", owner=ada) for number in range(3)] + [organization("o9", owner=ben)]
        assert ownership.assign([each.pk for each in orgs], ben, actor=ada, now=LATER) == 3
        assert set(Organization.objects.values_list("owner", flat=True)) == {ben.pk}
        assert [line.detail for line in AuditEntry.objects.all()] == [{"owner": ["ada", "ben"]}] * 3
        assert OrganizationTouch.objects.count() == 3
        assert ownership.assign([orgs[0].pk], ben, actor=ada, now=LATER) == 0
        assert ownership.assign([orgs[0].pk], None, actor=ada, now=LATER) == 1

    def test_only_active_staff_own(self, ada):
        org = organization(owner=ada)
        for values in ({"is_staff": False}, {"is_active": False}):
            gone = staff(f"gone{values}", **values)
            with pytest.raises(Refused, match="can't open this back office"):
                ownership.assign([org.pk], gone, actor=ada, now=NOW)
        assert Organization.objects.get().owner == ada
        assert not AuditEntry.objects.exists()

    def test_from_the_list(self, client, ada, ben):
        client.force_login(ada)
        orgs = [organization(f"o{number}") for number in range(3)]
        for org in orgs:
            snapshot(org, mrr=Decimal(5))
        ticked = {"action": "give_to", "owner": ben.pk, "_selected_action": [orgs[0].pk, orgs[2].pk]}
        answer = client.post("/admin/orgs/organization/", ticked, follow=True)
        assert [str(each) for each in answer.context["messages"]] == ["2\u00a0customers given to ben."]
        assert [each.owner for each in Organization.objects.order_by("id")] == [ben, None, ben]


class TestNotes:
    def test_written_pinned_edited(self, ada, ben):
        org = organization()
        note = notes.write(org.pk, "  Their admin left.\0 ", actor=ada, now=NOW)
        assert (note.text, note.author, note.is_pinned) == ("Their admin left.", ada, False)
        assert notes.pin(note.pk, True, actor=ben, now=NOW)
        assert not notes.pin(note.pk, True, actor=ben, now=NOW)
        notes.edit(note.pk, "Their admin is back.", actor=ada, now=LATER)
        note.refresh_from_db()
        assert (note.text, note.edited_at, note.is_pinned) == ("Their admin is back.", LATER, True)
        actions = [(line.action, line.detail) for line in audit.of(note).order_by("id")]
        assert actions == [
            ("note.written", {}),
            ("note.pinned", {}),
            ("note.edited", {"before": "Their admin left."}),
        ]

    def test_only_the_author_edits(self, ada, ben):
        note = notes.write(organization().pk, "Mine", actor=ada, now=NOW)
        with pytest.raises(Refused, match="Only its author"):
            notes.edit(note.pk, "Ours", actor=ben, now=LATER)
        assert Note.objects.get().text == "Mine"

    @pytest.mark.parametrize(("text", "words"), [(" \0 ", "empty"), ("x" * 5001, "5001 characters")])
    def test_refusals(self, ada, text, words):
        org = organization()
        with pytest.raises(Refused, match=words):
            notes.write(org.pk, text, actor=ada, now=NOW)
        assert not Note.objects.exists()

    def test_on_the_page(self, client, ada):
        client.force_login(ada)
        org = organization()
        snapshot(org)
        path, page = f"/admin/organizations/{org.pk}/people/", f"/admin/orgs/organization/{org.pk}/change/"
        client.post(path, {"action": "note", "text": "<script>alert(1)</script>", "pinned": "1"})
        note = Note.objects.get()
        client.post(path, {"action": "edit_note", "note": note.pk, "text": "<b>better</b>"})
        client.post(path, {"action": "unpin_note", "note": note.pk})
        note.refresh_from_db()
        assert (note.text, note.is_pinned) == ("<b>better</b>", False)
        content = client.get(page).content.decode()
        assert "&lt;b&gt;better&lt;/b&gt;" in content
        assert "<b>better</b>" not in content
        other = organization("other")
        assert (
            client.post(f"/admin/organizations/{other.pk}/people/", {"action": "pin_note", "note": note.pk}).status_code
            == 404
        )
        assert client.get(path).headers["Location"] == page


class TestSentiment:
    def test_the_latest_is_the_current_one(self, ada):
        org = organization()
        sentiments.rate(org.pk, 4, actor=ada, now=NOW, why="Good call")
        sentiments.rate(org.pk, 2, actor=ada, now=NOW + timedelta(days=3))
        assert list(Sentiment.objects.order_by("id").values_list("value", "is_current")) == [(4, False), (2, True)]
        assert [line.detail["sentiment"] for line in audit.of(org).order_by("id")] == [4, 2]

    @pytest.mark.parametrize("value", [None, 0, 6])
    def test_from_1_to_5(self, ada, value):
        org = organization()
        with pytest.raises(Refused, match="from 1 to 5"):
            sentiments.rate(org.pk, value, actor=ada, now=NOW)
        assert not Sentiment.objects.exists()

    @pytest.mark.parametrize(("age", "is_stale"), [(90, False), (91, True)])
    def test_it_goes_stale_after_90_days(self, ada, age, is_stale):
        org = organization()
        sentiments.rate(org.pk, 5, actor=ada, now=NOW)
        shown = sentiments.current(org, Band.AT_RISK, NOW.date() + timedelta(days=age))
        assert (shown.is_stale, shown.disagrees) == (is_stale, "" if is_stale else "better than the health")

    def test_disagreement_as_a_filter_is_what_the_page_says(self, client, ada):
        client.force_login(ada)
        expected = {"better": set(), "worse": set(), "any": set()}
        from django.utils import timezone

        now = timezone.now()
        for band in Band:
            for value in range(1, 6):
                org = organization(f"{band.value}-{value}")
                snapshot(org, mrr=Decimal(1), band=band)
                sentiments.rate(org.pk, value, actor=ada, now=now)
                said = sentiments.current(org, band, now.date()).disagrees
                if said:
                    expected[said.split()[0]].add(org.external_id)
                    expected["any"].add(org.external_id)
        assert expected["better"] == {"at_risk-4", "at_risk-5", "no_activity-4", "no_activity-5"}
        assert expected["worse"] == {"healthy-1", "healthy-2"}
        for option, ids in expected.items():
            listed = client.get(f"/admin/orgs/organization/?disagreement={option}").context["cl"].result_list
            assert {each.external_id for each in listed} == ids


def test_staff_are_active_members_of_staff(ada):
    staff("gone", is_active=False)
    staff("outside", is_staff=False)
    assert list(scopes.staff()) == [ada]
