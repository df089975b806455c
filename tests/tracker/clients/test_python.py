"""Unmodified Python clients against the running server, over a bad road: every event is stored exactly once."""

import pytest
from posthog import Posthog
from posthog.capture_compression import CaptureCompression
from rudderstack.analytics.client import Client as Rudderstack
from segment.analytics.client import Client as Segment

from tests.tracker.clients.conftest import EVENTS, check_stored

pytestmark = pytest.mark.clients


def send_with_posthog(road, key, errors, **options):
    client = Posthog(
        key,
        host=road.url,
        flush_at=10,
        flush_interval=0.2,
        on_error=lambda error, batch: errors.append(error),
        **options,
    )
    for n in range(EVENTS):
        client.capture("report_opened", distinct_id="u-1", properties={"n": n}, groups={"company": "org_456"})
    client.flush()
    client.shutdown()


@pytest.mark.parametrize(
    "options",
    [
        {"capture_mode": "v0"},
        {"capture_mode": "v0", "gzip": True},
        {"capture_mode": "v1"},
        {"capture_mode": "v1", "capture_compression": CaptureCompression.ZSTD},
    ],
    ids=lambda options: "-".join(str(getattr(each, "value", each)) for each in options.values()),
)
def test_posthog(road, product, options):
    errors = []
    send_with_posthog(road, product.write_key, errors, **options)
    assert errors == []
    check_stored(road, "report_opened", "posthog-python")


@pytest.mark.parametrize(("kind", "gzip"), [(Segment, False), (Rudderstack, True)], ids=["segment", "rudderstack"])
def test_calls(road, product, kind, gzip):
    errors = []
    client = kind(
        product.write_key,
        host=road.url,
        upload_size=10,
        upload_interval=0.2,
        gzip=gzip,
        on_error=lambda error, batch: errors.append(error),
    )
    for n in range(EVENTS):
        client.track("u-1", "report_opened", {"n": n}, context={"groupId": "org_456"})
    client.flush()
    client.join()
    assert errors == []
    check_stored(road, "report_opened", "analytics-python")
