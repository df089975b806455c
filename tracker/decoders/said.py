"""What an event of a client that exists already says, in one wording for all families, and how it becomes ours.

Such clients cannot be mended from here: what can be read otherwise is stored with a warning, and only what nobody
could make sense of is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from hashlib import blake2b, sha256
from typing import Any

from orgs.keys import BadId, clean_external_id
from tracker import fields
from tracker.credentials import Sender
from tracker.incoming import NewEvent, Warned
from tracker.memberships import NO_ORGANIZATION

# Placeholders that clients send before they know the id; as an organization they would be one for all customers.
JUNK = frozenset(
    {"anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true"}
    | {"false", "nan", "none", "null", "0", "[object object]", ""}
)
# Names of one group type in use where the application does not say which.
USUAL_TYPES = ("company", "organization", "account")
ANY_TYPE = ""


class Kind(Enum):
    """Only `USAGE` is something that somebody did; the others tell about users and organizations."""

    USAGE = "usage"
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"


@dataclass
class Said:
    """One event as a family's decoder read it. Ids are text as it came; `groups` is group type to group id."""

    kind: Kind
    name: str
    occurred_at: datetime
    distinct_id: str | None
    is_person: bool = True  # False: the client made the id up for this one event
    is_anonymous: bool = False  # the id is a browser's, nobody has signed in yet
    groups: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    user_properties: dict[str, Any] = field(default_factory=dict)
    user_properties_once: dict[str, Any] = field(default_factory=dict)
    group_properties: dict[str, Any] = field(default_factory=dict)
    group_type: str = ANY_TYPE
    path: str | None = None
    session: Any = None
    plan: str | None = None
    event_key: str | None = None
    other_id: str | None = None
    warnings: list[Warned] = field(default_factory=list)


@dataclass(frozen=True)
class Way:
    """Where the organization comes from; `external_id` is empty for a last known group, which is looked up later."""

    name: str
    external_id: str | None = None
    group_type: str | None = None


NOWHERE = Way("nowhere")


def to_event(said: Said, sender: Sender) -> NewEvent:
    """The one internal event. Raises BadEvent."""
    user, named_user = _user(said, sender)
    ways = list(_ways(said, sender, has_user=user is not None)) or [NOWHERE]
    first, *rest = [_event(said, sender, way, user, is_named=named_user) for way in ways]
    if first.by_last_group:
        first.otherwise = rest[0] if rest else _event(said, sender, NOWHERE, user, is_named=named_user)
    return first


# --- Who is the user ---------------------------------------------------------------------------------------
def hash_of(text: str) -> bytes:
    """A user's hash: taken as it is when it is one, else the SHA-256 of the text."""
    return bytes.fromhex(text) if fields.HASH.fullmatch(text) else sha256(text.encode()).digest()


def id_text(value: Any) -> str | None:
    """Text of an id, None for what is none; a placeholder is text too."""
    if type(value) is int:
        return str(value) if abs(value) < 10**fields.LONGEST_KEY else None
    return value if isinstance(value, str) and value.strip() else None


def is_junk(text: str) -> bool:
    return text.strip().lower() in JUNK


def _user(said: Said, sender: Sender) -> tuple[bytes | None, bool]:
    """The user's hash, and whether the application's own property gave it."""
    if sender.user_property:
        for told in (said.properties, said.user_properties, said.user_properties_once):
            text = id_text(told.get(sender.user_property))
            if text is not None and not is_junk(text):
                return hash_of(text), True
    if said.distinct_id is None or not said.is_person:
        return None, False
    if is_junk(said.distinct_id):
        said.warnings.append(Warned("junk_id", "Stored without a user: the id is a placeholder.", "distinct_id"))
        return None, False
    return hash_of(said.distinct_id), False


# --- Which organization ------------------------------------------------------------------------------------
def _ways(said: Said, sender: Sender, *, has_user: bool) -> Iterator[Way]:
    """The application's ways that yield a value, up to the first that needs no look into what is stored."""
    for name in sender.organization_from:
        if name == "last_group":
            if has_user:
                yield Way(name)
        elif (way := _named(name, said)) is not None:
            yield way
            return


