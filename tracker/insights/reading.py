"""From JSON to a description. Whatever is wrong is said with its place, like `series[0].filters[1].value`."""

import math
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from config.backoffice.ids import read_id
from tracker.fields import LONGEST_ENVIRONMENT, LONGEST_NAME, LONGEST_PATH, PRODUCTION, UNSTORABLE
from tracker.insights import formula, ranges
from tracker.insights.description import (
    COHORTS,
    DATES,
    LISTS,
    MOST_FILTERS,
    MOST_SERIES,
    MOST_VALUES,
    NUMBERS,
    NUMERIC,
    OF_PROPERTY,
    PATTERNS,
    PRESENCE,
    Description,
    Display,
    Field,
    Filter,
    Group,
    Interval,
    Kind,
    Math,
    Of,
    Operator,
    Property,
    Range,
    Scope,
    Series,
    Value,
    letter,
)

LONGEST_PROPERTY = 255
LONGEST_VALUE = 2048
LONGEST_PATTERN = 200
DEEPEST_GROUP = 5
LARGEST = 1e15
Choice = TypeVar("Choice", bound=StrEnum)


class BadDescription(ValueError):
    """What was asked makes no sense; `path` says where, the message what to write instead."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def read(document: Any, today: date) -> Description:
    """The description that a JSON document asks for. Raises BadDescription; nothing else, whatever it is given."""
    keys = "series formula filters breakdown interval range compare display environment application organization"
    given = _object(document, "", keys.split())
    series = _list(given.get("series"), "series", _series, MOST_SERIES)
    if not series:
        raise BadDescription("series", "Name at least one series, for example an event and how it is counted.")
    found = Description(
        series=series,
        formula=_formula(given.get("formula"), len(series)),
        filters=_filters(given.get("filters")),
        breakdown=_breakdown(given.get("breakdown")),
        interval=_choice(given.get("interval"), "interval", Interval),
        range=_range(given.get("range"), today),
        compare=_flag(given.get("compare"), "compare"),
        scope=_scope(given),
        display=_choice(given.get("display"), "display", Display) or Display.LINE,
    )
    count = sum(1 for _ in found.all_filters())
    if count > 5 * MOST_FILTERS:
        raise BadDescription("filters", f"There are {count} filters in all; at most {5 * MOST_FILTERS} are allowed.")
    return found


def event_name(value: Any, path: str) -> str | None:
    """The name of an event; None stays None and means any."""
    return _text(value, path, LONGEST_NAME, needed=False) or None


def whole(value: Any, path: str, default: int) -> int:
    if value is None:
        return default
    if type(value) is not int:
        raise BadDescription(path, "Write a whole number.")
    return min(max(value, -1), 10**6)


def _series(value: Any, path: str) -> Series:
    given = _object(value, path, ["event", "feature", "page", "math", "property", "of", "filters", "label"])
    kind, name = _target(given, path)
    counted = _choice(given.get("math"), f"{path}.math", Math) or Math.TOTAL
    return Series(
        kind=kind,
        name=name,
        math=counted,
        property=_counted_property(given, path, counted),
        filters=_list(given.get("filters"), f"{path}.filters", _filter, MOST_FILTERS),
        label=_text(given.get("label"), f"{path}.label", 120, needed=False),
    )


def _target(given: dict, path: str) -> tuple[Kind, str]:
    named = [key for key in ("event", "feature", "page") if key in given]
    if len(named) != 1:
        raise BadDescription(path, "Name one of event, feature and page; event null means any event.")
    [key] = named
    value = given[key]
    if key == "event" and value is None:
        return Kind.ANY, ""
    if key == "feature" and type(value) is int:
        value = str(value)
    name = _text(value, f"{path}.{key}", LONGEST_PATH if key == "page" else LONGEST_NAME)
    if key == "feature" and read_id(name) is None:
        raise BadDescription(f"{path}.feature", "A feature is named by its id, a whole number.")
    return Kind(key), name


def _counted_property(given: dict, path: str, counted: Math) -> Property | None:
    if counted not in OF_PROPERTY:
        return None
    if given.get("property") is None:
        raise BadDescription(f"{path}.property", f"{counted} needs a property: say which one.")
    found = _property(given, path, {Of.EVENT, Of.ORGANIZATION, Of.FIELD})
    if found.of == Of.FIELD and counted in NUMERIC:
        raise BadDescription(f"{path}.of", "A field of the event is no number; use a property of the event.")
    return found


def _property(given: dict, path: str, allowed: set[Of]) -> Property:
    of = _choice(given.get("of"), f"{path}.of", Of) or Of.EVENT
    if of not in allowed:
        raise BadDescription(f"{path}.of", f"“{of}” is not possible here. Use {_named(allowed)}.")
    value = given.get("property")
    if of == Of.COHORT and type(value) is int:
        value = str(value)
    name = _text(value, f"{path}.property", LONGEST_PROPERTY)
    if of == Of.FIELD:
        _choice(name, f"{path}.property", Field)
    if of == Of.COHORT and read_id(name) is None:
        raise BadDescription(f"{path}.property", "A cohort is named by its id, a whole number.")
    return Property(name, of)


def _breakdown(value: Any) -> Property | None:
    if value is None:
        return None
    return _property(_object(value, "breakdown", ["property", "of"]), "breakdown", set(Of))


# --- Filters -----------------------------------------------------------------------------------------------
def _filters(value: Any) -> Group:
    if isinstance(value, dict):
        return _group(value, "filters", 1)
    return Group(_list(value, "filters", _filter, MOST_FILTERS))


def _group(value: Any, path: str, depth: int) -> Group:
    given = _object(value, path, ["match", "filters"])
    if depth > DEEPEST_GROUP:
        raise BadDescription(path, f"Groups stand more than {DEEPEST_GROUP} deep in each other.")
    if given.get("match", "all") not in ("all", "any"):
        raise BadDescription(f"{path}.match", "Write all or any.")

    def inner(each: Any, place: str) -> Filter | Group:
        is_group = isinstance(each, dict) and "filters" in each
        return _group(each, place, depth + 1) if is_group else _filter(each, place)

    return Group(_list(given.get("filters"), f"{path}.filters", inner, MOST_FILTERS), given.get("match") == "any")


def _filter(value: Any, path: str) -> Filter:
    given = _object(value, path, ["property", "of", "operator", "value"])
    operator = _choice(given.get("operator"), f"{path}.operator", Operator) or Operator.EXACT
    if operator in COHORTS:
        return Filter(Property("", Of.COHORT), operator, _values(given.get("value"), f"{path}.value", _cohort))
    named = _property(given, path, {Of.EVENT, Of.ORGANIZATION, Of.FIELD})
    return Filter(named, operator, _operand(operator, given.get("value"), f"{path}.value"))


def _operand(operator: Operator, value: Any, path: str) -> tuple[Value, ...]:
    if operator in PRESENCE:
        return ()
    if operator in LISTS:
        return _values(value, path, _scalar)
    if operator in NUMBERS:
        return (_number(value, path),)
    longest = LONGEST_PATTERN if operator in PATTERNS else LONGEST_VALUE
    said = _text(value, path, longest)
    if operator in DATES and not ranges.is_day(said):
        raise BadDescription(path, f"“{said[:40]}” is no day. Write 2024-01-31 or -7d.")
    return (said,)


def _values(value: Any, path: str, read_one: Callable[[Any, str], Value]) -> tuple[Value, ...]:
    if not isinstance(value, list):
        return (read_one(value, path),)
    if not value:
        raise BadDescription(path, "The list is empty: name at least one value.")
    return _list(value, path, read_one, MOST_VALUES)


def _cohort(value: Any, path: str) -> Value:
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or read_id(text) is None:
        raise BadDescription(path, "A cohort is named by its id, a whole number.")
    return int(text)


def _scalar(value: Any, path: str) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, path)
    if value == "":
        return ""
    if not isinstance(value, str):
        raise BadDescription(
            path, "Write what to compare with: text, a number, true or false. is_not_set finds no value."
        )
    return _text(value, path, LONGEST_VALUE)


def _number(given: Any, path: str) -> Value:
    value = given
    if isinstance(value, str):
        try:
            value = float(value) if value.isascii() else None
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        said = f"“{given[:40]}” is no number. " if isinstance(given, str) and given else ""
        raise BadDescription(path, f"{said}Write a number, such as 30.")
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise BadDescription(path, "The number is too large; at most 15 digits before the point are allowed.")
    return int(value) if value == int(value) else value


# --- The rest ----------------------------------------------------------------------------------------------
def _formula(value: Any, series: int) -> str:
    text = _text(value, "formula", formula.LONGEST, needed=False).strip()
    if text:
        try:
            formula.read(text, "".join(letter(place) for place in range(series)))
        except formula.BadFormula as error:
            raise BadDescription("formula", str(error)) from error
    return text


def _range(value: Any, today: date) -> Range:
    if value is None:
        return Range()
    if not isinstance(value, dict):
        raise BadDescription("range", 'Write an object, such as {"from": "-7d", "to": null}.')
    given = _object(value, "range", ["from", "to"])
    since = _text(given.get("from"), "range.from", 20, needed=False) or Range().since
    until = _text(given.get("to"), "range.to", 20, needed=False)
    for said, path in ((since, "range.from"), (until, "range.to")):
        if said and not (path == "range.from" and said == ranges.ALL) and not ranges.is_day(said):
            raise BadDescription(path, f"“{said}” is no day. Write 2024-01-31, -7d, -1mStart or all.")
    found = Range(since, until)
    try:
        ranges.resolve(found, today, ranges.MONDAY, None)
    except ranges.BadRange as error:
        raise BadDescription("range", str(error)) from error
    return found


def _scope(given: dict) -> Scope:
    environment = given.get("environment", PRODUCTION)
    application = _text(given.get("application"), "application", 36, needed=False)
    if application:
        try:
            application = str(UUID(application)) if len(application) == 36 and application.isascii() else ""
        except ValueError:
            application = ""
        if not application:
            raise BadDescription("application", "Write the application's UUID.")
    return Scope(
        environment=_text(environment, "environment", LONGEST_ENVIRONMENT, needed=False),
        application=application,
        organization=_text(given.get("organization"), "organization", 255, needed=False),
    )


def _object(value: Any, path: str, known: list[str]) -> dict:
    if not isinstance(value, dict):
        raise BadDescription(path, "An object is expected here.")
    for key in value:
        if key not in known:
            place = f"{path}.{key[:60]}" if path else key[:60]
            raise BadDescription(place, f"Nothing of that name is known here. Known: {', '.join(known)}.")
    return value


def _list(value: Any, path: str, read_one: Callable[[Any, str], Any], most: int) -> tuple:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadDescription(path, "A list is expected here.")
    if len(value) > most:
        raise BadDescription(path, f"There are {len(value)} entries; at most {most} are allowed.")
    return tuple(read_one(each, f"{path}[{place}]") for place, each in enumerate(value))


def _text(value: Any, path: str, longest: int, *, needed: bool = True) -> str:
    if not needed and (value is None or value == ""):
        return ""
    if not isinstance(value, str) or not value:
        raise BadDescription(path, "Text is expected here.")
    if len(value) > longest:
        raise BadDescription(path, f"The text has {len(value)} characters; at most {longest} are allowed.")
    if UNSTORABLE.search(value):
        raise BadDescription(path, "The text contains NUL or half a surrogate pair; remove it.")
    return value


def _choice(value: Any, path: str, kind: type[Choice]) -> Choice | None:
    if value is None:
        return None
    known = {str(each): each for each in kind}
    if not isinstance(value, str) or value not in known:
        said = f"“{value[:40]}” is not known. " if isinstance(value, str) else ""
        raise BadDescription(path, f"{said}Use one of {', '.join(known)}.")
    return known[value]


def _flag(value: Any, path: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadDescription(path, "Write true or false.")
    return value


def _named(allowed: set[Of]) -> str:
    return ", ".join(sorted(allowed))
