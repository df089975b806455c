"""The batch: previewed, confirmed once, exactly as shown or not at all."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from config.backoffice.models import AuditEntry
from orgs.importing import batches, options
from orgs.importing.batches import End
from orgs.models import ImportBatch, ImportFile, LedgerEntry, Organization, OrganizationTouch

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HEADER = "external_org_id,display_name,segment,renewal_on,prop:tier\n"


def received(*rows: str, user: User | None = None, header: str = HEADER) -> ImportBatch:
    content = (header + "".join(f"{row}\n" for row in rows)).encode()
    batch = batches.receive(
        "organizations", file_name="orgs.csv", content=content, options=options.choose(NOW), user=user, now=NOW
    )
    batches.preview(batch)
    return batch


def confirmed(batch: ImportBatch, user: User | None = None, **choices: bool) -> batches.Outcome:
    return batches.confirm(batch.pk, user=user, fingerprint=batch.fingerprint, now=NOW, **choices)


@pytest.mark.django_db
def test_a_preview_writes_nothing_but_itself() -> None:
    batch = received("o1,Acme,smb,2027-01-31,gold")
    assert batch.counts == {"new": 1, "changed": 0, "unchanged": 0, "refused": 0}
    assert not Organization.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_a_confirm_writes_values_ledger_touch_and_audit() -> None:
    outcome = confirmed(received("o1,Acme,smb,2027-01-31,gold"))
    assert outcome.end is End.DONE
    stored = Organization.objects.get()
    assert (stored.external_id, stored.display_name, stored.segment) == ("o1", "Acme", "smb")
    assert (str(stored.renewal_on), stored.properties, stored.imported_at) == ("2027-01-31", {"tier": "gold"}, NOW)
    entry = LedgerEntry.objects.get()
    assert (entry.model, entry.row_id, entry.before) == ("orgs.Organization", stored.pk, None)
    assert OrganizationTouch.objects.filter(organization=stored, reason="import").count() == 1
    assert AuditEntry.objects.get().detail["new"] == 1


@pytest.mark.django_db
def test_an_empty_cell_keeps_the_old_value_and_the_ledger_the_one_before() -> None:
    confirmed(received("o1,Acme,smb,2027-01-31,gold"))
    batch = received("o1,,enterprise,,")
    assert batch.report["samples"]["changed"][0]["differences"] == [["segment", "smb", "enterprise"]]
    confirmed(batch)
    stored = Organization.objects.get()
    assert (stored.display_name, stored.segment, str(stored.renewal_on)) == ("Acme", "enterprise", "2027-01-31")
    assert LedgerEntry.objects.get(batch=batch).before["segment"] == "smb"


@pytest.mark.django_db
def test_a_refused_row_holds_back_the_whole_file() -> None:
    batch = received("o1,Acme,,,", "o2,Beta,,30/01/2027,", ",Nameless,,,", "1E+05,Damaged,,,")
    assert [(group["column"], group["lines"][0]["line"]) for group in batch.report["refused"]] == [
        ("renewal_on", 3),
        ("external_org_id", 4),
        ("external_org_id", 5),
    ]
    assert confirmed(batch).end is End.REFUSED_ROWS
    assert not Organization.objects.exists() and not LedgerEntry.objects.exists()


@pytest.mark.django_db
def test_valid_rows_only_is_a_choice_of_its_own() -> None:
    outcome = confirmed(received("o1,Acme,,,", "o2,Beta,,someday,"), valid_rows_only=True)
    assert outcome.message == "Imported: 1 new, 0 changed, 0 unchanged, 1\u00a0refused row left out."
    assert list(Organization.objects.values_list("external_id", flat=True)) == ["o1"]


@pytest.mark.django_db
def test_a_stale_confirm_writes_nothing_and_shows_the_new_preview() -> None:
    confirmed(received("o1,Acme,smb,,"))
    batch = received("o1,Acme,enterprise,,")
    Organization.objects.update(segment="startup")
    outcome = confirmed(batch)
    assert outcome.end is End.MOVED
    assert Organization.objects.get().segment == "startup"
    batch.refresh_from_db()
    assert batch.report["samples"]["changed"][0]["differences"] == [["segment", "startup", "enterprise"]]
    assert confirmed(batch).end is End.DONE
    assert Organization.objects.get().segment == "enterprise"


@pytest.mark.django_db
def test_a_second_confirm_says_so_and_changes_nothing() -> None:
    batch = received("o1,Acme,,,")
    confirmed(batch)
    Organization.objects.update(display_name="Renamed since")
    outcome = confirmed(batch)
    assert outcome.end is End.ALREADY and "already imported" in outcome.message
    assert Organization.objects.get().display_name == "Renamed since"
    assert LedgerEntry.objects.count() == 1


@pytest.mark.django_db
def test_nobody_confirms_the_upload_of_somebody_else() -> None:
    mine, yours = (User.objects.create_user(name) for name in ("mine", "yours"))
    batch = received("o1,Acme,,,", user=mine)
    with pytest.raises(batches.NotYours):
        confirmed(batch, user=yours)
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_swapped_bytes_are_not_imported() -> None:
    batch = received("o1,Acme,,,")
    ImportFile.objects.update(content=b"external_org_id,display_name\no2,Forged\n")
    with pytest.raises(ImportFile.DoesNotExist):
        confirmed(batch)
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_an_upload_lives_a_day() -> None:
    batch = received("o1,Acme,,,")
    late = NOW + timedelta(hours=24)
    assert batches.clean_up(late - timedelta(seconds=1)) == 0
    assert batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=late).end is End.GONE
    assert batches.clean_up(late) == 1
    assert ImportBatch.objects.count() == 1 and not ImportFile.objects.exists()


@pytest.mark.django_db
def test_parents_are_known_and_nobody_is_their_own_ancestor() -> None:
    header = "external_org_id,display_name,parent_external_org_id\n"
    batch = received("a,A,b", "b,B,a", "c,C,nobody", "d,D,c", "e,E,", "f,F,e", header=header)
    refused = {line["line"] for group in batch.report["refused"] for line in group["lines"]}
    assert refused == {2, 3, 4, 5}
    confirmed(batch, valid_rows_only=True)
    assert Organization.objects.get(external_id="f").parent.external_id == "e"


@pytest.mark.django_db
def test_an_owner_is_found_by_mail_or_the_row_is_refused() -> None:
    owner = User.objects.create_user("kim", email="Kim@Example.com", is_staff=True)
    header = "external_org_id,display_name,owner_email\n"
    assert confirmed(received("o1,Acme,kim@example.com", header=header)).end is End.DONE
    assert Organization.objects.get().owner == owner
    assert received("o1,Acme,nobody@example.com", header=header).counts["refused"] == 1


@pytest.mark.django_db(transaction=True)
def test_two_confirms_at_once_import_once() -> None:
    batch = received(*(f"o{i},Customer {i},,," for i in range(500)))
    ends: list[End] = []

    def press() -> None:
        try:
            ends.append(confirmed(batch).end)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [End.ALREADY, End.DONE]
    assert Organization.objects.count() == 500 and LedgerEntry.objects.count() == 500
