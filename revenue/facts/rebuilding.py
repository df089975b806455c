"""The act that brings the stored figures up to the books: touched organizations alone, or everybody.

One transaction under one lock: of two at once the second finds nothing to do, and of one that is killed nothing is
left. Whoever commits lines while it runs is found by the next run, as the marks of those lines differ.
"""

import logging
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from time import perf_counter
from typing import Any

import orjson
from django.db import transaction

from config import db
from revenue import books, typed_json
from revenue.books import Terms
from revenue.facts import lists, marks
from revenue.facts.marks import Marks
from revenue.facts.totals import MONTH_COLUMNS, Totals, passing
from revenue.models import OrganizationFacts, OrganizationMonth, StoredCohort, StoredFacts, StoredMonth, Subscription
from revenue.mrr.book import Book, Row
from revenue.mrr.calendar import add_months, month_start
from revenue.mrr.cohorts import cohorts
from revenue.mrr.grid import YEAR, Grid
from revenue.mrr.sums import organization_months, sums

log = logging.getLogger(__name__)

LOCK = "revenue_facts"
MOST_MONTHS = 120
AT_A_TIME = 2_000  # organizations in memory
FACTS_COLUMNS = ("organization_id", "mark", "lines", "first_paying_on")


def refresh(as_of: date, now: datetime) -> StoredFacts | None:
    """Bring the stored figures to the books as they are and to the close of `as_of`; None when they are there."""
    started = perf_counter()
    with transaction.atomic():
        db.lock(LOCK)
        terms = books.read_terms()
        current = marks.read(as_of, terms)
        stored = StoredFacts.objects.first()
        if stored is not None and stored.fingerprint == current.fingerprint:
            return None
        rebuild(as_of, terms, is_whole=stored is None or stored.basis != current.basis)
        return keep(as_of, terms, current, now, started)


def rebuild(as_of: date, terms: Terms, *, is_whole: bool) -> None:
    """Compute touched organizations (all of them, when nothing that is stored holds) and what adds up from them."""
    if is_whole:
        clear()
    totals = Totals(add_months(first_month_of(as_of), -YEAR), as_of)
    touched = marks.touched()
    for ids in chunks(sorted(touched)):
        take_off(ids, totals, terms, as_of)
        count(ids, touched, totals, terms, as_of)
    totals.save()
    if not totals.agree_with_rows():
        if is_whole:
            raise RuntimeError("The stored months of organizations do not add up to the sums of the months.")
        log.error("The stored figures of organizations did not add up to their sums: everything is computed anew.")
        rebuild(as_of, terms, is_whole=True)


def clear() -> None:
    """Forget everything stored; readers see it until the transaction ends."""
    for model in (OrganizationFacts, OrganizationMonth, StoredMonth, StoredCohort):
        model.objects.all()._raw_delete(model.objects.db)


def take_off(ids: list[int], totals: Totals, terms: Terms, as_of: date) -> None:
    """Some organizations as they were counted: off the sums, and their rows away."""
    counted = OrganizationFacts.objects.filter(organization_id__in=ids)
    rows = [row_of(who, line) for who, lines in counted.values_list("organization_id", "lines") for line in lines]
    if rows:
        book = Book(rows, terms.rates, terms.settings, as_of)
        totals.add(sums(grid_of(book, totals)), cohorts(book), -1)
    counted._raw_delete(counted.db)
    stored = OrganizationMonth.objects.filter(organization_id__in=ids)
    stored._raw_delete(stored.db)


def count(ids: list[int], touched: dict[int, str | None], totals: Totals, terms: Terms, as_of: date) -> None:
    """Some organizations as they are now: into the sums, and their rows."""
    book = books.load(as_of, organization_ids=ids, terms=terms)
    grid = grid_of(book, totals)
    values: list[tuple[Any, ...]] = []
    totals.add(sums(grid, passing(organization_months(grid), totals.calendar, values)), cohorts(book))
    db.copy_into(OrganizationMonth._meta.db_table, MONTH_COLUMNS, values)
    db.copy_into(OrganizationFacts._meta.db_table, FACTS_COLUMNS, facts_values(book, touched))


def facts_values(book: Book, touched: dict[int, str | None]) -> Iterator[tuple[Any, ...]]:
    """One row an organization with a line; whoever got its first line since the marks were read waits for the next
    run."""
    first_paying = {timeline.organization: timeline.first_paying for timeline in book.timelines}
    lines: dict[Any, list[list[Any]]] = {}
    for row in book.rows:
        lines.setdefault(row.organization, []).append(line_of(row))
    for who, own in lines.items():
        day = first_paying.get(who)
        first_paying_on = None if day is None else date.fromordinal(day)
        yield who, touched[who] or "", orjson.dumps(own).decode(), first_paying_on


def grid_of(book: Book, totals: Totals) -> Grid:
    return Grid(book, [month.close.toordinal() for month in totals.calendar])


def line_of(row: Row) -> list[Any]:
    """A counted line as JSON; `row_of` reads it back."""
    days = (None if day is None else day.isoformat() for day in (row.start_on, row.end_on, row.trial_end_on))
    return [row.line, row.product_code, row.currency, *days, str(row.mrr)]


def row_of(organization: int, line: list[Any]) -> Row:
    pk, product, currency, *days, mrr = line
    start, end, trial_end = (None if day is None else date.fromisoformat(day) for day in days)
    return Row(organization, pk, product, currency, start or date.min, end, trial_end, Decimal(mrr))


def keep(as_of: date, terms: Terms, current: Marks, now: datetime, started: float) -> StoredFacts:
    """Write what the figures stand on, and today's lists."""
    content = {"version": marks.VERSION, **typed_json.dump(lists.compute(as_of, terms))}
    stored = StoredFacts(
        id=1,
        as_of=as_of,
        basis=current.basis,
        fingerprint=current.fingerprint,
        content=content,
        computed_at=now,
        duration_ms=int((perf_counter() - started) * 1000),
    )
    stored.save()
    return stored


def first_month_of(as_of: date) -> date:
    """The month of the first line, at most `MOST_MONTHS` back."""
    earliest = add_months(month_start(as_of), 1 - MOST_MONTHS)
    first = Subscription.objects.known_now().order_by("start_on").values_list("start_on", flat=True).first()
    return min(max(month_start(first or as_of), earliest), month_start(as_of))


def chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), AT_A_TIME):
        yield ids[start : start + AT_A_TIME]
