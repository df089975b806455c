"""What an import would do, row by row, before anything is done: the preview and the orders for the confirm in one."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol, TypeVar

import orjson

from orgs.importing.reading import ShapeError, Sheet

NEW, CHANGED, UNCHANGED = "new", "changed", "unchanged"
MOST_SHOWN = 100
MOST_LEFT_OUT = 1000
LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell: a refusal or a warning. `line` is the physical line of the file.

    `reason` goes on after the value: “is not a number. Write …”. Without a column it is about the whole row.
    """

    line: int
    column: str
    value: str
    reason: str

    @property
    def message(self) -> str:
        if not self.column:
            return self.reason
        return f"{self.column} “{clip(self.value)}” {self.reason}" if self.value else f"{self.column} {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "value": clip(self.value), "message": self.message}


class Shown(Protocol):
    """One state of a row as people compare it: field names to text, numbers or None."""

    def shown(self) -> dict[str, Any]: ...


@dataclass(slots=True)
class RowPlan:
    """One accepted row: how it stands (`old`, None for a new one) and how it would stand (`new`).

    Both answer `shown()` when asked; 100 000 rows of ready-made dictionaries would cost hundreds of megabytes.
    `line` is 0 for a change that no line of the file names.
    """

    line: int
    kind: str
    label: str
    row_id: int | None
    old: Shown | None
    new: Shown

    @property
    def before(self) -> dict[str, Any] | None:
        return self.old.shown() if self.old is not None else None

    @property
    def after(self) -> dict[str, Any]:
        return self.new.shown()

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        before = self.before or {}
        return {name: (before.get(name), new) for name, new in self.after.items() if before.get(name) != new}


@dataclass
class Plan:
    """Everything a preview shows. `facts` are the figures of one kind of import, ready for JSON."""

    rows: list[RowPlan] = field(default_factory=list)
    refused: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    total_rows: int = 0
    header: tuple[str, ...] = ()

    def refuse(self, line: int, column: str, value: str, reason: str) -> None:
        self.refused.append(Remark(line, column, value, reason))

    def warn(self, line: int, column: str, value: str, reason: str) -> None:
        self.warnings.append(Remark(line, column, value, reason))

    @property
    def refused_lines(self) -> set[int]:
        return {remark.line for remark in self.refused}

    @property
    def counts(self) -> dict[str, int]:
        kinds = Counter(row.kind for row in self.rows)
        return {
            NEW: kinds[NEW],
            CHANGED: kinds[CHANGED],
            UNCHANGED: kinds[UNCHANGED],
            "refused": len(self.refused_lines),
        }

    @property
    def changes(self) -> list[RowPlan]:
        return [row for row in self.rows if row.kind != UNCHANGED]

    def each_row(self) -> Iterator[RowPlan]:
        """All accepted rows, in the order of the file."""
        return iter(self.rows)

    def first(self, kind: str) -> list[RowPlan]:
        """The first rows of one kind, as many as a page shows."""
        return list(islice((row for row in self.rows if row.kind == kind), MOST_SHOWN))

    def told(self) -> Iterable[bytes]:
        """Everything that the rows say, for the fingerprint."""
        for row in self.rows:
            yield dumps([row.line, row.kind, row.row_id, row.before, row.after])

    def fingerprint(self) -> str:
        """Equal when a confirm would write, refuse and say exactly the same."""
        digest = hashlib.sha256(dumps(self.facts))
        for told in self.told():
            digest.update(told)
        for remark in self.refused:
            digest.update(dumps([remark.line, remark.column, remark.value, remark.reason]))
        return digest.hexdigest()

    def report(self) -> dict[str, Any]:
        """For the batch's row and its page: figures, groups of refusals and samples, of bounded size."""
        samples = {kind: [sample(row) for row in self.first(kind)] for kind in (CHANGED, NEW)}
        return {
            "total_rows": self.total_rows,
            "header": self.header,
            "notices": self.notices,
            "facts": self.facts,
            "refused": grouped(self.refused),
            "left_out": left_out(self.refused),
            "warnings": grouped(self.warnings),
            "samples": samples,
        }


AnyPlan = TypeVar("AnyPlan", bound=Plan)


def begin(sheet: Sheet, of: type[AnyPlan] = Plan) -> AnyPlan:
    """A plan that already refuses the records which do not fit the header."""
    total = len(sheet.rows) + len(sheet.misfits)
    plan = of(notices=list(sheet.notices), total_rows=total, header=sheet.source)
    for misfit in sheet.misfits:
        refuse_shape(plan, misfit, sheet.delimiter)
    return plan


def refuse_shape(plan: Plan, misfit: ShapeError, delimiter: str) -> None:
    plan.refuse(misfit.line, "", delimiter.join(misfit.cells), misfit.message)


def grouped(remarks: Iterable[Remark]) -> list[dict[str, Any]]:
    """Remarks of the same reason together, the largest group first, a bounded sample of each."""
    groups: dict[tuple[str, str], list[Remark]] = {}
    for remark in remarks:
        groups.setdefault((remark.column, remark.reason), []).append(remark)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[1][0].line))
    return [
        {
            "column": column,
            "reason": reason,
            "count": len(members),
            "lines": [{"line": each.line, "value": clip(each.value)} for each in members[:20]],
        }
        for (column, reason), members in ordered[:MOST_SHOWN]
    ]


def left_out(refused: Iterable[Remark]) -> list[list[Any]]:
    """Line, column and reason of the first refusal of each row, in the order given: the first thousand rows."""
    first: dict[int, Remark] = {}
    for remark in refused:
        first.setdefault(remark.line, remark)
    return [[each.line, each.column, each.reason] for each in islice(first.values(), MOST_LEFT_OUT)]


def sample(row: RowPlan) -> dict[str, Any]:
    listed = row.differences.items()
    differences = [
        [name, shown(old), shown(new)]
        for name, (old, new) in listed
        if row.old is not None or (shown(new) and new is not True)
    ]
    return {"line": row.line, "label": row.label, "differences": differences}


def shown(value: Any) -> str:
    """A value on a preview: yes and no, amounts without zeros that say nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return re.sub(r"(\.\d\d\d*?)0+$", r"\1", f"{value:f}")
    return "" if value is None else clip(str(value))


def clip(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=as_text, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def as_text(value: Any) -> str:
    if isinstance(value, Decimal | date):
        return str(value)
    raise TypeError(type(value).__name__)
