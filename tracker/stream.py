"""The event stream: raw events, newest first, paged by id. Never counts, never reads more than one page."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Func, TextField, Value

from config import db
from config.backoffice.ids import read_id
from config.backoffice.refused import plain
from orgs.models import CohortMember, OrganizationKey
from tracker.models import Application, Event
from tracker.querysets import EventQuerySet
from tracker.sql import arrivals as sql

PAGE = 50
MOST_EXPORTED = 50_000
EXPORT_CHUNK = 5_000
EXPORTED = (
    "id",
    "received_at",
    "occurred_at",
    "application",
    "environment",
    "event",
    "external_org_id",
    "user_hash",
    "path",
    "session_id",
    "plan",
    "properties",
)
SECONDS = 5
USER = re.compile(r"[0-9a-f]{1,64}")
RANGES = {
    "hour": ("Last hour", timedelta(hours=1)),
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
    "": ("Any time", None),
}


class TooSlow(Exception):
    """The filter matches too rarely to be found in time; a shorter range is."""


@dataclass(frozen=True)
class StreamFilter:
    """What is asked for; empty means all. `before` is the id to go on from.

    `organization` is an external id, `user` the beginning of a user hash in hex, `path` the beginning of a path;
    `value` is the text of the property named `property`. Times are those of the event itself.
    """

    application: int | None = None
    environment: str = ""
    event: str = ""
    organization: str = ""
    user: str = ""
    path: str = ""
    session: UUID | None = None
    plan: str = ""
    property: str = ""
    value: str = ""
    cohort: int | None = None
    range: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "StreamFilter":
        """From the query string; what makes no sense is left out."""
        texts = ("environment", "event", "organization", "path", "plan", "property", "value")
        user = _text(given.get("user")).lower()
        return cls(
            application=read_id(given.get("application")),
            cohort=read_id(given.get("cohort")),
            user=user if USER.fullmatch(user) else "",
            session=_uuid(given.get("session")),
            range=given.get("range", "") if given.get("range") in RANGES else "",
            before=read_id(given.get("before")),
            **{name: _text(given.get(name)) for name in texts},
        )


def matching(chosen: StreamFilter, now: datetime) -> EventQuerySet:
    """The events that match, newest first; nothing is read yet."""
    span = RANGES[chosen.range][1]
    wanted = {
        "application_id": chosen.application,
        "environment": chosen.environment or None,
        "name": chosen.event or None,
        "path__startswith": chosen.path or None,
        "session_id": chosen.session,
        "plan": chosen.plan or None,
        "id__lt": chosen.before,
        "occurred_at__gte": chosen.since or (now - span if span else None),
        "occurred_at__lt": chosen.until,
    }
    events = Event.objects.select_related("application", "key__organization").order_by("-id")
    events = events.filter(**{name: value for name, value in wanted.items() if value is not None})
    if chosen.user:
        first, last = (bytes.fromhex(chosen.user.ljust(64, digit)) for digit in "0f")
        events = events.filter(user_hash__gte=first, user_hash__lte=last)
    if chosen.property:
        events = events.annotate(said=Said("properties", Value(chosen.property)))
        events = events.filter(said=chosen.value) if chosen.value else events.filter(said__isnull=False)
    if chosen.organization:
        organizations = OrganizationKey.objects.filter(external_id=chosen.organization).values("organization_id")
        keys = OrganizationKey.objects.filter(organization_id__in=organizations)
        events = events.filter(key_id__in=list(keys.values_list("id", flat=True)))
    if chosen.cohort is not None:
        members = CohortMember.objects.filter(cohort=chosen.cohort).values("organization_id")
        events = events.filter(key_id__in=OrganizationKey.objects.filter(organization_id__in=members).values("id"))
    return events


class Said(Func):
    """The text of one property; a name of digits is a name here, not a place in a list."""

    function = "jsonb_extract_path_text"
    output_field = TextField()


@contextmanager
def in_time() -> Iterator[None]:
    """Raises TooSlow when what is read inside takes longer than five seconds."""
    try:
        with db.in_time(SECONDS):
            yield
    except db.TooSlow as error:
        raise TooSlow("These events are too rare to be found in 5 seconds; choose a shorter time.") from error


@dataclass(frozen=True)
class StreamPage:
    """One page of events; `next_before` continues it, None at the end."""

    events: list[Event]
    next_before: int | None


def page(chosen: StreamFilter, now: datetime, size: int = PAGE) -> StreamPage:
    """The newest events that match. Raises TooSlow after five seconds."""
    with in_time():
        found = list(matching(chosen, now)[: size + 1])
    return StreamPage(found[:size], found[size - 1].id if len(found) > size else None)


def export(chosen: StreamFilter, now: datetime) -> Iterator[list[Any]]:
    """The newest events that match, at most 50 000. The first piece is read at once: TooSlow is raised here."""
    return exported(page(replace(chosen, before=None), now, EXPORT_CHUNK), chosen, now)


def exported(first: StreamPage, chosen: StreamFilter, now: datetime) -> Iterator[list[Any]]:
    found, count = first, 0
    while True:
        yield from (row_of(event) for event in found.events)
        count += len(found.events)
        if found.next_before is None:
            return
        if count >= MOST_EXPORTED:
            yield [f"Cut off after {count} events; choose a narrower filter."]
            return
        try:
            found = page(replace(chosen, before=found.next_before), now, EXPORT_CHUNK)
        except TooSlow as error:
            yield [f"Cut off after {count} events. {error}"]
            return


def row_of(event: Event) -> list[Any]:
    return [
        str(event.id),
        event.received_at,
        event.occurred_at,
        event.application.name,
        event.environment,
        event.name,
        event.key.external_id if event.key else "",
        bytes(event.user_hash).hex() if event.user_hash else "",
        event.path,
        event.session_id,
        event.plan,
        orjson.dumps(event.properties).decode() if event.properties else "",
    ]


def environments() -> list[str]:
    """Those of the newest events."""
    return [name for [name] in db.rows(sql.ENVIRONMENTS_SEEN)]


def applications() -> list[tuple[int, str]]:
    return list(Application.objects.values_list("id", "name"))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _text(text: str | None) -> str:
    return plain(text or "")[:255]
