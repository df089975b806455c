"""Every worked case the way a customer's files go: imported by command, reported by command."""

import csv
import io
import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from config.backoffice import settings as install
from tests.revenue.test_mrr_cases import CASES, day, differences

pytestmark = pytest.mark.django_db
COLUMNS = (
    "external_org_id",
    "product_code",
    "mrr",
    "currency",
    "start_at",
    "end_at",
    "trial_end_at",
    "amount",
    "interval",
    "interval_count",
    "subscription_id",
)


def lines_of(case):
    """The rows as cells, each under its index, later versions under the index of the first (see the file's `how`)."""
    ids, lines = {}, []
    for index, row in enumerate(case["rows"]):
        identity = (row["external_org_id"], row["product_code"], row["start_at"])
        previous = [ids[at] for at in range(index) if follows(case["rows"][at], row, identity)]
        ids[index] = previous[-1] if previous else str(index)
        lines.append({name: row.get(name) or "" for name in COLUMNS} | {"subscription_id": ids[index]})
    return lines


def follows(earlier, row, identity):
    same = (earlier["external_org_id"], earlier["product_code"], earlier["start_at"]) == identity
    return same and row.get("known_from") is not None and earlier.get("known_to") == row.get("known_from")


def write(path, columns, rows):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def run(command, *arguments):
    out = io.StringIO()
    call_command(command, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def configure(settings):
    install.change(
        {
            "reporting_currency": settings["reporting_currency"],
            "time_zone": settings["timezone"],
            "end_convention": settings["end_convention"],
            "gap_grace_days": settings["gap_grace_days"],
            "fx_mode": settings["fx_mode"],
            "fx_constant_date": day(settings["fx_constant_date"]),
        },
        actor=None,
        now=timezone.now(),
    )


def import_lines(case, folder):
    """One file for each day of knowledge, oldest first."""
    lines = lines_of(case)
    days = sorted({row.get("known_from") or "" for row in case["rows"]})
    for known_from in days:
        rows = [
            line for line, row in zip(lines, case["rows"], strict=True) if (row.get("known_from") or "") == known_from
        ]
        known = ["--known-on", known_from] if known_from else []
        run("import_subscriptions", write(folder / "lines.csv", COLUMNS, rows), "--valid-rows-only", *known)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_worked_case_through_the_commands(case, tmp_path):
    settings = case["settings"]
    configure(settings)
    if case["fx_rates"]:
        run("import_rates", write(tmp_path / "rates.csv", ["date", "currency", "per_eur"], case["fx_rates"]))
    names = sorted({row["external_org_id"].strip() for row in case["rows"]} - {""})
    organizations = [{"external_org_id": name, "display_name": name.title()} for name in names]
    run("import_organizations", write(tmp_path / "orgs.csv", ["external_org_id", "display_name"], organizations))
    import_lines(case, tmp_path)
    known = ["--known-on", settings["knowledge_date"]] if settings["knowledge_date"] else []
    actual = run("revenue", "--since", settings["first_month"], "--as-of", settings["as_of"], *known)
    actual["unconverted_rows"] = [int(line) for line in actual["unconverted_rows"]]
    assert differences(case["expected"], actual, case) == []
