"""The same answers in slow plain Python, event by event. Shares no code with the compiler beyond the description."""

import re
import statistics
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from orgs.models import CohortMember, Organization, OrganizationKey, OrganizationSnapshot
from tracker.insights.description import Description, Filter, Group, Of, Property, Series
from tracker.models import Application, Event

STATEMENTS = {"$identify", "$set", "$groupidentify", "$create_alias", "$merge_dangerously"}
NUMBER = re.compile(r" *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})? *")


@dataclass
class World:
    """Everything that was sent and is known, as plain values."""

    events: list[dict[str, Any]]
    organizations: dict[int, dict[str, Any]]
    cohorts: dict[int, set[int]]
    zone: ZoneInfo
    week_start: int
    today: date


def world(zone: str, week_start: int, today: date) -> World:
    owner = dict(OrganizationKey.objects.values_list("id", "organization_id"))
    names = dict(Application.objects.values_list("id", "name"))
    events = [
        {
            "id": each.id,
            "org": owner[each.key_id],
            "name": each.name,
            "user": bytes(each.user_hash) if each.user_hash else None,
            "session": str(each.session_id) if each.session_id else None,
            "path": each.path.split("?")[0] if each.path is not None else None,
            "environment": each.environment,
            "application": names[each.application_id],
            "plan": each.plan,
            "at": each.occurred_at,
            "received": each.received_at,
            "properties": each.properties or {},
        }
        for each in Event.objects.order_by("id")
        if each.key_id in owner
    ]
    local = ZoneInfo(zone)
    organizations = {each.pk: known(each, events, local) for each in Organization.objects.select_related("owner")}
    cohorts: dict[int, set[int]] = {}
    for member in CohortMember.objects.all():
        cohorts.setdefault(member.cohort_id, set()).add(member.organization_id)
    events = [each for each in events if each["name"] not in STATEMENTS]
    return World(events, organizations, cohorts, local, week_start, today)


ID = re.compile(r"[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}", re.ASCII)


def page_of(path: str | None) -> str | None:
    """With the ids folded, and the rule of `worlds.RULE`."""
    if path is None:
        return None
    segments = [":id" if ID.fullmatch(each) else each for each in path.split("/")]
    is_post = len(segments) == 3 and segments[1] == "blog" and segments[2]
    return "/blog/:slug" if is_post else "/".join(segments)


def pages_of(path: str | None) -> tuple[str | None, ...]:
    """What it is called as a page: folded, and as it was sent when ids are in it."""
    has_ids = path is not None and any(ID.fullmatch(each) for each in path.split("/"))
    return (page_of(path), path) if has_ids else (page_of(path),)


def known(org: Organization, events: list[dict], zone: ZoneInfo) -> dict[str, Any]:
    snapshot = OrganizationSnapshot.objects.filter(organization=org).first()
    planned = [
        (each["at"], each["id"], each["plan"])
        for each in events
        if each["org"] == org.pk
        and each["plan"] is not None
        and each["environment"] == "production"
        and each["at"] <= each["received"] + timedelta(hours=1)
    ]
    plan = org.properties.get("plan")
    return {
        "properties": org.properties,
        "plan": plan if isinstance(plan, str) and plan else (max(planned)[2] if planned else None),
        "band": snapshot.band if snapshot else None,
        "quadrant": (snapshot.quadrant or None) if snapshot else None,
        "mrr": snapshot.mrr if snapshot else None,
        "health": snapshot.health if snapshot else None,
        "first_seen": day_of(snapshot and snapshot.first_seen_at, zone),
        "last_seen": day_of(snapshot and snapshot.last_seen_at, zone),
        "renewal_on": str(snapshot.renewal_on) if snapshot and snapshot.renewal_on else None,
        "external_id": org.external_id,
        "segment": org.segment or None,
        "owner": org.owner.username if org.owner else None,
    }


def day_of(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return str(moment.astimezone(zone).date()) if moment else None


# --- Values ------------------------------------------------------------------------------------------------
CURRENT = frozenset(
    {"plan", "band", "quadrant", "mrr", "health", "first_seen", "last_seen", "renewal_on", "external_id"}
    | {"segment", "owner"}
)


def value(event: dict, asked: Property, there: World) -> Any:
    if asked.of == Of.FIELD and asked.name == "path":
        return page_of(event["path"])
    if asked.of == Of.FIELD:
        return event[{"event": "name", "address": "path"}.get(asked.name, asked.name)]
    if asked.of == Of.ORGANIZATION:
        org = there.organizations[event["org"]]
        return org[asked.name] if asked.name in CURRENT else org["properties"].get(asked.name)
    return event["properties"].get(asked.name)


def text(found: Any) -> str | None:
    """As the database writes JSON."""
    import json

    if found is None or isinstance(found, str):
        return found
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, dict | list):
        return json.dumps(found, ensure_ascii=False)
    if isinstance(found, Decimal):
        return f"{found:f}"
    return str(found)


