"""`revenue`: every revenue figure month by month, for people as a table, for machines as one JSON document."""

from argparse import ArgumentTypeError
from calendar import monthrange
from datetime import date
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.backoffice import formatting, settings
from revenue import answers
from revenue.mrr.calendar import add_months, month_start
from revenue.mrr.report import MonthFigures, Report
from revenue.stored_reports import document_of

COLUMNS = ("month", "start", "new", "expansion", "reactivation", "contraction", "churn", "fx", "end", "paying")


def month(text: str) -> date:
    """The first day of a month given as YYYY-MM."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a month: write YYYY-MM, for example 2026-03.") from error


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is not a day: write YYYY-MM-DD.") from error


class Command(BaseCommand):
    help = "Print MRR, its movements, ratios, products and cohorts month by month."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=month, metavar="YYYY-MM", help="first month; default: 12 months to the last"
        )
        parser.add_argument("--until", type=month, metavar="YYYY-MM", help="last month; default: the running one")
        parser.add_argument(
            "--as-of", type=day, metavar="DATE", help="the day the running month closes; default: today"
        )
        parser.add_argument("--known-on", type=day, metavar="DATE", help="the books as they stood on that day")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *, since: date | None, until: date | None, json: bool, **given: Any) -> None:
        as_of = given["as_of"] or settings.today(timezone.now())
        if until is not None:
            as_of = min(as_of, until.replace(day=monthrange(until.year, until.month)[1]))
        since = since or add_months(month_start(as_of), -11)
        try:
            report = answers.months(since, as_of, known_on=given["known_on"])
        except ValueError as error:
            raise CommandError(f"{error}: give a --since that is not after --until or --as-of.") from error
        self.stdout.write(orjson.dumps(document_of(report)).decode() if json else table(report))


def table(report: Report) -> str:
    """Months as lines, movements as columns, and what stands beside the totals."""
    currency = report.settings.reporting_currency
    lines = [f"{currency}, closes up to {report.as_of}", "".join(f"{name:>14}" for name in COLUMNS)]
    lines += ["".join(f"{cell:>14}" for cell in cells(figures)) for figures in report.months]
    for each in report.unconverted:
        native = formatting.money(each.native_mrr, each.currency, exact=True)
        lines.append(f"Left out, no rate: {each.active_rows} active of {each.rows} lines, {native}")
    lines += [
        f"Rates of {each.currency}: {each.reason.replace('_', ' ')}, {each.rate_on} was used for {each.day}"
        for each in report.rate_warnings
    ]
    return "\n".join(lines)


def cells(figures: MonthFigures) -> list[str]:
    bridge = figures.bridge
    amounts = (
        bridge.start,
        bridge.new,
        bridge.expansion,
        bridge.reactivation,
        -bridge.contraction,
        -bridge.churn,
        bridge.fx_impact,
        bridge.end,
    )
    label = f"{figures.month.label}{'*' if figures.month.partial else ''}"
    return [label, *(formatting.number(amount, 2) for amount in amounts), str(figures.paying_end)]
