"""The churn log: who stopped paying, how healthy they had been, and why.

Customers and amounts come from the books; the scores of 30, 60 and 90 days before attach themselves; staff add reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from config.backoffice import audit, settings
from config.backoffice.refused import Refused, checked
from orgs import removal
from orgs.importing.restoring import keeps_its_organization
from revenue import answers, books
from revenue.mrr.calendar import add_months, month_start
from revenue.mrr.movements import CHURN
from signals import health
from signals.models import Churn, Reading
from signals.past import Past
from signals.versions import publishing

MONTHS = 13
DAYS_BEFORE = (30, 60, 90)
# Scores that no reading holds are computed from daily rows: so many customers a round, the others in the next one.
MOST_SCORED = 200
MOST_REASONS = 3
LONGEST_COMMENT = 500
Key = tuple[int, date]
keeps_its_organization(Churn._meta.get_field("organization"), when=Q(explained_at__isnull=False))


@dataclass(frozen=True)
class Round:
    """What a look at the books found: lines new, changed or withdrawn, and scores attached."""

    found: int
    changed: int
    withdrawn: int
    scored: int


def keep_up(now: datetime) -> Round:
    """Bring the log in line with the books of the last 13 months. A second time changes nothing."""
    today = settings.today(now)
    since = add_months(month_start(today), 1 - MONTHS)
    with transaction.atomic():
        removal.hold_off()
        lost = losses(since, today)
        known = {(each.organization_id, each.churned_on): each for each in Churn.objects.filter(churned_on__gte=since)}
        made = [
            Churn(organization_id=who, churned_on=on, mrr=mrr, found_at=now)
            for (who, on), mrr in sorted(lost.items())
            if (who, on) not in known
        ]
        Churn.objects.bulk_create(made, ignore_conflicts=True)
        changed = [one for key, one in known.items() if key in lost and (one.mrr != lost[key] or one.is_withdrawn)]
        for one in changed:
            one.mrr, one.is_withdrawn = lost[one.organization_id, one.churned_on], False
        Churn.objects.bulk_update(changed, ["mrr", "is_withdrawn"], batch_size=500)
        withdrawn = withdraw(one for key, one in known.items() if key not in lost and not one.is_withdrawn)
    return Round(len(made), len(changed), withdrawn, attach_scores(now))


def losses(since: date, today: date) -> dict[Key, Decimal]:
    """Every churn that lasted to the end of its month: customer and first day without MRR, with the MRR lost."""
    lost, month = {}, since
    while month <= today:
        moved = answers.changes_of_month(today, month)
        lost |= {(each.organization_id, month): each for each in moved.items if each.kind == CHURN}
        month = add_months(month, 1)
    days = {
        (each.organization, month_start(each.on)): each.on
        for each in answers.ledger_of_all({who for who, _ in lost}, since, today)
        if each.kind == CHURN
    }
    # Without a day of its own only rates made the balance vanish: then it counts from the close.
    return {(who, days.get((who, month), each.on)): each.opening for (who, month), each in lost.items()}


def withdraw(gone: Iterable[Churn]) -> int:
    """Lines that the books no longer know: deleted, or marked when somebody had explained them."""
    lines = Churn.objects.filter(pk__in=[one.pk for one in gone])
    # Asked of the rows as they are: somebody may have explained one since it was read.
    deleted, _ = lines.filter(explained_at=None).delete()
    return deleted + lines.update(is_withdrawn=True)


def attach_scores(now: datetime) -> int:
    """Scores of 30, 60 and 90 days before, for lines without; how many lines."""
    waiting = list(Churn.objects.filter(scores_attached_at=None).order_by("-churned_on", "id")[:MOST_SCORED])
    for days in DAYS_BEFORE:
        scores = scores_on({(one.organization_id, one.churned_on - timedelta(days=days)) for one in waiting})
        for one in waiting:
            at = one.churned_on - timedelta(days=days)
            setattr(one, f"score_{days}", scores.get((one.organization_id, at)))
    for one in waiting:
        one.scores_attached_at = now
    columns = [f"score_{days}" for days in DAYS_BEFORE]
    Churn.objects.bulk_update(waiting, [*columns, "scores_attached_at"], batch_size=500)
    return len(waiting)


def scores_on(asked: set[Key]) -> dict[Key, Decimal | None]:
    """The stored score of each customer and day; without one, what the model in force says of what was known then."""
    whom, days = {who for who, _ in asked}, {day for _, day in asked}
    stored = Reading.objects.filter(organization__in=whom, as_of__in=days)
    found = {(who, day): score for who, day, score in stored.values_list("organization_id", "as_of", "score")}
    return found | computed(asked - found.keys())


def computed(asked: set[Key]) -> dict[Key, Decimal | None]:
    """The scores that a backtest finds for these customers and days."""
    if not asked:
        return {}
    days = [day for _, day in asked]
    past = Past({who for who, _ in asked}, min(days), max(days), books.read_terms())
    models, found = publishing.in_force(), {}
    for who, day in asked:
        facts = past.evidence(who, day)
        found[who, day] = health.score(facts, models.of(facts.segment).model).score
    return found


def explain(churn_id: int, reasons: Iterable[str], *, comment: str, actor: Any, now: datetime) -> Churn:
    """Say why, in up to three reasons; recorded with what was said before."""
    chosen = list(dict.fromkeys(reasons))
    words = checked(comment, LONGEST_COMMENT, what="The comment")
    if unknown := [each for each in chosen if each not in Churn.Reason.values]:
        raise Refused(f"“{unknown[0]}” is no reason of the list; choose others.")
    if not 1 <= len(chosen) <= MOST_REASONS:
        raise Refused("Choose one to three reasons.")
    with transaction.atomic():
        removal.hold(Churn.objects.values_list("organization_id", flat=True).get(pk=churn_id))
        churn = Churn.objects.select_for_update(of=("self",)).select_related("organization").get(pk=churn_id)
        before = [churn.reasons, churn.comment]
        churn.reasons, churn.comment, churn.explained_by, churn.explained_at = chosen, words, actor, now
        churn.save(update_fields=["reasons", "comment", "explained_by", "explained_at"])
        detail = {"churned_on": churn.churned_on.isoformat(), "before": before, "after": [chosen, words]}
        audit.record(actor, "churn.explained", churn.organization, detail=detail, now=now)
    return churn
