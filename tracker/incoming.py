"""What every decoder yields: one event, checked and ready to store, or the reason why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

# Names of events in which nobody did anything: they tell about users and organizations, and are no usage.
STATEMENTS = ("$identify", "$set", "$groupidentify", "$create_alias", "$merge_dangerously")


@dataclass(slots=True)
class NewEvent:
    """One event as a decoder read it. Times are aware, `properties` is JSON text, a user's hash has 32 bytes, a session
    is a UUID or its 16 bytes."""

    name: str
    external_id: str | None
    user_hash: bytes | None
    path: str | None
    session_id: UUID | bytes | None
    plan: str | None
    environment: str
    occurred_at: datetime
    properties: str | None
    event_key: str | None
    unknown_keys: tuple[str, ...] = ()
    # What follows only clients of other families say.
    warnings: tuple["Warned", ...] = ()
    names_organization: bool = False  # from now on it is the user's last known group
    by_last_group: bool = False  # the organization is the user's last known group …
    otherwise: "NewEvent | None" = None  # … and this is the event for a user without one
    linked_to: bytes | None = None  # another hash of the same user


@dataclass(frozen=True, slots=True)
class Warned:
    """The event was stored, but not quite as it came."""

    code: str
    message: str
    field: str = ""


class BadEvent(Exception):
    """This event cannot be stored. `message` says what, where and what to send instead; no value of the body in it."""

    def __init__(self, code: str, message: str, field: str = "", given: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.given = given
