"""Calls of Segment's and RudderStack's clients."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker import fields
from tracker.bodies import BadBody
from tracker.credentials import Sender
from tracker.decoders.said import ANY_TYPE, Kind, Said, id_text, to_event
from tracker.decoders.tolerant import checked, event_key, event_time, ignored, mapping, path_of
from tracker.incoming import BadEvent, NewEvent

KINDS = {
    "track": Kind.USAGE,
    "page": Kind.USAGE,
    "screen": Kind.USAGE,
    "identify": Kind.IDENTIFY,
    "group": Kind.GROUP,
    "alias": Kind.ALIAS,
}
# What is no usage is stored under the name that PostHog's clients use for the same thing.
NAMES = {"identify": "$identify", "group": "$groupidentify", "alias": "$create_alias"}
NAME_AND_CATEGORY = ("name", "category")


@dataclass(frozen=True)
class Envelope:
    """A request's calls, the write key of its body, and when the client sent it by its own clock."""

    key: str
    items: list[Any]
    sent_at: Any = None


def open_envelope(body: Any, kind: str = "batch") -> Envelope:
    """`{batch: […]}`; for a path that names the kind of call, one call. Raises BadBody."""
    outer = mapping(body)
    given = outer.get("writeKey")
    key = given if isinstance(given, str) else ""
    if kind == "batch":
        if not isinstance(outer.get("batch"), list):
            raise BadBody("invalid_envelope", "The body is not an object with a list `batch`.")
        return Envelope(key, outer["batch"], outer.get("sentAt"))
    if not outer:
        raise BadBody("invalid_envelope", "The body is not an object.")
    return Envelope(key, [{**outer, "type": kind}], outer.get("sentAt"))


def decode(item: Any, *, sender: Sender, received_at: datetime, sent_at: Any = None) -> NewEvent:
    """One call. Raises BadEvent."""
    call, warnings = checked(item)
    kind = _kind(call)
    context, properties = mapping(call.get("context")), mapping(call.get("properties"))
    fields.check_count(properties)
    given = call.get("timestamp") if call.get("timestamp") is not None else call.get("originalTimestamp")
    occurred_at, late = event_time(given, call.get("sentAt") or sent_at, received_at)
    traits = {**mapping(context.get("traits")), **mapping(call.get("traits"))}
    page = mapping(context.get("page"))
    said = Said(
        kind=KINDS[kind],
        name=_name(kind, call),
        occurred_at=occurred_at,
        distinct_id=_user_id(call),
        is_anonymous=id_text(call.get("userId")) is None,
        groups=_groups(call, context),
        properties=_properties(kind, call, properties, mapping(context.get("library"))),
        path=path_of(page.get("path"), properties.get("path"), page.get("url"), properties.get("url"))
        if kind == "page"
        else None,
        session=context.get("sessionId"),
        plan=fields.plan(None, properties, context),
        event_key=event_key(call.get("messageId")),
        other_id=_other_id(kind, call),
        warnings=warnings + late + ignored(call, "messageId"),
    )
    if kind == "group":
        said.group_properties, said.group_type = mapping(call.get("traits")), ANY_TYPE
    elif kind == "identify":
        said.user_properties = traits
    return to_event(said, sender)


def _kind(call: dict) -> str:
    kind = fields.required(call.get("type"), "type")
    if not isinstance(kind, str) or kind not in KINDS:
        message = f"`type` must be one of {', '.join(sorted(KINDS))}."
        raise BadEvent("invalid_field", message, "type", kind)
    return kind


def _name(kind: str, call: dict) -> str:
    if kind == "track":
        return fields.name(call.get("event"))
    return NAMES.get(kind, kind)


def _user_id(call: dict) -> str:
    text = id_text(call.get("userId")) or id_text(call.get("anonymousId"))
    if text is None:
        raise BadEvent("required", "`userId` or `anonymousId` is required.", "userId")
    return text


def _other_id(kind: str, call: dict) -> str | None:
    """The same user's other id: the former one of an alias, the anonymous one of an identify."""
    if kind == "alias":
        return id_text(call.get("previousId"))
    return id_text(call.get("anonymousId")) if kind == "identify" else None


def _groups(call: dict, context: dict) -> dict[str, Any]:
    value = call.get("groupId") if call.get("groupId") is not None else context.get("groupId")
    return {} if value is None else {ANY_TYPE: value}


def _properties(kind: str, call: dict, properties: dict, library: dict) -> dict[str, Any]:
    kept = {key: value for key, value in properties.items() if key not in ("$set", "$set_once")}
    if kind in ("page", "screen"):
        kept |= {name: call[name] for name in NAME_AND_CATEGORY if isinstance(call.get(name), str)}
    told = {"$lib": library.get("name"), "$lib_version": library.get("version")}
    return {**{name: value for name, value in told.items() if isinstance(value, str)}, **kept}
