"""Renewals and scheduled changes: what the books say will happen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from orgs.cohorts.choosing import within
from revenue import answers
from revenue.answers.ahead import END, START, Renewal, ScheduledChange
from revenue.answers.today import who_of
from revenue.books import Terms
from revenue.drilldown.listing import (
    COUNT,
    DAY,
    MONEY,
    NATIVE_SIGNED,
    ORGANIZATION,
    SIGNED,
    Choice,
    Column,
    Listing,
    ListRows,
    Native,
    Total,
)
from revenue.facts import WINDOWS

WORDS = {START: "starts", END: "ends"}


def renewals(days: int, as_of: date, currency: str, among: frozenset[int] | None = None) -> Listing:
    """Paying organizations whose next renewal date or contract end lies within some days, by day."""
    found = answers.renewals(as_of, days)
    found = replace(found, items=tuple(within(found.items, among)))
    return Listing(
        name=f"revenue-renewals-{days}",
        title=f"Renewals within {days} days",
        currency=currency,
        columns=(
            Column("Organization", ORGANIZATION),
            Column("When", DAY),
            Column("Why"),
            Column("MRR", MONEY),
        ),
        rows=ListRows(found.items, renewal_rows),
        totals=(
            Total("mrr", "MRR", found.mrr),
            Total("organizations", "Paying organizations", found.organizations, COUNT),
        ),
        formula=(
            "The renewal date of the organization, or the end of a priced line that no other line takes over, "
            f"whichever comes first, from {as_of:%-d %B %Y} on."
        ),
        choices=tuple(Choice(f"{each} days", f"days={each}", each == days) for each in WINDOWS),
        empty="Nobody renews in these days. Renewal dates come with organizations, contract ends with subscriptions.",
    )


def renewal_rows(items: list[Renewal]) -> list[tuple]:
    who = who_of([item.organization_id for item in items])
    return [(who[item.organization_id], item.on, item.reason.capitalize(), item.mrr) for item in items]


def scheduled(
    kind: str, as_of: date, terms: Terms, line: int | None = None, among: frozenset[int] | None = None
) -> Listing:
    """Starts and ends after `as_of`, by day: all, of one kind, or of one line."""
    found = answers.scheduled(as_of, None, terms)
    items = [item for item in within(found.items, among) if kind in ("", item.kind) and line in (None, item.line_id)]
    return Listing(
        name="revenue-scheduled",
        title="Scheduled changes",
        currency=terms.currency,
        columns=(
            Column("Organization", ORGANIZATION),
            Column("When", DAY),
            Column("What"),
            Column("Native MRR", NATIVE_SIGNED),
            Column("MRR", SIGNED),
        ),
        rows=ListRows(items, scheduled_rows),
        totals=scheduled_totals(items, terms.currency),
        formula="At today's exchange rates. Nothing here has an effect before its day; a renewed line ends and starts.",
        choices=(
            Choice("All", "", not kind),
            *(Choice(title, f"kind={each}", kind == each) for each, title in ((START, "Starts"), (END, "Ends"))),
        ),
        empty="No line starts or ends after today.",
    )


def scheduled_totals(items: Sequence[ScheduledChange], currency: str) -> tuple[Total, ...]:
    """Numbers and sums; the native amount where it is that of one line."""
    sums = {
        kind: sum((item.converted for item in items if item.kind == kind and item.converted is not None), start=0)
        for kind in WORDS
    }
    native = [Total("native", "Native", items[0].mrr, SIGNED, currency=items[0].currency)] if len(items) == 1 else []
    return (
        Total("count", "Changes", len(items), COUNT),
        Total("starting", "Starts", sums[START], SIGNED),
        Total("ending", "Ends", sums[END], SIGNED),
        *native,
    )


def scheduled_rows(items: list[ScheduledChange]) -> list[tuple]:
    who = who_of([item.organization_id for item in items])
    return [
        (
            who[item.organization_id],
            item.on,
            f"{item.product_code or 'line'} {WORDS[item.kind]}",
            Native(item.mrr, item.currency),
            item.converted,
        )
        for item in items
    ]
