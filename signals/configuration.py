"""Editable numbers as frozen dataclasses: stored as JSON, checked in one place, with errors for people.

A health model and the thresholds of a rule are configurations. Building one with a value out of its range
raises `ConfigurationError`, so a configuration that exists is a valid one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Self, get_type_hints

# A number such as 1e999999 takes minutes to become whole; none that means anything is as long.
MOST_DIGITS = 30


class ConfigurationError(ValueError):
    """What is wrong, per field: `problems` maps the field's path (`trend.weight`) to a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in self.problems.items()))


def limits(
    title: str, *, above: int | None = None, low: int | None = None, high: int | None = None, places: int = 6
) -> dict[str, Any]:
    """Return field metadata: what people call the number and what it may be; `above` is exclusive, `places` the most
    decimals."""
    return {"title": title, "above": above, "low": low, "high": high, "places": places}


@dataclass(frozen=True)
class Configuration:
    """Base of everything editable. Fields are Decimal, int or another Configuration."""

    def __post_init__(self) -> None:
        found = {entry.name: problem for entry in stored(self) if (problem := out_of_range(self, entry))}
        found = found or dict(self.contradictions())
        if found:
            raise ConfigurationError(found)

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Yield (field, sentence) for numbers that are fine alone but not together."""
        yield from ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; decimals as text, so that nothing is lost on the way through a float."""
        return {entry.name: written(getattr(self, entry.name)) for entry in stored(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Build from `to_json` output. Missing fields take their default; raise ConfigurationError."""
        if not isinstance(data, Mapping):
            raise ConfigurationError({"": f"expected an object with numbers, got {data!r}."})
        kinds = {name: kind for name, kind in get_type_hints(cls).items() if name in stored_names(cls)}
        known = ", ".join(kinds)
        problems = {str(name): f"unknown; known are {known}." for name in data if name not in kinds}
        values = {}
        for name in (name for name in kinds if name in data):
            try:
                values[name] = read(data[name], kinds[name])
            except ConfigurationError as error:
                problems |= {f"{name}.{inner}".strip("."): text for inner, text in error.problems.items()}
        if problems:
            raise ConfigurationError(problems)
        return cls(**values)


def stored(configuration: Configuration | type[Configuration]) -> list[Field[Any]]:
    """Return the fields that are numbers; names and labels (`compare=False`) live beside, not inside."""
    return [entry for entry in fields(configuration) if entry.compare]


def stored_names(configuration: type[Configuration]) -> set[str]:
    return {entry.name for entry in stored(configuration)}


def out_of_range(configuration: Configuration, entry: Field[Any]) -> str:
    value, allowed = getattr(configuration, entry.name), entry.metadata
    if isinstance(value, Decimal) and not value.is_finite():
        return f"{value} is not a number; give a finite one."
    if allowed.get("above") is not None and value <= allowed["above"]:
        return f"{value} is too small; give a number above {allowed['above']}."
    if allowed.get("low") is not None and value < allowed["low"]:
        return f"{value} is too small; give {allowed['low']} or more."
    if allowed.get("high") is not None and value > allowed["high"]:
        return f"{value} is too large; give {allowed['high']} or less."
    if isinstance(value, Decimal) and decimals(value) > allowed.get("places", decimals(value)):
        return f"{value} has too many decimals; give at most {allowed['places']}."
    return ""


def decimals(value: Decimal) -> int:
    """How many decimals a finite number needs: 2 for 69.950."""
    return max(0, -int(value.normalize().as_tuple().exponent))


def written(value: Any) -> Any:
    if isinstance(value, Configuration):
        return value.to_json()
    return str(value) if isinstance(value, Decimal) else value


def read(value: Any, kind: type) -> Any:
    if issubclass(kind, Configuration):
        return kind.from_json(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ConfigurationError({"": f"{value!r} is not a number; give one such as 25 or 0.7."})
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        raise ConfigurationError({"": f"{value!r} is not a number; give one such as 25 or 0.7."}) from None
    if amount.is_finite() and abs(amount.adjusted()) > MOST_DIGITS:
        raise ConfigurationError({"": f"{value!r} is out of every range; give one such as 25 or 0.7."})
    if kind is not int:
        return amount
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ConfigurationError({"": f"{value!r} is not a whole number; give one such as 14."})
    return int(amount)
