from collections.abc import Iterator

import pytest

from tests.tracker.clients.road import Road
from tests.tracker.saying import sha
from tests.tracker.sending import Product
from tests.tracker.serving import Server
from tracker.models import Event

EVENTS = 60
ACCIDENTS = ["", "503", "twice", "lost", "restart"]


@pytest.fixture
def product(events_table) -> Product:
    return Product()


@pytest.fixture
def road(events_table, tmp_path) -> Iterator[Road]:
    server = Server(tmp_path / "log")
    server.start()
    made = Road(server, ACCIDENTS)
    yield made
    made.close()
    server.stop()


def check_stored(road: Road, name: str, library: str) -> None:
    """Every accident happened, and every event is there once, whose and what it was."""
    assert road.met == ACCIDENTS[1:]
    assert set(road.statuses) == {200}
    events = list(Event.objects.select_related("key"))
    assert sorted(event.properties["n"] for event in events) == list(range(EVENTS))
    assert {(event.name, event.key.external_id, bytes(event.user_hash)) for event in events} == {
        (name, "org_456", sha("u-1"))
    }
    assert {event.properties["$lib"] for event in events} == {library}
