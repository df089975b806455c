"""Small books written as the lines of a CSV file, imported and reported by the commands people use."""

from tests.revenue.test_cases_through_imports import configure, run

DEFAULTS = {
    "reporting_currency": "EUR",
    "timezone": "UTC",
    "end_convention": "exclusive",
    "gap_grace_days": 0,
    "fx_mode": "period_end",
    "fx_constant_date": None,
}
LINES = "external_org_id,product_code,mrr,currency,start_at,end_at"
RATES = "date,currency,per_eur"


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


class Books:
    """The books of one test. `folder` takes its files."""

    def __init__(self, folder) -> None:
        self.folder = folder

    def file(self, name: str, header: str, text: str) -> str:
        path = self.folder / name
        path.write_text("\n".join([header, *lines_of(text)]) + "\n")
        return str(path)

    def settings(self, **chosen) -> None:
        configure(DEFAULTS | chosen)

    def rates(self, text: str, header: str = RATES) -> dict:
        return run("import_rates", self.file("rates.csv", header, text))

    def lines(self, text: str, *arguments: str, header: str = LINES) -> dict:
        """Import subscriptions, their organizations first."""
        names = sorted({line.split(",")[0].strip() for line in lines_of(text)} - {""})
        if names:
            organizations = "\n".join(f"{name},{name.title()}" for name in names)
            run("import_organizations", self.file("orgs.csv", "external_org_id,display_name", organizations))
        return run("import_subscriptions", self.file("lines.csv", header, text), "--valid-rows-only", *arguments)

    def report(self, since: str, as_of: str, *arguments: str) -> dict:
        return run("revenue", "--since", since, "--as-of", as_of, *arguments)


def told(report: dict, expected: dict) -> dict:
    """The part of a report that `expected` speaks of; months by their name."""
    months = {month["month"]: month for month in report["months"]}
    return {key: part(months.get(key, report.get(key)), value) for key, value in expected.items()}


def part(found, expected):
    """`found` without the keys that `expected` leaves out; a set of products or currencies is compared whole."""
    if isinstance(expected, dict) and isinstance(found, dict) and set(expected) < set(found):
        return {key: part(found[key], value) for key, value in expected.items()}
    return found
