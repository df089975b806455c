"""Taking an import back leaves the customers about whom somebody has written something down."""

import pytest

from orgs import notes, sentiments
from orgs.importing import batches, options, undo
from orgs.models import Note, Organization, Sentiment
from signals import followups
from signals.models import FollowUp
from tests.factories import NOW, staff

pytestmark = pytest.mark.django_db


def test_notes_follow_ups_and_sentiments_keep_their_customer():
    ada = staff("ada")
    text = "external_org_id,display_name\n" + "".join(f"{name},{name}\n" for name in ("a", "b", "c", "d"))
    made = batches.receive(
        "organizations", file_name="o.csv", content=text.encode(), options=options.choose(NOW), user=ada, now=NOW
    )
    batches.preview(made)
    batches.confirm(made.pk, user=ada, fingerprint=made.fingerprint, now=NOW)
    known = {each.external_id: each.pk for each in Organization.objects.all()}
    notes.write(known["a"], "Call back", actor=ada, now=NOW)
    followups.create(known["b"], title="Offer", due_on=NOW.date(), assignee=ada, actor=ada, now=NOW)
    sentiments.rate(known["c"], 4, actor=ada, now=NOW)
    undone = undo.undo(made.pk, user=ada, now=NOW)
    assert undone.deleted == 1
    assert [each.label for each in undone.kept] == ["a", "b", "c"]
    assert set(Organization.objects.values_list("external_id", flat=True)) == {"a", "b", "c"}
    assert (Note.objects.count(), FollowUp.objects.count(), Sentiment.objects.count()) == (1, 1, 1)
