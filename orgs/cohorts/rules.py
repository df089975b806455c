"""Kinds of rules: what each asks for, how it reads as words, and which organizations it matches.

This app registers its own; the apps above it register theirs when they are ready.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from orgs.cohorts.comparing import number

Rule = dict[str, Any]
LONGEST_TEXT = 255
MOST_DAYS = 3650


class BadRule(ValueError):
    """Not usable as a rule: what, and what to write instead."""


@dataclass(frozen=True)
class Terms:
    """What one computation stands on: the moment, its day in the reporting zone, and all organizations there are."""

    now: datetime
    today: date
    everybody: frozenset[int]


@dataclass(frozen=True)
class Input:
    """One field of a condition. `choices` closes the list of values, `suggestions` only helps to type.

    `kind` is text, number, whole (from 0), days (whole, empty for ever) or date.
    """

    name: str
    label: str
    kind: str = "text"
    choices: Callable[[], Collection[tuple[str, str]]] | None = None
    suggestions: Callable[[], Collection[str]] | None = None
    initial: str = ""

    def clean(self, text: str) -> str:
        """The value as it is stored. Raises BadRule."""
        text = text.strip()
        if self.choices is not None:
            if text not in {value for value, _ in self.choices()}:
                raise BadRule(f"Choose {self.label.lower()} from the list; “{text[:60]}” is not in it.")
            return text
        if len(text) > LONGEST_TEXT:
            raise BadRule(f"{self.label} has {len(text)} characters; at most {LONGEST_TEXT} are allowed.")
        return CLEANERS[self.kind](self.label, text)


def clean_text(label: str, text: str) -> str:
    if not text:
        raise BadRule(f"{label} is empty; fill it in.")
    return text


def clean_number(label: str, text: str) -> str:
    found = number(text.replace("\u202f", "").replace("\u00a0", ""))
    if found is None:
        raise BadRule(f"{label} “{text[:60]}” is not a number. Write it like 30 or 12.5.")
    return f"{found.normalize():f}"


def clean_whole(label: str, text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadRule(f"{label} “{text[:60]}” is not a whole number. Write it like 30.")
    return str(int(text))


def clean_days(label: str, text: str) -> str:
    days = clean_whole(label, text) if text else ""
    if days and not 1 <= int(days) <= MOST_DAYS:
        raise BadRule(f"{label} must be from 1 to {MOST_DAYS}; leave it empty for ever.")
    return days


def clean_date(label: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise BadRule(f"{label} “{text[:60]}” is not a date. Write it like 2026-03-31.") from error


CLEANERS: dict[str, Callable[[str, str], str]] = {
    "text": clean_text,
    "number": clean_number,
    "whole": clean_whole,
    "days": clean_days,
    "date": clean_date,
}


class RuleKind(ABC):
    """One kind of condition. `is_costly`: it reads more than rows made for lists, and is computed less often."""

    name: ClassVar[str]
    title: ClassVar[str]
    inputs: ClassVar[tuple[Input, ...]]
    is_costly: ClassVar[bool] = False

    def asked(self, given: Mapping[str, str]) -> tuple[Input, ...]:
        """The inputs that these values make necessary."""
        return self.inputs

    def clean(self, given: Mapping[str, str]) -> Rule:
        """A rule as it is stored, from a form. Raises BadRule."""
        return {"kind": self.name, **{each.name: each.clean(given.get(each.name, "")) for each in self.asked(given)}}

    def references(self, rule: Rule) -> Collection[int]:
        """Cohorts whose members this rule reads."""
        return ()

    @abstractmethod
    def words(self, rule: Rule) -> str:
        """The rule as it goes on after “Organizations whose …”: a clause without a full stop."""

    @abstractmethod
    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        """Ids of the organizations that fulfil the rule, in one statement with parameters."""


_kinds: dict[str, RuleKind] = {}


def register_rule(kind: type[RuleKind]) -> type[RuleKind]:
    """Class decorator; kinds are offered in the order in which they were registered."""
    if kind.name in _kinds:
        raise ValueError(f"The kind of rule {kind.name} is registered twice.")
    _kinds[kind.name] = kind()
    return kind


def kinds() -> list[RuleKind]:
    return list(_kinds.values())


def of(name: str) -> RuleKind:
    """Raises BadRule for a kind that is not registered (any more)."""
    if name not in _kinds:
        raise BadRule(f"There is no condition of the kind “{name[:60]}” here. Remove it.")
    return _kinds[name]
