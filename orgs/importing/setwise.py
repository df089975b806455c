"""django-import-export resources whose rows are read, compared and written as one set."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.html import format_html
from import_export import resources
from import_export.results import Error, Result, RowResult
from tablib import Dataset

from orgs.importing import batches, options
from orgs.importing.batches import End
from orgs.importing.options import Options
from orgs.importing.plan import CHANGED, NEW, Plan, RowPlan, shown
from orgs.importing.reading import FileRefused

TYPES = {NEW: RowResult.IMPORT_TYPE_NEW, CHANGED: RowResult.IMPORT_TYPE_UPDATE}


class SetWiseResource(resources.ModelResource):
    """Subclasses name their `import_kind`; the importer registered for it does the work."""

    import_kind: ClassVar[str]

    def __init__(self, chosen: Options | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chosen = chosen

    def import_data(  # noqa: PLR0917  the library's signature
        self,
        dataset: Dataset,
        dry_run: bool = False,
        raise_errors: bool = False,
        use_transactions: bool | None = None,
        collect_failed_rows: bool = False,
        rollback_on_validation_errors: bool = False,
        **kwargs: Any,
    ) -> Result:
        """All rows or none, always in one transaction. Without `dry_run` it is a batch with its ledger."""
        now = timezone.now()
        chosen = self.chosen or options.choose(now)
        content = dataset.export("csv").encode()
        result = Result()
        result.diff_headers = self.get_diff_headers()
        try:
            with transaction.atomic():
                plan = batches.plan_content(self.import_kind, content, chosen)
                fill(result, plan)
        except FileRefused as error:
            if raise_errors:
                raise
            result.append_base_error(Error(error))
            return result
        if dry_run or plan.refused:
            return result
        user = kwargs.get("user")
        name = kwargs.get("file_name") or "dataset.csv"
        batch = batches.receive(self.import_kind, file_name=name, content=content, options=chosen, user=user, now=now)
        batches.store_preview(batch, plan)
        outcome = batches.confirm(batch.pk, user=user, fingerprint=batch.fingerprint, now=now)
        if outcome.end is not End.DONE:
            result.append_base_error(Error(ValidationError(outcome.message)))
        return result


def fill(result: Result, plan: Plan) -> None:
    """A plan in the library's words."""
    result.total_rows = plan.total_rows
    for row in plan.each_row():
        each = row_result(row, result.diff_headers)
        result.increment_row_result_total(each)
        result.append_row_result(each)
    for line in sorted(plan.refused_lines):
        remarks = [remark for remark in plan.refused if remark.line == line]
        messages = {remark.column or "__all__": [remark.message] for remark in remarks}
        result.append_invalid_row(line, {remark.column: remark.value for remark in remarks}, ValidationError(messages))
        result.totals[RowResult.IMPORT_TYPE_INVALID] += 1


def row_result(row: RowPlan, headers: list[str]) -> RowResult:
    each = RowResult()
    each.import_type = TYPES.get(row.kind, RowResult.IMPORT_TYPE_SKIP)
    each.object_id, each.object_repr = row.row_id, row.label
    before, after = row.before or {}, row.after
    each.row_values = after
    each.diff = [difference(shown(before.get(name)), shown(after.get(name, before.get(name)))) for name in headers]
    return each


def difference(before: str, after: str) -> str:
    """Escaped, as cells are hostile."""
    if before == after:
        return format_html("{}", after)
    if not before:
        return format_html("<ins>{}</ins>", after)
    return format_html("<del>{}</del> <ins>{}</ins>", before, after)
