"""What runs too long is told apart from what fails."""

import pytest
from django.db import OperationalError

from config import db

pytestmark = pytest.mark.django_db


def test_a_statement_that_runs_too_long_is_stopped():
    with pytest.raises(db.TooSlow), db.in_time(0.05):
        db.run("SELECT pg_sleep(5)")
    db.run("SELECT pg_sleep(0.1)")


def test_another_failure_is_not_called_slow():
    with pytest.raises(OperationalError, match="connection lost"), db.in_time(5):
        raise OperationalError("connection lost")
