"""Cohorts: who is in them, how they are joined, changed, computed and deleted."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from config.backoffice.models import AuditEntry, JobRun
from orgs import aliases, totals
from orgs.cohorts import definition, editing, membership, uses
from orgs.models import Cohort, CohortMember, Organization, OrganizationKey
from tests.factories import NOW, organization, snapshot, staff
from tests.orgs.cohorts import all_of, any_of, cohort, matched, members, rule

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def projects(count: int, external_id: str, mrr: str = "0") -> Organization:
    org = organization(external_id, properties={"project_total": count})
    snapshot(org, mrr=Decimal(mrr))
    return org


def more_than(count: int) -> dict:
    return rule("property", name="project_total", operator="gt", value=count)


def paying(least: int) -> dict:
    return rule("figure", figure="mrr", operator="gte", value=least)


def test_groups_are_joined_by_and_and_or():
    for name, count, mrr in (("a", 40, "900"), ("b", 40, "10"), ("c", 2, "900"), ("d", 2, "10")):
        projects(count, name, mrr)
    assert matched(all_of(more_than(30), paying(500))) == {"a"}
    assert matched(any_of(more_than(30), paying(500))) == {"a", "b", "c"}
    both = {
        "match": "any",
        "groups": [
            {"match": "all", "rules": [more_than(30), paying(500)]},
            {"match": "all", "rules": [rule("property", name="project_total", operator="lt", value=30)]},
        ],
    }
    assert matched(both) == {"a", "c", "d"}
    assert definition.sentence(both) == (
        "Organizations whose (property “project_total” is more than 30 and MRR is at least 500\u00a0EUR) or "
        "property “project_total” is less than 30."
    )
    assert matched({"match": "all", "groups": []}) == set()


def test_a_new_cohort_has_its_members_at_once_and_an_audit_line():
    ada = staff()
    projects(31, "a", "120.50")
    projects(30, "b")
    made = cohort("  More than   30 projects ", more_than(30), actor=ada)
    assert (made.name, members(made), made.computed_at, made.problem) == ("More than 30 projects", {"a"}, NOW, "")
    assert CohortMember.objects.get().since == NOW
    assert totals.amount(Organization.objects.in_cohort(made.pk)) == totals.Amount(1, Decimal("120.5000"))
    entry = AuditEntry.objects.get(action="cohort.created")
    assert entry.actor == ada
    assert entry.detail["definition"] == "Organizations whose property “project_total” is more than 30."


def test_computing_again_keeps_since_and_moves_only_who_changed():
    stays, goes, comes = projects(31, "stays"), projects(31, "goes"), projects(1, "comes")
    made = cohort("Big", more_than(30))
    Organization.objects.filter(pk=goes.pk).update(properties={})
    Organization.objects.filter(pk=comes.pk).update(properties={"project_total": "99"})
    assert membership.recompute(LATER) == membership.Round(1, 0)
    since = dict(made.members.values_list("organization_id", "since"))
    assert since == {stays.pk: NOW, comes.pk: LATER}
    made.refresh_from_db()
    assert made.computed_at == LATER
    assert membership.recompute(LATER) == membership.Round(1, 0)
    assert dict(made.members.values_list("organization_id", "since")) == since


def test_older_results_and_those_of_an_older_definition_are_not_written():
    org = projects(31, "a")
    made = cohort("Big", more_than(30))
    assert membership.store(made, [], NOW - timedelta(seconds=1)) is False
    editing.change(made.pk, "Big", all_of(more_than(20)), actor=None, now=LATER)
    assert membership.store(made, [], LATER + timedelta(hours=1)) is False
    assert members(made) == {org.external_id}


def test_an_id_joined_to_another_organization_leaves_list_and_count():
    projects(31, "a")
    twin = projects(31, "A")
    made = cohort("Big", more_than(30))
    OrganizationKey.objects.filter(external_id="A").update(organization=Organization.objects.get(external_id="a"))
    assert aliases.joined_to(twin) is not None
    assert totals.amount(Organization.objects.in_cohort(made.pk)).organizations == 1
    membership.recompute(LATER)
    assert members(made) == {"a"}


def test_cohorts_that_read_cohorts_are_computed_after_them():
    for name, count in (("a", 40), ("b", 2)):
        projects(count, name, "100")
    # Made in an order that the numbers of the rows do not give away.
    outer = cohort("Outer", paying(1))
    inner = cohort("Inner", more_than(30))
    outer = editing.change(
        outer.pk, "Outer", all_of(rule("cohort", operator="not_in", cohort=inner.pk)), actor=None, now=NOW
    )
    assert members(outer) == {"b"}
    Organization.objects.filter(external_id="b").update(properties={"project_total": 31})
    membership.recompute(LATER)
    assert (members(inner), members(outer)) == ({"a", "b"}, set())
    editing.change(inner.pk, "Inner", all_of(more_than(35)), actor=None, now=LATER)
    assert (members(inner), members(outer)) == ({"a"}, {"b"})


def test_a_circle_is_refused_with_the_way_and_nothing_changes():
    first = cohort("First", paying(1))
    second = cohort("Second", rule("cohort", operator="in", cohort=first.pk))
    third = cohort("Third", rule("cohort", operator="not_in", cohort=second.pk))
    for target in (first, second, third):
        with pytest.raises(editing.CannotChange) as refused:
            editing.change(
                first.pk, "First", all_of(rule("cohort", operator="in", cohort=target.pk)), actor=None, now=LATER
            )
        assert "A cohort cannot depend on itself: “First” → " in str(refused.value)
    first.refresh_from_db()
    assert (first.definition, first.version) == (all_of(paying(1)), 1)
    assert not AuditEntry.objects.filter(action="cohort.changed").exists()


@pytest.mark.parametrize("name", ["big", "BIG", " Big "])
def test_a_name_is_used_once(name):
    cohort("Big", paying(1))
    with pytest.raises(editing.CannotChange, match="A cohort of this name exists already"):
        cohort(name, paying(2))
    assert Cohort.objects.count() == 1


def test_without_a_name_or_a_condition_there_is_no_cohort():
    with pytest.raises(editing.CannotChange):
        cohort(" ", paying(1))
    with pytest.raises(editing.CannotChange, match="needs at least one condition"):
        editing.create("Empty", {"match": "all", "groups": []}, actor=None, now=NOW)
    assert not Cohort.objects.exists()


def test_a_cohort_in_use_is_not_deleted():
    inner = cohort("Inner", paying(1))
    outer = cohort("Outer", rule("cohort", operator="in", cohort=inner.pk))
    assert uses.uses(inner.pk) == ["the cohort “Outer”"]
    with pytest.raises(editing.CannotChange, match="is used by the cohort “Outer”"):
        editing.delete(inner.pk, actor=None, now=LATER)
    assert Cohort.objects.count() == 2
    editing.delete(outer.pk, actor=None, now=LATER)
    editing.delete(inner.pk, actor=None, now=LATER)
    assert not Cohort.objects.exists()
    assert AuditEntry.objects.filter(action="cohort.deleted").count() == 2


def test_a_rule_that_nobody_knows_any_more_leaves_the_members_and_says_so():
    projects(31, "a")
    made, other = cohort("Big", more_than(30)), cohort("Other", more_than(20))
    Cohort.objects.filter(pk=made.pk).update(definition=all_of({"kind": "gone"}))
    assert membership.recompute(LATER) == membership.Round(1, 1)
    made.refresh_from_db()
    other.refresh_from_db()
    assert made.problem == "There is no condition of the kind “gone” here. Remove it."
    assert (members(made), made.computed_at, other.computed_at) == ({"a"}, NOW, LATER)


def test_only_cheap_leaves_out_what_reads_events():
    cheap = cohort("Cheap", paying(1))
    costly = cohort("Costly", rule("event_count", event="x", operator="gte", times=1))
    membership.recompute(LATER, only_cheap=True)
    cheap.refresh_from_db()
    costly.refresh_from_db()
    assert (cheap.computed_at, costly.computed_at) == (LATER, NOW)


def test_soon_is_once_a_minute_and_only_when_there_are_cohorts():
    membership.recompute_soon(NOW, only_cheap=True)
    assert not JobRun.objects.exists()
    cohort("Big", paying(1))
    for seconds in (0, 10, 59, 60):
        membership.recompute_soon(NOW + timedelta(seconds=seconds), only_cheap=True)
    assert JobRun.objects.filter(job="cohorts").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_computations_at_once_leave_one_set():
    for number in range(40):
        projects(31, f"o{number}")
    made = cohort("Big", more_than(30))
    CohortMember.objects.all().delete()

    def compute(minutes: int) -> None:
        membership.recompute(NOW + timedelta(minutes=minutes))
        connection.close()

    threads = [threading.Thread(target=compute, args=[minutes]) for minutes in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.members.count() == 40
    made.refresh_from_db()
    assert made.computed_at == NOW + timedelta(minutes=3)