def _named(name: str, said: Said) -> Way | None:
    kind, _, detail = name.partition(":")
    if kind == "groups":
        group_type = _group_type(said.groups, detail)
        value = None if group_type is None else said.groups[group_type]
        return _way(name, value, f"$groups.{group_type}", said, group_type)
    if kind == "property":
        told = (said.properties, said.user_properties, said.user_properties_once)
        value = next((each[detail] for each in told if each.get(detail) is not None), None)
        return _way(name, value, detail, said)
    usable = said.is_person and not said.is_anonymous and said.kind is not Kind.ALIAS
    return _way(name, said.distinct_id, "distinct_id", said) if kind == "distinct_id" and usable else None


def _group_type(groups: dict[str, Any], wanted: str) -> str | None:
    """The type of the event's groups that is the organization; a group without a type always is."""
    if wanted:
        return next((each for each in (wanted, ANY_TYPE) if each in groups), None)
    if len(groups) == 1:
        return next(iter(groups))
    return next((each for each in (ANY_TYPE, *USUAL_TYPES) if each in groups), None)


def _way(name: str, value: Any, told_in: str, said: Said, group_type: str | None = None) -> Way | None:
    if value is None:
        return None
    try:
        external_id = clean_external_id(value)
    except BadId as error:
        said.warnings.append(Warned("junk_id", f"The organization's id {error.message}.", told_in))
        return None
    if is_junk(external_id):
        said.warnings.append(Warned("junk_id", "The organization's id is a placeholder.", told_in))
        return None
    return Way(name, external_id, group_type)


# --- Together ----------------------------------------------------------------------------------------------
def _event(said: Said, sender: Sender, way: Way, user: bytes | None, *, is_named: bool) -> NewEvent:
    is_organization_itself = way.name == "distinct_id"
    if is_organization_itself and not is_named:
        user = None
    event = NewEvent(
        name=said.name,
        external_id=way.external_id,
        user_hash=user,
        path=said.path,
        session_id=_session(said, sender, way, user),
        plan=said.plan,
        environment=_environment(said.properties),
        occurred_at=said.occurred_at,
        properties=_properties(said, sender, way),
        event_key=said.event_key,
        warnings=tuple(said.warnings),
        names_organization=user is not None and way.external_id is not None and not is_organization_itself,
        by_last_group=way.name == "last_group",
        linked_to=_linked(said, user),
    )
    if way is NOWHERE and said.kind is Kind.USAGE:
        return replace(event, warnings=(*event.warnings, NO_ORGANIZATION))
    return event


def _linked(said: Said, user: bytes | None) -> bytes | None:
    if user is None or said.other_id is None or is_junk(said.other_id):
        return None
    other = hash_of(said.other_id)
    return other if other != user else None


def _session(said: Said, sender: Sender, way: Way, user: bytes | None) -> bytes | None:
    """The client's own, else the half hour of this user (or organization); none for what nobody did."""
    if said.kind is not Kind.USAGE:
        return None
    text = id_text(said.session)
    if text is not None and fields.SESSION.fullmatch(text):
        return fields.session_id(text)
    if text is not None:
        seed = b"%d\x00%s" % (sender.application_id, text.encode())
        return blake2b(seed, digest_size=16).digest()
    if user is None and way.external_id is None:
        return None
    return fields.inferred_session(sender.application_id, way.external_id or "", user or b"", said.occurred_at)


def _environment(properties: dict[str, Any]) -> str:
    value = properties.get("environment")
    if isinstance(value, str) and 0 < len(value) <= fields.LONGEST_ENVIRONMENT:
        return value
    return fields.PRODUCTION


def _properties(said: Said, sender: Sender, way: Way) -> str | None:
    """The event's own; `$set` and `$set_once` in it are always those of the organization."""
    kept = dict(said.properties)
    to_set: dict[str, Any] = {}
    once: dict[str, Any] = {}
    if said.group_properties and way.group_type is not None and way.group_type == said.group_type:
        to_set = said.group_properties
    elif way.name == "distinct_id":
        to_set, once = said.user_properties, said.user_properties_once
    elif sender.keeps_user_properties:
        told = {**said.user_properties_once, **said.user_properties}
        kept |= {"user_properties": told} if told else {}
    kept |= {name: value for name, value in (("$set", to_set), ("$set_once", once)) if value}
    if sender.user_property:
        kept = _without(kept, sender.user_property)
    return fields.properties(kept, sender.denied)


def _without(kept: dict[str, Any], name: str) -> dict[str, Any]:
    """The property that names the user is known as a hash alone."""
    return {
        key: {inner: each for inner, each in value.items() if inner != name} if key in fields.NESTED else value
        for key, value in kept.items()
        if key != name
    }
