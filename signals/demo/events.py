"""What the customers' people do: events in the form of the signed API, the same for a given day and customer."""

import hashlib
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from signals.demo.cast import Customer, Usage, day_before

# Days ago since when there is an assistant, its made-up models, and what one of their million tokens costs.
AI_SINCE = 75
AI_MODELS = (("northwind", "nw-small", 8.0), ("northwind", "nw-large", 60.0), ("fabrikam", "fk-chat", None))
ABOUT_OUTPUT = ("feature", "provider", "model", "request_type", "ai_call_id", "workflow_id")
PROJECT = 0x6F1E_0000_4000_8000_0000_0000_0000
FEATURES = (
    ("report_exported", "/reports"),
    ("task_created", "/tasks/{n}/edit"),
    ("comment_added", "/tasks/{n}"),
    ("dashboard_viewed", "/dashboard"),
    ("invite_sent", "/settings/people"),
    ("file_uploaded", "/projects/{u}/files"),
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
        if customer.ai and days_ago <= AI_SINCE:
            calls = max(1, round(customer.ai.calls * phase.events * crowd_share))
            made += [each for n in range(calls) for each in ai_call(customer, on, n, n % people, customer.ai.size)]
    return sorted(made, key=lambda each: each["ts_epoch"])


def event(customer: Customer, on: date, number: int, *, person: int, kinds: int, dice: random.Random) -> dict[str, Any]:
    """One thing a person did in working hours; the first kinds are the most frequent."""
    name, path = FEATURES[min(int(dice.triangular(0, kinds, 1)), kinds - 1)]
    at = datetime(on.year, on.month, on.day, 7, tzinfo=UTC) + timedelta(seconds=dice.randint(0, 11 * 3600))
    place = dice.randint(1, 40)
    return {
        "event": name,
        "user_hash": user_hash(customer, person),
        "customer_org_id": customer.id_in_events,
        "path": path.format(n=place, u=UUID(int=PROJECT + place)),
        "plan": customer.plan,
        "ts_epoch": int(at.timestamp()),
        "event_id": event_id(customer, on, name, number),
        "properties": ai_properties(dice, 1) if name == "ai_call_completed" else {},
    }


def event_id(customer: Customer, on: date, name: str, number: int) -> str:
    """Stable, so that a story told twice is one story."""
    return hashlib.sha256(f"{customer.external_id}:{on}:{name}:{number}".encode()).hexdigest()[:32]


def ai_call(customer: Customer, on: date, number: int, person: int, size: int) -> list[dict[str, Any]]:
    """A call of the assistant, and mostly what somebody did with its output a minute later."""
    dice = random.Random(f"{on}:{customer.external_id}:ai:{number}")
    name = "ai_call_failed" if dice.random() < 0.04 else "ai_call_completed"
    call = ai_properties(dice, size)
    call |= {"ai_call_id": event_id(customer, on, "ai", number)[:16], "success": name == "ai_call_completed"}
    call["workflow_id"] = event_id(customer, on, "workflow", person)[:16]
    at = datetime(on.year, on.month, on.day, 8, tzinfo=UTC) + timedelta(seconds=dice.randint(0, 9 * 3600))
    made = [ai_event(customer, name, person=person, at=at, place=f"ai:{number}", properties=call)]
    verdict = dice.choices(("accepted", "edited", "rejected", ""), weights=(55, 12, 13, 20))[0]
    if call["success"] and verdict:
        about = {key: call[key] for key in ABOUT_OUTPUT}
        name, later, place = f"ai_output_{verdict}", at + timedelta(minutes=1), f"ai:{number}:output"
        made.append(ai_event(customer, name, person=person, at=later, place=place, properties=about))
    return made


def ai_event(
    customer: Customer, name: str, *, person: int, at: datetime, place: str, properties: dict[str, Any]
) -> dict[str, Any]:
    return {
        "event": name,
        "user_hash": user_hash(customer, person),
        "customer_org_id": customer.id_in_events,
        "path": "/assistant",
        "plan": customer.plan,
        "ts_epoch": int(at.timestamp()),
        "event_id": event_id(customer, at.date(), place, person),
        "properties": properties,
    }


def ai_properties(dice: random.Random, size: int) -> dict[str, Any]:
    """What a product says about one call. One provider's calls bring no cost: the price book has it."""
    provider, model, price = dice.choices(AI_MODELS, weights=(6, 2, 2))[0]
    read, written = dice.randint(200, 4000) * size, dice.randint(80, 1200) * size
    said = {
        "feature": dice.choices(("assistant", "summary", "draft"), weights=(6, 3, 1))[0],
        "provider": provider,
        "model": model,
        "request_type": "chat",
        "input_tokens": read,
        "output_tokens": written,
        "total_tokens": read + written,
        "latency_ms": dice.randint(300, 6000),
        "success": dice.random() > 0.03,
    }
    return said if price is None else {**said, "estimated_cost_eur": round((read + 4 * written) * price / 10**6, 6)}


def milestones(customer: Customer, usage: Usage, days_ago: int, on: date) -> list[dict[str, Any]]:
    """Accounts, projects and purchases: the facts behind the questions about how teams use the product."""
    made = []
    age = usage.seen_since - days_ago
    if age == 0:
        made += [milestone(customer, on, "account_created", n, {"is_first_user": n == 0}) for n in range(usage.users)]
    if age < 0 or days_ago <= usage.quiet_since:
        return made
    if age % 30 == 0:
        value = sum(float(line.mrr) for line in customer.lines) or 19.0
        made.append(milestone(customer, on, "purchase", 0, {"purchase_value": value, "plan": customer.plan}))
    if age % 3 == 0 and age // 3 < customer.projects:
        total = age // 3 + 1
        said = {"new_total": total, "$set": {"project_total": total}}
        made.append(milestone(customer, on, "project_created", 0, said))
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
