"""The report in the words of people and files: organizations by their external id, lines by the id they came with."""

from typing import Any

from orgs.models import ImportBatch, Organization
from revenue.importing.rows import DAYS
from revenue.models import Subscription
from revenue.mrr.as_json import as_json
from revenue.mrr.report import Report


def document_of(report: Report) -> dict[str, Any]:
    """The one JSON document of the `revenue` command."""
    document = as_json(report)
    document["org_mrr_at_as_of"] = dict(
        sorted((external_id, str(mrr)) for external_id, mrr in mrr_by_external_id(report).items())
    )
    document["unconverted_rows"] = line_ids(document["unconverted_rows"])
    document["rejected_rows"] = rejected_rows()
    return document


def mrr_by_external_id(report: Report) -> dict[str, Any]:
    """Paying organizations at the report's `as_of`."""
    ids = dict(Organization.objects.values_list("id", "external_id"))
    return {ids[organization]: mrr for organization, mrr in report.mrr_by_organization.items()}


def line_ids(line_pks: list[int]) -> list[str]:
    """The subscription_id of each line, else its organization, product and start, in the order given (R30)."""
    found = Subscription.objects.select_related("key").in_bulk(line_pks)
    return [identity_of(found[pk]) for pk in line_pks]


def identity_of(line: Subscription) -> str:
    return line.subscription_id or f"{line.key.external_id} · {line.product_code} · {line.start_on}"


def rejected_rows() -> list[dict[str, Any]]:
    """What the latest import of subscriptions left out, one entry a row: `row` counts data rows from 0, `line` is the
    physical line of the file, `reason` the rule in short."""
    batch = ImportBatch.objects.filter(kind=ImportBatch.Kind.SUBSCRIPTIONS, state=ImportBatch.State.CONFIRMED).first()
    refused: dict[int, dict[str, Any]] = {}
    for group in batch.report.get("refused", []) if batch else []:
        for place in group["lines"]:
            line = place["line"]
            reason = short_reason(group["column"], group["reason"])
            refused.setdefault(line, {"row": line - 2, "line": line, "column": group["column"], "reason": reason})
    return [refused[line] for line in sorted(refused)]


def short_reason(column: str, reason: str) -> str:
    """The rule a refusal names: "is refused: end_at before start_at. Give …" → "end_at before start_at". Without one:
    "bad date" in a column of days, else the first sentence with its column, "mrr is not a number"."""
    sentence = reason.partition(". ")[0].rstrip(".")
    _, colon, rule = sentence.partition(": ")
    if colon:
        return rule
    return "bad date" if column in DAYS else f"{column} {sentence}".strip()
