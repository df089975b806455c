"""Undo of a large import: preview and act are runs of a worker, once, with the permission of whoever asked."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from config.backoffice import formatting, tasks
from config.backoffice.models import AuditEntry, JobRun
from orgs.importing import batches, options, undo
from orgs.models import ImportBatch, Organization
from tests.factories import NOW, staff

ROWS = batches.DIRECT_ROWS + 1

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(client) -> ImportBatch:
    user = staff("kim", is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["run_import", "view_importbatch"]))
    client.force_login(user)
    text = "external_org_id,display_name\n" + "".join(f"o{number},Customer\n" for number in range(ROWS))
    made = batches.receive(
        "organizations", file_name="o.csv", content=text.encode(), options=options.choose(NOW), user=user, now=NOW
    )
    batches.preview(made)
    batches.confirm(made.pk, user=user, fingerprint=made.fingerprint, now=NOW)
    return made


def page_of(client, batch: ImportBatch) -> str:
    return client.get(reverse("admin:orgs_importbatch_change", args=[batch.pk])).content.decode()


def undo_url(batch: ImportBatch) -> str:
    return reverse("admin:orgs_importbatch_undo", args=[batch.pk])


def run_all() -> list[str]:
    for run in JobRun.objects.filter(state="queued"):
        tasks.run_job(run.pk)
    return list(JobRun.objects.order_by("id").values_list("summary", flat=True))


def test_preview_then_undo(client, batch: ImportBatch) -> None:
    for _ in range(2):
        client.get(undo_url(batch))
    assert JobRun.objects.count() == 1
    assert 'http-equiv="refresh"' in page_of(client, batch)
    assert run_all() == ["Previewed the undo."]
    assert f"would remove {formatting.plural(ROWS, 'row')}" in page_of(client, batch)
    assert Organization.objects.count() == ROWS
    batch.refresh_from_db()
    for _ in range(2):
        client.post(undo_url(batch), {"fingerprint": batch.report["undo_preview"]["fingerprint"]})
    assert run_all()[1:] == [f"Undone: {ROWS} rows removed, 0 restored, 0 kept."]
    assert not Organization.objects.exists()
    assert AuditEntry.objects.filter(action="import.undone", actor_label="kim").count() == 1
    assert "This import was undone" in page_of(client, batch)


def test_what_moved_is_previewed_anew(client, batch: ImportBatch) -> None:
    client.get(undo_url(batch))
    run_all()
    batch.refresh_from_db()
    Organization.objects.filter(external_id="o7").update(segment="mine")
    client.post(undo_url(batch), {"fingerprint": batch.report["undo_preview"]["fingerprint"]})
    assert run_all()[1:] == ["Nothing was undone: the stored data changed since the preview."]
    assert Organization.objects.count() == ROWS
    page = page_of(client, batch)
    assert "Nothing was undone:" in page and "1\u00a0row changed since" in page and "was changed since: segment" in page


def test_a_lost_permission_stops_it(client, batch: ImportBatch) -> None:
    client.get(undo_url(batch))
    run_all()
    batch.refresh_from_db()
    client.post(undo_url(batch), {"fingerprint": batch.report["undo_preview"]["fingerprint"]})
    batch.created_by.user_permissions.clear()
    with pytest.raises(batches.NotYours, match="permission to import was withdrawn"):
        undo.run_step(JobRun.objects.get(state="queued"), NOW)
    assert Organization.objects.count() == ROWS
