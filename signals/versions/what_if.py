"""What a draft would change before it is published: everybody's reading of today, read again under other numbers.

The facts are those of today's stored readings, so that publishing and scoring them gives the same, row by row.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orgs.models import Organization
from signals import health
from signals.facts import Evidence
from signals.models import HealthModel, Reading
from signals.versions import publishing

CHUNK = 500
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcome:
    """One organization as it stands and as it would stand: score (None: not scored) and what lists show for it."""

    organization_id: int
    mrr: Decimal
    score: Decimal | None
    state: str
    score_then: Decimal | None
    state_then: str

    @property
    def changes_band(self) -> bool:
        return self.state != self.state_then


def what_if(draft: HealthModel, as_of: date, progress: Progress) -> list[Outcome]:
    """Everybody whom the draft would judge, by id."""
    now = publishing.in_force()
    then = now.replaced(draft.segment, publishing.version_of(draft))
    found = []
    for reading in readings(as_of, progress):
        facts = Evidence.from_json(reading.evidence)
        version = then.of(facts.segment)
        if version.id == draft.pk:
            found.append(outcome(reading, health.score(facts, version.model)))
    return found


def readings(as_of: date, progress: Progress) -> Iterator[Reading]:
    """The stored readings of a day, by organization; tells how far it is."""
    rows = Reading.objects.filter(as_of=as_of).order_by("organization_id").defer("components", "caps")
    total = rows.count()
    for done, row in enumerate(rows.iterator(chunk_size=CHUNK)):
        if done % CHUNK == 0:
            progress(done, total)
        yield row


def outcome(row: Reading, then: health.Reading) -> Outcome:
    return Outcome(row.organization_id, row.mrr, row.score, row.band, then.score, then.state.value)


def told(found: Iterable[Outcome]) -> dict[str, Any]:
    """As plain JSON: organizations and MRR by band before and after, and by name who changes band, most MRR first."""
    found = list(found)
    moved = sorted((one for one in found if one.changes_band), key=lambda one: (-one.mrr, one.organization_id))
    names = {org.pk: str(org) for org in Organization.objects.filter(pk__in=[one.organization_id for one in moved])}
    return {
        "organizations": len(found),
        "scores_changed": sum(one.score != one.score_then for one in found),
        "moved": len(moved),
        "moved_mrr": str(sum((one.mrr for one in moved), Decimal(0))),
        "bands": {
            band.value: {"before": sums(found, "state", band), "after": sums(found, "state_then", band)}
            for band in health.Band
        },
        "rows": [{**row(one), "name": names.get(one.organization_id, "")} for one in moved],
    }


def sums(found: list[Outcome], name: str, band: str) -> dict[str, Any]:
    """How many organizations are in a band, and their MRR."""
    inside = [one for one in found if getattr(one, name) == band]
    return {"organizations": len(inside), "mrr": str(sum((one.mrr for one in inside), Decimal(0)))}


def row(one: Outcome) -> dict[str, Any]:
    return {
        "organization": one.organization_id,
        "mrr": str(one.mrr),
        "score": None if one.score is None else str(one.score),
        "band": one.state,
        "score_then": None if one.score_then is None else str(one.score_then),
        "band_then": one.state_then,
    }
