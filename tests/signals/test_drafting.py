"""Drafts, publication, retirement: one line of versions, nobody overwrites anybody, the published stays."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from config.backoffice.models import AuditEntry
from config.backoffice.refused import Refused
from signals import rounds, scoring
from signals.configuration import ConfigurationError
from signals.models import HealthModel, Reading, RuleVersion
from signals.versions import drafting, publishing, rule_settings, what_if
from tests.factories import staff
from tests.signals.world import NOW, TODAY, dropping, healthy, paying, silent, span, used

pytestmark = pytest.mark.django_db
HARD = {"healthy_from": "95", "watch_from": "85"}


def nothing(done: int, total: int) -> None:
    pass


def first() -> HealthModel:
    return HealthModel.objects.get(version=1)


def draft(numbers=HARD, segment="", by=None) -> HealthModel:
    made = drafting.start(first(), actor=by, now=NOW, segment=segment)
    return drafting.change(made.pk, made.revision, made.definition | numbers, segment, actor=by, now=NOW)


def test_from_draft_to_published():
    ada = staff()
    made = draft(by=ada)
    assert (made.version, made.state, made.revision, made.created_by) == (2, "draft", 2, ada)
    assert publishing.in_force().of("").number == 1
    published = drafting.publish(made.pk, 2, " Two years of churn say so. ", actor=ada, now=NOW)
    assert (published.state, published.why, published.published_by, published.published_at) == (
        "published",
        "Two years of churn say so.",
        ada,
        NOW,
    )
    assert (first().state, first().retired_at) == ("retired", NOW)
    assert publishing.in_force().of("anything").model.healthy_from == 95
    trail = AuditEntry.objects.order_by("id").values_list("action", "actor_label")
    assert list(trail) == [("model.drafted", "ada"), ("model.changed", "ada"), ("model.published", "ada")]
    changed = AuditEntry.objects.get(action="model.changed").detail
    assert changed == {"healthy_from": ["70", "95"], "watch_from": ["40", "85"]}


def test_of_two_people_the_second_is_told():
    made = draft()
    drafting.change(made.pk, 2, made.definition | {"healthy_from": "90"}, "", actor=None, now=NOW)
    for act in (
        lambda: drafting.change(made.pk, 2, made.definition | {"healthy_from": "91"}, "", actor=None, now=NOW),
        lambda: drafting.publish(made.pk, 2, "why", actor=None, now=NOW),
        lambda: drafting.discard(made.pk, 2, actor=None, now=NOW),
    ):
        with pytest.raises(Refused, match="Somebody changed this draft meanwhile"):
            act()
    made.refresh_from_db()
    assert (made.state, made.revision, made.definition["healthy_from"]) == ("draft", 3, "90")
    assert first().state == "published"
    drafting.discard(made.pk, 3, actor=None, now=NOW)
    with pytest.raises(Refused, match="discarded this draft meanwhile"):
        drafting.publish(made.pk, 3, "why", actor=None, now=NOW)


def test_a_draft_that_says_nothing_new_stays_as_it_is():
    made = draft()
    assert drafting.change(made.pk, 2, made.definition, "", actor=None, now=NOW).revision == 2


@pytest.mark.parametrize(
    ("numbers", "path"),
    [
        ({"trend": {"weight": "0"}}, "trend.weight"),
        ({"trend": {"weight": "-1"}}, "trend.weight"),
        ({"watch_from": "80"}, "watch_from"),
        ({"users": {"zero_at": "many"}}, "users.zero_at"),
    ],
)
def test_numbers_that_cannot_be_are_refused(numbers, path):
    made = drafting.start(first(), actor=None, now=NOW)
    with pytest.raises(ConfigurationError) as refused:
        drafting.change(made.pk, 1, made.definition | numbers, "", actor=None, now=NOW)
    assert list(refused.value.problems) == [path]
    assert HealthModel.objects.get(pk=made.pk).definition == first().definition


def test_a_reason_is_needed_and_a_segment_must_exist():
    made = draft()
    with pytest.raises(Refused, match="Say why"):
        drafting.publish(made.pk, 2, " \0 ", actor=None, now=NOW)
    with pytest.raises(ConfigurationError, match="no customer's segment"):
        drafting.start(first(), actor=None, now=NOW, segment="Nobody")
    assert HealthModel.objects.drafts().count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"definition": {"healthy_from": "75"}},
        {"state": "draft"},
        {"why": "something else"},
        {"version": 9},
        {"segment": "Enterprise"},
        {"published_at": NOW + timedelta(days=1)},
    ],
)
def test_the_database_refuses_to_change_a_published_version(change):
    before = HealthModel.objects.values().get()
    with pytest.raises(IntegrityError), transaction.atomic():
        HealthModel.objects.update(**change)
    with pytest.raises(IntegrityError, match="was published and stays"), transaction.atomic():
        HealthModel.objects.all().delete()
    assert HealthModel.objects.values().get() == before


def test_the_database_refuses_to_change_a_version_of_a_rule():
    before = list(RuleVersion.objects.values())
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        RuleVersion.objects.filter(rule="usage_drop").update(thresholds={})
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        RuleVersion.objects.filter(rule="usage_drop").delete()
    assert list(RuleVersion.objects.values()) == before


def test_who_published_may_leave_the_company():
    ada = staff()
    made = draft(by=ada)
    drafting.publish(made.pk, 2, "why", actor=ada, now=NOW)
    ada.delete()
    made.refresh_from_db()
    assert (made.created_by, made.published_by) == (None, None)


class TestSegments:
    def test_a_model_of_a_segment_judges_it_alone(self):
        big, small = healthy("big"), healthy("small")
        type(big).objects.filter(pk=big.pk).update(segment="Enterprise")
        made = draft({"healthy_from": "100", "watch_from": "99", "users": {"weight": "500"}}, "Enterprise")
        drafting.publish(made.pk, 2, "They have seats.", actor=None, now=NOW)
        assert first().state == "published"
        scoring.score(TODAY, NOW)
        by_org = dict(Reading.objects.values_list("organization_id", "model__version"))
        assert by_org == {big.pk: 2, small.pk: 1}

    def test_it_can_be_retired_and_the_default_cannot(self):
        org = healthy()
        type(org).objects.update(segment="Enterprise")
        made = draft(HARD, "Enterprise")
        drafting.publish(made.pk, 2, "why", actor=None, now=NOW)
        rounds.score_round(NOW)
        assert rounds.score_round(NOW + timedelta(hours=1)).is_everybody is False
        drafting.retire(made.pk, "Too few of them.", actor=None, now=NOW)
        assert publishing.in_force().of("Enterprise").number == 1
        assert rounds.score_round(NOW + timedelta(hours=2)).is_everybody
        with pytest.raises(Refused, match="Publish a new default instead"):
            drafting.retire(first().pk, "why", actor=None, now=NOW)
        assert AuditEntry.objects.get(action="model.retired").detail == {
            "why": "Too few of them.",
            "segment": "Enterprise",
        }


class TestWhatIf:
    def test_it_equals_what_publishing_does_row_by_row(self):
        orgs = [healthy(), silent(), dropping(), paying("never")]
        part_time = paying("part time", "300")
        used(part_time, [day for day in span(60, 1) if day.weekday() in (0, 2)])
        type(part_time).objects.filter(pk=part_time.pk).update(segment="Small")
        scoring.score(TODAY, NOW)
        before = {row.organization_id: (row.score, row.band) for row in Reading.objects.all()}
        made = draft()
        asked = what_if.what_if(made, TODAY, nothing)
        assert Reading.objects.filter(model__version=2).count() == 0

        drafting.publish(made.pk, 2, "why", actor=None, now=NOW)
        scoring.score(TODAY, NOW)
        after = {row.organization_id: (row.score, row.band) for row in Reading.objects.all()}
        assert {one.organization_id: (one.score, one.state) for one in asked} == before
        assert {one.organization_id: (one.score_then, one.state_then) for one in asked} == after
        assert before != after
        told = what_if.told(asked)
        moved = [org_id for org_id in before if before[org_id][1] != after[org_id][1]]
        assert sorted(row["organization"] for row in told["rows"]) == sorted(moved)
        assert Decimal(told["moved_mrr"]) == sum(one.mrr for one in asked if one.organization_id in moved)
        assert sum(pair["after"]["organizations"] for pair in told["bands"].values()) == len(orgs) + 1

    def test_a_draft_of_a_segment_is_about_that_segment(self):
        org = healthy()
        silent()
        type(org).objects.filter(pk=org.pk).update(segment="Enterprise")
        scoring.score(TODAY, NOW)
        assert [one.organization_id for one in what_if.what_if(draft(HARD, "Enterprise"), TODAY, nothing)] == [org.pk]


class TestRules:
    def publish(self, thresholds, **values):
        given = {"is_enabled": True, "follows": 1, "why": "Quieter.", "actor": None, "now": NOW}
        return rule_settings.publish("usage_drop", thresholds, **(given | values))

    def test_a_new_version_with_its_reason(self):
        made = self.publish({"ratio_below": "0.5"})
        assert (made.version, made.thresholds["ratio_below"], made.thresholds["minimum_previous"]) == (2, "0.5", 50)
        assert publishing.rule_book().thresholds["usage_drop"].ratio_below == Decimal("0.5")
        assert AuditEntry.objects.get().detail == {"why": "Quieter.", "ratio_below": ["0.7", "0.5"]}

    def test_of_two_people_the_second_is_told(self):
        self.publish({"ratio_below": "0.5"})
        with pytest.raises(Refused, match="Somebody published this rule meanwhile"):
            self.publish({"ratio_below": "0.6"})
        assert rule_settings.latest("usage_drop").thresholds["ratio_below"] == "0.5"

    def test_what_cannot_be_or_changes_nothing_is_refused(self):
        with pytest.raises(ConfigurationError, match="too large"):
            self.publish({"ratio_below": "1.5"})
        with pytest.raises(Refused, match="Nothing was changed"):
            self.publish({"ratio_below": "0.7"})
        with pytest.raises(Refused, match="Say why"):
            self.publish({"ratio_below": "0.6"}, why="")
        assert RuleVersion.objects.filter(rule="usage_drop").count() == 1

    def test_switching_off_is_a_version_too(self):
        self.publish({}, is_enabled=False)
        assert publishing.rule_book().off == {"usage_drop"}
