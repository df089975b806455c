"""Every operation of the API's description, with data that fits it and data that does not: no answer is a 5xx."""

import base64
import json
import os
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core import NotSet

from config.backoffice import tokens
from config.wsgi import application
from tests import factories
from tests.tracker.sending import Product, body

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "15"))
schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)


@pytest.fixture
def product() -> Product:
    """An install with something in every list."""
    made = Product()
    organization = factories.organization("org_456")
    factories.snapshot(organization)
    factories.subscription(organization)
    made.send(body())
    return made


@pytest.fixture
def token() -> str:
    return tokens.create(factories.staff(), "test", now=timezone.now())[1]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_operation(case, product, token):
    raw = written(case.body)
    headers = {name: str(value) for name, value in (case.headers or {}).items() if str(value).isprintable()}
    headers = {name: value for name, value in headers.items() if name.lower() not in ("content-length", "host")}
    headers |= proof(case.path, raw, product, token)
    query = urlencode(case.query or {}, doseq=True, errors="surrogatepass")
    answer = product.client.generic(
        case.method,
        case.formatted_path,
        raw,
        content_type=case.media_type or "application/json",
        headers=headers,
        QUERY_STRING=query,
    )
    assert answer.status_code < 500, (case.method, case.formatted_path, query, raw, answer.content)


def written(body: Any) -> bytes:
    if isinstance(body, NotSet):
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def proof(path: str, raw: bytes, product: Product, token: str) -> dict[str, str]:
    """What proves the sender, over the very bytes that travel."""
    if path.startswith("/api/v1/"):
        return {"Authorization": f"Bearer {token}"}
    if path.startswith("/v1/events"):
        return {"x-app-uuid": str(product.application.uuid), "x-signature": product.sign(raw)}
    if path.startswith("/i/v1"):
        return {"Authorization": f"Bearer {product.write_key}"}
    return {"Authorization": "Basic " + base64.b64encode(f"{product.write_key}:".encode()).decode()}
