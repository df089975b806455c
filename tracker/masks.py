"""Days as bits of their months: bit n is day n+1, as the monthly masks of users and paths keep them."""

from datetime import date, timedelta


def by_month(since: date, until: date) -> dict[date, int]:
    """The days of [since, until), by the first day of each month that they touch; the earliest first."""
    found: dict[date, int] = {}
    for number in range((until - since).days):
        day = since + timedelta(days=number)
        month = day.replace(day=1)
        found[month] = found.get(month, 0) | 1 << (day.day - 1)
    return found
