"""What staff chose beside the file; stored with the batch, so that a confirm repeats the preview's choices."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from config.backoffice import settings


@dataclass(frozen=True)
class Options:
    """`today` and the zone are frozen at the upload; `known_on` is the day from which the rows count as known.

    `mapping` names the file's columns that are called differently: theirs to ours. `cohort` is the list that the file's
    organizations join.
    """

    today: date
    time_zone: str
    reporting_currency: str
    end_convention: str
    known_on: date
    day_format: str = "iso"
    create_missing: bool = False
    is_complete: bool = False
    mapping: dict[str, str] = field(default_factory=dict)
    cohort: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def as_json(self) -> dict[str, Any]:
        return {name: str(value) if isinstance(value, date) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        days = {name: date.fromisoformat(stored[name]) for name in ("today", "known_on")}
        return cls(**{**stored, **days})


def choose(now: datetime, *, known_on: date | None = None, end_convention: str = "", **chosen: Any) -> Options:
    """Options with the install's settings where nothing was chosen."""
    install = settings.read()
    today = now.astimezone(ZoneInfo(install.time_zone)).date()
    return Options(
        today=today,
        time_zone=install.time_zone,
        reporting_currency=install.reporting_currency,
        end_convention=end_convention or install.end_convention,
        known_on=known_on or today,
        **chosen,
    )
