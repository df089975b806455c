"""Questions are bounded, read-only, visible and cancelled; their answers are kept until something new."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import InternalError, connection, transaction
from django.test import override_settings

from config import db as database
from orgs.models import Organization
from orgs.properties import set_properties
from tests.factories import application
from tests.tracker.test_rollups import NOW, event, put
from tracker import rollups
from tracker.insights import funnels, lifecycle, reading, retention, running, trends
from tracker.insights.description import Filter, Interval, Kind, Math, Operator, Property, Range, Scope, Series
from tracker.insights.reading import BadDescription
from tracker.insights.spans import Span
from tracker.models import Application

QUESTION = {"series": [{"event": None, "math": "unique_organizations"}], "range": {"from": "2026-03-01"}}
BY_TIER = {**QUESTION, "breakdown": {"property": "tier", "of": "organization"}}
SPAN = Span(Range("2026-03-01"), interval=Interval.MONTH)
STEPS = (Series(Kind.EVENT, "opened", Math.TOTAL), Series(Kind.EVENT, "bought", Math.TOTAL))


def ask(document=None) -> trends.Trend:
    return trends.answer(reading.read(document or QUESTION, NOW.date()), NOW)


def ask_trend(span=SPAN, query_id="") -> int:
    document = {**QUESTION, "environment": span.scope.environment}
    trend = trends.answer(reading.read(document, NOW.date()), NOW, query_id=query_id)
    return int(trend.lines[0].aggregate)


def ask_funnel(span=SPAN, query_id="") -> list[int]:
    return [each.count for each in funnels.answer(STEPS, span, NOW, query_id=query_id).steps]


def ask_retention(span=SPAN, query_id="") -> int:
    return retention.answer(span, NOW, query_id=query_id).cohorts[0].size


def ask_lifecycle(span=SPAN, query_id="") -> int:
    return lifecycle.answer(span, NOW, query_id=query_id).stages[0].new


SHAPES = {ask_trend: (1, 2), ask_funnel: ([1, 0], [2, 0]), ask_retention: (1, 2), ask_lifecycle: (1, 2)}


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


@pytest.mark.parametrize("ask_shape", SHAPES)
def test_every_shape_is_seen_by_its_id_and_cancelled(transactional_db, ask_shape):
    outcome, never_asked = [], replace(SPAN, scope=Scope(environment=uuid4().hex))
    locked, over = threading.Event(), threading.Event()

    def hold_the_tables():
        with transaction.atomic():
            database.run("LOCK TABLE tracker_event, tracker_usageday, tracker_eventnameday")
            locked.set()
            over.wait(20)
        connection.close()

    def wait_for_the_tables():
        try:
            ask_shape(never_asked, "question-1")
        except running.Cancelled as error:
            outcome.append(str(error))
        connection.close()

    holding, asking = threading.Thread(target=hold_the_tables), threading.Thread(target=wait_for_the_tables)
    holding.start()
    locked.wait(20)
    asking.start()
    while (seen := running.progress("question-1")) is None and asking.is_alive():
        time.sleep(0.02)
    cancelled = running.cancel("question-1")
    asking.join(20)
    over.set()
    holding.join(20)
    assert (seen.done, seen.statements, cancelled) == (0, 1, True)
    assert outcome == ["This question was cancelled."]


@pytest.mark.parametrize("ask_shape", SHAPES)
def test_every_answer_is_kept_until_something_new(db, ask_shape):
    app, (before, after) = application(), SHAPES[ask_shape]
    put(app, [event()])
    rollups.roll_up(NOW)
    assert ask_shape() == before
    put(app, [event(external_id="other")])
    assert ask_shape() == before  # stored, not counted yet
    with transaction.atomic():
        database.run("DELETE FROM tracker_event")
        database.run("DELETE FROM tracker_usageday")
        database.run("DELETE FROM tracker_eventnameday")
        assert ask_shape() == before  # nothing was asked of the tables
        transaction.set_rollback(True)
    rollups.roll_up(NOW)
    assert ask_shape() == after


def test_what_only_one_shape_asks_is_part_of_what_is_kept(db):
    put(application(), [event(), event(name="bought", occurred_at=NOW + timedelta(minutes=5))])
    rollups.roll_up(NOW)

    def reached(**own) -> int:
        return funnels.answer(STEPS, SPAN, NOW, **own).steps[1].count

    assert [reached(), reached(window=timedelta(minutes=4)), reached(by="user")] == [1, 0, 1]
    starts = [retention.answer(SPAN, NOW, start=each).cohorts[0].size for each in (None, "bought", "sold")]
    assert starts == [1, 1, 0]


def test_a_funnel_refuses_a_pattern_that_the_database_cannot_read(db):
    pattern = Filter(Property("plan"), Operator.REGEX, ("(",))
    with pytest.raises(BadDescription, match="This is no regular expression"):
        funnels.answer((STEPS[0], replace(STEPS[1], filters=(pattern,))), SPAN, NOW)


def test_a_changed_organization_is_something_new(db):
    put(application(), [event()])
    rollups.roll_up(NOW)
    assert ask(BY_TIER).lines[0].part.text == "None"
    set_properties([(Organization.objects.get().pk, {"tier": "gold"}, None)], NOW + timedelta(minutes=1))
    assert ask(BY_TIER).lines[0].part.text == "gold"


def test_a_renamed_application_is_something_new(db):
    app = application()
    put(app, [event()])
    rollups.roll_up(NOW)
    by_application = {**QUESTION, "breakdown": {"property": "application", "of": "field"}}
    assert ask(by_application).lines[0].part.text == app.name
    Application.objects.filter(pk=app.pk).update(name="Renamed")
    assert ask(by_application).lines[0].part.text == "Renamed"


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
