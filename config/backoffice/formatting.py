"""Numbers, money and times as people read them. Pure; used by pages, sentences and mails alike."""

import math
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

DASH = "–"
MINUS = "−"
# The largest float has 309 digits before its point.
EXACT = Context(prec=400)
# Neither breaks, so that a number never wraps: narrow between thousands, full before a unit.
THIN, HARD = "\u202f", "\u00a0"
# ISO 4217: minor units of currencies that have not two.
MINOR_UNITS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
}


def minor_digits(currency: str) -> int:
    """Decimal places of a currency's minor unit: EUR 2, JPY 0, KWD 3."""
    return MINOR_UNITS.get(currency, 2)


def number(value: int | float | Decimal | Fraction | None, places: int = 0) -> str:
    """12 345 or −1 180.50, half away from zero; a dash for None."""
    if value is None:
        return DASH
    if type(value) is int and not places:
        text = f"{abs(value):,}".replace(",", THIN)
        return f"{MINUS}{text}" if value < 0 else text
    exact = rounded(value, places)
    text = f"{exact.copy_abs():,.{places}f}".replace(",", THIN)
    return f"{MINUS}{text}" if exact < 0 else text


def rounded(value: int | float | Decimal | Fraction, places: int) -> Decimal:
    """Half away from zero, exactly, however large."""
    if isinstance(value, Fraction):
        scaled = math.floor(abs(value) * 10**places + Fraction(1, 2))
        return Decimal(scaled if value > 0 else -scaled).scaleb(-places, EXACT)
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT)


def money(value: Decimal | Fraction | int | None, currency: str, *, exact: bool = False) -> str:
    """38 400 EUR on cards; exact: the currency's minor unit, 9 800.00 EUR in tables."""
    if value is None:
        return DASH
    return f"{number(value, minor_digits(currency) if exact else 0)}{HARD}{currency}"


def score(value: Decimal | None) -> str:
    """Health on badges, rounded down, as bands read it: 69.99 is no healthy 70."""
    return DASH if value is None else str(int(value))


def percent(share: Decimal | Fraction | float | None, places: int = 0) -> str:
    """0.653 → 65 %."""
    return DASH if share is None else f"{number(Fraction(str(share)) * 100, places)}{HARD}%"


def change(share: Decimal | float | None, places: int = 1) -> str:
    """0.042 → +4.2 %, −0.65 → −65.0 %; a dash for None."""
    if share is None:
        return DASH
    text = percent(share, places)
    is_nothing = not any(digit in text for digit in "123456789")
    return text if text.startswith(MINUS) or is_nothing else f"+{text}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 customer, 14 customers."""
    return f"{number(count)}{HARD}{one if count == 1 else many or one + 's'}"


def ago(moment: datetime | None, now: datetime) -> str:
    """2 minutes ago, 3 days ago, in 5 hours; "never" for None. Days are calendar days of the zone of `now`."""
    if moment is None:
        return "never"
    passed = now - moment
    if abs(passed) >= timedelta(days=1):
        return days_until(moment.astimezone(now.tzinfo).date(), now.date())
    words = _span(abs(passed))
    if words == "now":
        return "just now"
    return f"{words} ago" if passed > timedelta(0) else f"in {words}"


def days_until(day: date | None, today: date) -> str:
    """in 41 days, today, 3 days ago; a dash for None."""
    if day is None:
        return DASH
    days = (day - today).days
    if days == 0:
        return "today"
    return f"in {plural(days, 'day')}" if days > 0 else f"{plural(-days, 'day')} ago"


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, word in ((3600, "hour"), (60, "minute")):
        if seconds >= size:
            return plural(seconds // size, word)
    return f"{seconds} seconds" if seconds >= 10 else "now"
