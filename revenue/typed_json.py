"""Frozen dataclasses to JSON and back by their type hints: dates in ISO form, decimals as text."""

from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def dump(value: Any) -> Any:
    """Plain JSON values of a dataclass, of what it holds, of lists and of dicts with text keys."""
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: dump(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def load(kind: type[T], data: Any) -> T:
    """What `dump` wrote, as `kind`. Raises KeyError, TypeError or ValueError for data of another shape."""
    return _reader(kind)(data)


@cache
def _reader(kind: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        [inner] = [each for each in arguments if each is not NoneType]
        read = _reader(inner)
        return lambda data: None if data is None else read(data)
    if origin is tuple:
        read = _reader(arguments[0])
        return lambda data: tuple(map(read, data))
    if origin is dict:
        read = _reader(arguments[1])
        return lambda data: {key: read(item) for key, item in data.items()}
    if is_dataclass(kind):
        readers = {field.name: _reader(get_type_hints(kind)[field.name]) for field in fields(kind)}
        return lambda data: kind(**{name: read(data[name]) for name, read in readers.items()})
    if kind is Decimal:
        return Decimal
    return date.fromisoformat if kind is date else lambda data: data
