"""An undo of organizations and their parents: all go together, or whoever stays keeps the parents above."""

import pytest

from orgs.importing import batches, kinds, options, undo
from orgs.importing.restoring import parents_of_staying
from orgs.models import ImportBatch, Organization
from tests.factories import NOW, organization, staff

pytestmark = pytest.mark.django_db
HEADER = "external_org_id,display_name,parent_external_org_id\n"


def imported(*rows: str) -> ImportBatch:
    content = (HEADER + "".join(f"{row}\n" for row in rows)).encode()
    batch = batches.receive(
        "organizations", file_name="o.csv", content=content, options=options.choose(NOW), user=None, now=NOW
    )
    batches.preview(batch)
    batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW)
    return batch


def test_a_family_of_one_import_goes_as_a_whole():
    batch = imported("top,Top,", "middle,Middle,top", "leaf,Leaf,middle")
    told = undo.undo(batch.pk, user=staff(), now=NOW)
    assert (told.deleted, told.kept, Organization.objects.count()) == (3, [], 0)


def test_children_in_another_chunk_are_no_reason_to_stay(monkeypatch):
    whole = kinds.in_chunks
    monkeypatch.setattr("orgs.importing.restoring.in_chunks", lambda values: whole(values, 1))
    batch = imported("top,Top,", "middle,Middle,top", "leaf,Leaf,middle")
    told = undo.undo(batch.pk, user=staff(), now=NOW)
    assert (told.deleted, told.kept, Organization.objects.count()) == (3, [], 0)


def test_who_was_edited_stays_with_the_parents_above():
    batch = imported("top,Top,", "middle,Middle,top", "leaf,Leaf,middle", "other,Other,top")
    Organization.objects.filter(external_id="leaf").update(display_name="By hand")
    told = undo.undo(batch.pk, user=staff(), now=NOW)
    assert sorted((each.label, each.reason.split(":")[0].split(",")[0]) for each in told.kept) == [
        ("By hand", "was changed since"),
        ("Middle", "has events"),
        ("Top", "has events"),
    ]
    assert told.deleted == 1
    leaf = Organization.objects.select_related("parent__parent").get(external_id="leaf")
    assert (leaf.parent.external_id, leaf.parent.parent.external_id) == ("middle", "top")


def test_a_child_that_was_there_before_goes_back_and_the_new_parent_goes():
    child = organization("child", display_name="Child", imported_at=NOW)
    batch = imported("top,Top,", "child,Child,top")
    told = undo.undo(batch.pk, user=staff(), now=NOW)
    assert (told.deleted, told.overwritten, told.kept) == (1, 1, [])
    child.refresh_from_db()
    assert (child.parent, Organization.objects.count()) == (None, 1)


def test_long_chains_and_circles_end():
    chain = {number: number + 1 for number in range(100_000)}
    assert parents_of_staying(chain, set(chain) - {0}) == set(range(1, 100_000))
    assert parents_of_staying({1: 2, 2: 1, 3: 1}, {1, 2}) == {1, 2}
    assert parents_of_staying({1: 2}, {1, 2}) == set()
