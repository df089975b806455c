"""What the ingest remembers in its process is forgotten between tests: every test has a database of its own."""

import pytest

from tracker import credentials, ingest, limits


@pytest.fixture(autouse=True)
def empty_memory():
    credentials.forget()
    ingest.forget()
    limits.forget()
