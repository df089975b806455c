"""The rounds of the day: who has to be scored again, and what follows from it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from config.backoffice import jobs, settings
from signals import snapshots
from signals.detection import Scan, scan
from signals.models import ScanCursor
from signals.scoring import ROLL_UP_OVERLAP, score, take_turn
from signals.versions import publishing
from tracker import usage


@dataclass(frozen=True)
class Scored:
    """How many organizations a round scored, and whether that was everybody."""

    organizations: int
    is_everybody: bool


def score_round(now: datetime) -> Scored:
    """Score whoever had events since the last round; everybody once a day and after a change of what all depend on."""
    today = settings.today(now)
    with transaction.atomic():
        take_turn()
        cursor = ScanCursor.objects.filter(id=1).first() or ScanCursor()
        in_force = {
            "scored_all_on": today,
            "settings_version": settings.read().version,
            "models_in_force": publishing.in_force().mark,
        }
        is_everybody = cursor.scored_at is None or any(getattr(cursor, name) != now for name, now in in_force.items())
        ids = None if is_everybody else usage.touched_since(cursor.scored_at - ROLL_UP_OVERLAP)
        scored = score(today, now, ids)
        snapshots.refresh(now, ids)
        ScanCursor.objects.update_or_create(id=1, defaults={"scored_at": now, **in_force})
    return Scored(scored, is_everybody)


def score_today(now: datetime) -> None:
    """Score everybody unless that was done today: after midnight only who was touched has a reading of the day."""
    if not ScanCursor.objects.filter(scored_all_on=settings.today(now)).exists():
        score_round(now)


def follow_settings(now: datetime) -> bool:
    """Ask for a scan and a look at the books when the settings are not those that everybody was scored under.

    Amounts and days would be those of the former currency and zone until the next planned round.
    """
    cursor = ScanCursor.objects.filter(id=1).exclude(scored_at=None).first()
    version = settings.read().version
    if cursor is None or cursor.settings_version == version:
        return False
    for name in ("scan", "churn"):
        jobs.request(name, slot=f"settings {version}", now=now)
    return True


def scan_round(scanned_at: datetime, now: datetime) -> Scan:
    """Score what is touched, then scan today."""
    score_round(now)
    return scan(settings.today(now), scanned_at, now)


def shifted(now: datetime, as_of: date | None) -> tuple[date, datetime]:
    """The day to judge and the moment to judge it at: `as_of` at the present time of day, by default today, now."""
    today = settings.today(now)
    day = as_of or today
    return day, now + (day - today)
