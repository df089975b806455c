"""Events of PostHog's clients, both of its wire formats."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tracker import fields
from tracker.bodies import BadBody
from tracker.credentials import Sender
from tracker.decoders.said import Kind, Said, id_text, to_event
from tracker.decoders.tolerant import UNREADABLE_TIME, checked, event_key, event_time, ignored, mapping, path_of
from tracker.incoming import BadEvent, NewEvent

KINDS = {
    "$identify": Kind.IDENTIFY,
    "$set": Kind.IDENTIFY,
    "$groupidentify": Kind.GROUP,
    "$create_alias": Kind.ALIAS,
    "$merge_dangerously": Kind.ALIAS,
}
# Ids of users in clear, addresses, and what is kept elsewhere: none of it belongs into the stored properties.
NOT_KEPT = frozenset(
    {"token", "api_key", "distinct_id", "$distinct_id", "$user_id", "$anon_distinct_id", "$device_id", "alias", "$ip"}
    | {"$set", "$set_once", "$group_set", "$had_persisted_distinct_id"}
)
# This client makes a user up where the product names none: for descriptions of groups and for events without one.
INVENTS_USERS = "posthog-python"


# Each costs a look-up, and anybody may send made-up ones.
MOST_KEYS = 20


@dataclass(frozen=True)
class Envelope:
    """A request's events, the key of them all where it has one, and when the client sent it by its own clock."""

    items: list[Any]
    key: str = ""
    sent_at: Any = None

    def first_key(self) -> str:
        """The envelope's own, else that of its first event."""
        return self.key or _key(mapping(self.items[0] if self.items else None))

    def by_key(self) -> dict[str, list[Any]]:
        """The events of each key, in their order; of an empty envelope its own key without any."""
        if self.key or not self.items:
            return {self.key: self.items}
        events: dict[str, list[Any]] = {}
        for item in self.items:
            events.setdefault(_key(mapping(item)), []).append(item)
        if len(events) > MOST_KEYS:
            raise BadBody("invalid_envelope", f"The events carry {len(events)} keys; at most {MOST_KEYS} are allowed.")
        return events


def open_envelope(body: Any) -> Envelope:
    """`{api_key, batch}`, one bare event or a bare array of them. Raises BadBody."""
    outer = mapping(body)
    if isinstance(body, list):
        items = body
    elif isinstance(outer.get("batch"), list):
        items = outer["batch"]
    elif "event" in outer:
        items = [body]
    else:
        message = "The body is neither an object with a `batch`, nor an event, nor an array of events."
        raise BadBody("invalid_envelope", message)
    return Envelope(items, _key(outer), outer.get("sent_at"))


def _key(told: dict) -> str:
    """The token of an envelope, or of one event: on it or in its properties."""
    places = (told, mapping(told.get("properties")))
    return next((each[name] for each in places for name in ("api_key", "token") if isinstance(each.get(name), str)), "")


def decode(item: Any, *, sender: Sender, received_at: datetime, sent_at: Any = None, library: str = "") -> NewEvent:
    """One event of either format. `library` is what the newer one tells in a header. Raises BadEvent."""
    event, warnings = checked(item)
    properties = _properties(event, library)
    name = fields.name(event.get("event"))
    occurred_at, late = _time(event, properties, sent_at, received_at)
    said = Said(
        kind=KINDS.get(name, Kind.USAGE),
        name=name,
        occurred_at=occurred_at,
        distinct_id=_distinct_id(event, properties),
        is_person=_is_person(event, properties),
        is_anonymous=_is_anonymous(event, properties),
        groups=dict(mapping(properties.get("$groups"))),
        properties={key: value for key, value in properties.items() if key not in NOT_KEPT},
        user_properties={**mapping(properties.get("$set")), **mapping(event.get("$set"))},
        user_properties_once={**mapping(properties.get("$set_once")), **mapping(event.get("$set_once"))},
        path=path_of(properties.get("$pathname"), properties.get("$current_url")) if name == "$pageview" else None,
        session=properties.get("$session_id"),
        plan=fields.plan(None, properties, event.get("context")),
        event_key=event_key(event.get("uuid") or properties.get("$insert_id")),
        other_id=id_text(properties.get("$anon_distinct_id")) or id_text(properties.get("alias")),
        warnings=warnings + late + ignored(event, "uuid"),
    )
    if said.kind is Kind.GROUP:
        _describe_group(said, properties)
    return to_event(said, sender)


def _properties(event: dict, library: str) -> dict[str, Any]:
    """With what the newer format moved out of them back in its place."""
    properties = dict(mapping(event.get("properties")))
    fields.check_count(properties)
    options = mapping(event.get("options"))
    if event.get("session_id") is not None:
        properties.setdefault("$session_id", event["session_id"])
    if "process_person_profile" in options:
        properties.setdefault("$process_person_profile", options["process_person_profile"])
    if library:
        name, _, version = library.partition("/")
        properties = {"$lib": name[:60], "$lib_version": version[:60], **properties}
    return properties


def _distinct_id(event: dict, properties: dict) -> str:
    told = (event.get("distinct_id"), event.get("$distinct_id"), properties.get("distinct_id"))
    value = next((each for each in told if each is not None), None)
    text = id_text(value)
    if text is None:
        raise BadEvent("required", "`distinct_id` is required: text that names the user.", "distinct_id", value)
    return text


def _is_person(event: dict, properties: dict) -> bool:
    """Whether the id was chosen by the product: an id that a client made up names nobody."""
    if event.get("event") == "$groupidentify":
        made_up = f"${properties.get('$group_type')}_{properties.get('$group_key')}"
        return properties.get("$lib") != INVENTS_USERS and event.get("distinct_id") != made_up
    is_nobody = properties.get("$process_person_profile") is False and properties.get("$lib") == INVENTS_USERS
    return not (is_nobody and fields.SESSION.fullmatch(str(event.get("distinct_id"))))


def _is_anonymous(event: dict, properties: dict) -> bool:
    says_so = (properties.get("$process_person_profile"), properties.get("$is_identified"))
    device = properties.get("$device_id")
    return False in says_so or (device is not None and device == event.get("distinct_id"))


def _time(event: dict, properties: dict, sent_at: Any, received_at: datetime) -> tuple:
    """`offset` is how many milliseconds before its sending the event happened: browsers send it in place of a time."""
    offset, given = event.get("offset"), event.get("timestamp")
    if given is None and offset is not None:
        if type(offset) is int and 0 <= offset < fields.MILLISECONDS_FROM:
            return received_at - timedelta(milliseconds=offset), []
        return received_at, [UNREADABLE_TIME]
    keeps_time = mapping(event.get("options")).get("disable_skew_correction") or properties.get("$ignore_sent_at")
    return event_time(given, None if keeps_time is True else sent_at, received_at)


def _describe_group(said: Said, properties: dict) -> None:
    group_type = properties.get("$group_type")
    if isinstance(group_type, str) and properties.get("$group_key") is not None:
        said.group_type = group_type
        said.groups[group_type] = properties["$group_key"]
        said.group_properties = mapping(properties.get("$group_set"))
