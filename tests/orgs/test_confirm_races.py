"""What a confirm meets when somebody was faster, through the doors that people use: nothing written, nothing told."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.backoffice.models import AuditEntry
from orgs.importing import batches as acts
from orgs.importing import options
from orgs.importing.batches import receive
from orgs.models import ImportBatch, LedgerEntry, Organization, OrganizationKey, OrganizationTouch
from revenue.models import Subscription
from tests.factories import NOW, organization, staff, subscription

ORGS = "external_org_id,display_name\n"
SUBS = "external_org_id,product_code,mrr,currency,start_at,subscription_id\n"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kim() -> Client:
    client = Client()
    client.force_login(staff("kim"))
    return client


def upload(browser: Client, text: str, kind: str = "orgs_organization") -> ImportBatch:
    data = {"import_file": SimpleUploadedFile("f.csv", text.encode()), "format": "0", "resource": "0"}
    browser.post(reverse(f"admin:{kind}_import"), {**data, "day_format": "iso"})
    return ImportBatch.objects.latest("id")


def confirm(browser: Client, batch: ImportBatch, **choices: str) -> str:
    data = {"fingerprint": batch.fingerprint, **choices}
    return browser.post(reverse("admin:orgs_importbatch_confirm", args=[batch.pk]), data, follow=True).content.decode()


def nothing_was_told() -> bool:
    told = (LedgerEntry.objects, OrganizationTouch.objects.filter(reason="import"))
    return not any(each.exists() for each in told) and not AuditEntry.objects.filter(action="import.confirmed").exists()


def test_a_row_that_is_refused_by_now(kim: Client) -> None:
    gone = organization("acme", imported_at=NOW)
    batch = upload(kim, SUBS + "acme,pro,99,EUR,2024-01-15,\n", "revenue_subscription")
    assert batch.counts["new"] == 1
    gone.delete()
    page = confirm(kim, batch)
    assert "Nothing was imported" in page and "bo-notice--alarm" in page and "1 refused" in page.replace("</b>", "")
    assert not Subscription.objects.exists() and nothing_was_told()


def test_a_row_that_somebody_writes_at_the_same_moment(kim: Client) -> None:
    acme = organization("acme", imported_at=NOW)
    batch = upload(kim, SUBS + "acme,pro,99,EUR,2024-01-15,s1\nacme,gold,5,EUR,2024-01-15,s2\n", "revenue_subscription")
    written, is_waiting = threading.Event(), threading.Event()

    def write_by_hand() -> None:
        with transaction.atomic():
            subscription(acme, "7.00", subscription_id="s2")
            written.set()
            is_waiting.wait(20)
        connection.close()

    def see_the_confirm_wait() -> None:
        for _ in range(200):
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
                if cursor.fetchone()[0]:
                    break
            threading.Event().wait(0.05)
        is_waiting.set()
        connection.close()

    threads = [threading.Thread(target=each) for each in (write_by_hand, see_the_confirm_wait)]
    threads[0].start()
    assert written.wait(20)
    threads[1].start()
    page = confirm(kim, batch)
    for each in threads:
        each.join()
    assert "at the same moment" in page and "bo-notice--alarm" in page and "1 new, 1 changed" in page
    assert list(Subscription.objects.values_list("subscription_id", "mrr")) == [("s2", Decimal(7))]
    assert nothing_was_told()
    batch.refresh_from_db()
    assert "Imported: 1 new, 1 changed" in confirm(kim, batch)


def test_a_double_click_imports_once(kim: Client) -> None:
    batch = upload(kim, ORGS + "".join(f"org_{n},Customer number {n} GmbH\n" for n in range(1000)))
    start, pages = threading.Barrier(2), []

    def press() -> None:
        start.wait()
        pages.append(confirm(kim, batch))
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    told = "".join(pages)
    assert told.count("Imported: 1\u202f000 new, 0 changed, 0 unchanged.</") >= 1 and "was already imported on" in told
    assert (Organization.objects.count(), LedgerEntry.objects.count()) == (1000, 1000)
    assert AuditEntry.objects.filter(action="import.confirmed").count() == 1


def test_two_tabs_with_two_files_of_one_row(kim: Client) -> None:
    first, second = (upload(kim, f"{ORGS}o1,{name}\n") for name in ("Acme", "Beta"))
    assert "Imported: 1 new" in confirm(kim, first)
    told = LedgerEntry.objects.count(), OrganizationTouch.objects.count(), AuditEntry.objects.count()
    page = confirm(kim, second)
    assert "Nothing was imported" in page and "bo-notice--alarm" in page and "0 new, 1 changed" in page
    assert Organization.objects.get().display_name == "Acme"
    assert told == (LedgerEntry.objects.count(), OrganizationTouch.objects.count(), AuditEntry.objects.count())


def test_two_users_with_the_same_file(kim: Client) -> None:
    lee = Client()
    lee.force_login(staff("lee"))
    batches = [upload(each, ORGS + "o1,Acme\n") for each in (kim, lee)]
    assert "Imported: 1 new" in confirm(kim, batches[0])
    page = confirm(lee, batches[1])
    assert "Nothing was imported" in page and "0 new, 0 changed, 1 unchanged" in page
    assert LedgerEntry.objects.count() == 1
    assert AuditEntry.objects.filter(action="import.confirmed").count() == 1


def test_an_old_fingerprint_of_a_page_left_open(kim: Client) -> None:
    batch = upload(kim, ORGS + "o1,Acme\n")
    organization("o1", display_name="Somebody")
    confirm(kim, batch)
    page = confirm(kim, batch)
    assert "Nothing was imported" in page and Organization.objects.get().display_name == "Somebody"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_disjoint_files_at_once_take_different_ids(kim: Client, order: tuple[int, int]) -> None:
    files = [
        receive(
            "subscriptions",
            file_name="s.csv",
            content=(SUBS + "".join(f"o{n},p,1,EUR,2024-01-15,{side}{n}\n" for n in range(50))).encode(),
            options=options.choose(timezone.now(), create_missing=True),
            user=None,
            now=timezone.now(),
        )
        for side in "ab"
    ]

    for each in files:
        acts.preview(each)
    start, ends = threading.Barrier(2), []

    def press(batch: ImportBatch) -> None:
        start.wait()
        outcome = acts.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=timezone.now())
        if outcome.end is acts.End.MOVED:
            outcome = acts.confirm(batch.pk, user=None, fingerprint=outcome.batch.fingerprint, now=timezone.now())
        ends.append(outcome.end)
        connection.close()

    threads = [threading.Thread(target=press, args=[files[place]]) for place in order]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert ends == [acts.End.DONE, acts.End.DONE]
    assert Subscription.objects.count() == 100 and OrganizationKey.objects.count() == 50
    added = Subscription.objects.create(
        key=OrganizationKey.objects.first(),
        product_code="q",
        mrr=1,
        currency="EUR",
        start_on=date(2024, 1, 1),
        known_from=NOW.date(),
    )
    assert added.pk > max(Subscription.objects.exclude(pk=added.pk).values_list("id", flat=True))


def test_previews_are_their_users_own(kim: Client) -> None:
    pat = Client()
    user = staff("pat", is_superuser=False)
    user.user_permissions.set(staff_rights("run_import", "view_importbatch"))
    pat.force_login(user)
    mine, theirs = upload(pat, ORGS + "o1,Acme\n"), upload(kim, ORGS + "o2,Beta\n")
    listed = reverse("admin:orgs_importbatch_changelist")
    page = reverse("admin:orgs_importbatch_change", args=[theirs.pk])
    assert pat.get(listed).content.decode().count("f.csv") == 1
    assert kim.get(listed).content.decode().count("f.csv") == 2
    assert pat.get(page).status_code == 404
    assert kim.get(reverse("admin:orgs_importbatch_change", args=[mine.pk])).status_code == 200
    for door in ("confirm", "columns", "refused"):
        url = reverse(f"admin:orgs_importbatch_{door}", args=[theirs.pk])
        assert (pat.get(url) if door == "refused" else pat.post(url)).status_code == 403, door
    confirm(kim, theirs)
    assert pat.get(page).status_code == 200
    undo = reverse("admin:orgs_importbatch_undo", args=[theirs.pk])
    assert pat.get(undo).status_code == 403 and "Undo this import" not in pat.get(page).content.decode()
    user.user_permissions.add(*staff_rights("delete_importbatch"))
    assert pat.get(undo).status_code == 200


def staff_rights(*codenames: str):

    return Permission.objects.filter(codename__in=codenames)
