"""One CSV row checked before it may become a subscription line (R1-R4, R7, R23, R29, R30)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from revenue.fx import clean_currency
from revenue.mrr.book import Row, begins_on
from revenue.mrr.money import INTERVAL_MONTHS, LARGEST, normalise

INCLUSIVE = "inclusive"
MRR_TOLERANCE = Decimal("0.01")
INTERVAL_ALIASES = {
    **{f"{interval}s": interval for interval in INTERVAL_MONTHS},
    "monthly": "month",
    "quarterly": "quarter",
    "halfyear": "half-year",
    "half_year": "half-year",
    "semiannual": "half-year",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "weekly": "week",
    "daily": "day",
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason for refusing or questioning a row; `code` is stable, `message` says what to do."""

    line: int
    column: str
    value: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """`row` is None exactly when there are `refusals`."""

    row: Row | None
    refusals: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    currency_was_empty: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """How this file is read: the reporting zone and currency, the end convention, the day of the import."""

    as_of: date
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    end_convention: str = "exclusive"
    reporting_currency: str = "EUR"
    clean_id: Callable[[str], str] = str.strip


class _Cells:
    """One row's cells, trimmed, and the problems found in them so far."""

    def __init__(self, raw: Mapping[str, str | None], line: int) -> None:
        self._raw = raw
        self.line = line
        self.refusals: list[Problem] = []
        self.warnings: list[Problem] = []

    def text(self, column: str) -> str:
        return (self._raw.get(column) or "").strip()

    def refuse(self, column: str, code: str, message: str) -> None:
        self.refusals.append(Problem(self.line, column, self._raw.get(column) or "", code, message))

    def warn(self, column: str, code: str, message: str) -> None:
        self.warnings.append(Problem(self.line, column, self._raw.get(column) or "", code, message))


def validate_row(raw: Mapping[str, str | None], line: int, reading: Reading) -> Checked:
    """Check one row of text cells keyed by column; all its refusals at once, in column order (R29).

    Whether the organization exists and whether a product overlaps itself needs other rows: see the import.
    """
    cells = _Cells(raw, line)
    organization = reading.clean_id(raw.get("external_org_id") or "")
    if not organization:
        cells.refuse("external_org_id", "no external_org_id", "Give the organization's id.")
    mrr, amount, interval, count = _value(cells)
    start, end, trial_end = _days(cells, reading)
    if cells.refusals or start is None:
        return Checked(None, tuple(cells.refusals), tuple(cells.warnings))
    row = Row(
        organization=organization,
        line=cells.text("subscription_id") or (organization, cells.text("product_code"), start),
        product_code=cells.text("product_code"),
        currency=clean_currency(cells.text("currency"), reading.reporting_currency),
        start_on=start,
        end_on=end,
        trial_end_on=trial_end,
        mrr=mrr,
        amount=amount,
        interval=interval,
        interval_count=count,
    )
    _question(cells, row, reading)
    return Checked(row, (), tuple(cells.warnings), not cells.text("currency"))


def read_day(text: str, zone: ZoneInfo) -> date:
    """ISO date as it stands, ISO timestamp as the calendar date of `zone` (R4). Raises ValueError.

    A timestamp without an offset is wall time of `zone`.
    """
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    if not _DATE.match(text) or not text.isascii() or text[10:11] not in ("T", "t", " "):
        raise ValueError(f"{text!r} is not an ISO date or timestamp")
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(zone).date() if moment.tzinfo else moment.date()
    except OverflowError as error:
        raise ValueError(str(error)) from error


def last_day_to_end(day: date) -> date:
    """The exclusive end of a row whose last day is `day` (R3); the last day of all stays."""
    return day + timedelta(days=1) if day < date.max else day


def _value(cells: _Cells) -> tuple[Decimal | None, Decimal | None, str, int]:
    """mrr, amount, interval, interval_count as given (R1)."""
    amount = _number(cells, "amount") if cells.text("amount") else None
    interval = cells.text("interval").lower() or "month"
    interval = INTERVAL_ALIASES.get(interval, interval)
    if interval not in INTERVAL_MONTHS:
        known = ", ".join(INTERVAL_MONTHS)
        cells.refuse("interval", "unknown interval", f"Use one of: {known}.")
    count = _count(cells)
    if cells.text("mrr") or not cells.text("amount"):
        return _number(cells, "mrr"), amount, interval, count
    if not cells.refusals and amount is not None and abs(normalise(amount, interval, count)) > LARGEST:
        _refuse_size(cells, "amount")
    return None, amount, interval, count


def _number(cells: _Cells, column: str) -> Decimal | None:
    text = cells.text(column)
    if not _NUMBER.fullmatch(text):
        cells.refuse(column, f"{column} is not a number", "Give a plain number such as 1234.50.")
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = LARGEST + 1
    if abs(value) > LARGEST:
        _refuse_size(cells, column)
        return None
    return value


def _refuse_size(cells: _Cells, column: str) -> None:
    cells.refuse(column, f"{column} is too large", f"The largest monthly amount is {LARGEST}.")


def _count(cells: _Cells) -> int:
    text = cells.text("interval_count") or "1"
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 1200 and len(text) <= 4:
        return int(text)
    cells.refuse("interval_count", "bad interval_count", "Give a whole number from 1 to 1200.")
    return 1


def _days(cells: _Cells, reading: Reading) -> tuple[date | None, date | None, date | None]:
    """Start, exclusive end and end of the trial (R2-R4, R7)."""
    if not cells.text("start_at"):
        cells.refuse("start_at", "no start_at", "Give the first day of the subscription.")
    start = _day(cells, "start_at", reading.zone)
    end = _day(cells, "end_at", reading.zone)
    trial_end = _day(cells, "trial_end_at", reading.zone)
    if start is not None and end is not None and end < start:
        cells.refuse("end_at", "end_at before start_at", f"It starts on {start}: give a later end or none.")
    if end is not None and reading.end_convention == INCLUSIVE:
        end = last_day_to_end(end)
    return start, end, trial_end


def _day(cells: _Cells, column: str, zone: ZoneInfo) -> date | None:
    text = cells.text(column)
    if not text:
        return None
    try:
        return read_day(text, zone)
    except ValueError:
        cells.refuse(column, "bad date", "Give a day that exists, as YYYY-MM-DD.")
        return None


def _question(cells: _Cells, row: Row, reading: Reading) -> None:
    """What is accepted and still looks like a mistake (R1, R29)."""
    value = row.mrr if row.mrr is not None else row.amount
    if value is not None and value < 0:
        cells.warn("mrr", "negative mrr", "Counted as a discount.")
    if row.mrr is not None and row.amount is not None:
        computed = normalise(row.amount, row.interval, row.interval_count)
        if abs(computed - row.mrr) > MRR_TOLERANCE:
            cells.warn("mrr", "mrr differs from amount", f"The amount makes {computed} a month; mrr counts.")
    if row.end_on is not None and row.end_on <= begins_on(row):
        cells.warn("end_at", "never active", "It ends on the day it begins, or earlier in its trial.")
    if begins_on(row) > reading.as_of:
        cells.warn("start_at", "starts in the future", "Shown as scheduled until that day.")
