"""A cohort from a file: previewed, confirmed, repeated, taken back."""

from datetime import timedelta

import pytest

from orgs.aliases import accept
from orgs.cohorts import editing
from orgs.importing import batches, options, undo
from orgs.models import Cohort, CohortMember, ImportBatch
from tests.factories import NOW, organization
from tests.orgs.cohorts import cohort, members, rule

pytestmark = pytest.mark.django_db
HEADER = "external_org_id\n"


def upload(content: str, name: str = "Pilot") -> ImportBatch:
    chosen = options.choose(NOW, cohort=name)
    batch = batches.receive("cohorts", file_name="a.csv", content=content.encode(), options=chosen, user=None, now=NOW)
    batches.preview(batch)
    return batch


def confirm(batch: ImportBatch, **choices):
    return batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW, **choices)


@pytest.fixture(autouse=True)
def customers():
    for name in ("a", "b", "c"):
        organization(name)


def test_a_list_is_previewed_and_made_once():
    batch = upload(HEADER + "a\nb\n")
    assert batch.counts == {"new": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert "The organizations join the cohort “Pilot”. It is new." in batch.report["notices"]
    assert not Cohort.objects.exists()
    assert confirm(batch).end is batches.End.DONE
    made = Cohort.objects.get()
    assert (made.kind, members(made), made.computed_at) == ("static", {"a", "b"}, NOW)
    assert confirm(batch).end is batches.End.ALREADY
    more = upload(HEADER + "b\nc\n", name="pilot")
    assert more.counts == {"new": 1, "changed": 0, "unchanged": 1, "refused": 0}
    confirm(more)
    assert members(made) == {"a", "b", "c"}
    assert Cohort.objects.count() == 1


def test_unknown_and_doubled_ids_are_refused_all_at_once():
    accept("B2", "b", actor=None, now=NOW) if organization("B2") else None
    batch = upload(HEADER + "a\nA\na\nnobody\nb\nB2\n")
    told = {(group["reason"], line["line"]) for group in batch.report["refused"] for line in group["lines"]}
    assert told == {
        ("is not known here. Import the organization first. Is it “a”?", 3),
        ("stands on line 2 already. Keep one of the two.", 4),
        ("is not known here. Import the organization first.", 5),
        ("is the same organization as line 6. Keep one of the two.", 7),
    }
    assert confirm(batch).end is batches.End.REFUSED_ROWS
    assert not Cohort.objects.exists()
    confirm(batch, valid_rows_only=True)
    assert members(Cohort.objects.get()) == {"a", "b"}


def test_import_and_undo_leave_nothing():
    first = upload(HEADER + "a\n")
    confirm(first)
    second = upload(HEADER + "b\n")
    confirm(second)
    told = undo.undo(second.pk, user=None, now=NOW)
    assert (told.deleted, told.kept) == (1, [])
    assert members(Cohort.objects.get()) == {"a"}
    undo.undo(first.pk, user=None, now=NOW)
    assert not Cohort.objects.exists()
    assert not CohortMember.objects.exists()


def test_undo_keeps_a_list_that_is_used_or_has_other_members():
    first = upload(HEADER + "a\n")
    confirm(first)
    made = Cohort.objects.get()
    cohort("Reader", rule("cohort", operator="in", cohort=made.pk))
    told = undo.undo(first.pk, user=None, now=NOW + timedelta(hours=1))
    assert [(each.label, each.reason) for each in told.kept] == [("Pilot", "is used by the cohort “Reader”")]
    assert (told.deleted, members(made)) == (1, set())
    made.refresh_from_db()
    assert made.computed_at == NOW + timedelta(hours=1), "answers that were kept of its members hold no longer"


@pytest.mark.parametrize(("name", "message"), [("", "No cohort is named."), ("rules", "is a cohort with rules")])
def test_a_name_that_cannot_be_a_list_refuses_the_file(name, message):
    cohort("Rules", rule("property", name="x", operator="is_set"))
    batch = upload(HEADER + "a\n", name=name)
    assert batch.state == ImportBatch.State.REFUSED
    assert message in batch.report["file_error"]["message"]
    assert Cohort.objects.count() == 1


def test_a_list_keeps_its_members_when_renamed():
    confirm(upload(HEADER + "a\n"))
    made = Cohort.objects.get()
    editing.change(made.pk, "Pilots", {}, actor=None, now=NOW)
    assert members(made) == {"a"}
