"""Every test runs on a real PostgreSQL; without DATABASE_URL the settings start the embedded one."""

import os

import pytest
from hypothesis import HealthCheck, settings

# A statement that runs away fails its test instead of holding up all others.
os.environ.setdefault("PGOPTIONS", "-c statement_timeout=120s")


# How long an example takes says something of the machine, which others use too, and nothing of the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def refusals_at_once(monkeypatch):
    """A test sees what was refused without waiting for the second in which refusals are gathered."""
    from tracker import tally

    monkeypatch.setattr(tally, "EVERY_SECONDS", 0.0)
    tally.forget()


def pytest_configure() -> None:
    """Nobody guesses passwords in tests: a slow hash a member of staff would be most of a run's time."""
    from django.conf import settings as of_django

    of_django.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
