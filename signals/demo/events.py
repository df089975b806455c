"""What the customers' people do: events in the form of the signed API, the same for a given day and customer."""

import hashlib
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from signals.demo.cast import Customer, Usage, day_before

FEATURES = (
    ("report_exported", "/reports"),
    ("task_created", "/tasks"),
    ("comment_added", "/tasks/{n}"),
    ("dashboard_viewed", "/dashboard"),
    ("invite_sent", "/settings/people"),
    ("file_uploaded", "/files"),
    ("search_run", "/search"),
    ("automation_run", "/automations/{n}/edit"),
    ("ai_call_completed", "/assistant"),
)


def user_hash(customer: Customer, number: int) -> str:
    """What a product sends: the SHA-256 of its user's id."""
    return hashlib.sha256(f"{customer.id_in_events}/user-{number}".encode()).hexdigest()


def events_of_day(customer: Customer, days_ago: int, story_day: date, crowd_share: float = 1.0) -> list[dict[str, Any]]:
    """What one customer's people did on one day, in the order of the day; the same whenever it is asked."""
    usage, on = customer.usage, day_before(story_day, days_ago)
    if usage is None:
        return []
    made = milestones(customer, usage, days_ago, on)
    if not usage.is_quiet(days_ago, on.weekday()):
        dice = random.Random(f"{story_day}:{customer.external_id}:{days_ago}")
        phase = usage.phase(days_ago)
        count = max(1, round(usage.events * phase.events * crowd_share * dice.uniform(0.9, 1.1)))
        people = max(1, round(usage.users * phase.users))
        made += [event(customer, on, n, person=n % people, kinds=phase.features, dice=dice) for n in range(count)]
    return sorted(made, key=lambda each: each["ts_epoch"])


def event(customer: Customer, on: date, number: int, *, person: int, kinds: int, dice: random.Random) -> dict[str, Any]:
    """One thing a person did in working hours; the first kinds are the most frequent."""
    name, path = FEATURES[min(int(dice.triangular(0, kinds, 1)), kinds - 1)]
    at = datetime(on.year, on.month, on.day, 7, tzinfo=UTC) + timedelta(seconds=dice.randint(0, 11 * 3600))
    return {
        "event": name,
        "user_hash": user_hash(customer, person),
        "customer_org_id": customer.id_in_events,
        "path": path.format(n=dice.randint(1, 40)),
        "plan": customer.plan,
        "ts_epoch": int(at.timestamp()),
        "event_id": event_id(customer, on, name, number),
        "properties": ai_properties(dice) if name == "ai_call_completed" else {},
    }


def event_id(customer: Customer, on: date, name: str, number: int) -> str:
    """Stable, so that a story told twice is one story."""
    return hashlib.sha256(f"{customer.external_id}:{on}:{name}:{number}".encode()).hexdigest()[:32]


def ai_properties(dice: random.Random) -> dict[str, Any]:
    tokens = dice.randint(200, 4000)
    return {
        "feature": "assistant",
        "model": "small",
        "total_tokens": tokens,
        "estimated_cost_eur": round(tokens * 0.000004, 6),
        "success": dice.random() > 0.03,
    }


def milestones(customer: Customer, usage: Usage, days_ago: int, on: date) -> list[dict[str, Any]]:
    """Accounts, projects and purchases: the facts behind the questions about how teams use the product."""
    made = []
    age = usage.seen_since - days_ago
    if age == 0:
        made += [milestone(customer, on, "account_created", n, {"is_first_user": n == 0}) for n in range(usage.users)]
        value = sum(float(line.mrr) for line in customer.lines) or 19.0
        made.append(milestone(customer, on, "purchase", 0, {"purchase_value": value}))
    if age >= 0 and age % 3 == 0 and age // 3 < customer.projects and days_ago > usage.quiet_since:
        made.append(milestone(customer, on, "project_created", 0, {"new_total": age // 3 + 1}))
    return made


def milestone(customer: Customer, on: date, name: str, number: int, properties: dict[str, Any]) -> dict[str, Any]:
    at = datetime(on.year, on.month, on.day, 7, number % 60, tzinfo=UTC)
    return {
        "event": name,
        "user_hash": user_hash(customer, number),
        "customer_org_id": customer.id_in_events,
        "path": "/",
        "plan": customer.plan,
        "ts_epoch": int(at.timestamp()),
        "event_id": event_id(customer, on, name, number),
        "properties": properties,
    }
