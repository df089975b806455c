"""The documented contract: one JSON object an event (`POST /v1/events`)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tracker import fields
from tracker.bodies import MOST_BYTES_OF_EVENT
from tracker.incoming import BadEvent, NewEvent

KNOWN = frozenset(
    {
        "event",
        "user_hash",
        "customer_org_id",
        "path",
        "session_id",
        "plan",
        "environment",
        "ts_epoch",
        "properties",
        "event_id",
    }
)
# Properties with fewer brackets cannot nest too deep, whatever stands in their texts.
HARMLESS_BRACKETS = fields.DEEPEST - 1
# All other fields together, each within its own limit and escaped at worst, take 17 KB of the 32 KiB; a character of
# the properties takes at most four bytes.
HARMLESS_CHARACTERS = 3900


class Checked(dict):
    """A value as it came, to what is stored of it: a text that repeats, in whatever request, is checked once."""

    def __init__(self, check: Callable[[Any], Any]) -> None:
        super().__init__()
        self.check = check

    def __missing__(self, value: Any) -> Any:
        checked = self.check(value)
        if value is None or (type(value) is str and len(value) <= LONGEST_KEPT):
            if len(self) >= MOST_KEPT:
                self.clear()
            self[value] = checked
        return checked


# Names, users, organizations and paths repeat: each process keeps what it has checked, 4 MB at most of each.
MOST_KEPT, LONGEST_KEPT = 4000, 255
organizations = Checked(fields.organization)
users = Checked(fields.user_hash)
names = Checked(fields.name)
paths = Checked(fields.path)
environments = Checked(fields.environment)
LOOKED_UP = (
    (names, "event"),
    (users, "user_hash"),
    (organizations, "customer_org_id"),
    (paths, "path"),
    (environments, "environment"),
)


class Reader:
    """Reads the events of one request."""

    def __init__(
        self,
        *,
        application_id: int,
        denied: frozenset[str],
        received_at: datetime,
        header_key: str | None = None,
    ) -> None:
        self.application_id = application_id
        self.denied = denied
        self.received_at = received_at
        self.header_key = header_key

    def __call__(self, body: Any) -> NewEvent:
        """One event from parsed JSON. Raises BadEvent with the first thing that is wrong."""
        if type(body) is not dict:
            raise BadEvent("not_an_object", "An event is a JSON object.")
        try:
            return self._read(body)
        except TypeError:  # a list or an object where text belongs cannot be looked up
            fields.check_depth(body)
            for checked, field in LOOKED_UP:
                checked.check(body.get(field))
            raise

    def _read(self, body: dict) -> NewEvent:
        given = body.get
        organization, time, session, said = map(given, ("customer_org_id", "ts_epoch", "session_id", "properties"))
        name = names[given("event")]
        user = users[given("user_hash")]
        external_id = organizations[organization]
        occurred_at = self.received_at if time is None else fields.occurred_at(time, self.received_at)
        is_small = KNOWN.issuperset(body)
        kept = None if said is None else fields.allowed_properties(said, self.denied)
        event = NewEvent(
            name,
            external_id,
            user,
            paths[given("path")],
            fields.inferred_session(self.application_id, external_id, user, occurred_at)
            if session is None
            else fields.session_id(session),
            fields.plan(given("plan"), said, given("context")),
            environments[given("environment")],
            occurred_at,
            fields.json_text(kept, "properties") if kept else None,
            fields.event_key(given("event_id"))
            or (None if self.header_key is None else fields.header_key(self.header_key)),
            () if is_small else tuple(body.keys() - KNOWN - {"context"}),
        )
        if not is_small or kept is not said or external_id != organization or not is_harmless(event.properties):
            fields.check_depth(body)
            check_size(body)
        return event


def is_harmless(properties: str | None) -> bool:
    """Whether an event with these properties, and nothing that is not stored, can only be within its limits."""
    return properties is None or (
        len(properties) <= HARMLESS_CHARACTERS and properties.count("{") + properties.count("[") <= HARMLESS_BRACKETS
    )


def check_size(body: dict) -> None:
    """An event inside a batch has the same limit as one alone."""
    size = len(fields.written(body))
    if size > MOST_BYTES_OF_EVENT:
        raise BadEvent("too_large", f"The event has {size} bytes; at most {MOST_BYTES_OF_EVENT} are allowed.")
