"""What the progress page shows, while the act's own transaction is still open."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.urls import reverse

from config.backoffice.models import JobRun
from orgs.importing import batches, options, progress
from orgs.models import ImportBatch
from tests.factories import NOW, staff


def test_without_a_watcher_rows_just_go_by() -> None:
    assert list(progress.over([1, 2], "Reading")) == [1, 2]
    assert [list(each) for each in progress.chunks([1, 2, 3], "Writing", size=2)] == [[1, 2], [3]]


def test_rate_and_time_left_come_from_the_step_going_on() -> None:
    watch = progress.Watch("Reading")
    watch.begin("Comparing", 1000)
    assert watch.told() == {"doing": "Comparing", "done": 0, "total": 1000, "rate": None, "left": None}
    watch.done, watch.started = 400, time.monotonic() - 2
    told = watch.told()
    assert 190 <= told["rate"] <= 200 and told["left"] == 3
    watch.begin("Writing", 0)
    assert watch.told()["left"] is None


@pytest.mark.django_db(transaction=True)
def test_others_see_it_before_the_transaction_ends_and_the_page_shows_it(client, monkeypatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.05)
    user = staff()
    batch = batches.receive(
        "organizations", file_name="o.csv", content=b"x", options=options.choose(NOW), user=user, now=NOW
    )
    run = JobRun.objects.create(
        job="import", slot=f"batch {batch.pk} preview", state="running", due_at=NOW, queued_at=NOW, attempts=1
    )
    seen: list[dict] = []

    def look() -> None:
        for _ in range(100):
            told = JobRun.objects.get(pk=run.pk).progress
            if told.get("done") and told.get("rate"):
                seen.append(told)
                break
            time.sleep(0.05)
        connection.close()

    other = threading.Thread(target=look)
    with progress.watched(run, "Reading the file"), transaction.atomic():
        other.start()
        for _ in progress.over(range(40), "Comparing rows"):
            time.sleep(0.02)
    other.join()
    assert seen and seen[0]["doing"] == "Comparing rows" and 0 < seen[0]["done"] <= 40 and seen[0]["total"] == 40
    client.force_login(user)
    url = reverse("admin:orgs_importbatch_change", args=[batch.pk])
    for _ in range(2):
        page = client.get(url).content.decode()
        assert "Comparing rows" in page and "of 40\u00a0rows" in page and "a second" in page
    assert ImportBatch.objects.get().state == "previewed"
