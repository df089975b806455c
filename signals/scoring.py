"""Scoring: evidence through the published model into one reading an organization and day."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import transaction

from config.db import lock
from signals import health, publishing
from signals.evidence import evidence
from signals.health import Model
from signals.models import HealthModel, Reading

# Scoring, scanning and the snapshot read what the others write: one of them at a time, in one order.
VERDICT_LOCK = "signals.verdict"
# A roll-up that began before the last round may have committed after it.
ROLL_UP_OVERLAP = timedelta(minutes=10)
BATCH = 1000
KEY = ["organization", "as_of"]
FIGURES = [
    "score",
    "band",
    "coverage",
    "model",
    "is_onboarding",
    "components",
    "caps",
    "evidence",
    "mrr",
    "scored_at",
]


def score(as_of: date, now: datetime, organization_ids: Collection[int] | None = None) -> int:
    """Write the reading of every organization, or of some, as of a day; how many. A second time changes nothing."""
    with transaction.atomic():
        lock(VERDICT_LOCK)
        version = publishing.published()
        model = publishing.model_of(version)
        facts = evidence(as_of, organization_ids)
        for start in range(0, len(facts), BATCH):
            readings = [health.score(one, model) for one in facts[start : start + BATCH]]
            Reading.objects.bulk_create(
                [stored(reading, version, now) for reading in readings],
                update_conflicts=True,
                unique_fields=KEY,
                update_fields=FIGURES,
            )
    return len(facts)


def stored(reading: health.Reading, version: HealthModel, now: datetime) -> Reading:
    """A reading as a row: all that is needed to explain it later, as it was judged then."""
    data = reading.to_json()
    return Reading(
        organization_id=reading.evidence.organization_id,
        as_of=reading.evidence.as_of,
        score=reading.score,
        band=reading.state.value,
        coverage=reading.coverage,
        model=version,
        is_onboarding=reading.onboarding,
        components=data["components"],
        caps=data["caps"],
        evidence=data["evidence"],
        mrr=reading.evidence.mrr,
        scored_at=now,
    )


def restored(row: Reading, model: Model) -> health.Reading:
    """The reading that a row was made from; `model` is that of the row's version."""
    return health.Reading.from_json(
        {
            "evidence": row.evidence,
            "onboarding": row.is_onboarding,
            "components": row.components,
            "caps": row.caps,
            "coverage": row.coverage,
            "score": row.score,
            "band": None if row.score is None else model.band(row.score),
            "state": row.band,
        },
        model,
    )
