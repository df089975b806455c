"""Questions are bounded, read-only, visible and cancelled; their answers are kept until something new."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import InternalError, connection
from django.test import override_settings

from orgs.models import Organization
from orgs.properties import set_properties
from tests.factories import application
from tests.tracker.test_rollups import NOW, event, put
from tracker import rollups
from tracker.insights import reading, running, trends

QUESTION = {"series": [{"event": None, "math": "unique_organizations"}], "range": {"from": "2026-03-01"}}
BY_TIER = {**QUESTION, "breakdown": {"property": "tier", "of": "organization"}}


def ask(document=None) -> trends.Trend:
    return trends.answer(reading.read(document or QUESTION, NOW.date()), NOW)


def test_a_question_that_runs_away_is_stopped_and_says_what_to_narrow(db, monkeypatch):
    monkeypatch.setattr(running, "SECONDS", 0.2)
    with pytest.raises(running.TooSlow, match="Narrow it: a shorter range"), running.running("a" * 8) as run:
        run.rows("SELECT pg_sleep(5)", {})
    assert ask().lines[0].aggregate == 0  # the connection goes on


def test_a_question_cannot_write(db):
    with pytest.raises(InternalError, match="read-only"), running.running("a" * 8) as run:
        run.rows("UPDATE tracker_rollupcursor SET last_event_id = 1 RETURNING id", {})


def test_a_running_question_is_seen_and_cancelled(transactional_db):
    outcome = []

    def sleep():
        try:
            with running.running("question-1", statements=3) as run:
                run.rows("SELECT 1", {})
                run.rows("SELECT pg_sleep(20)", {})
        except running.Cancelled as error:
            outcome.append(error)
        connection.close()

    assert running.progress("question-1") is None
    asking = threading.Thread(target=sleep)
    asking.start()
    while (seen := running.progress("question-1")) is None or seen.done == 0:
        time.sleep(0.02)
    assert (seen.done, seen.statements) == (1, 3)
    assert not running.cancel("question-2")
    assert running.cancel("question-1")
    asking.join(10)
    assert len(outcome) == 1


def test_an_answer_is_kept_until_something_new(db, django_assert_max_num_queries):
    app = application()
    put(app, [event()])
    rollups.roll_up(NOW)
    assert ask().lines[0].aggregate == 1
    with django_assert_max_num_queries(4):
        ask()
    put(app, [event(external_id="other")])
    assert ask().lines[0].aggregate == 1  # stored, not counted yet
    rollups.roll_up(NOW)
    assert ask().lines[0].aggregate == 2


def test_a_changed_organization_is_something_new(db):
    put(application(), [event()])
    rollups.roll_up(NOW)
    assert ask(BY_TIER).lines[0].part.text == "None"
    set_properties([(Organization.objects.get().pk, {"tier": "gold"}, None)], NOW + timedelta(minutes=1))
    assert ask(BY_TIER).lines[0].part.text == "gold"


@override_settings(
    CACHES={
        "answers": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/redis.sock",
        }
    }
)
def test_without_redis_questions_are_answered(db):
    put(application(), [event()])
    rollups.roll_up(NOW)
    assert ask().lines[0].aggregate == 1
