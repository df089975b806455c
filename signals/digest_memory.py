"""What digests told somebody, so that the next one tells the rest: nothing twice, and nothing never.

A change bears the moment at which an act began and is seen when the act has committed: a scan of 07:00:00 that ends at
07:00:05 is not in the digest of 07:00:02. So a digest looks a while further back than where the last one ended, and
leaves out what that one told. Bands are compared with those that it knew: a day's reading is written many times.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_date

from signals.models import Digest

# Longer than any act takes from its clock to its commit.
LATE = timedelta(hours=1)


@dataclass(frozen=True)
class Memory:
    """What the digests before told: ids by the title of their section, and the bands of the latest one by customer."""

    since: datetime
    told: Mapping[str, Collection[int]] = field(default_factory=dict)
    bands: Mapping[int, str] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        """The earliest moment that something not yet told may bear."""
        return self.since - LATE

    def told_as(self, title: str) -> Collection[int]:
        return self.told.get(title, ())

    def untold(self, found: QuerySet, title: str, column: str, until: datetime) -> QuerySet:
        """Of some rows those whose moment lies before `until` and which no digest has told under this title."""
        lately = found.filter(**{f"{column}__gte": self.start, f"{column}__lt": until})
        return lately.exclude(pk__in=self.told_as(title))


def recall(user: Any, since: datetime) -> Memory:
    """What matters for a digest that begins at `since`."""
    told: dict[str, set[int]] = {}
    for ids_by_title in Digest.objects.filter(user=user, until__gt=since - LATE).values_list("told", flat=True):
        for title, ids in ids_by_title.items():
            told.setdefault(title, set()).update(ids)
    last = Digest.objects.filter(user=user).order_by("-until").values_list("bands", flat=True).first() or {}
    return Memory(since, told, {who: band for band, ids in last.items() for who in ids})


def keep(digest: Digest, told: Mapping[str, Collection[int]], bands: Mapping[int, str]) -> None:
    """Note in a new digest what it tells; the bands of the ones before are of no more use."""
    digest.told = {title: sorted(ids) for title, ids in told.items() if ids}
    digest.bands = {}
    for who, band in sorted(bands.items()):
        digest.bands.setdefault(band, []).append(who)
    Digest.objects.filter(user=digest.user).exclude(bands={}).update(bands={})
    digest.save()


@dataclass(frozen=True)
class Told:
    """The rows of one section of somebody's digest, as an address names it: `2026-03-09/New risks`."""

    day: date
    title: str
    ids: tuple[int, ...]

    @property
    def text(self) -> str:
        return named(self.day, self.title)

    @property
    def words(self) -> str:
        return f"Told on {self.day:%-d %b}: {self.title.lower()}"


def named(day: date, title: str) -> str:
    return f"{day.isoformat()}/{title}"


def told_to(user: Any, text: str) -> Told | None:
    """What the own digest of a day told under a title; None for what no digest of theirs did."""
    day_text, _, title = text.partition("/")
    try:
        day = parse_date(day_text)
    except ValueError:
        return None
    if day is None:
        return None
    told = Digest.objects.filter(user=user, day=day).values_list("told", flat=True).first() or {}
    return Told(day, title, tuple(told[title])) if title in told else None
