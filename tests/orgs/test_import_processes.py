"""An import between processes: two at once, and one that is confirmed elsewhere than it was previewed."""

import os
import subprocess
import sys
import threading
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from config.backoffice.models import AuditEntry
from orgs.importing import batches, options, undo
from orgs.models import ImportBatch, Organization, OrganizationKey
from tests.factories import staff

HEADER = "external_org_id,display_name\n"
CONFIRM = """
import sys, django; django.setup()
from django.contrib.auth import get_user_model
from django.utils import timezone
from orgs.importing import batches
from orgs.models import ImportBatch
batch = ImportBatch.objects.get(pk=int(sys.argv[1]))
print(batches.confirm(
    batch.pk, user=batch.created_by, fingerprint=batch.fingerprint, now=timezone.now()).message)
"""

pytestmark = pytest.mark.django_db(transaction=True)


def database_url() -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def received(side: str, rows: int) -> ImportBatch:
    now = timezone.now()
    content = HEADER + "".join(f"{side}_{n},Customer number {n} GmbH\n" for n in range(rows))
    batch = batches.receive(
        "organizations", file_name="o.csv", content=content.encode(), options=options.choose(now), user=None, now=now
    )
    batches.preview(batch)
    return batch


def test_two_disjoint_files_at_once_do_not_take_the_same_ids() -> None:
    files, start, ends = [received(side, 5000) for side in "ab"], threading.Barrier(2), []

    def press(batch: ImportBatch) -> None:
        start.wait()
        ends.append(batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=timezone.now()).end)
        connection.close()

    threads = [threading.Thread(target=press, args=[each]) for each in files]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert ends == [batches.End.DONE, batches.End.DONE]
    assert (Organization.objects.count(), OrganizationKey.objects.count()) == (10_000, 10_000)
    assert batches.confirm(received("c", 1).pk, user=None, fingerprint="", now=timezone.now()).end is batches.End.MOVED
    last = received("d", 1)
    assert batches.confirm(last.pk, user=None, fingerprint=last.fingerprint, now=timezone.now()).end is batches.End.DONE


def test_confirmed_by_a_process_with_another_folder_for_files_then_undone(client, tmp_path) -> None:
    user = staff("kim")
    client.force_login(user)
    data = {"import_file": SimpleUploadedFile("o.csv", (HEADER + "o1,A\n").encode()), "format": "0", "resource": "0"}
    client.post(reverse("admin:orgs_organization_import"), {**data, "day_format": "iso"})
    batch = ImportBatch.objects.get()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TMPDIR": str(tmp_path),
    }
    said = subprocess.run(
        [sys.executable, "-c", CONFIRM, str(batch.pk)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.stdout.strip() == "Imported: 1 new, 0 changed, 0 unchanged.", said.stderr
    assert Organization.objects.get().display_name == "A"
    undo.undo(batch.pk, user=user, now=timezone.now())
    client.get(reverse("admin:orgs_importbatch_export", args=["csv"]))
    told = AuditEntry.objects.order_by("id").values_list("actor_label", "action", "subject_label", "detail")
    assert [(who, action, what) for who, action, what, _ in told] == [
        ("kim", "import.confirmed", "Customer organizations · o.csv"),
        ("kim", "import.undone", "Customer organizations · o.csv"),
        ("kim", "list.exported", "kim"),
    ]
    counts = {"new": 1, "changed": 0, "unchanged": 0, "refused": 0}
    assert told[0][3] == {"kind": "organizations", "file": "o.csv", "sha256": batch.sha256, **counts}
    assert told[1][3] == {"deleted": 1, "overwritten": 0, "kept": 0}
    assert told[2][3] == {"list": "imports", "format": "csv", "filters": {}}
    assert all(each.at is not None for each in AuditEntry.objects.all())
