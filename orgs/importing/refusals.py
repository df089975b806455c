"""An upload as people sent it, with the reasons of its refused rows beside them."""

from collections import defaultdict
from collections.abc import Iterator
from heapq import merge

from orgs.importing import batches, kinds, reading
from orgs.importing.reading import FileRefused
from orgs.models import ImportBatch, ImportFile


def with_reasons(batch: ImportBatch, *, whole: bool = False) -> tuple[list[str], Iterator[list[str]]]:
    """Header and refused rows of the batch's file under its own column names, line and reason added.

    `whole`: all rows; the accepted ones have no reason. Empty when the file is gone.
    """
    try:
        content = batches.content_of(batch)
        sheet = reading.read(content, kinds.of(batch.kind).columns, batch.options.get("mapping"))
        plan = batches.make_plan(batch, content)
    except (FileRefused, ImportFile.DoesNotExist):
        return ["reason"], iter(())
    reasons: dict[int, list[str]] = defaultdict(list)
    for remark in plan.refused:
        reasons[remark.line].append(remark.message)
    return ["line", *sheet.source, "reason"], rows_of(sheet, reasons, whole)


def rows_of(sheet: reading.Sheet, reasons: dict[int, list[str]], whole: bool) -> Iterator[list[str]]:
    width = len(sheet.source)
    fitting = ((row.line, list(row.cells.values())[:width]) for row in sheet.rows if whole or row.line in reasons)
    for line, cells in merge(fitting, ((misfit.line, misfit.cells) for misfit in sheet.misfits)):
        padded = [*cells[: width - 1], sheet.delimiter.join(cells[width - 1 :])] if len(cells) > width else cells
        yield [str(line), *padded, *[""] * (width - len(padded)), " ".join(reasons.get(line, ()))]
