"""A test event from the application's page: the whole way into the database, without an organization."""

from datetime import datetime

from tracker import ingest
from tracker.credentials import Sender
from tracker.incoming import NewEvent
from tracker.models import Application

NAME = "test_event"
ENVIRONMENT = "test"


def send_test_event(application: Application, now: datetime) -> int:
    """Store one event of the environment "test"; its id."""
    sender = Sender(application.id, application.name, frozenset(), None, [])
    event = NewEvent(
        name=NAME,
        external_id=None,
        user_hash=None,
        path=None,
        session_id=None,
        plan=None,
        environment=ENVIRONMENT,
        occurred_at=now,
        properties=None,
        event_key=None,
    )
    return ingest.receive(sender, [event], lambda item: item, now).event_id
