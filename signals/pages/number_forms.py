"""Configurations as forms: their numbers with titles and problems, and what was posted as plain JSON again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.backoffice.refused import plain
from signals.configuration import Configuration, ConfigurationError, stored
from signals.health.model import COMPONENTS, MEASURES


@dataclass(frozen=True)
class NumberField:
    """One number: `path` names it in the form and in problems (`trend.weight`)."""

    path: str
    title: str
    value: str
    problem: str = ""


@dataclass(frozen=True)
class NumberGroup:
    """Numbers that belong together, such as those of one component with what it measures; the ungrouped ones have no
    title."""

    title: str
    fields: tuple[NumberField, ...]
    measure: str = ""


def groups(
    shown: Configuration, posted: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> list[NumberGroup]:
    """The numbers of a configuration, those of inner configurations as groups; what was posted wins."""
    fields = list(numbers(shown, posted or {}, problems or {}))
    inner = [name for name in COMPONENTS if any(field.path.startswith(f"{name}.") for field in fields)]
    own = tuple(field for field in fields if "." not in field.path)
    grouped = [
        NumberGroup(
            COMPONENTS[name], tuple(field for field in fields if field.path.startswith(f"{name}.")), MEASURES[name]
        )
        for name in inner
    ]
    return [*grouped, NumberGroup("", own)] if own else grouped


def numbers(
    shown: Configuration, posted: Mapping[str, str], problems: Mapping[str, str], path: str = ""
) -> Iterator[NumberField]:
    for entry in stored(shown):
        value, place = getattr(shown, entry.name), f"{path}{entry.name}"
        if isinstance(value, Configuration):
            yield from numbers(value, posted, problems, f"{place}.")
        else:
            text = posted.get(place, str(value))
            yield NumberField(place, entry.metadata.get("title", entry.name), text, problems.get(place, ""))


def posted_numbers(kind: type[Configuration], posted: Mapping[str, str]) -> dict[str, Any]:
    """What `from_json` of the configuration reads, from a form's fields; missing ones are left out."""
    found: dict[str, Any] = {}
    for field in numbers(kind(), {}, {}):
        if field.path in posted:
            *parents, name = field.path.split(".")
            place = found
            for parent in parents:
                place = place.setdefault(parent, {})
            place[name] = plain(posted[field.path])
    return found


def titles(shown: Configuration) -> dict[str, str]:
    """What people call each number, by its path: `trend.weight` is Trend: weight."""
    found = {}
    for field in numbers(shown, {}, {}):
        component = field.path.rpartition(".")[0]
        title = f"{field.title[:1].lower()}{field.title[1:]}" if component else field.title
        found[field.path] = f"{COMPONENTS[component]}: {title}" if component else field.title
    return found


def sentences(error: ConfigurationError, shown: Configuration) -> list[str]:
    """Every problem with the title of its number."""
    named = titles(shown)
    return [f"{named.get(path, path or 'Numbers')}: {problem}" for path, problem in error.problems.items()]


def summary(configuration: Configuration) -> str:
    """All numbers in a line: `Health below 40`."""
    return ", ".join(
        f"{field.title[:1].lower()}{field.title[1:]} {field.value}" for field in numbers(configuration, {}, {})
    )
