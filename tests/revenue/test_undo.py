"""An undo leaves the tables as they were, and rows that others changed alone."""

from datetime import UTC, date, datetime

import pytest
from django.db.models import Model
from django.utils import timezone

from orgs.importing import batches, options, undo
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization, OrganizationKey
from revenue.models import Subscription
from tests.tracker.sending import Product, body
from tracker import ingest, rollups
from tracker.models import Event, UsageDay

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SUBS = "external_org_id,product_code,mrr,currency,start_at,end_at\n"
ORGS = "external_org_id,display_name,segment,prop:tier\n"

pytestmark = pytest.mark.django_db


def imported(kind: str, header: str, *rows: str, **chosen) -> ImportBatch:
    content = (header + "".join(f"{row}\n" for row in rows)).encode()
    batch = batches.receive(
        kind, file_name="f.csv", content=content, options=options.choose(NOW, **chosen), user=None, now=NOW
    )
    batches.preview(batch)
    outcome = batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=NOW)
    assert outcome.end is batches.End.DONE
    return batch


def table(model: type[Model]) -> list[dict]:
    return list(model.objects.order_by("id").values())


def test_organizations_are_as_before() -> None:
    ensure_keys(["seen"], timezone.now())
    imported("organizations", ORGS, "a,Acme,smb,gold", "b,Beta,,")
    before = [table(model) for model in (Organization, OrganizationKey)]
    batch = imported("organizations", ORGS, "a,Acme Inc,enterprise,", "seen,Seen,,silver", "new,New,,")
    told = undo.preview_undo(batch.pk, now=NOW)
    assert (told.deleted, told.overwritten, told.kept) == (1, 2, [])
    assert Organization.objects.filter(external_id="new").exists()
    assert undo.undo(batch.pk, user=None, now=NOW, fingerprint=told.fingerprint).is_done
    assert [table(model) for model in (Organization, OrganizationKey)] == before


@pytest.mark.parametrize("counted", [False, True], ids=["just sent", "in the daily rows"])
def test_an_organization_that_sent_events_since_stays_with_all_of_them(counted: bool) -> None:
    ingest.forget()
    batch = imported("organizations", ORGS, "used,Used,,", "silent,Silent,,")
    Product().send_batch([body(customer_org_id="used") for _ in range(3)])
    if counted:
        rollups.roll_up(NOW)
        Event.objects.all()._raw_delete("default")
    kept = [("Used", "has events, subscriptions, aliases, children or what staff wrote down since")]
    for told in (undo.preview_undo(batch.pk, now=NOW), undo.undo(batch.pk, user=None, now=NOW)):
        assert (told.deleted, [(each.label, each.reason) for each in told.kept]) == (1, kept)
    assert list(Organization.objects.values_list("external_id", flat=True)) == ["used"]
    if counted:
        assert list(UsageDay.objects.values_list("key__external_id", "events")) == [("used", 3)]
    else:
        assert list(Event.objects.values_list("key__external_id", flat=True)) == ["used"] * 3


def test_subscriptions_are_as_before() -> None:
    ensure_keys(["a", "b"], timezone.now())
    imported("subscriptions", SUBS, "a,p,100,EUR,2024-01-10,", "b,p,50,EUR,2024-01-10,", known_on=date(2024, 5, 1))
    imported("subscriptions", SUBS, "a,q,7,EUR,2024-01-10,2027-01-01")
    before = [table(model) for model in (Subscription, Organization, OrganizationKey)]
    batch = imported(
        "subscriptions",
        SUBS,
        "a,p,120,EUR,2024-01-10,",
        "a,q,8,EUR,2024-01-10,2027-02-01",
        "new,p,1,EUR,2024-01-10,",
        create_missing=True,
        is_complete=True,
    )
    assert Subscription.objects.get(key__external_id="b", known_to=None).end_on == date(2026, 11, 20)
    told = undo.undo(batch.pk, user=None, now=NOW)
    assert told.kept == []
    assert [table(model) for model in (Subscription, Organization, OrganizationKey)] == before


def test_rows_changed_since_stay_and_are_listed() -> None:
    first = imported("organizations", ORGS, "a,Acme,smb,", "b,Beta,,")
    Organization.objects.filter(external_id="a").update(segment="mine")
    told = undo.undo(first.pk, user=None, now=NOW)
    assert [(each.label, each.reason) for each in told.kept] == [("Acme", "was changed since: segment")]
    assert list(Organization.objects.values_list("external_id", "segment")) == [("a", "mine")]


def test_organizations_with_subscriptions_stay() -> None:
    first = imported("organizations", ORGS, "a,Acme,,")
    imported("subscriptions", SUBS, "a,p,100,EUR,2024-01-10,")
    told = undo.undo(first.pk, user=None, now=NOW)
    assert (told.deleted, len(told.kept)) == (0, 1)
    assert Subscription.objects.count() == 1


def test_a_later_version_holds_the_older_import() -> None:
    ensure_keys(["a"], timezone.now())
    imported("subscriptions", SUBS, "a,p,100,EUR,2024-01-10,", known_on=date(2024, 5, 1))
    second = imported("subscriptions", SUBS, "a,p,110,EUR,2024-01-10,", known_on=date(2024, 6, 1))
    imported("subscriptions", SUBS, "a,p,120,EUR,2024-01-10,", known_on=date(2024, 7, 1))
    before = table(Subscription)
    told = undo.undo(second.pk, user=None, now=NOW)
    assert len(told.kept) == 1 and "known_to" in told.kept[0].reason
    assert table(Subscription) == before


def test_a_moved_preview_undoes_nothing_and_once_is_enough() -> None:
    batch = imported("organizations", ORGS, "a,Acme,,", "b,Beta,,")
    told = undo.preview_undo(batch.pk, now=NOW)
    Organization.objects.filter(external_id="b").update(segment="mine")
    assert not undo.undo(batch.pk, user=None, now=NOW, fingerprint=told.fingerprint).is_done
    assert Organization.objects.count() == 2
    undo.undo(batch.pk, user=None, now=NOW)
    with pytest.raises(undo.CannotUndo):
        undo.undo(batch.pk, user=None, now=NOW)
