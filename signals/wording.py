"""Numbers as people read them: `1 180`, `+64 %`, `−65 %`, `9 800 EUR`.

Thousands are parted by a narrow no-break space, a unit follows a no-break space, and the minus is the real
one, so that a number never breaks over two lines. A number that does not exist is an en dash.
"""

from decimal import Decimal
from fractions import Fraction

from config.backoffice.formatting import DASH, HARD, money, number, percent
from signals.numbers import Exact, rounded

NOTHING = DASH
__all__ = [
    "change",
    "compared",
    "count",
    "days_ago",
    "days_ahead",
    "money",
    "number",
    "percent",
    "plain",
    "score",
    "signed",
]


def signed(value: Exact, places: int = 0) -> str:
    """Return `+1 180`, `−1 180` or `0`: what rounds to nothing carries no sign."""
    text = number(value, places)
    return f"+{text}" if rounded(value, places) > 0 else text


def change(now: Exact, before: Exact, places: int = 0) -> str:
    """Return `−65 %` for 412 after 1 180; an en dash when there was nothing before to compare with."""
    if before == 0:
        return NOTHING
    return f"{signed((Fraction(now) / Fraction(before) - 1) * 100, places)}{HARD}%"


def compared(now: int, before: int) -> str:
    """Return `412, previous 1 180: −65 %`."""
    return f"{number(now)}, previous {number(before)}: {change(now, before)}"


def plain(value: Decimal) -> str:
    """Return a number without trailing zeros, as somebody would type it: `25`, `0.5`, `1 180`."""
    normal = value.normalize()
    return number(normal, max(0, -int(normal.as_tuple().exponent)))


def count(amount: int, one: str, many: str = "") -> str:
    """Return `1 day`, `1 180 days`; `many` is `one` with an s unless given."""
    return f"{number(amount)} {one if amount == 1 else many or one + 's'}"


def days_ago(days: int) -> str:
    """Return `today`, `yesterday` or `6 days ago`."""
    return {0: "today", 1: "yesterday"}.get(days, f"{count(days, 'day')} ago")


def days_ahead(days: int) -> str:
    """Return `today`, `tomorrow` or `in 41 days`."""
    return {0: "today", 1: "tomorrow"}.get(days, f"in {count(days, 'day')}")


def score(value: Decimal | None) -> str:
    """Return a score for reading aloud, rounded down: 69.99 is 69, never a 70 that is not healthy."""
    return NOTHING if value is None else number(int(value))
