"""The sums of some organizations, from what is stored of each: the same as those of everybody, added up anew.

What is not kept by organization and month is not there: day ledgers, products and currencies are empty.
"""

from collections.abc import Collection, Sequence
from datetime import date
from fractions import Fraction

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Least

from revenue.models import OrganizationMonth
from revenue.mrr.calendar import Month
from revenue.mrr.composition import LARGEST
from revenue.mrr.money import to_units
from revenue.mrr.sums import MonthSums
from revenue.querysets import OrganizationMonthQuerySet

Among = Collection[int] | QuerySet
# Asked apart from the movements, of which there are few: grouping every row by its kind costs a third more.
BALANCES = {
    "opened": Sum("opening"),
    "closed": Sum("closing"),
    "rates": Sum("fx_impact"),
    "paying_start": Count("organization_id", filter=Q(opening__gt=0)),
    "paying_end": Count("organization_id", filter=Q(closing__gt=0)),
    "retained_sum": Sum("retained"),
    "kept": Sum(Least("year_ago", "retained")),
}
SQUARED_UNITS = 10**8  # of 0.0001 times 0.0001 in one


def month_sums(calendar: Sequence[Month], among: Among) -> list[MonthSums]:
    """One for each month of a calendar that ends with the last stored one; `squares` is of that one alone."""
    found = {month.first: MonthSums() for month in calendar}
    first, last = calendar[0].first, calendar[-1].first
    rows = OrganizationMonth.objects.filter(organization_id__in=among, month__gte=first, month__lte=last).order_by()
    for row in rows.values("month").annotate(**BALANCES):
        sums = found[row["month"]]
        tally = sums.tally
        tally.start, tally.end, tally.fx_impact = (to_units(row[name]) for name in ("opened", "closed", "rates"))
        tally.paying_start, tally.paying_end = row["paying_start"], row["paying_end"]
        sums.retained, sums.kept = to_units(row["retained_sum"]), to_units(row["kept"])
    by_kind = rows.moved().values_list("month", "kind")
    for month, kind, moved, organizations in by_kind.annotate(moved=Sum("amount"), organizations=Count("*")):
        found[month].tally.amounts[kind] = to_units(moved)
        found[month].tally.organizations[kind] = organizations
    found[last].squares = squares(rows.of(last))
    return list(found.values())


def squares(rows: OrganizationMonthQuerySet) -> int:
    """Of the balances at a close."""
    found = rows.aggregate(total=Sum(F("closing") * F("closing")))["total"]
    return int(Fraction(found or 0) * SQUARED_UNITS)


def largest(month: date, among: Among) -> list[int]:
    """The ten largest balances of a close, in units."""
    rows = OrganizationMonth.objects.of(month).filter(organization_id__in=among).paying_at_close().largest_first()
    return [to_units(closing) for closing in rows.values_list("closing", flat=True)[:LARGEST]]
