"""How a rule compares: the operators there are, in words, and what each of them needs. Pure."""

import re
from decimal import Decimal

# Bounded, so that every match is a number that the database takes.
NUMBER = r"^ *[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})? *$"
# A day as ISO writes it, with or without a clock behind it; and a moment, which names its zone too. Bounded, so that
# the database takes every moment that matches, once its day is the first of the month.
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
DAY = f"^{_DAY}([T ]|$)"
MOMENT = (
    f"^(?!0000){_DAY}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{{1,9}})?)?"
    " ?([Zz]|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)$"
)

OPERATORS = {
    "exact": "is",
    "is_not": "is not",
    "icontains": "contains",
    "not_icontains": "does not contain",
    "gt": "is more than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "is_set": "is set",
    "is_not_set": "is not set",
    "is_date_before": "is a date before",
    "is_date_after": "is a date after",
    "regex": "matches the pattern",
    "not_regex": "does not match the pattern",
}
# What a missing value passes: everything that does not fulfil the positive one.
NEGATIONS = {"is_not": "exact", "not_icontains": "icontains", "not_regex": "regex", "is_not_set": "is_set"}
ORDER = ("gt", "gte", "lt", "lte")
NUMERIC = (*ORDER, "exact")
WITHOUT_VALUE = ("is_set", "is_not_set")
WITH_DATE = ("is_date_before", "is_date_after")


def number(text: str) -> Decimal | None:
    """The number that a text is, or None; the same texts as the database takes for numbers."""
    return Decimal(text.strip()) if re.fullmatch(NUMBER, text) else None


def values(text: str) -> list[str]:
    """Alternatives of “is” and “is not”, separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def quoted(text: str) -> str:
    """“a”, or “a” or “b” for alternatives."""
    return " or ".join(f"“{part}”" for part in values(text)) or "“”"
