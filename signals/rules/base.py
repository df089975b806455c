"""What a rule is: a type, a title, editable thresholds and one pure check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from signals.configuration import Configuration
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.numbers import Exact, linear, rounded

LEAST_SEVERITY = Decimal("0.25")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule's condition is true for one organization: the numbers, and the sentence to read aloud.

    `severity` is 0..1 by how far past the threshold. `growth` (0.64 for +64 %) is set by rules about growth
    only: money at stake is then MRR x growth. `numbers` is plain JSON, decimals and dates as text.
    """

    rule: str
    sentence: str
    severity: Decimal
    growth: Decimal | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One rule. `about_growth` parts growth from risk on lists and cards.

    `needs_usage` marks rules that a data incident holds back: lost events look like lost
    customers.
    """

    key: str
    title: str
    thresholds: type[Configuration]
    check: Callable[[Evidence, Reading, Any], Finding | None]
    about_growth: bool = False
    needs_usage: bool = False


def severity(value: Exact, threshold: Exact, extreme: Exact) -> Decimal:
    """Return 0.25 at the threshold, 1 at the extreme and beyond, linear between, 4 decimals.

    It does not start at 0: a large customer just past a threshold must not rank below every small one, and
    a signal whose equality counts must not be worth nothing.
    """
    past = linear(value, threshold, extreme)
    return rounded(Fraction(LEAST_SEVERITY) + Fraction(1 - LEAST_SEVERITY) * past, 4)
