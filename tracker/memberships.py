"""Who belongs to which organization, as clients say it: the last known group of a user, and links between users.

Written before the events of the same request, each in a statement of its own: what a client says about a user is true
whether its events were stored already or not, so a repeated request changes nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from config import db
from tracker import cells
from tracker.incoming import NewEvent, Warned
from tracker.models import Membership, UserLink
from tracker.sql import memberships as sql

NO_ORGANIZATION = Warned("no_organization", "Stored without an organization: the event does not say which one.")


def resolve(application_id: int, events: dict[int, NewEvent]) -> dict[int, NewEvent]:
    """Fill in the last known group where an event asks for it, in the order of the request."""
    asking = {event.user_hash for event in events.values() if event.by_last_group}
    if not asking:
        return events
    known = last_groups(application_id, asking)
    resolved = {}
    for index, event in events.items():
        resolved[index] = _placed(event, known.get(event.user_hash)) if event.by_last_group else event
        if event.names_organization:
            known[event.user_hash] = event.external_id
    return resolved


def _placed(event: NewEvent, group: str | None) -> NewEvent:
    if group is None:
        return event.otherwise
    event.external_id = group
    return event


def last_groups(application_id: int, user_hashes: Collection[bytes]) -> dict[bytes, str]:
    """The organization that each user's events named last."""
    found = db.rows(sql.LAST_GROUPS, {"application_id": application_id, "user_hashes": list(user_hashes)})
    return {bytes(user_hash): external_id for user_hash, external_id in found}


def record(application_id: int, events: Collection[NewEvent], key_ids: Mapping[str, int], now: datetime) -> None:
    """Remember the groups that events name, and the links between users."""
    named: dict[tuple[bytes, int], datetime] = {}
    for event in events:
        if event.names_organization:
            # A clock that runs ahead must not hold a user in a group that was left since.
            pair, moment = (event.user_hash, key_ids[event.external_id]), min(event.occurred_at, now)
            named[pair] = max(named.get(pair, moment), moment)
    if named:
        _name_groups(application_id, named)
    linked = [event for event in events if event.linked_to is not None]
    if linked:
        values = {
            "application_id": application_id,
            "user_hashes": [event.user_hash for event in linked],
            "other_hashes": [event.linked_to for event in linked],
            "now": now,
        }
        db.run(sql.LINK_USERS, values)


def _name_groups(application_id: int, named: Mapping[tuple[bytes, int], datetime]) -> None:
    """Users and key ids, with the time of the latest event that names both."""
    moments = cells.Remembered(cells.moment)
    arrays = {
        "user_hashes": cells.array(cells.BYTES, [cells.raw(user_hash) for user_hash, _ in named]),
        "key_ids": cells.array(cells.NUMBER, [cells.number(key_id) for _, key_id in named]),
        "named_at": cells.array(cells.MOMENT, [moments[moment] for moment in named.values()]),
    }
    values = {name: db.Binary(array) for name, array in arrays.items()}
    db.prepared_rows(sql.NAME_GROUPS, {"application_id": application_id, **values})


def prune(before: datetime) -> int:
    """Forget who was last named, and linked, before a moment: older events are gone too; how many rows."""
    named = Membership.objects.filter(named_at__lt=before)
    linked = UserLink.objects.filter(linked_at__lt=before)
    return named._raw_delete(named.db) + linked._raw_delete(linked.db)


# --- What pages show ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Member:
    """A user whose events named an organization; `others` are further hashes that a client said are the same user."""

    user_hash: str
    application: str
    named_at: datetime
    others: int


def members(organization_id: int, most: int) -> tuple[int, list[Member]]:
    """How many users named the organization, under any of its ids, and those who did so last."""
    params = {"organization_id": organization_id, "most": most}
    rows = db.rows(sql.MEMBERS, params)
    return (rows[0][0] if rows else 0), [Member(bytes(user).hex(), *rest) for _, user, *rest in rows]
