"""What the ingest remembers in its process is forgotten between tests: every test has a database of its own."""

import pytest
from django.db import connection

from tracker import credentials, ingest, limits


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
