"""Scoring: evidence through the model in force for its segment into one reading an organization and day."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from config.db import lock, run
from orgs import removal
from signals import health, sql
from signals.evidence import evidence
from signals.facts import Evidence
from signals.health import Model
from signals.models import Reading
from signals.versions import publishing
from signals.versions.publishing import Version

# Scoring, scanning and the snapshot read what the others write: one of them at a time, in one order.
VERDICT_LOCK = "signals.verdict"
# A roll-up that began before the last round may have committed after it.
ROLL_UP_OVERLAP = timedelta(minutes=10)
BATCH = 1000


def take_turn() -> None:
    """Until the transaction ends: the only writer of verdicts, and nobody it reads about is removed."""
    lock(VERDICT_LOCK)
    removal.hold_off()


def score(as_of: date, now: datetime, organization_ids: Collection[int] | None = None) -> int:
    """Write the reading of every organization, or of some, as of a day; how many. A second time changes nothing."""
    with transaction.atomic():
        take_turn()
        models = publishing.in_force()
        facts = evidence(as_of, organization_ids)
        for start in range(0, len(facts), BATCH):
            made = [judged(one, models.of(one.segment)) for one in facts[start : start + BATCH]]
            run(sql.WRITE_READINGS, {"as_of": as_of, "scored_at": now, "readings": orjson.dumps(made).decode()})
    return len(facts)


def judged(facts: Evidence, version: Version) -> dict[str, Any]:
    """A reading as the columns of its row: all that is needed to explain it later, as it was judged then."""
    reading = health.score(facts, version.model)
    data = reading.to_json()
    return {
        "organization_id": facts.organization_id,
        "score": data["score"],
        "band": data["state"],
        "coverage": data["coverage"],
        "model_id": version.id,
        "is_onboarding": reading.onboarding,
        "components": data["components"],
        "caps": data["caps"],
        "evidence": data["evidence"],
        "mrr": str(facts.mrr),
    }


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
