"""A stretch of time as one value of an address, `2026-03-09T07:30:00+00:00/2026-03-10T07:30:00+00:00`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from django.utils.dateparse import parse_datetime

from config.backoffice import settings

YEARS = range(1900, 9000)


@dataclass(frozen=True)
class Span:
    """Moments in [since, until)."""

    since: datetime
    until: datetime

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The stretch that an address means; None for anything else."""
        ends = [_moment(each) for each in text.split("/")] if len(text) < 100 else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            return None
        return cls(ends[0], ends[1])

    @property
    def text(self) -> str:
        return "/".join(each.astimezone(UTC).isoformat() for each in (self.since, self.until))

    @property
    def words(self) -> str:
        """In the reporting zone."""
        zone = settings.zone()
        since, until = (f"{each.astimezone(zone):%-d %b %H:%M}" for each in (self.since, self.until))
        return f"{since} to {until}"


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and found.year in YEARS else None
