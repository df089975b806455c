"""The question that a cohort's page opens: how much its organizations use and pay, beside everybody else."""

from typing import Any

SERIES = (
    {"event": None, "math": "unique_organizations"},
    {"event": None, "math": "avg_per_organization"},
    {"event": None, "math": "avg", "property": "mrr", "of": "organization"},
    {"event": None, "math": "sum", "property": "mrr", "of": "organization"},
)


def document(cohort_id: int) -> dict[str, Any]:
    """As the query API takes it."""
    return {
        "series": [{**each, "filters": []} for each in SERIES],
        "breakdown": {"property": str(cohort_id), "of": "cohort"},
        "range": {"from": "-30d"},
        "display": "table",
    }
