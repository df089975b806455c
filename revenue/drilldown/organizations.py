"""One organization's month down to its lines, and the days of a month (R14)."""

from decimal import Decimal
from typing import Any

from orgs.cohorts.choosing import within
from revenue import answers, books
from revenue.answers.history import Change
from revenue.answers.today import who_of
from revenue.books import Terms
from revenue.drilldown.listing import (
    COUNT,
    DAY,
    KIND,
    MONEY,
    NATIVE,
    ORGANIZATION,
    SHARE,
    SIGNED,
    Choice,
    Column,
    Listing,
    ListRows,
    Native,
    Total,
)
from revenue.drilldown.months import GAINS, LOSSES, Place
from revenue.mrr.book import Book
from revenue.mrr.calendar import add_months, opening_of
from revenue.mrr.money import from_units, ratio
from revenue.mrr.movements import KINDS, Bridge, bridge, segment_on
from revenue.mrr.timeline import Span

DAYS_DIFFER = (
    "Day by day, one movement per organization and day. A rise and a fall within the month both stand here and net out "
    "in the month's bridge, so sums by kind may differ from it; the balances at both ends do not."
)
DAY_COLUMNS = (
    Column("Day", DAY),
    Column("Organization", ORGANIZATION),
    Column("Movement", KIND),
    Column("Before", MONEY),
    Column("After", MONEY),
    Column("Amount", SIGNED),
)


def month_of(organization_id: int, place: Place, terms: Terms) -> Listing:
    """The lines behind an organization's balances at both ends of a month; its days stand under them."""
    book = books.load(place.as_of, organization_ids=[organization_id], terms=terms)
    opening_day, closing_day = opening_of(place.month), place.close.toordinal()
    moved = bridge(book, place.month, place.close)
    lines = lines_at(book, opening_day, closing_day)
    among = place.among if place.among and organization_id in place.among else None
    standing = books.stand(place.as_of, organization_ids=among, terms=terms) if place.close == place.as_of else None
    everything = sum(standing.units.values()) if standing else 0
    who = who_of([organization_id])[organization_id]
    return Listing(
        name=f"revenue-{place.month:%Y-%m}-organization",
        title=f"{who.name} · {place.month:%B %Y}",
        currency=place.currency,
        columns=(
            Column("Product"),
            Column("Native MRR", NATIVE),
            Column("At the opening", MONEY),
            Column("At the close", MONEY),
        ),
        rows=lines,
        totals=(
            Total("mrr", "MRR at the close", moved.end),
            Total("opening", "MRR at the opening", moved.start),
            Total("amount", "Movement", net_of(moved), SIGNED, "at the opening rates"),
            Total("fx_impact", "By exchange rates", moved.fx_impact, SIGNED),
            *(
                [Total("share", "Share of MRR", ratio(units_of(moved.end), everything), SHARE, share_formula(among))]
                if everything
                else []
            ),
        ),
        formula=(
            "Each line at the exchange rate of its day, summed; the sum never counts below 0. Where a short gap is "
            "filled, the lines of the last paying day stand for it."
        ),
        previous=Choice(
            f"{add_months(place.month, -1):%b %Y}",
            f"organization={organization_id}&month={add_months(place.month, -1):%Y-%m}",
            False,
        ),
        empty="None of its lines counted at either end of this month.",
        more=days_of(answers.ledger_of(organization_id, place.month, place.close, place.as_of, terms), place),
    )


def share_formula(among: frozenset[int] | None) -> str:
    return "its MRR ÷ MRR" if among is None else "its MRR ÷ MRR of the cohort"


def days_of_month(place: Place, terms: Terms) -> Listing:
    """Every movement of a month, day by day, newest first (R14)."""
    return days_of(within(answers.days_of_month(place.as_of, place.month, terms), place.among), place)


def days_of(changes: list[Change], place: Place) -> Listing:
    sums = {kind: sum((each.amount for each in changes if each.kind == kind), Decimal("0.0000")) for kind in KINDS}
    return Listing(
        name=f"revenue-{place.month:%Y-%m}-days",
        title=f"Day by day · {place.month:%B %Y}",
        currency=place.currency,
        columns=DAY_COLUMNS,
        rows=ListRows(changes, day_rows),
        totals=(
            Total("count", "Movements", len(changes), COUNT),
            *(
                Total(f"day_{kind}", kind.capitalize(), -amount if kind in LOSSES else amount, SIGNED)
                for kind, amount in sums.items()
            ),
        ),
        formula=DAYS_DIFFER,
        previous=Choice(f"{add_months(place.month, -1):%b %Y}", f"month={add_months(place.month, -1):%Y-%m}", False),
        empty="No organization's balance moved on any day of this month.",
    )


def day_rows(changes: list[Change]) -> list[tuple]:
    who = who_of([each.organization_id for each in changes])
    return [
        (each.on, who[each.organization_id], each.kind, each.opening, each.closing, signed(each)) for each in changes
    ]


def signed(change: Change) -> Decimal:
    """Gains above 0, losses below, at the opening rates."""
    return -change.amount if change.kind in LOSSES else change.amount


def net_of(moved: Bridge) -> Decimal:
    return sum((getattr(moved, kind) * (1 if kind in GAINS else -1) for kind in KINDS), Decimal("0.0000"))


def units_of(amount: Decimal) -> int:
    return int(amount.scaleb(4))


def lines_at(book: Book, opening: int, closing: int) -> list[tuple[Any, ...]]:
    """Lines counted at either close, with their values there; None where a line did not count."""
    before, after = spans_on(book, opening), spans_on(book, closing)
    both = {span: None for span in (*before, *after)}
    return [
        (
            span.product_code or "without a product",
            Native(from_units(span.native), span.currency),
            from_units(book.span_value(span, opening)) if span in before else None,
            from_units(book.span_value(span, closing)) if span in after else None,
        )
        for span in both
    ]


def spans_on(book: Book, day: int) -> tuple[Span, ...]:
    found = (segment_on(timeline, day) for timeline in book.timelines)
    return tuple(span for segment in found if segment is not None for span in segment.spans)
