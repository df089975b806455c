"""Taking an import back leaves the customers about whom somebody has written something down."""

import pytest

from orgs import notes, sentiments
from orgs.importing import batches, options, restoring, undo
from orgs.models import ImportBatch, Note, Organization, Sentiment
from signals import churn, followups, handling
from signals.lifecycle import Action
from signals.models import Churn, FollowUp, Signal, SignalTransition
from tests.factories import NOW, staff

pytestmark = pytest.mark.django_db


def imported(user, *names: str) -> ImportBatch:
    text = "external_org_id,display_name\n" + "".join(f"{name},{name}\n" for name in names)
    made = batches.receive(
        "organizations", file_name="o.csv", content=text.encode(), options=options.choose(NOW), user=user, now=NOW
    )
    batches.preview(made)
    batches.confirm(made.pk, user=user, fingerprint=made.fingerprint, now=NOW)
    return made


def test_notes_follow_ups_and_sentiments_keep_their_customer():
    ada = staff("ada")
    made = imported(ada, "a", "b", "c", "d")
    known = {each.external_id: each.pk for each in Organization.objects.all()}
    notes.write(known["a"], "Call back", actor=ada, now=NOW)
    followups.create(known["b"], title="Offer", due_on=NOW.date(), assignee=ada, actor=ada, now=NOW)
    sentiments.rate(known["c"], 4, actor=ada, now=NOW)
    undone = undo.undo(made.pk, user=ada, now=NOW)
    assert undone.deleted == 1
    assert [each.label for each in undone.kept] == ["a", "b", "c"]
    assert set(Organization.objects.values_list("external_id", flat=True)) == {"a", "b", "c"}
    assert (Note.objects.count(), FollowUp.objects.count(), Sentiment.objects.count()) == (1, 1, 1)


def test_what_people_said_about_signals_and_departures_keeps_its_customer():
    """What the scan and the books found goes along; what somebody did with it does not."""
    ada = staff("ada")
    names = ("found", "dismissed", "reopened", "assigned", "left", "explained")
    made = imported(ada, *names)
    known = {each.external_id: each.pk for each in Organization.objects.all()}
    signals = {
        name: Signal.objects.create(organization_id=known[name], type="usage_drop", opened_at=NOW, changed_at=NOW).pk
        for name in names[:4]
    }
    for pk in signals.values():
        SignalTransition.objects.create(signal_id=pk, to_state="open", at=NOW)
    handling.act(signals["dismissed"], Action.DISMISS, actor=ada, now=NOW, reason="Seasonal")
    handling.act(signals["reopened"], Action.RESOLVE, actor=ada, now=NOW)
    handling.act(signals["reopened"], Action.REOPEN, actor=ada, now=NOW)
    handling.assign(signals["assigned"], ada, actor=ada, now=NOW)
    day = NOW.date()
    for name in names[4:]:
        Churn.objects.create(organization_id=known[name], churned_on=day, mrr=1, found_at=NOW)
    explained = Churn.objects.get(organization_id=known["explained"])
    churn.explain(explained.pk, ["price"], comment="", actor=ada, now=NOW)
    undone = undo.undo(made.pk, user=ada, now=NOW)
    assert undone.deleted == 2
    assert {(each.label, each.reason) for each in undone.kept} == {
        (name, restoring.IN_USE) for name in ("dismissed", "reopened", "assigned", "explained")
    }
    assert set(Signal.objects.values_list("pk", flat=True)) == set(signals.values()) - {signals["found"]}
    assert Churn.objects.get().reasons == ["price"]
