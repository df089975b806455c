"""What pages and the API ask the stored figures: only as many months and cohorts as they show."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet, Sum

from config.backoffice import jobs
from orgs.models import Organization
from revenue import answers, books, typed_json
from revenue.facts import lists, marks, narrowing
from revenue.facts.lists import Lists
from revenue.facts.narrowing import Among
from revenue.facts.rebuilding import refresh
from revenue.facts.totals import cohort_of
from revenue.models import OrganizationMonth, StoredCohort, StoredFacts, StoredMonth, Subscription
from revenue.mrr.calendar import add_months, month_start, months
from revenue.mrr.cohorts import Cohort
from revenue.mrr.grid import YEAR
from revenue.mrr.money import ratio, to_units
from revenue.mrr.report import MonthFigures, figures
from revenue.mrr.sums import MonthSums

AT_ONCE = 5_000
KEEP = timedelta(days=3)
JOB = "revenue_figures"


@dataclass(frozen=True, slots=True)
class Known:
    """Stored figures and their age: `is_current` when nothing they were computed from changed since `computed_at`."""

    lists: Lists
    computed_at: datetime
    is_current: bool

    @property
    def as_of(self) -> date:
        return self.lists.as_of

    @property
    def currency(self) -> str:
        return self.lists.currency


def get(as_of: date, now: datetime) -> Known:
    """The figures of a day: stored ones that hold, fresh ones of a small book, else the last ones, said to be older.

    Only the very first look at a large book waits for its computation; later ones ask for it.
    """
    terms = books.read_terms()
    current = marks.read(as_of, terms)
    stored = StoredFacts.objects.first()
    if stored is not None and stored.fingerprint == current.fingerprint:
        return known(stored, is_current=True)
    if stored is not None and is_presentable(stored, as_of) and is_large():
        jobs.request(JOB, slot=f"asked {current.fingerprint[:32]}", now=now)
        return known(stored, is_current=False)
    return known(refresh(as_of, now) or StoredFacts.objects.get(), is_current=True)


def known(stored: StoredFacts, *, is_current: bool) -> Known:
    return Known(typed_json.load(Lists, stored.content), stored.computed_at, is_current)


def is_presentable(stored: StoredFacts, as_of: date) -> bool:
    """Good enough until newer ones are there."""
    return as_of - KEEP <= stored.as_of <= as_of and stored.content.get("version") == marks.VERSION


def is_large() -> bool:
    return Subscription.objects.known_now().count() > AT_ONCE


def last_months(as_of: date, count: int) -> list[MonthFigures]:
    """The last `count` stored months, oldest first; fewer when there were no lines before."""
    stored = list(StoredMonth.objects.order_by("-month")[: count + YEAR - 1])[::-1]
    calendar = months(add_months(month_start(as_of), -len(stored)), as_of)
    sums = [MonthSums(), *(MonthSums.load(row.sums) for row in stored)]
    return figures(calendar, sums, [[], *(row.largest for row in stored)])


def last_months_of(among: Among, as_of: date, count: int) -> list[MonthFigures]:
    """The same of some organizations. The concentration is told of the last month alone; what the day ledger, products
    and currencies say is left out."""
    stored = min(count + YEAR - 1, StoredMonth.objects.count())
    calendar = months(add_months(month_start(as_of), -stored), as_of)
    sums = [MonthSums(), *narrowing.month_sums(calendar[1:], among)]
    return figures(calendar, sums, [*([[]] * stored), narrowing.largest(month_start(as_of), among)])


def lists_of(among: Among, as_of: date) -> Lists:
    """The lists of the page for some organizations, from their stored months and their lines as they are."""
    return lists.compute(as_of, books.read_terms(), among)


def change_of_month(as_of: date, among: QuerySet[Organization] | None = None) -> Decimal | None:
    """MRR of a day against the close of the month before (0.042 = +4.2 %); None when there was none.

    Of some organizations, by default of all. Read from what is stored for that day, which the job keeps up; computed
    when nothing is.
    """
    is_stored = StoredFacts.objects.filter(as_of=as_of, content__version=marks.VERSION).exists()
    if among is not None:
        before, now = stored_balances(as_of, among) if is_stored else balances(as_of, among)
        return ratio(to_units(now - before), to_units(before))
    if not is_stored:
        return answers.headline(as_of).change
    sums = StoredMonth.objects.values_list("sums", flat=True).get(month=month_start(as_of))
    tally = MonthSums.load(sums).tally
    return ratio(tally.end - tally.start, tally.start)


def stored_balances(as_of: date, among: QuerySet[Organization]) -> tuple[Decimal, Decimal]:
    """MRR of some organizations at the close of the month before, and on the day."""
    rows = OrganizationMonth.objects.of(month_start(as_of)).filter(organization__in=among)
    sums = rows.aggregate(before=Sum("opening", default=Decimal(0)), now=Sum("closing", default=Decimal(0)))
    return sums["before"], sums["now"]


def balances(as_of: date, among: QuerySet[Organization]) -> tuple[Decimal, Decimal]:
    """The same from the books."""
    ids = set(among.values_list("id", flat=True))
    close = month_start(as_of) - timedelta(days=1)
    before, now = (sum(answers.organization_mrr(day, ids).values(), Decimal(0)) for day in (close, as_of))
    return before, now


def last_cohorts(count: int | None = None) -> list[Cohort]:
    """The youngest `count` cohorts, or all of them, oldest first."""
    found = StoredCohort.objects.order_by("-month")
    return [cohort_of(row) for row in (found if count is None else found[:count])][::-1]
