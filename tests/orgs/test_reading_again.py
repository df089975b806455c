"""A previewed file is read once more with other choices, without uploading it again."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from orgs.models import ImportBatch, ImportFile, Organization
from revenue.models import Subscription
from tests.factories import organization, staff

pytestmark = pytest.mark.django_db
FORM = "/admin/revenue/subscription/import/"
SUBS = "external_org_id,Plan,mrr,currency,start_at\norg-1,pro,10,EUR,01.02.2026\norg-9,pro,20,EUR,01.02.2026\n"


@pytest.fixture
def browser(client):
    client.force_login(staff("maya"))
    organization("org-1")
    return client


def choices(**more: str) -> dict[str, str]:
    return {"format": "0", "resource": "0", "day_format": "iso", **more}


def uploaded(browser, **more: str) -> ImportBatch:
    browser.post(FORM, {"import_file": SimpleUploadedFile("subs.csv", SUBS.encode()), **choices(**more)})
    return ImportBatch.objects.get()


def test_other_choices_keep_the_file_and_its_columns(browser):
    batch = uploaded(browser)
    browser.post(
        reverse("admin:orgs_importbatch_columns", args=[batch.pk]),
        {each: each for each in ("external_org_id", "mrr", "currency", "start_at")} | {"product_code": "Plan"},
    )
    page = browser.get(reverse("admin:orgs_importbatch_change", args=[batch.pk])).content.decode()
    assert "2 refused" in page.replace("\xa0", " ") and f"{FORM}?again={batch.pk}" in page

    page = browser.get(f"{FORM}?again={batch.pk}").content.decode()
    assert "Empty: subs.csv once more, as it was uploaded." in page
    answer = browser.post(f"{FORM}?again={batch.pk}", choices(day_format="d.m.y", create_missing="on"), follow=True)
    batch.refresh_from_db()
    assert answer.redirect_chain[-1][0] == reverse("admin:orgs_importbatch_change", args=[batch.pk])
    assert (batch.counts["new"], batch.counts["refused"]) == (2, 0)
    assert (batch.options["mapping"]["Plan"], batch.options["create_missing"]) == ("product_code", True)
    assert ImportBatch.objects.count() == 1 and not Subscription.objects.exists()
    shown = browser.get(f"{FORM}?again={batch.pk}").context["form"]
    assert (shown["day_format"].value(), shown["create_missing"].value()) == ("d.m.y", True)


def test_a_file_may_come_along_and_is_an_upload_of_its_own(browser):
    batch = uploaded(browser)
    other = SimpleUploadedFile("other.csv", SUBS.replace("Plan", "product_code").encode())
    browser.post(f"{FORM}?again={batch.pk}", {"import_file": other, **choices()})
    assert [each.file_name for each in ImportBatch.objects.order_by("id")] == ["subs.csv", "other.csv"]


def test_what_was_imported_deleted_or_is_anothers_is_left(browser):
    batch = uploaded(browser, create_missing="on")
    before = ImportBatch.objects.values().get()
    ImportBatch.objects.update(state=ImportBatch.State.CONFIRMED)
    page = browser.post(f"{FORM}?again={batch.pk}", choices(day_format="d.m.y"), follow=True).content.decode()
    assert "This file was imported meanwhile" in page
    ImportBatch.objects.update(state=before["state"])
    ImportFile.objects.all().delete()
    page = browser.post(f"{FORM}?again={batch.pk}", choices(day_format="d.m.y"), follow=True).content.decode()
    assert "The uploaded file was deleted after 24 hours." in page
    assert ImportBatch.objects.values().get() == before
    browser.force_login(staff("ben"))
    page = browser.post(f"{FORM}?again={batch.pk}", choices(day_format="d.m.y")).content.decode()
    assert "This field is required." in page
    assert ImportBatch.objects.values().get() == before
    assert Organization.objects.count() == 1
