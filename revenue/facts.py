"""Every figure of the revenue pages for one day, computed once from one state of the books and stored.

The whole report of a large book takes seconds, reading it back milliseconds. What is stored carries a fingerprint of
everything it was computed from, so a page knows whether it still holds; writers need not tell anybody.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from time import perf_counter

from config import db
from revenue import answers, books, sql, typed_json
from revenue.answers.ahead import Renewal, Renewals, Schedule, named
from revenue.answers.history import Change
from revenue.answers.today import Products, Share
from revenue.books import Terms
from revenue.fx import RateWarning
from revenue.models import StoredFacts, Subscription
from revenue.mrr.book import Unconverted
from revenue.mrr.calendar import add_months, month_start
from revenue.mrr.cohorts import Cohort
from revenue.mrr.money import ratio, to_units
from revenue.mrr.report import MonthFigures, report

VERSION = 2  # of the shape and of the rules; another one makes stored facts unread
MOST_MONTHS = 60
AT_ONCE = 5_000
WINDOWS = (30, 60, 90, 180)
LISTED = 20
KEEP = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class RenewalSum:
    """How many organizations renew within `days`, and their MRR."""

    days: int
    organizations: int
    mrr: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands on the revenue page; lists are cut to their first `LISTED`, their sums are of everything."""

    as_of: date
    currency: str
    lines: int
    months: tuple[MonthFigures, ...]
    cohorts: tuple[Cohort, ...]
    products: Products
    top: tuple[Share, ...]
    changes: tuple[Change, ...]
    schedule: Schedule
    renewals: tuple[Renewal, ...]
    renewal_sums: tuple[RenewalSum, ...]
    unconverted: tuple[Unconverted, ...]
    rate_warnings: tuple[RateWarning, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Facts with their age: `is_current` when nothing they were computed from has changed since `computed_at`."""

    facts: Facts
    computed_at: datetime
    is_current: bool


def get(as_of: date, now: datetime) -> Known:
    """The facts of a day: stored ones that hold, fresh ones of a small book, else the last ones, said to be older.

    Only the very first look at a large book waits for its computation.
    """
    terms = books.read_terms()
    mark = fingerprint(terms)
    stored = StoredFacts.objects.filter(as_of=as_of, fingerprint=mark).first()
    if stored is None and Subscription.objects.known_now().count() > AT_ONCE:
        recent = StoredFacts.objects.filter(as_of__lte=as_of, as_of__gte=as_of - KEEP)
        older = recent.filter(content__version=VERSION).first()
        if older is not None:
            return Known(read(older), older.computed_at, False)
    if stored is None:
        stored = store(as_of, terms, mark, now)
    return Known(read(stored), stored.computed_at, True)


def change_of_month(as_of: date) -> Decimal | None:
    """MRR of a day against the close of the month before (0.042 = +4.2 %); None when there was none.

    Read from the facts stored last for that day, which the hourly job keeps up; computed when there are none.
    """
    stored = StoredFacts.objects.filter(as_of=as_of, content__version=VERSION)
    [start, end] = stored.values_list(
        "content__months__-1__bridge__start", "content__months__-1__bridge__end"
    ).first() or (None, None)
    if start is None:
        return answers.headline(as_of).change
    return ratio(to_units(Decimal(end)) - to_units(Decimal(start)), to_units(Decimal(start)))


def refresh(as_of: date, now: datetime) -> StoredFacts | None:
    """Compute the facts of a day unless they are stored for the books as they are; None when nothing was to do."""
    terms = books.read_terms()
    mark = fingerprint(terms)
    if StoredFacts.objects.filter(as_of=as_of, fingerprint=mark).exists():
        return None
    stored = store(as_of, terms, mark, now)
    StoredFacts.objects.filter(computed_at__lt=now - KEEP).delete()
    return stored


def store(as_of: date, terms: Terms, mark: str, now: datetime) -> StoredFacts:
    """Compute and keep; of two that compute the same at once the first stays."""
    started = perf_counter()
    content = {"version": VERSION, **typed_json.dump(compute(as_of, terms))}
    duration_ms = int((perf_counter() - started) * 1000)
    row = StoredFacts(as_of=as_of, fingerprint=mark, content=content, computed_at=now, duration_ms=duration_ms)
    StoredFacts.objects.bulk_create([row], ignore_conflicts=True)
    return row


def read(stored: StoredFacts) -> Facts:
    return typed_json.load(Facts, stored.content)


def fingerprint(terms: Terms) -> str:
    """Equal for equal books, rates, renewal days and settings."""
    [parts] = db.rows(sql.FINGERPRINT, {"reporting": terms.currency})
    return hashlib.sha256(repr((VERSION, asdict(terms.settings), parts)).encode()).hexdigest()


def compute(as_of: date, terms: Terms) -> Facts:
    """Everything from the rows; seconds on a large book."""
    book = books.load(as_of, terms=terms)
    figures = report(book, first_month_of(as_of))
    renewals = answers.renewals(as_of, max(WINDOWS))
    return Facts(
        as_of=as_of,
        currency=terms.currency,
        lines=len(book.rows),
        months=figures.months,
        cohorts=figures.cohorts,
        products=answers.by_product(as_of, terms),
        top=tuple(answers.top_organizations(as_of, LISTED, terms)),
        changes=answers.changes_of_month(as_of, terms=terms).items[:LISTED],
        schedule=answers.scheduled(as_of, LISTED, terms),
        renewals=tuple(named(renewals.items[:LISTED])),
        renewal_sums=tuple(sum_of(renewals.within(days)) for days in WINDOWS),
        unconverted=figures.unconverted,
        rate_warnings=figures.rate_warnings,
    )


def first_month_of(as_of: date) -> date:
    """The month of the first line, at most `MOST_MONTHS` back."""
    earliest = add_months(month_start(as_of), 1 - MOST_MONTHS)
    first = Subscription.objects.known_now().order_by("start_on").values_list("start_on", flat=True).first()
    return min(max(month_start(first or as_of), earliest), month_start(as_of))


def sum_of(renewals: Renewals) -> RenewalSum:
    return RenewalSum(renewals.days, renewals.organizations, renewals.mrr)
