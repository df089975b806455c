"""The wizard in the admin: upload, preview, confirm; what hostile files and late users meet."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.backoffice import tasks
from config.backoffice.models import JobRun
from config.backoffice.uploads import FORM_BYTES, MOST_BYTES
from orgs.importing import batches
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization
from revenue.models import Subscription

UPLOAD = "admin:orgs_organization_import"
HEADER = b"external_org_id,display_name\n"

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    user = User.objects.create_user("kim", password="x", is_staff=True)
    codenames = ["run_import", "view_importbatch", "view_organization", "change_organization", "view_subscription"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def browser(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def upload(browser: Client, content: bytes, name: str = "orgs.csv", url: str = UPLOAD, **choices: str):
    data = {"import_file": SimpleUploadedFile(name, content), "format": "0", "resource": "0", "day_format": "iso"}
    return browser.post(reverse(url), {**data, **choices}, follow=True)


def confirm(browser: Client, batch: ImportBatch, **choices: str):
    data = {"fingerprint": batch.fingerprint, **choices}
    return browser.post(reverse("admin:orgs_importbatch_confirm", args=[batch.pk]), data, follow=True)


def test_upload_preview_confirm(browser: Client, staff: User) -> None:
    page = upload(browser, HEADER + b"o1,Acme\n").content.decode()
    assert "1 new, 0 changed, 0 unchanged, 0 refused" in page
    assert "Import 1\u00a0row" in page
    assert not Organization.objects.exists()
    done = confirm(browser, ImportBatch.objects.get()).content.decode()
    assert "Imported: 1 new" in done
    assert Organization.objects.get().display_name == "Acme"
    again = confirm(browser, ImportBatch.objects.get()).content.decode()
    assert "already imported" in again


def test_the_form_names_the_limit(browser: Client) -> None:
    page = browser.get(reverse(UPLOAD)).content.decode()
    assert "at most 50 MB" in page and "empty cell keeps the old value" in page


@pytest.mark.parametrize("size", [MOST_BYTES + 1, MOST_BYTES + 2 * FORM_BYTES], ids=["while it arrives", "announced"])
def test_a_file_over_the_limit_is_left_out(browser: Client, size: int) -> None:
    page = upload(browser, HEADER + b"x" * (size - len(HEADER)))
    assert page.status_code == 200 and "at most 50 MB are allowed" in page.content.decode()
    assert not ImportBatch.objects.exists()
    assert "1 new" in upload(browser, HEADER + b"o1,Acme\n").content.decode()


def test_a_refused_row_blocks_and_is_downloadable(browser: Client) -> None:
    page = upload(browser, HEADER + b"o1,Acme\n,=1+1<script>\n").content.decode()
    assert "1 refused" in page.replace('<b class="bo-alarm">', "")
    assert "valid row\u00a0only" in page or "valid row only" in page
    batch = ImportBatch.objects.get()
    assert "Nothing was imported" in confirm(browser, batch).content.decode()
    assert not Organization.objects.exists()
    response = browser.get(reverse("admin:orgs_importbatch_refused", args=[batch.pk]))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "line,external_org_id,display_name,reason"
    assert lines[1].startswith("3,,'=1+1<script>,external_org_id is empty")
    whole = browser.get(reverse("admin:orgs_importbatch_refused", args=[batch.pk]) + "?rows=all")
    whole = b"".join(whole.streaming_content).decode("utf-8-sig").splitlines()
    assert whole[:2] == ["line,external_org_id,display_name,reason", "2,o1,Acme,"] and whole[2] == lines[1]
    confirm(browser, batch, valid_rows_only="yes")
    assert Organization.objects.count() == 1


def test_markup_in_names_stays_text(browser: Client) -> None:
    page = upload(browser, HEADER + b"<b>x</b>,<img src=x onerror=alert(1)>\n", name="<img src=y>.csv").content.decode()
    assert "<img src" not in page and "&lt;img src=x onerror" in page


def test_a_moved_preview_is_shown_in_red(browser: Client) -> None:
    upload(browser, HEADER + b"o1,Acme\n")
    ensure_keys(["o1"], timezone.now())
    page = confirm(browser, ImportBatch.objects.get()).content.decode()
    assert "Nothing was imported" in page and "bo-notice--alarm" in page
    assert "0 new, 1 changed" in page
    assert Organization.objects.get().display_name == ""


def test_another_user_cannot_confirm(browser: Client) -> None:
    upload(browser, HEADER + b"o1,Acme\n")
    other = Client()
    other.force_login(User.objects.create_superuser("other"))
    assert confirm(other, ImportBatch.objects.get()).status_code == 403
    assert not Organization.objects.exists()


def test_a_lost_permission_stops_the_confirm(browser: Client, staff: User) -> None:
    upload(browser, HEADER + b"o1,Acme\n")
    staff.user_permissions.remove(Permission.objects.get(codename="run_import"))
    assert confirm(browser, ImportBatch.objects.get()).status_code == 403
    assert browser.get(reverse(UPLOAD)).status_code == 403
    assert not Organization.objects.exists()


def test_the_librarys_own_confirm_is_closed(browser: Client) -> None:
    assert browser.post(reverse("admin:orgs_organization_process_import"), {}).status_code == 403


def test_a_large_file_goes_to_a_worker(browser: Client) -> None:
    rows = b"".join(b"o%d,Customer\n" % i for i in range(batches.DIRECT_ROWS + 1))
    page = upload(browser, HEADER + rows).content.decode()
    assert 'http-equiv="refresh"' in page
    tasks.run_job(JobRun.objects.get().pk)
    batch = ImportBatch.objects.get()
    assert batch.counts["new"] == batches.DIRECT_ROWS + 1
    confirm(browser, batch)
    confirm(browser, batch)
    run = JobRun.objects.get(slot__contains="confirm")
    assert not Organization.objects.exists()
    tasks.run_job(run.pk)
    run.refresh_from_db()
    assert run.summary.startswith("Imported: 2\u202f001 new")
    assert Organization.objects.count() == batches.DIRECT_ROWS + 1


def test_subscriptions_have_their_wizard(browser: Client) -> None:
    ensure_keys(["o1"], timezone.now())
    content = b"external_org_id;product_code;mrr;currency;start_at\no1;pro;99,00;EUR;15.01.2024\n"
    url = "admin:revenue_subscription_import"
    page = upload(browser, content, url=url, day_format="d.m.y").content.decode()
    assert "1 new" in page and "99\u00a0EUR" in page and "2024-01-15" in page
    confirm(browser, ImportBatch.objects.get())
    assert str(Subscription.objects.get().start_on) == "2024-01-15"
    listed = browser.get(reverse("admin:revenue_subscription_changelist")).content.decode()
    assert "99.00\u00a0EUR MRR today from 1\u00a0active subscription" in listed


def test_the_list_of_imports(browser: Client, django_assert_max_num_queries) -> None:
    upload(browser, HEADER + b"o1,Acme\n")
    with django_assert_max_num_queries(12):
        page = browser.get(reverse("admin:orgs_importbatch_changelist")).content.decode()
    assert "Import organizations" in page and "Import subscriptions" in page and "orgs.csv" in page
