"""What other thresholds would do to one rule, before they are published: whom it would find, whom no longer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orgs.models import Organization
from signals import rules
from signals.configuration import Configuration
from signals.detection import models_by_id, verdicts_of
from signals.models import Reading
from signals.versions import publishing
from signals.versions.what_if import Progress


@dataclass(frozen=True)
class Hit:
    """One organization that the rule finds under the numbers in force (`now`), or would find (`then`), or both."""

    organization_id: int
    mrr: Decimal
    now: bool
    then: bool
    sentence: str


def dry_run(rule: str, thresholds: Configuration, *, is_enabled: bool, as_of: date, progress: Progress) -> list[Hit]:
    """Everybody whom a rule finds or would find by the readings of a day, by id."""
    book = publishing.rule_book()
    chosen, models = rules.BY_KEY[rule], models_by_id()
    in_force = None if rule in book.off else book.thresholds.get(rule) or chosen.thresholds()
    rows = Reading.objects.filter(as_of=as_of).order_by("organization_id").select_related(None)
    total, found = rows.count(), []
    for done, row in enumerate(rows.iterator(chunk_size=500)):
        if done % 500 == 0:
            progress(done, total)
        now, then = verdicts_of(row, models[row.model_id], chosen, (in_force, thresholds if is_enabled else None))
        if now or then:
            known = then or now
            found.append(Hit(row.organization_id, row.mrr, bool(now), bool(then), known.sentence if known else ""))
    return found


def told(found: Iterable[Hit]) -> dict[str, Any]:
    """As plain JSON: how many organizations and how much MRR now and then, and by name who comes and who goes."""
    found = list(found)
    moved = sorted((hit for hit in found if hit.now != hit.then), key=lambda hit: (-hit.mrr, hit.organization_id))
    names = {org.pk: str(org) for org in Organization.objects.filter(pk__in=[hit.organization_id for hit in moved])}
    return {
        "now": sums([hit for hit in found if hit.now]),
        "then": sums([hit for hit in found if hit.then]),
        "rows": [
            {
                "organization": hit.organization_id,
                "name": names.get(hit.organization_id, ""),
                "mrr": str(hit.mrr),
                "comes": hit.then,
                "sentence": hit.sentence,
            }
            for hit in moved
        ],
    }


def sums(hits: list[Hit]) -> dict[str, Any]:
    return {"organizations": len(hits), "mrr": str(sum((hit.mrr for hit in hits), Decimal(0)))}
