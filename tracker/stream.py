"""The event stream: raw events, newest first, paged by id. Never counts, never reads more than one page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import OperationalError, transaction

from config.db import statement_timeout
from orgs.models import OrganizationKey
from tracker.models import Application, Event

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
    """What is asked for; empty means all. `organization` is an external id, `before` the id to go on from."""

    application: int | None = None
    environment: str = ""
    event: str = ""
    organization: str = ""
    range: str = ""
    before: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "StreamFilter":
        """From the query string; what makes no sense is left out."""
        return cls(
            application=number(given.get("application")),
            environment=_text(given.get("environment")),
            event=_text(given.get("event")),
            organization=_text(given.get("organization")),
            range=given.get("range", "") if given.get("range") in RANGES else "",
            before=number(given.get("before")),
        )


@dataclass(frozen=True)
class StreamPage:
    """One page of events; `next_before` continues it, None at the end."""

    events: list[Event]
    next_before: int | None


def page(chosen: StreamFilter, now: datetime, size: int = PAGE) -> StreamPage:
    """The newest events that match. Raises TooSlow after five seconds."""
    events = Event.objects.select_related("application", "key__organization").order_by("-id")
    span = RANGES[chosen.range][1]
    wanted = {
        "application_id": chosen.application,
        "environment": chosen.environment or None,
        "name": chosen.event or None,
        "id__lt": chosen.before,
        "occurred_at__gte": now - span if span else None,
    }
    events = events.filter(**{name: value for name, value in wanted.items() if value is not None})
    if chosen.organization:
        organizations = OrganizationKey.objects.filter(external_id=chosen.organization).values("organization_id")
        keys = OrganizationKey.objects.filter(organization_id__in=organizations)
        events = events.filter(key_id__in=list(keys.values_list("id", flat=True)))
    try:
        with transaction.atomic(), statement_timeout(SECONDS):
            found = list(events[: size + 1])
    except OperationalError as error:
        raise TooSlow("These events are too rare to be found in 5 seconds; choose a shorter time.") from error
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


def applications() -> list[tuple[int, str]]:
    return list(Application.objects.values_list("id", "name"))


def number(text: str | None) -> int | None:
    """A whole number that an id column can hold; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _text(text: str | None) -> str:
    return (text or "").replace("\x00", "").strip()[:255]
