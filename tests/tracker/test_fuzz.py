"""Twenty thousand bodies over every ingest address: no answer is an error of ours, and good events still come in after.

FUZZ_BODIES makes it more or fewer.
"""

import base64
import os
import random
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracker import near_valid
from tests.tracker.sending import Product, body
from tracker.models import Application, Event

pytestmark = pytest.mark.django_db

BODIES = int(os.environ.get("FUZZ_BODIES", "20000"))
RAW = BODIES // 10
SIGNED = {"/v1/events": near_valid.one, "/v1/events/batch": near_valid.batch}
POSTHOG = ["/batch/", "/e/", "/i/v0/e/", "/capture/", "/track/", "/i/v1/analytics/events"]
SEGMENT = ["/v1/batch", "/v1/b", "/v1/track", "/v1/identify", "/v1/page", "/v1/group", "/v1/alias", "/v1/t", "/v1/g"]
QUIET = ["/flags/", "/decide/", "/s/", "/v1/m"]
STARTS = [b"", b"{", b"[", b"[{", b"\x1f\x8b\x08", b"\x78\x9c", b"\x28\xb5\x2f\xfd", b"data=", b'{"batch":[']
ADDRESSES: dict[str, Callable[[random.Random], bytes]] = {
    **SIGNED,
    **dict.fromkeys(POSTHOG, near_valid.posthog),
    **dict.fromkeys(SEGMENT, near_valid.segment),
    **dict.fromkeys(QUIET, near_valid.posthog),
}
# Signed bodies and batches reach the most code.
WEIGHTS = [6 if path in SIGNED else 1 if path in QUIET else 3 for path in ADDRESSES]


@pytest.fixture
def product(db) -> Product:
    ways = ["groups", "property:customer", "last_group", "distinct_id"]
    made = Product(organization_from=ways, user_property="email")
    Application.objects.update(keeps_user_properties=True)
    return made


def post(product: Product, path: str, raw: bytes, dice: random.Random) -> int:
    """With a valid signature and key; the status, which is never an error of ours."""
    headers = {"Content-Type": dice.choice(["application/json", "text/plain", "application/x-www-form-urlencoded"])}
    if path in SIGNED:
        headers |= {"x-app-uuid": str(product.application.uuid), "x-signature": product.sign(raw)}
        if raw[:2] == b"\x1f\x8b":
            headers["Content-Encoding"] = "gzip"
        if dice.random() < 0.1:
            headers["Idempotency-Key"] = dice.choice(["k", "é", "x" * 300, " "])
    else:
        key = base64.b64encode(f"{product.write_key}:".encode()).decode()
        headers["Authorization"] = f"Bearer {product.write_key}" if "/i/v1" in path else f"Basic {key}"
    content_type = headers.pop("Content-Type")
    # An error inside undoes its own statement alone, as it would in a request of its own.
    with transaction.atomic():
        answer = product.client.post(path, raw, content_type=content_type, headers=headers)
    assert answer.status_code < 500, (path, raw, answer.content)
    return answer.status_code


def check_canary(product: Product) -> None:
    before = Event.objects.count()
    assert product.send(body()).status_code == 201
    assert Event.objects.count() == before + 1


@pytest.mark.parametrize("seed", range(4))
def test_bodies_that_are_almost_right(product, seed):
    dice, statuses = random.Random(seed), Counter()
    for path in dice.choices(list(ADDRESSES), WEIGHTS, k=(BODIES - RAW) // 4):
        raw = ADDRESSES[path](dice).replace(b"KEY", product.write_key.encode())
        raw = near_valid.squeezed(raw, dice)
        address = path.replace("KEY", product.write_key)
        statuses[post(product, address, raw, dice)] += 1
    # Deep enough: a good part is stored, a good part refused.
    assert statuses[200] + statuses[201] > statuses.total() / 3
    assert statuses[400] > statuses.total() / 20
    assert Event.objects.count() > BODIES / 40
    check_canary(product)


@pytest.mark.parametrize("half", range(2))
def test_any_bytes(product, half):
    addresses = list(ADDRESSES)

    @settings(
        max_examples=RAW // 2,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(addresses[half::2]),
        st.sampled_from(
            [b"", b"{", b"[", b"[{", b"\x1f\x8b\x08", b"\x78\x9c", b"\x28\xb5\x2f\xfd", b"data=", b'{"batch":[']
        ),
        st.binary(max_size=300),
    )
    def check(path: str, start: bytes, rest: bytes) -> None:
        post(product, path, start + rest, random.Random(len(rest)))

    check()
    check_canary(product)
