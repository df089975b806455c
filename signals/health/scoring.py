"""Score one organization: measure, weigh over what has data, add, cap.

Decisions where the definition leaves room:
- Contributions are rounded once, from exact fractions; points are rounded for display only.
- Only the strictest cap takes points, so it stands alone as one line. With re-scaled weights the rounded
  contributions of a perfect organization may reach 100.01; the end of the scale is then a cap line too.
- The cap for a sharp drop belongs to the trend: onboarding leaves both out.
- No recent activity wins over Not scored: "nothing came for a month, or ever" says more than "too few data".
"""

from collections.abc import Iterator
from decimal import Decimal

from signals import wording
from signals.facts import Evidence
from signals.health.components import Measure, measure
from signals.health.model import COMPONENTS, Band, ComponentRule, Model, Scale
from signals.health.reading import CapLine, ComponentReading, Reading
from signals.numbers import rounded_ratio

FULL, NOTHING = Decimal(100), Decimal("0.00")


def score(evidence: Evidence, model: Model) -> Reading:
    """Return the reading of one organization. Same evidence and model: same reading, byte for byte."""
    return read(evidence, model, onboarding=is_onboarding(evidence, model))


def is_onboarding(evidence: Evidence, model: Model) -> bool:
    return evidence.age_days is not None and evidence.age_days < model.onboarding_days


def read(evidence: Evidence, model: Model, *, onboarding: bool) -> Reading:
    """Score with the onboarding variant on or off, whatever the organization's age."""
    measures = measure(evidence, model, onboarding)
    scales = model.scales
    known = sum(scales[key].weight for key, found in measures.items() if found.value is not None)
    total = sum(scales[key].weight for key, found in measures.items() if found.applies)
    components = tuple(weigh(key, found, model.rule(key), scales[key], known) for key, found in measures.items())
    added = sum((line.contribution for line in components), Decimal(0))
    caps = cap(evidence, model, added, onboarding)
    points = added + sum((line.taken for line in caps), Decimal(0))
    covered = known >= model.minimum_coverage * total
    band = model.band(points) if covered else None
    silent = evidence.silent_for(model.no_activity_days)
    return Reading(
        evidence=evidence,
        model=model,
        onboarding=onboarding,
        components=components,
        caps=caps,
        coverage=rounded_ratio(known, total, 4),
        score=points if covered else None,
        band=band,
        state=Band.NO_ACTIVITY if silent else band or Band.NOT_SCORED,
    )


def weigh(key: str, found: Measure, rule: ComponentRule, scale: Scale, known: int) -> ComponentReading:
    """Turn a measure into its line; `known` is the weight of all components that have data, in the model's units."""
    points, share, contribution = None, NOTHING, NOTHING
    if found.value is not None:
        over, under = scale.reached(*found.value)
        points = rounded_ratio(over * 100, under)
        share = rounded_ratio(scale.weight * 100, known)
        contribution = rounded_ratio(scale.weight * 100 * over, known * under)
    return ComponentReading(
        key=key,
        title=COMPONENTS[key],
        fact=found.fact,
        value=None if found.value is None else rounded_ratio(*found.value, 4),
        count=found.count,
        reference=found.reference,
        window=found.window,
        weight=rule.weight,
        share=share,
        points=points,
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
