"""One cell to one value, or a sentence that says what is wrong and how to write it. Pure; no locale, no guessing."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from orgs.keys import BadId, clean_external_id

FOUR_PLACES = Decimal("0.0001")
LARGEST = Decimal(10) ** 16
EARLIEST_YEAR = 1900

PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
WITH_COMMA = re.compile(r"-?(\d+,(\d{1,2}|\d{4,})|0,\d+)", re.ASCII)
COMMA_OF_WHAT = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
POINT_OF_WHAT = re.compile(r"-?[1-9]\d{0,2}\.\d{3}", re.ASCII)
SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+)?E[+-]?\d+", re.ASCII | re.IGNORECASE)
# In text that may be anything only what no name looks like: 3E8 is somebody's name, 1.23E+15 is nobody's.
DAMAGED_NUMBER = re.compile(r"[+-]?\d+([.,]\d+E[+-]?|E[+-])\d+", re.ASCII | re.IGNORECASE)
BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
SPREADSHEET_ERROR = re.compile(r"#(N/A|NAME\?|REF!|VALUE!|DIV/0!|NULL!|NUM!)", re.IGNORECASE)
# What a column that is too narrow shows, and a spreadsheet saves, of a number.
TOO_NARROW = re.compile(r"#+")
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?", re.ASCII)
DAY_FORMATS = {
    "iso": ("YYYY-MM-DD", ISO_DAY, (0, 1, 2)),
    "d.m.y": ("DD.MM.YYYY", re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII), (2, 1, 0)),
    "d/m/y": ("DD/MM/YYYY", re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII), (2, 1, 0)),
    "m/d/y": ("MM/DD/YYYY", re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII), (2, 0, 1)),
}


class BadCell(ValueError):
    """The message completes “display_name …”: what is wrong and the remedy."""


def external_id(text: str) -> str:
    """The id as stored. Refuses what a spreadsheet has made of a long number."""
    code(text, len(text))
    try:
        return clean_external_id(text)
    except BadId as error:
        raise BadCell(f"{error.message}.") from error


def code(text: str, longest: int) -> str:
    """An id or a code: text in one line that a spreadsheet may have taken for a number."""
    if SCIENTIFIC.fullmatch(text):
        raise BadCell(damaged("id"))
    if TOO_NARROW.fullmatch(text):
        raise BadCell("is what a spreadsheet shows of a number in a narrow column. Widen the column and export again.")
    return plain_text(text, longest)


def damaged(what: str) -> str:
    return (
        f"looks like a number in scientific notation: a spreadsheet has damaged the {what}. "
        "Format the column as text and export again."
    )


def plain_text(text: str, longest: int) -> str:
    """Text in one line. Refuses what a spreadsheet has damaged, control characters and what would not fit."""
    if DAMAGED_NUMBER.fullmatch(text):
        raise BadCell(damaged("number"))
    if SPREADSHEET_ERROR.fullmatch(text):
        raise BadCell("is an error of a spreadsheet. Correct the formula and export again.")
    if BREAKS.search(text):
        raise BadCell("holds a line break or a control character. Remove it.")
    if len(text) > longest:
        raise BadCell(f"has {len(text)} characters; at most {longest} fit. Shorten it.")
    return text


def amount(text: str, delimiter: str = ",") -> Decimal:
    """Money: a number with four decimals kept, half away from zero."""
    value = number(text, delimiter)
    if abs(value) >= LARGEST:
        raise BadCell("is too large; at most 16 digits before the point are kept.")
    return value.quantize(FOUR_PLACES, ROUND_HALF_UP) + 0  # + 0: a minus before zero goes away


def number(text: str, delimiter: str = ",") -> Decimal:
    """A number as it stands. A decimal comma only where it is unmistakable."""
    if PLAIN.fullmatch(text):
        # Who chose another separator than the comma may write decimals with one, and then a point parts thousands.
        if delimiter != "," and POINT_OF_WHAT.fullmatch(text):
            raise BadCell("could be a thousands separator or a decimal point. Write 1234.00 or 1.2340.")
        return Decimal(text)
    if WITH_COMMA.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if COMMA_OF_WHAT.fullmatch(text):
        raise BadCell("could be a thousands separator or a decimal comma. Write 1234.00, without separators.")
    if SCIENTIFIC.fullmatch(text):
        raise BadCell("is in scientific notation: a spreadsheet has damaged it. Write the number in full.")
    raise BadCell("is not a number. Write it with digits and a decimal point alone, for example 1234.50.")


def day(text: str, day_format: str, zone: ZoneInfo) -> date:
    """A calendar day. A timestamp becomes the reporting zone's day; a bare date never shifts."""
    shown, pattern, order = DAY_FORMATS[day_format]
    if ISO_MOMENT.fullmatch(text):
        return moment_day(text, zone)
    match = pattern.fullmatch(text) or ISO_DAY.fullmatch(text)
    if match is None:
        raise BadCell(not_a_day(text, shown))
    parts = [int(part) for part in match.groups()]
    year, month, number = parts if match.re is ISO_DAY else (parts[i] for i in order)
    return possible_day(year, month, number)


def possible_day(year: int, month: int, number: int) -> date:
    try:
        value = date(year, month, number)
    except ValueError as error:
        raise BadCell("is no day of the calendar. Correct it.") from error
    if year < EARLIEST_YEAR:
        raise BadCell(f"lies before {EARLIEST_YEAR}. Correct the year.")
    return value


def moment_day(text: str, zone: ZoneInfo) -> date:
    possible_day(*map(int, ISO_DAY.match(text).groups()))
    try:
        moment = datetime.fromisoformat(re.sub(r"[.,]\d+", "", text.replace(" ", "T", 1)).replace(" ", ""))
        local = moment.astimezone(zone) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise BadCell("is no moment of the calendar. Write the day as YYYY-MM-DD.") from error
    return possible_day(local.year, local.month, local.day)


def not_a_day(text: str, shown: str) -> str:
    if re.fullmatch(r"\d{5}(\.\d+)?", text, re.ASCII):
        excel = datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=int(text[:5]))
        return f"is a spreadsheet's day number (perhaps {excel:%Y-%m-%d}). Format the column as a date, {shown}."
    if any(pattern.fullmatch(text) for _, pattern, _ in DAY_FORMATS.values()):
        return f"is not in the chosen date format {shown}; days and months are never guessed. Choose the file's format."
    return f"is not a date. Write it as {shown}."
