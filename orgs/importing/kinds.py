"""The kinds of import there are; each app registers its own when it is ready."""

from collections.abc import Callable, Iterable, Mapping
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
    exactly the plan's changes. `sample` is a file to start from, its header first; `profiles` are mappings of columns
    (theirs to ours) that come with the product."""

    kind: str
    columns: Columns
    plan: Callable[[Sheet, Options, bool], Plan]
    write: Callable[[Plan, ImportBatch, datetime], Written]
    sample: tuple[tuple[str, ...], ...] = ()
    profiles: Mapping[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row that an undo leaves alone, and why."""

    label: str
    reason: str


@dataclass
class Restored:
    """What taking back one model's ledger lines did."""

    deleted: int = 0
    overwritten: int = 0
    kept: list[KeptRow] = field(default_factory=list)
    organization_ids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Restorer:
    """Takes ledger lines of one model back in the caller's transaction; what depends on others has a lower `order`."""

    model: str
    order: int
    restore: Callable[[list[LedgerLine], datetime], Restored]


_restorers: dict[str, Restorer] = {}


def register_restorer(restorer: Restorer) -> Restorer:
    if restorer.model in _restorers:
        raise ValueError(f"The restorer of {restorer.model} is registered twice.")
    _restorers[restorer.model] = restorer
    return restorer


def restorers() -> list[Restorer]:
    return sorted(_restorers.values(), key=lambda each: each.order)


def differs(current: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Fields that somebody changed after the import wrote them."""
    return [name for name, value in after.items() if name in current and current[name] != value]


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
