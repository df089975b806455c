"""Columns with other names: mapped on the page, kept as a profile, shown in the preview; odd ids get a hint."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from config.backoffice.models import AuditEntry
from orgs.importing import batches, kinds, mapping, options
from orgs.importing.hints import hint
from orgs.importing.reading import FileRefused, read
from orgs.models import ImportBatch, ImportProfile, Organization
from revenue.models import Subscription
from tests.factories import organization, staff

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SUBS = "Customer ID,id,Product,MRR (EUR),Start date\norg-456,sub-1,pro,99.00,2024-01-15\n"
SUBSCRIPTIONS = "external_org_id,product_code,mrr,currency,start_at\n"
STRIPE = (
    "id,Customer ID,Customer Description,Customer Email,Plan,Product,Quantity,Currency,Interval,Amount,Status,"
    "Created (UTC),Start Date (UTC),Current Period Start (UTC),Current Period End (UTC),Trial Start (UTC),"
    "Trial End (UTC),Canceled At (UTC),Ended At (UTC)\n"
    "sub_1,cus_9,Acme,a@acme.com,price_1,prod_1,3,eur,year,120.00,active,"
    "2024-01-14 23:30,2024-01-14 23:30,2026-01-14 23:30,2027-01-14 23:30,,,,\n"
)

pytestmark = pytest.mark.django_db


def upload(client, kind: str, text: str, **choices: str):
    data = {"import_file": SimpleUploadedFile("f.csv", text.encode()), "format": "0", "resource": "0"}
    return client.post(reverse(f"admin:{kind}_import"), {**data, "day_format": "iso", **choices}, follow=True)


def columns_of(kind: str):
    return kinds.of(kind).columns


def test_guesses() -> None:
    header = ["Customer ID", "id", "Product", "MRR (EUR)", "Start date", "colour"]
    assert mapping.guess(header, columns_of("subscriptions").known) == {
        "external_org_id": "Customer ID",
        "subscription_id": "id",
        "product_code": "Product",
        "mrr": "MRR (EUR)",
        "start_at": "Start date",
    }
    assert mapping.guess(["id", "Name"], columns_of("organizations").known) == {
        "external_org_id": "id",
        "display_name": "Name",
    }


def test_a_column_is_chosen_once_and_from_this_file() -> None:
    known = ("mrr", "amount")
    assert mapping.chosen({"mrr": "A", "amount": ""}, ["A", "B"], known) == {"A": "mrr"}
    with pytest.raises(ValidationError, match="chosen for mrr and amount"):
        mapping.chosen({"mrr": "A", "amount": "A"}, ["A", "B"], known)
    with pytest.raises(ValidationError, match="no column of this file"):
        mapping.chosen({"mrr": "C"}, ["A", "B"], known)


def test_mapped_on_the_page_kept_and_used_again(client) -> None:
    user = staff()
    client.force_login(user)
    organization("org-456", imported_at=NOW)
    page = upload(client, "revenue_subscription", SUBS).content.decode()
    assert "refused as a whole" in page and "Say which column is which" in page
    assert '<option value="Customer ID" selected>' in page and '<option value="MRR (EUR)" selected>' in page
    batch = ImportBatch.objects.get()
    asked = {
        "external_org_id": "Customer ID",
        "subscription_id": "id",
        "product_code": "Product",
        "mrr": "MRR (EUR)",
        "start_at": "Start date",
        "profile": "Our billing",
    }
    page = client.post(reverse("admin:orgs_importbatch_columns", args=[batch.pk]), asked, follow=True).content.decode()
    assert "1 new, 0 changed, 0 unchanged, 0 refused" in page
    assert "Customer ID → external_org_id" in page and "all rows are taken as EUR" in page
    assert not Subscription.objects.exists()
    batch.refresh_from_db()
    url = reverse("admin:orgs_importbatch_confirm", args=[batch.pk])
    client.post(url, {"fingerprint": batch.fingerprint})
    line = Subscription.objects.get()
    assert (line.subscription_id, line.mrr, line.currency) == ("sub-1", Decimal(99), "EUR")
    assert AuditEntry.objects.filter(action="import_profile.saved", actor_label="ada").count() == 1
    assert "Our billing" in client.get(reverse("admin:revenue_subscription_import")).content.decode()
    page = upload(client, "revenue_subscription", SUBS, profile="Our billing").content.decode()
    assert "0 new, 0 changed, 1 unchanged, 0 refused" in page
    late = client.post(reverse("admin:orgs_importbatch_columns", args=[batch.pk]), asked, follow=True)
    assert "imported meanwhile" in late.content.decode()


def test_only_who_uploaded_it_may_map_it(client) -> None:
    client.force_login(staff())
    upload(client, "revenue_subscription", SUBS)
    client.force_login(staff("eve"))
    batch = ImportBatch.objects.get()
    answer = client.post(reverse("admin:orgs_importbatch_columns", args=[batch.pk]), {"mrr": "id", "profile": "x"})
    assert answer.status_code == 403
    assert not ImportProfile.objects.exists() and ImportBatch.objects.get().state == "refused"


def test_two_columns_for_one_are_refused() -> None:
    with pytest.raises(FileRefused, match="stands twice"):
        read(b"A,mrr\n1,2\n", columns_of("subscriptions"), {"A": "mrr"})


def test_stripes_export(tmp_path) -> None:
    organization("cus_9", imported_at=NOW)
    file = tmp_path / "subscriptions.csv"
    file.write_text(STRIPE)
    with pytest.raises(CommandError, match="is missing"):
        call_command("import_subscriptions", file, stdout=StringIO())
    with pytest.raises(CommandError, match="no profile “Chargebee”"):
        call_command("import_subscriptions", file, "--profile", "Chargebee", stdout=StringIO())
    call_command("import_subscriptions", file, "--profile", "Stripe", stdout=StringIO())
    line = Subscription.objects.get()
    assert (line.subscription_id, line.product_code, line.name) == ("sub_1", "prod_1", "price_1")
    assert (line.amount, line.interval, line.mrr, line.currency) == (Decimal(360), "year", Decimal(30), "EUR")
    assert line.start_on == date(2024, 1, 14)


def test_stripes_older_exports_name_the_start_otherwise() -> None:
    mapping_of_stripe = kinds.of("subscriptions").profiles["Stripe"]
    older = STRIPE.replace("Start Date (UTC)", "Start (UTC)")
    sheet = read(older.encode(), columns_of("subscriptions"), mapping_of_stripe)
    assert [row.cells["start_at"] for row in sheet.rows] == ["2024-01-14 23:30Z"]
    assert "Created (UTC)" in sheet.columns and "Start (UTC) → start_at" in sheet.notices[0]


def test_a_column_named_utc_is_read_as_utc() -> None:
    from dataclasses import replace

    chosen = options.choose(NOW, mapping=kinds.of("subscriptions").profiles["Stripe"], create_missing=True)
    plan = batches.plan_content("subscriptions", STRIPE.encode(), replace(chosen, time_zone="Europe/Berlin"))
    assert [str(row.after["start_on"]) for row in plan.first("new")] == ["2024-01-15"]


@pytest.mark.parametrize("kind", ["orgs_organization", "revenue_subscription", "revenue_exchangerate"])
def test_samples_import_as_they_are(client, kind: str) -> None:
    client.force_login(staff())
    assert "Download a sample file" in client.get(reverse(f"admin:{kind}_import")).content.decode()
    sample = b"".join(client.get(reverse(f"admin:{kind}_sample")).streaming_content).decode("utf-8-sig")
    choices = {"create_missing": "on"} if kind == "revenue_subscription" else {}
    page = upload(client, kind, sample, **choices).content.decode()
    assert "2 new, 0 changed, 0 unchanged, 0 refused" in page
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("external_id", "words"),
    [
        ("acme-staging", "carries an environment"),
        ("dev:acme", "carries an environment"),
        ("Acme Corporation", "looks like a display name"),
        ("a/b?c", "not URL-safe"),
        ("org-456", ""),
        ("org 456", "not URL-safe"),
        ("contest", ""),
    ],
)
def test_hints(external_id: str, words: str) -> None:
    assert words in hint(external_id) and bool(hint(external_id)) == bool(words)


def test_hints_stand_beside_new_ids_and_refuse_nothing() -> None:
    text = "external_org_id,display_name\nacme-staging,Acme\n"
    plan = batches.plan_content("organizations", text.encode(), options.choose(NOW))
    assert plan.counts["new"] == 1 and ["carries an environment" in each.reason for each in plan.warnings] == [True]


def test_did_you_mean() -> None:
    organization("org-456", imported_at=NOW)
    text = "external_org_id,product_code,mrr,currency,start_at\norg_456,pro,1,EUR,2024-01-01\n"
    plan = batches.plan_content("subscriptions", text.encode(), options.choose(NOW))
    assert "Did you mean “org-456”?" in plan.refused[0].reason and plan.facts["did_you_mean"] == 1
    plan = batches.plan_content("subscriptions", text.encode(), options.choose(NOW, create_missing=True))
    assert plan.counts["new"] == 1 and "Did you mean “org-456”?" in plan.warnings[0].reason


def test_did_you_mean_for_an_id_that_only_events_named(client) -> None:
    organization("org-456", imported_at=NOW)
    organization("org_456")
    client.force_login(staff())
    page = upload(client, "revenue_subscription", f"{SUBSCRIPTIONS}org_456,pro,99,EUR,2024-01-01\n").content.decode()
    assert "1 new, 0 changed" in page and "is known from events alone. Did you mean “org-456”?" in page
    assert "Join them on ID reconciliation" in page
    assert "mrr: <ins>99.00</ins>" in page and "interval_count" not in page.partition("New rows")[2]
