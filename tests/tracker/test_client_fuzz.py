"""Whatever arrives at the clients' addresses, the answer is one that they know; nothing of it is an error of ours."""

import base64
import gzip
import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracker.sending import Product
from tracker.models import Event

pytestmark = pytest.mark.django_db
KNOWN = {200, 400, 401, 413}
PATHS = ["/batch/", "/e/", "/i/v1/analytics/events", "/v1/batch", "/v1/t", "/v1/g"]
TEXT = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(
    ["2026-03-10T11:00:00Z", "null", "\x00", "a" * 300]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = ["event", "distinct_id", "uuid", "timestamp", "offset", "$set", "$set_once", "options", "session_id", "type"]
NAMES += [
    "userId",
    "anonymousId",
    "messageId",
    "sentAt",
    "context",
    "traits",
    "groupId",
    "previousId",
    "originalTimestamp",
]
INSIDE = ["$groups", "$group_type", "$group_key", "$group_set", "$session_id", "$pathname", "$current_url", "plan"]
INSIDE += ["$set", "alias", "$anon_distinct_id", "environment", "page", "library", "groupId", "company", "customer"]
PROPERTIES = st.dictionaries(st.sampled_from(INSIDE) | TEXT, VALUES, max_size=5)
ITEMS = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["e", "$pageview", "$groupidentify", "$identify", "$create_alias"]) | VALUES,
        "type": st.sampled_from(["track", "page", "group", "identify", "alias"]) | VALUES,
        "distinct_id": st.sampled_from(["u", "v"]) | VALUES,
        "userId": st.sampled_from(["u", "v"]) | VALUES,
        "properties": PROPERTIES | VALUES,
        "context": PROPERTIES | VALUES,
    },
    optional={name: VALUES for name in NAMES if name not in ("event", "type", "distinct_id", "userId", "context")},
)
QUIETLY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture
def product(db) -> Product:
    return Product(
        organization_from=["groups", "property:customer", "last_group", "distinct_id"], user_property="email"
    )


def send(product: Product, path: str, raw: bytes) -> int:
    key = base64.b64encode(f"{product.write_key}:".encode()).decode()
    authorization = f"Bearer {product.write_key}" if path.startswith("/i/v1") else f"Basic {key}"
    client = Client(raise_request_exception=True)
    answer = client.post(path, raw, content_type="text/plain", headers={"Authorization": authorization})
    assert answer.status_code in KNOWN, (answer.status_code, answer.content)
    assert isinstance(answer.json(), dict)
    return answer.status_code


@pytest.mark.parametrize("path", PATHS)
def test_any_bytes(product, path):
    @QUIETLY
    @given(
        st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"\x78\x9c", b"\x28\xb5\x2f\xfd", b"data=", b"["])
    )
    def check(raw, start):
        send(product, path, start + raw)

    check()


@pytest.mark.parametrize("path", PATHS)
def test_any_values(product, path):
    @QUIETLY
    @given(st.lists(ITEMS, min_size=1, max_size=4), VALUES, st.booleans())
    def check(items, sent_at, is_squeezed):
        body = {"api_key": product.write_key, "batch": items, "sent_at": sent_at, "sentAt": sent_at, **items[0]}
        raw = json.dumps(body).encode()
        send(product, path, gzip.compress(raw) if is_squeezed else raw)

    check()
    assert Event.objects.exists()
