"""How long readings are kept: every day for as long as pages compare with them, then one a week."""

from datetime import date, timedelta

from signals.models import Reading

EVERY_DAY = timedelta(days=100)
AT_ALL = timedelta(days=2 * 365)
MONDAY = 2  # as the database counts: Sunday is 1


def thin_out(today: date) -> int:
    """Remove what is past its time; how many. Answers about the last 90 days never change by it."""
    old = Reading.objects.filter(as_of__lt=today - EVERY_DAY)
    removed, _ = old.exclude(as_of__week_day=MONDAY, as_of__gte=today - AT_ALL).delete()
    return removed
