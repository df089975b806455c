"""Reading what a client sent that nobody here can mend: text that no column takes, times in many forms."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from tracker import fields
from tracker.bodies import MOST_BYTES_OF_EVENT
from tracker.incoming import BadEvent, Warned

REPLACED = Warned("replaced_text", "Stored; NUL or half a surrogate pair became U+FFFD.")
UNREADABLE_TIME = Warned("unreadable_time", "Stored with the time of receipt: the event's time cannot be read.")
# How JSON in UTF-8 writes NUL and half surrogate pairs; Hangul begins with the same byte.
MAYBE_UNSTORABLE = re.compile(rb"\\u0000|\xed")
FURTHEST_AHEAD = timedelta(hours=23)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds of 1973: with fewer digits, what looks like a moment is a year or a date.
FEWEST_SECONDS = 10**8
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
DATE = re.compile(r"[0-9]{8}")


def checked(item: Any) -> tuple[dict, list[Warned]]:
    """The event within the limits of size and depth, with text that can be stored. Raises BadEvent."""
    if type(item) is not dict:
        raise BadEvent("not_an_object", "An event is a JSON object.")
    fields.check_depth(item)
    written = fields.written(item)
    if len(written) > MOST_BYTES_OF_EVENT:
        message = f"The event has {len(written)} bytes; at most {MOST_BYTES_OF_EVENT} are allowed."
        raise BadEvent("too_large", message)
    if not MAYBE_UNSTORABLE.search(written):
        return item, []
    repaired = _repaired(item)
    return repaired, [REPLACED] if repaired != item else []


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return fields.UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_repaired(key): _repaired(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_repaired(each) for each in value]
    return value


def ignored(event: dict, key_field: str) -> list[Warned]:
    """What of the event had to be left out because it is of another kind than it should be."""
    found = []
    if not isinstance(event.get("properties"), dict | None):
        found.append(Warned("ignored_field", "Stored without its properties: they are no object.", "properties"))
    if event.get(key_field) is not None and event_key(event[key_field]) is None:
        message = f"Stored without a key, so that a repetition is stored too: `{key_field}` is no text."
        found.append(Warned("ignored_field", message, key_field))
    return found


def mapping(value: Any) -> dict:
    """What is expected to be an object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def moment(value: Any) -> datetime | None:
    """ISO 8601, or Unix seconds or milliseconds, also as text; None for anything else. Without a zone it is UTC."""
    try:
        if isinstance(value, str):
            read = _moment_of_text(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            read = _moment_of_number(value)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return read if read is None or read >= EARLIEST else None


def _moment_of_text(text: str) -> datetime | None:
    if NUMBER.fullmatch(text) and not DATE.fullmatch(text):
        return _moment_of_number(float(text))
    read = datetime.fromisoformat(text.upper())
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _moment_of_number(number: float) -> datetime | None:
    if number < FEWEST_SECONDS:
        return None
    return datetime.fromtimestamp(number / 1000 if number >= fields.MILLISECONDS_FROM else number, UTC)


def event_time(given: Any, sent: Any, received_at: datetime) -> tuple[datetime, list[Warned]]:
    """When it happened by our clock: what lies between the event and its sending, before its arrival."""
    if given is None:
        return received_at, []
    happened, sent_at = moment(given), moment(sent)
    if happened is None:
        return received_at, [UNREADABLE_TIME]
    if sent_at is not None:
        # Compared before they are added: a sending in the year 9999 leads out of the calendar.
        earlier = sent_at - happened
        if -FURTHEST_AHEAD <= earlier <= received_at - EARLIEST:
            return received_at - earlier, []
    if happened > received_at + fields.FURTHEST_AHEAD:
        return received_at, [UNREADABLE_TIME]
    return happened, []


def path_of(*given: Any) -> str | None:
    """The path of the first that is one: a path, or the address of a page."""
    for value in given:
        if not isinstance(value, str):
            continue
        try:
            path = value if value.startswith("/") else urlsplit(value).path
        except ValueError:
            continue
        if path.startswith("/"):
            return path[: fields.LONGEST_PATH]
    return None


def event_key(value: Any) -> str | None:
    """The idempotency key; one too long for its column is known by its hash, one that is no text is none."""
    if type(value) is int:
        value = str(value) if abs(value) < 10**fields.LONGEST_KEY else None
    if not isinstance(value, str) or not value.strip():
        return None
    if fields.SESSION.fullmatch(value):
        return value.lower()
    if len(value) > fields.LONGEST_KEY:
        return f"sha256:{sha256(value.encode()).hexdigest()}"
    return value
