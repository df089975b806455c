"""The report in the words of people and files: organizations by their external id, lines by the id they came with."""

from typing import Any

from orgs.models import ImportBatch, Organization
from revenue.importing.rows import DAYS, NUMBERS
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
    """What the latest import of subscriptions left out, one entry a row: `row` counts data rows from 0, `reason` is the
    rule in short. At most the first thousand."""
    batch = ImportBatch.objects.filter(kind=ImportBatch.Kind.SUBSCRIPTIONS, state=ImportBatch.State.CONFIRMED).first()
    return [
        {"row": line - 2, "reason": short_reason(column, reason)}
        for line, column, reason in (batch.report.get("left_out", []) if batch else [])
    ]


def short_reason(column: str, reason: str) -> str:
    """The rule a refusal names: "is refused: end_at before start_at. Give …" → "end_at before start_at". A cell that
    cannot be read is a "bad date" or "mrr is not a number"; else the first sentence with its column."""
    sentence = reason.partition(". ")[0].rstrip(".")
    verdict, _, rule = sentence.partition(": ")
    if rule and verdict in ("is refused", "is empty"):
        return rule
    if column in DAYS:
        return "bad date"
    if column in NUMBERS and "too large" not in sentence:
        return f"{column} is not a number"
    return f"{column} {sentence}".strip()
