"""The refused rows of an upload as people sent them, with the reasons beside them."""

from collections import defaultdict
from collections.abc import Iterator

from orgs.importing import batches, kinds, reading
from orgs.importing.reading import FileRefused
from orgs.models import ImportBatch, ImportFile


def with_reasons(batch: ImportBatch) -> tuple[list[str], Iterator[list[str]]]:
    """Header and refused rows of the batch's file, a reason column added. Empty when the file is gone."""
    try:
        content = batches.content_of(batch)
        sheet = reading.read(content, kinds.of(batch.kind).columns, batch.options.get("mapping"))
        plan = batches.make_plan(batch, content)
    except (FileRefused, ImportFile.DoesNotExist):
        return ["reason"], iter(())
    reasons: dict[int, list[str]] = defaultdict(list)
    for remark in plan.refused:
        reasons[remark.line].append(remark.message)
    return ["line", *sheet.columns, "reason"], rows_of(sheet, reasons)


def rows_of(sheet: reading.Sheet, reasons: dict[int, list[str]]) -> Iterator[list[str]]:
    width = len(sheet.columns)
    refused = [(row.line, list(row.cells.values())) for row in sheet.rows if row.line in reasons]
    refused += [(misfit.line, misfit.cells) for misfit in sheet.misfits]
    for line, cells in sorted(refused):
        padded = [*cells[: width - 1], sheet.delimiter.join(cells[width - 1 :])] if len(cells) > width else cells
        yield [str(line), *padded, *[""] * (width - len(padded)), " ".join(reasons[line])]
