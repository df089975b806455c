"""Score one organization: measure, weigh over what has data, add, cap.

Decisions where the definition leaves room:
- Contributions are rounded once, from exact fractions; points are rounded for display only.
- Only the strictest cap takes points, so it stands alone as one line. With re-scaled weights the rounded
  contributions of a perfect organization may reach 100.01; the end of the scale is then a cap line too.
- The cap for a sharp drop belongs to the trend: onboarding leaves both out.
- No recent activity wins over Not scored: "nothing came for a month, or ever" says more than "too few data".
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from signals import wording
from signals.facts import Evidence
from signals.health.components import Measure, measure
from signals.health.model import COMPONENTS, Band, ComponentRule, Model
from signals.health.reading import CapLine, ComponentReading, Reading
from signals.numbers import linear, rounded

FULL = Decimal(100)


def score(evidence: Evidence, model: Model) -> Reading:
    """Return the reading of one organization. Same evidence and model: same reading, byte for byte."""
    return read(evidence, model, onboarding=is_onboarding(evidence, model))


def is_onboarding(evidence: Evidence, model: Model) -> bool:
    return evidence.age_days is not None and evidence.age_days < model.onboarding_days


def read(evidence: Evidence, model: Model, *, onboarding: bool) -> Reading:
    """Score with the onboarding variant on or off, whatever the organization's age."""
    measures = measure(evidence, model, onboarding)
    known = weight_of(model, (key for key, found in measures.items() if found.value is not None))
    total = weight_of(model, (key for key, found in measures.items() if found.applies))
    components = tuple(weigh(key, found, model.rule(key), known) for key, found in measures.items())
    added = sum((line.contribution for line in components), Decimal(0))
    caps = cap(evidence, model, added, onboarding)
    points = added + sum((line.taken for line in caps), Decimal(0))
    covered = known >= Fraction(model.minimum_coverage) * total
    band = model.band(points) if covered else None
    silent = evidence.silent_for(model.no_activity_days)
    return Reading(
        evidence=evidence,
        model=model,
        onboarding=onboarding,
        components=components,
        caps=caps,
        coverage=rounded(known / total, 4),
        score=points if covered else None,
        band=band,
        state=Band.NO_ACTIVITY if silent else band or Band.NOT_SCORED,
    )


def weight_of(model: Model, keys: Iterable[str]) -> Fraction:
    return sum((Fraction(model.rule(key).weight) for key in keys), Fraction())


def weigh(key: str, found: Measure, rule: ComponentRule, known: Fraction) -> ComponentReading:
    """Turn a measure into its line; `known` is the weight of all components that have data."""
    if found.value is None:
        reached, share, contribution = None, Decimal("0.00"), Decimal("0.00")
    else:
        exact_share = Fraction(rule.weight) / known * 100
        reached = linear(found.value, rule.zero_at, rule.full_at)
        share, contribution = rounded(exact_share), rounded(exact_share * reached)
    return ComponentReading(
        key=key,
        title=COMPONENTS[key],
        fact=found.fact,
        value=None if found.value is None else rounded(found.value, 4),
        count=found.count,
        reference=found.reference,
        window=found.window,
        weight=rule.weight,
        share=share,
        points=None if reached is None else rounded(reached * 100),
        contribution=contribution,
        lost=share - contribution,
        missing=found.missing,
    )


def cap(evidence: Evidence, model: Model, total: Decimal, onboarding: bool) -> tuple[CapLine, ...]:
    """Return the strictest cap as one line, if it takes anything."""
    lowest = min(limits(evidence, model, onboarding), key=lambda limit: limit[2])
    key, title, at_most, words = lowest
    if total <= at_most:
        return ()
    return (CapLine(key=key, title=title, at_most=at_most, taken=at_most - total, words=words),)


def limits(evidence: Evidence, model: Model, onboarding: bool) -> Iterator[tuple[str, str, Decimal, str]]:
    """Yield (key, title, at most, words) of every limit that applies."""
    now, before = evidence.events_28d, evidence.events_previous_28d
    yield "scale", "End of the scale", FULL, "rounded lines end at 100"
    if evidence.paying and evidence.silent_for(model.no_activity_days):
        words = f"paying and no event in {wording.count(model.no_activity_days, 'day')}"
        yield "silent", "Paying without activity", model.silent_cap, words
    dropped = now < (1 - model.drop_share) * before and before >= model.drop_minimum_previous
    if dropped and not onboarding:
        words = f"28-day events {wording.compared(now, before)}"
        yield "drop", "Sharp drop", model.drop_cap, words
