"""Reading and changing the settings of this install (the process's own settings are `config.settings`)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from config.backoffice import audit
from config.backoffice.models import InstallSettings

NAMES = (
    "time_zone",
    "reporting_currency",
    "end_convention",
    "gap_grace_days",
    "fx_mode",
    "fx_constant_date",
    "week_start",
)


# Inside a request: the row that was read, so that a page of many times and sums reads it once.
_kept: ContextVar[list[InstallSettings] | None] = ContextVar("install_settings", default=None)


def read() -> InstallSettings:
    """The one row; defaults before anybody saved it."""
    kept = _kept.get()
    if kept:
        return kept[0]
    row = InstallSettings.objects.filter(id=1).first() or InstallSettings()
    if kept is not None:
        kept.append(row)
    return row


@contextmanager
def read_once() -> Iterator[None]:
    """Within it every `read` answers the same row, until a `change`."""
    token = _kept.set([])
    try:
        yield
    finally:
        _kept.reset(token)


def once_a_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a request sees one state of the settings."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with read_once():
            return get_response(request)

    return middleware


def zone() -> ZoneInfo:
    """The reporting zone."""
    return ZoneInfo(read().time_zone)


def today(now: datetime) -> date:
    """The calendar day of `now` in the reporting zone."""
    return now.astimezone(zone()).date()


def day_start(day: date, reporting_zone: ZoneInfo) -> datetime:
    """The instant a day begins in the reporting zone, in UTC; a day skipped by the clock begins where it would."""
    return datetime(day.year, day.month, day.day, tzinfo=reporting_zone).astimezone(UTC)


def change(values: dict[str, Any], *, actor: Any, now: datetime) -> InstallSettings:
    """Change some settings at once, with an entry in the audit trail; ValidationError names the field."""
    with transaction.atomic():
        InstallSettings.objects.bulk_create([InstallSettings()], ignore_conflicts=True)
        row = InstallSettings.objects.select_for_update().get(id=1)
        values = with_rate_date(values, row, now)
        before = {name: getattr(row, name) for name in values}
        for name, value in values.items():
            setattr(row, name, value)
        validate(row)
        changed = {name: [str(old), str(values[name])] for name, old in before.items() if old != getattr(row, name)}
        if changed:
            row.version += 1
            row.changed_at = now
            row.save()
            audit.record(actor, "settings.changed", row, detail=changed, now=now)
    if kept := _kept.get():
        kept.clear()
    return row


def with_rate_date(values: dict[str, Any], row: InstallSettings, now: datetime) -> dict[str, Any]:
    """Who turns to constant rates and speaks of no day begins with the rates of today: settings come one by one too."""
    turned = values.get("fx_mode") == row.FxMode.CONSTANT and "fx_constant_date" not in values
    return values | {"fx_constant_date": today(now)} if turned and row.fx_constant_date is None else values


def lock_unchanged(seen_version: int) -> None:
    """Hold the settings until the transaction ends; refuse when somebody changed them since they were shown."""
    row = InstallSettings.objects.select_for_update().filter(id=1).first()
    if row and row.version != seen_version:
        raise ValidationError(
            "Somebody else changed these settings while you had them open; nothing of yours was saved. "
            "Reload the page, look at their values, and change yours again."
        )


def validate(row: InstallSettings) -> None:
    """Field by field, in words; the zone is checked against the zones this machine knows."""
    row.full_clean()
    validate_zone(row.time_zone)


def validate_zone(name: str) -> None:
    """Refuse a zone that this machine does not know."""
    if name not in available_timezones():
        raise ValidationError({"time_zone": f"“{name}” is not a time zone. Use a name such as UTC or Europe/Berlin."})
