"""The stored sums over all organizations while a rebuild adds to them and takes from them."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from config import db
from revenue import sql
from revenue.models import StoredCohort, StoredMonth
from revenue.mrr.calendar import Month, add_months, months
from revenue.mrr.cohorts import Cohort, joined
from revenue.mrr.grid import OrganizationMonth
from revenue.mrr.money import from_units, to_units
from revenue.mrr.sums import MonthSums, add_all

MONTH_COLUMNS = (
    "organization_id",
    "month",
    "kind",
    "opening",
    "closing",
    "amount",
    "fx_impact",
    "year_ago",
    "retained",
)
SHIFT = "e-4"  # what PostgreSQL reads behind an integer of 0.0001


class Totals:
    """Sums of every month of a calendar (the first is an opening only and not stored) and every cohort."""

    def __init__(self, first: date, as_of: date) -> None:
        """Read what is stored; a month that is not has no sums yet. `first`: where the calendar is to begin.

        It begins earlier while stored months do: what they lose is reckoned with the same months that once gave it.
        """
        stored = dict(StoredMonth.objects.values_list("month", "sums"))
        self.first = first
        self.calendar = months(min([first, *(add_months(month, -1) for month in stored)]), as_of)
        found = (stored.get(month.first) for month in self.calendar)
        self.months = [MonthSums() if sums is None else MonthSums.load(sums) for sums in found]
        self.cohorts = {row.month: cohort_of(row) for row in StoredCohort.objects.all()}

    def add(self, sums: list[MonthSums], cohorts: list[Cohort], sign: int = 1) -> None:
        """Add organizations; with -1 take them off."""
        add_all(self.months, sums, sign)
        for cohort in cohorts:
            known = self.cohorts.get(cohort.month)
            self.cohorts[cohort.month] = joined(known, cohort, sign)

    def save(self) -> None:
        """Replace what is stored. Raises IdentityError for sums that do not add up (R11)."""
        for sums in self.months[1:]:
            sums.tally.bridge()
        StoredMonth.objects.all().delete()
        pairs = zip(self.calendar[1:], self.months[1:], strict=True)
        StoredMonth.objects.bulk_create(
            StoredMonth(month=month.first, sums=sums.dump()) for month, sums in pairs if month.first > self.first
        )
        db.run(sql.RANK_MONTHS)
        StoredCohort.objects.all().delete()
        StoredCohort.objects.bulk_create(
            StoredCohort(month=cohort.month, content=content_of(cohort))
            for cohort in self.cohorts.values()
            if cohort.size
        )

    def agree_with_rows(self) -> bool:
        """Whether the organizations' stored months add up to the sums."""
        rows = {month: tuple(each) for month, *each in db.rows(sql.ADD_UP_MONTHS)}
        pairs = zip(self.calendar[1:], self.months[1:], strict=True)
        return all(rows.pop(month.first, (0, 0, 0, 0, 0)) == summed(sums) for month, sums in pairs) and not rows


def summed(sums: MonthSums) -> tuple[Any, ...]:
    tally = sums.tally
    money = (from_units(units) for units in (tally.start, tally.end, tally.fx_impact))
    return (*money, tally.paying_start, tally.paying_end)


def content_of(cohort: Cohort) -> dict[str, Any]:
    """As JSON: money in units."""
    content = asdict(cohort)
    del content["month"]
    mrr = [to_units(each) for each in cohort.mrr_by_month]
    return {**content, "first_day_mrr": to_units(cohort.first_day_mrr), "mrr_by_month": mrr}


def cohort_of(row: StoredCohort) -> Cohort:
    content = row.content
    return Cohort(
        row.month,
        content["size"],
        from_units(content["first_day_mrr"]),
        tuple(content["paying_by_month"]),
        tuple(from_units(units) for units in content["mrr_by_month"]),
    )


def passing(
    found: Iterable[OrganizationMonth], calendar: list[Month], into: list[tuple[Any, ...]]
) -> Iterator[OrganizationMonth]:
    """Organizations' months as they come; `into` gets the values of their rows, in the order of MONTH_COLUMNS."""
    firsts = [month.first for month in calendar]
    for each in found:
        if each.close_index:
            money = (each.opening, each.closing, each.amount, each.fx_impact, each.year_ago, each.retained)
            row = (each.organization, firsts[each.close_index], each.kind or "")
            into.append((*row, *(f"{units}{SHIFT}" for units in money)))
        yield each