def number(found: Any) -> Decimal | None:
    if isinstance(found, bool) or found is None:
        return None
    if isinstance(found, int | float | Decimal):
        return Decimal(str(found))
    return Decimal(found.strip(" ")) if isinstance(found, str) and NUMBER.fullmatch(found) else None


# --- Filters -----------------------------------------------------------------------------------------------
NEGATIVE = {
    "is_not": "exact",
    "not_icontains": "icontains",
    "not_regex": "regex",
    "is_not_set": "is_set",
    "not_in_cohort": "in_cohort",
}


def passes(event: dict, given: Filter, there: World) -> bool:
    operator = str(given.operator)
    if operator in NEGATIVE:
        return not positive(event, NEGATIVE[operator], given, there)
    return positive(event, operator, given, there)


def positive(event: dict, operator: str, given: Filter, there: World) -> bool:
    """A path fulfils what it fulfils with its ids folded or as it was sent."""
    if given.property == Property("path", Of.FIELD) and operator in ("exact", "icontains", "regex"):
        as_sent = replace(given, property=Property("address", Of.FIELD))
        return any(of_value(event, operator, each, there) for each in (given, as_sent))
    return of_value(event, operator, given, there)


def of_value(event: dict, operator: str, given: Filter, there: World) -> bool:
    if operator == "in_cohort":
        return any(event["org"] in there.cohorts.get(int(each), set()) for each in given.values)
    found = value(event, given.property, there)
    as_text, as_number = text(found), number(found)
    if as_text is None:
        return False
    if operator == "is_set":
        return True
    if operator == "exact":
        return any(
            as_text == str(each)
            or (
                as_number is not None
                and as_number == number(each)
                and not (isinstance(found, str) and isinstance(each, str))
            )
            for each in given.values
        )
    [wanted] = given.values
    if operator == "icontains":
        return str(wanted).lower() in as_text.lower()
    if operator == "regex":
        return re.search(str(wanted), as_text) is not None
    if operator in ("is_date_before", "is_date_after"):
        if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|\Z)", as_text):
            return False
        day = as_text[:10]
        if re.search(r":[0-9]{2}(Z|[+-][0-9:]+)\Z", as_text):
            day = str(datetime.fromisoformat(as_text).astimezone(there.zone).date())
        return day < str(wanted) if operator == "is_date_before" else day > str(wanted)
    if as_number is None:
        return False
    limit = Decimal(str(wanted))
    return {
        "gt": as_number > limit,
        "gte": as_number >= limit,
        "lt": as_number < limit,
        "lte": as_number <= limit,
    }[operator]


def in_group(event: dict, given: Group, there: World) -> bool:
    if not given.filters:
        return True
    found = [
        in_group(event, each, there) if isinstance(each, Group) else passes(event, each, there)
        for each in given.filters
    ]
    return any(found) if given.any else all(found)


# --- Time --------------------------------------------------------------------------------------------------
def label(event: dict, interval: str, there: World) -> date | datetime:
    """Hours as instants: in autumn one comes twice."""
    local = event["at"].astimezone(there.zone)
    if interval == "hour":
        return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    day = local.date()
    if interval == "week":
        return day - timedelta(days=(day.weekday() - there.week_start) % 7)
    return day.replace(day=1) if interval == "month" else day


def in_days(event: dict, since: date, until: date, there: World) -> bool:
    return since <= event["at"].astimezone(there.zone).date() < until


# --- Math --------------------------------------------------------------------------------------------------
def matching(series: Series, description: Description, there: World) -> list[dict]:
    """Events of all time that the series asks for."""
    found = []
    for event in there.events:
        if description.scope.environment and event["environment"] != description.scope.environment:
            continue
        if series.kind == "event" and event["name"] != series.name:
            continue
        if series.kind == "feature" and not is_use(event):
            continue
        if series.kind == "page" and series.name not in pages_of(event["path"]):
            continue
        if all(passes(event, each, there) for each in series.filters) and in_group(event, description.filters, there):
            found.append(event)
    return found


def is_use(event: dict) -> bool:
    """Of the feature of `worlds.RULES`."""
    of_page = event["name"] == "purchase" and (event["path"] or "").startswith("/b")
    return of_page or text(event["properties"].get("v")) == "7"


