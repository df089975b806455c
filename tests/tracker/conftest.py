"""What tests of this app begin with; what the ingest remembers in its process is forgotten between them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests import factories
from tests.tracker.asked import HOSTILE
from tests.tracker.sending import Product, body
from tracker import credentials, ingest, limits, rollups


@pytest.fixture(autouse=True)
def empty_memory():
    credentials.forget()
    ingest.forget()
    limits.forget()


@pytest.fixture
def events_table(transactional_db):
    """For tests that really commit: Django empties only the tables it manages."""
    empty_events()
    yield
    empty_events()


def empty_events() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tracker_event")


@pytest.fixture
def ada(client):
    user = factories.staff(is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def events():
    """Three organizations: two created projects, one of them twice; one bought something."""
    product, yesterday = Product("Shop"), int((timezone.now() - timedelta(days=1)).timestamp())
    for org, name, properties in (
        ("org-1", "project_created", {"new_total": 1}),
        ("org-1", "project_created", {"new_total": 2}),
        ("org-2", "project_created", {"new_total": 1}),
        ("org-3", "purchase", {"purchase_value": "12.50", HOSTILE: HOSTILE}),
    ):
        product.send(body(event=name, customer_org_id=org, properties=properties, ts_epoch=yesterday))
    rollups.roll_up(timezone.now())
