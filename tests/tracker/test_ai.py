"""AI calls and their cost against slow plain Python on random events and prices."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest

from config.backoffice import settings
from orgs.models import Organization, OrganizationKey
from tests.factories import application
from tests.tracker.test_rollups import NOW, event, put
from tracker import ai
from tracker.ai import AiUsage, By
from tracker.models import Event, Price

pytestmark = pytest.mark.django_db
UNTIL = date(2026, 3, 10)
SINCE = UNTIL - timedelta(days=20)
NUMBERS = [0, 7, 120, "450", " 12.5 ", 0.25, "many", -3, None, True, [4]]


def price(provider: str, model: str, per_million: str, day: date, **values) -> Price:
    told = {"input_per_million": Decimal(per_million), "output_per_million": Decimal(per_million) * 4}
    return Price.objects.create(provider=provider, model=model, valid_from=day, **{**told, **values})


def tell(seed: int) -> None:
    dice = random.Random(seed)
    for provider, model in (("north", "small"), ("north", "large"), ("south", "small")):
        for days in dice.sample(range(-5, 40), 2):
            day = UNTIL - timedelta(days=days)
            kind = dice.choice(["", "", "chat"])
            price(
                provider, model, str(dice.randint(1, 9)), day, request_type=kind, currency=dice.choice(["EUR", "USD"])
            )
    for app in (application(), application("Other")):
        put(app, [random_event(dice) for _ in range(250)])
    OrganizationKey.objects.filter(external_id="A").update(organization=Organization.objects.get(external_id="a"))


def random_event(dice: random.Random):
    said = {
        "provider": dice.choice(["north", "south", None]),
        "model": dice.choice(["small", "large", "<b>odd</b>"]),
        "request_type": dice.choice(["chat", "embed", None]),
        "feature": dice.choice(["assistant", "draft", None]),
        "input_tokens": dice.choice(NUMBERS),
        "output_tokens": dice.choice(NUMBERS),
        "total_tokens": dice.choice([None, 100, "900", *NUMBERS]),
        "estimated_cost_eur": dice.choice([None, None, None, *NUMBERS]),
        "success": dice.choice([True, False, "false", "FALSE", None]),
    }
    kept = {name: value for name, value in said.items() if dice.random() > 0.15}
    return event(
        NOW - timedelta(days=dice.randrange(-3, 30), seconds=dice.randrange(86_400)),
        name=dice.choice([*ai.NAMES, "ai_call_completed", "opened"]),
        external_id=dice.choice(["a", "A", "b", "c", None]),
        environment=dice.choice(["production"] * 5 + ["staging"]),
        plan=dice.choice([None, "pro", "free"]),
        properties=orjson.dumps(kept).decode(),
    )


def number(value) -> Decimal | None:
    """A number that is one, or text that is one; never negative."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value).strip())
    except ArithmeticError:
        return None
    return found if found >= 0 else None


def by_hand(by: By, zone: ZoneInfo) -> dict:
    """The same answer event by event."""
    counted = defaultdict(lambda: [Decimal(0), 0, 0, 0, 0, 0])
    for each in Event.objects.filter(environment="production", key__isnull=False, name__in=ai.NAMES):
        day = each.occurred_at.astimezone(zone).date()
        if not SINCE <= day < UNTIL:
            continue
        said = each.properties or {}
        is_call = each.name in ("ai_call_completed", "ai_call_failed")
        cost, currency = cost_of(said, day) if is_call else (None, None)
        part = {
            By.ORGANIZATION: str(each.key.organization_id),
            By.PLAN: each.plan,
            By.DAY: day.isoformat(),
            By.FEATURE: said.get("feature"),
            By.MODEL: said.get("model"),
            By.PROVIDER: said.get("provider"),
        }[by]
        row = counted[part, currency]
        row[0] += cost or 0
        row[1] += is_call
        completed_badly = each.name == "ai_call_completed" and said.get("success") in (False, "false", "FALSE")
        row[2] += each.name == "ai_call_failed" or completed_badly
        for place, verdict in enumerate(("accepted", "edited", "rejected"), start=3):
            row[place] += each.name == f"ai_output_{verdict}"
    return {key: tuple(row) for key, row in counted.items()}


def cost_of(said: dict, day: date) -> tuple[Decimal | None, str | None]:
    estimated = number(said.get("estimated_cost_eur"))
    if estimated is not None:
        return estimated, "EUR"
    read, written = number(said.get("input_tokens")), number(said.get("output_tokens"))
    known = [
        each
        for each in Price.objects.all()
        if (each.provider, each.model) == (said.get("provider"), said.get("model"))
        and each.request_type in ("", said.get("request_type") or "")
        and each.valid_from <= day
    ]
    if not known or (read is None and written is None):
        return None, None
    best = max(known, key=lambda each: (each.request_type != "", each.valid_from))
    both = number(said.get("total_tokens")) or Decimal(0)
    read, written = (
        max(both - other, Decimal(0)) if mine is None else mine for mine, other in ((read, written), (written, read))
    )
    total = read * best.input_per_million + written * best.output_per_million
    return total / 1_000_000, best.currency


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
@pytest.mark.parametrize("seed", range(3))
def test_cost_and_counts_are_those_by_hand(seed, zone):
    settings.change({"time_zone": zone}, actor=None, now=NOW)
    tell(seed)
    for by in set(By) - {By.PRICE}:
        found = {
            (row.part, row.currency): (row.cost, row.calls, row.failed, row.accepted, row.edited, row.rejected)
            for row in ai.usage(by, SINCE, UNTIL)
        }
        assert found == by_hand(by, ZoneInfo(zone)), by


def test_one_organization_alone():
    tell(5)
    a = Organization.objects.get(external_id="a")
    [*rows] = ai.usage(By.ORGANIZATION, SINCE, UNTIL, a.pk)
    assert rows == [row for row in ai.usage(By.ORGANIZATION, SINCE, UNTIL) if row.part == str(a.pk)]


def test_a_price_counts_from_its_first_day_in_the_reporting_zone():
    settings.change({"time_zone": "Pacific/Auckland"}, actor=None, now=NOW)
    said = orjson.dumps({"provider": "p", "model": "m", "input_tokens": 1_000_000, "output_tokens": 500_000}).decode()
    # Midnight of the 10th in Auckland is 11:00 UTC of the 9th.
    before, after = datetime(2026, 3, 9, 10, 59, tzinfo=UTC), datetime(2026, 3, 9, 11, 0, tzinfo=UTC)
    put(application(), [event(at, name="ai_call_completed", properties=said) for at in (before, after)])
    price("p", "m", "2", date(2026, 1, 1))
    price("p", "m", "3", date(2026, 3, 10), currency="USD")
    assert ai.usage(By.DAY, date(2026, 3, 9), date(2026, 3, 11)) == [
        AiUsage("2026-03-09", "EUR", Decimal(6), 1, 0, 0, 0, 0),
        AiUsage("2026-03-10", "USD", Decimal(9), 1, 0, 0, 0, 0),
    ]


@pytest.mark.parametrize("total_only", [{"total_tokens": 1000}, {"input_tokens": "x"}, {}])
def test_tokens_that_are_not_said_apart_have_no_cost(total_only):
    price("p", "m", "2", date(2026, 1, 1))
    said = orjson.dumps({"provider": "p", "model": "m", **total_only}).decode()
    put(application(), [event(NOW - timedelta(days=1), name="ai_call_completed", properties=said)])
    assert ai.usage(By.PRICE, SINCE, UNTIL) == [AiUsage('["p", "m"]', None, Decimal(0), 1, 0, 0, 0, 0)]
