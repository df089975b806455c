"""The health model: every number that turns evidence into a score, editable and versioned."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from math import lcm
from typing import NamedTuple

from signals.configuration import Configuration, limits
from signals.numbers import clamped


class Band(StrEnum):
    """Three bands of the score, and two states that replace them on lists."""

    HEALTHY = "healthy"
    WATCH = "watch"
    AT_RISK = "at_risk"
    NO_ACTIVITY = "no_activity"
    NOT_SCORED = "not_scored"


COMPONENTS = {
    "recency": "Recency",
    "frequency": "Frequency",
    "users": "Users",
    "features": "Features",
    "trend": "Trend",
}
MEASURES = {
    "recency": "days since the last event",
    "frequency": "active working days of 28 days",
    "users": "active users, as a share of the seats or the peak",
    "features": "features in use, as a share of those defined",
    "trend": "events of 28 days, over those of the 28 before",
}
FALLING = frozenset({"recency"})


@dataclass(frozen=True)
class ComponentRule(Configuration):
    """Weight of a component, and the values that give 0 and 100 points (linear between, clamped)."""

    weight: Decimal = field(default=Decimal(1), metadata=limits("Weight", above=0, high=1000))
    zero_at: Decimal = field(default=Decimal(0), metadata=limits("0 points at", low=0, high=100000))
    full_at: Decimal = field(default=Decimal(1), metadata=limits("100 points at", low=0, high=100000))


class Scale(NamedTuple):
    """A component's rule in whole numbers: its weight, and where 0 and 100 points lie, all over one denominator."""

    weight: int
    unit: int
    zero_at: int
    full_at: int

    def reached(self, over: int, under: int) -> tuple[int, int]:
        """Where `over` / `under` (> 0) lies on the way from 0 to 100 points, as a ratio from 0 to 1."""
        span = self.full_at - self.zero_at
        past = over * self.unit - self.zero_at * under
        return clamped(past, span * under) if span > 0 else clamped(-past, -span * under)


@dataclass(frozen=True)
class Model(Configuration):
    """A health model. `label` names the version (`v3`); two models are equal when their numbers are.

    Recency is measured in days since the last event, frequency in active weekdays of 28 days, users and
    features as a share, trend as events of 28 days over those of the 28 days before.
    """

    recency: ComponentRule = field(default=ComponentRule(Decimal(25), Decimal(30), Decimal(1)))
    frequency: ComponentRule = field(default=ComponentRule(Decimal(25), Decimal(0), Decimal(20)))
    users: ComponentRule = field(default=ComponentRule(Decimal(20), Decimal(0), Decimal(1)))
    features: ComponentRule = field(default=ComponentRule(Decimal(10), Decimal(0), Decimal(1)))
    trend: ComponentRule = field(default=ComponentRule(Decimal(20), Decimal("0.5"), Decimal(1)))

    healthy_from: Decimal = field(default=Decimal(70), metadata=limits("Healthy from", above=0, high=100))
    watch_from: Decimal = field(default=Decimal(40), metadata=limits("Watch from", above=0, high=100))
    minimum_coverage: Decimal = field(
        default=Decimal("0.6"), metadata=limits("Least coverage to be scored", above=0, high=1)
    )
    minimum_age_days: int = field(
        default=7, metadata=limits("Days after the first event before scoring", low=0, high=365)
    )
    onboarding_days: int = field(default=30, metadata=limits("Days of onboarding", low=0, high=365))
    trend_minimum_previous: int = field(default=20, metadata=limits("Least previous events for a trend", low=1))

    no_activity_days: int = field(
        default=30, metadata=limits("Days without event: no recent activity", low=1, high=365)
    )
    # A score has two decimals, and so have its caps: otherwise the lines would not add up to what is kept.
    silent_cap: Decimal = field(
        default=Decimal(30), metadata=limits("Paying without recent activity: at most", low=0, high=100, places=2)
    )
    drop_cap: Decimal = field(default=Decimal(69), metadata=limits("Sharp drop: at most", low=0, high=100, places=2))
    drop_share: Decimal = field(
        default=Decimal("0.6"), metadata=limits("Sharp drop: down by more than", above=0, high=1)
    )
    drop_minimum_previous: int = field(default=200, metadata=limits("Sharp drop: least previous events", low=1))

    label: str = field(default="default", compare=False)

    @property
    def total_weight(self) -> Decimal:
        """The sum of all weights; components count in proportion to it, it need not be 100."""
        return sum((self.rule(key).weight for key in COMPONENTS), Decimal(0))

    @cached_property
    def scales(self) -> dict[str, Scale]:
        """The rules as whole numbers; weights of all components in the same unit."""
        rules = {key: self.rule(key) for key in COMPONENTS}
        unit = lcm(*(rule.weight.as_integer_ratio()[1] for rule in rules.values()))
        return {key: scale_of(rule, unit) for key, rule in rules.items()}

    def rule(self, key: str) -> ComponentRule:
        return getattr(self, key)

    def band(self, score: Decimal) -> Band:
        """Return the band of a score; the lower bound belongs to the band."""
        if score >= self.healthy_from:
            return Band.HEALTHY
        return Band.WATCH if score >= self.watch_from else Band.AT_RISK

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.watch_from >= self.healthy_from:
            yield "watch_from", f"{self.watch_from} must be below Healthy from ({self.healthy_from})."
        for key in COMPONENTS:
            rule = self.rule(key)
            if key in FALLING and rule.zero_at <= rule.full_at:
                yield f"{key}.zero_at", f"{rule.zero_at} must be above 100 points at ({rule.full_at})."
            if key not in FALLING and rule.zero_at >= rule.full_at:
                yield f"{key}.zero_at", f"{rule.zero_at} must be below 100 points at ({rule.full_at})."


def scale_of(rule: ComponentRule, unit: int) -> Scale:
    ends = rule.zero_at.as_integer_ratio(), rule.full_at.as_integer_ratio()
    common = lcm(ends[0][1], ends[1][1])
    zero_at, full_at = (over * (common // under) for over, under in ends)
    weight, parts = rule.weight.as_integer_ratio()
    return Scale(weight * (unit // parts), common, zero_at, full_at)


DEFAULT_MODEL = Model()
