"""The kinds of import there are; each app registers its own when it is ready."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orgs.importing.options import Options
from orgs.importing.plan import Plan
from orgs.importing.reading import Columns, Sheet
from orgs.models import ImportBatch


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What a write did to one row; `before` is None when it created it."""

    model: str
    row_id: int
    before: dict[str, Any] | None
    after: dict[str, Any]


@dataclass
class Written:
    """The result of a write: ledger lines, and the organizations whose pages look different now."""

    lines: list[LedgerLine] = field(default_factory=list)
    organization_ids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Importer:
    """`plan(sheet, options, lock)` reads alone (and locks what it read when asked to); `write(plan, batch, now)` writes
    exactly the plan's changes; `restore(lines)` takes a batch's ledger back (see orgs.importing.undo)."""

    kind: str
    noun: str
    columns: Columns
    plan: Callable[[Sheet, Options, bool], Plan]
    write: Callable[[Plan, ImportBatch, datetime], Written]
    models: tuple[Any, ...]


_importers: dict[str, Importer] = {}


def register_importer(importer: Importer) -> Importer:
    if importer.kind in _importers:
        raise ValueError(f"The import {importer.kind} is registered twice.")
    _importers[importer.kind] = importer
    return importer


def of(kind: str) -> Importer:
    return _importers[kind]


def in_chunks(values: Iterable[Any], size: int = 10_000) -> Iterable[list[Any]]:
    """Long lists of parameters in pieces."""
    everything = list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]
