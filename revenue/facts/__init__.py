"""Every figure of the revenue pages, computed once from the books and stored: by organization and month, by month over
all organizations, by cohort, and the lists of today.

Computing everything takes seconds on a large book, reading it back milliseconds. What is stored carries marks of all
it was computed from, so a page knows whether it still holds and a rebuild which organizations to compute again; writers
need not tell anybody.

`marks` (what holds) · `totals` (sums that are added to and taken from) · `rebuilding` (the act) · `lists` (today's
lists) · `reading` (what pages ask) · `narrowing` (of some organizations).
"""

from revenue.facts.lists import WINDOWS, Lists, RenewalSum, changes
from revenue.facts.reading import Known, change_of_month, get, last_cohorts, last_months, last_months_of, lists_of
from revenue.facts.rebuilding import first_month_of, refresh

__all__ = [
    "WINDOWS",
    "Known",
    "Lists",
    "RenewalSum",
    "change_of_month",
    "changes",
    "first_month_of",
    "get",
    "last_cohorts",
    "last_months",
    "last_months_of",
    "lists_of",
    "refresh",
]