def measured(events: list[dict], series: Series, there: World) -> tuple[Any, int]:
    """The number of some events, and how many values were skipped."""
    math = str(series.math)
    by_org = Counter(each["org"] for each in events)
    if math in ("sum", "avg", "min", "max", "median", "p90", "p95", "p99"):
        return numeric(math, events, series, there)
    if math == "total":
        return len(events), 0
    if math in ("unique_organizations", "first_time_for_organization"):
        return len(by_org), 0
    if math == "unique_users":
        return len({each["user"] for each in events} - {None}), 0
    if math == "unique_sessions":
        return len({each["session"] for each in events} - {None}), 0
    if math == "unique_values":
        return len({text(value(each, series.property, there)) for each in events} - {None}), 0
    counts = list(by_org.values())
    joined = {
        "avg_per_organization": lambda: statistics.mean(map(Decimal, counts)) if counts else 0,
        "median_per_organization": lambda: statistics.median(counts) if counts else 0,
        "max_per_organization": lambda: max(counts, default=0),
    }
    return joined[math](), 0


def numeric(math: str, events: list[dict], series: Series, there: World) -> tuple[Any, int]:
    if series.property.of == Of.ORGANIZATION:
        events = list({each["org"]: each for each in events}.values())
    found = [number(value(each, series.property, there)) for each in events]
    numbers = sorted(each for each in found if each is not None)
    skipped = len(found) - len(numbers)
    if math == "sum":
        return sum(numbers), skipped
    if not numbers:
        return None, skipped
    if math in ("min", "max"):
        return (min if math == "min" else max)(numbers), skipped
    if math == "avg":
        return sum(numbers) / len(numbers), skipped
    place = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}[math] * (len(numbers) - 1)
    low, high = numbers[int(place)], numbers[min(int(place) + 1, len(numbers) - 1)]
    return float(low) + (float(high) - float(low)) * (place - int(place)), skipped


# --- Formulas ----------------------------------------------------------------------------------------------
def over(left: Decimal, right: Decimal) -> Decimal:
    return left / right if right else Decimal(0)


FORMULAS = {
    "-A * 2 + 0.5": lambda a: Decimal("0.5") - 2 * a,
    "A / 0": lambda a: Decimal(0),
    "A/B": over,
    "(A + B) / (A - 7)": lambda a, b: over(a + b, a - 7),
    "100 * a / (a + b) - 1": lambda a, b: over(100 * a, a + b) - 1,
}


def computed(formula: str, numbers: list[Any]) -> Decimal:
    """What is missing counts as 0, and so does what is divided by 0."""
    return FORMULAS[formula](*(Decimal(str(each or 0)) for each in numbers))


# --- The whole answer --------------------------------------------------------------------------------------
def answer(description: Description, since: date, until: date, there: World) -> dict:
    """By series, kind and value of the breakdown: the aggregate and the buckets that are not empty; and skipped.

    `whole` is the same of each series without the breakdown, as formulas take it.
    """
    chosen = [counted(each, description, since, until, there) for each in description.series]
    lines, whole, skipped = {}, [], 0
    for place, (series, events) in enumerate(zip(description.series, chosen, strict=True)):
        whole.append(line(events, series, description, there)[:2])
        for key, part in parts(events, chosen, description, there).items():
            aggregate, data, left_out = line(part, series, description, there)
            skipped += left_out
            lines[(place, *key)] = (aggregate, data)
    return {"lines": lines, "whole": whole, "skipped": skipped}


def line(events: list[dict], series: Series, description: Description, there: World) -> tuple[Any, dict, int]:
    """The number over the range, those of the buckets, and how many values were skipped."""
    aggregate, skipped = measured(events, series, there)
    buckets: dict[Any, list] = {}
    for event in events if description.interval else []:
        buckets.setdefault(label(event, description.interval, there), []).append(event)
    return aggregate, {each: measured(found, series, there)[0] for each, found in buckets.items()}, skipped


def counted(series: Series, description: Description, since: date, until: date, there: World) -> list[dict]:
    events = matching(series, description, there)
    if series.math == "first_time_for_organization":
        first: dict[int, dict] = {}
        for event in sorted(events, key=lambda each: (each["at"], each["id"])):
            first.setdefault(event["org"], event)
        events = list(first.values())
    return [each for each in events if in_days(each, since, until, there)]


def parts(events: list[dict], every: list[list[dict]], description: Description, there: World) -> dict:
    """Events by (kind, value); values are ranked over all series."""
    if description.breakdown is None:
        return {("", None): events}
    ranks = Counter(part(each, description, there) for found in every for each in found)
    ranks.pop(None, None)
    shown = {each for each, _ in sorted(ranks.items(), key=lambda item: (-item[1], item[0].encode()))[:25]}
    found: dict = {}
    for event in events:
        mine = part(event, description, there)
        key = ("none", "None") if mine is None else ("value", mine) if mine in shown else ("other", "Other")
        found.setdefault(key, []).append(event)
    return found


def part(event: dict, description: Description, there: World) -> str | None:
    if description.breakdown.of == Of.COHORT:
        return "true" if event["org"] in there.cohorts.get(int(description.breakdown.name), set()) else "false"
    found = text(value(event, description.breakdown, there))
    return found if found is None else found[:255]
