"""One row of a subscriptions file, read cell by cell and then checked by the rules of revenue."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from orgs.importing import cells
from orgs.importing.options import Options
from orgs.importing.plan import Plan
from orgs.importing.reading import Columns, SourceRow
from revenue.mrr.book import Row, monthly
from revenue.mrr.validation import Reading, validate_row

ID = "external_org_id"
COLUMNS = Columns(
    required=((ID,), ("product_code",), ("mrr", "amount"), ("currency",), ("start_at",)),
    optional=("end_at", "subscription_id", "trial_end_at", "interval", "interval_count", "quantity", "name"),
)
DAYS = ("start_at", "end_at", "trial_end_at")
NUMBERS = ("mrr", "amount")
CLEARING = "none"
NOTHING: frozenset[str] = frozenset()
LENGTHS = {"product_code": 100, "name": 255, "subscription_id": 255}


@dataclass(slots=True)
class Draft:
    """A readable row. `cleared` names days that the file takes away; `given` the columns with a value."""

    line: int
    external_id: str
    row: Row
    mrr: Decimal
    cells: dict[str, str]
    cleared: frozenset[str] = NOTHING
    currency_was_empty: bool = False

    @property
    def subscription_id(self) -> str:
        return self.cells.get("subscription_id", "")


@dataclass(frozen=True)
class Manner:
    """How one file is read: made once, as most of its numbers and days repeat."""

    readers: dict[str, Callable[[str], str]]
    rules: Reading


def manner_of(options: Options, delimiter: str) -> Manner:
    rules = Reading(options.today, options.zone, options.end_convention, options.reporting_currency)
    return Manner(readers_of(options, delimiter), rules)


def read_row(source: SourceRow, manner: Manner, plan: Plan) -> Draft | None:
    """The row's values; None when a cell was refused, with every refusal noted in the plan."""
    plain: dict[str, str] = {}
    refused: set[str] = set()
    cleared = frozenset(name for name in DAYS[1:] if source.cells.get(name, "").lower() == CLEARING) or NOTHING
    for column, read_cell in manner.readers.items():
        text = source.cells.get(column)
        if not text or column in cleared:
            continue
        try:
            plain[column] = read_cell(text)
        except cells.BadCell as error:
            refused.add(column)
            plan.refuse(source.line, column, text, str(error))
    refused |= refuse_empty(source, plain, refused, plan)
    multiply(plain)
    checked = validate_row(plain, source.line, manner.rules)
    for problem in checked.refusals:
        if problem.column not in refused:
            original = source.cells.get(problem.column, "")
            plan.refuse(source.line, problem.column, original, f"is refused: {problem.code}. {problem.message}")
    if checked.row is None or refused:
        return None
    for problem in checked.warnings:
        original = source.cells.get(problem.column, "")
        plan.warn(source.line, problem.column, original, f"{problem.code}: {problem.message}")
    currency_was_empty = checked.currency_was_empty
    return Draft(source.line, plain[ID], checked.row, monthly(checked.row), plain, cleared, currency_was_empty)


def multiply(plain: dict[str, str]) -> None:
    """With a quantity the row's money is that of one unit."""
    quantity = plain.pop("quantity", "")
    for name in NUMBERS:
        if quantity and name in plain:
            plain[name] = str(Decimal(plain[name]) * int(quantity))


def units(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise cells.BadCell("is no quantity. Write a whole number above zero, or leave it empty for one.")
    return text


def refuse_empty(source: SourceRow, plain: dict[str, str], refused: set[str], plan: Plan) -> set[str]:
    """Cells without which a row has no meaning."""
    reasons = {
        ID: "is empty: no external_org_id. Give the organization's id.",
        "product_code": "is empty. Give the product's code.",
        "start_at": "is empty: no start_at. Give the first day of the subscription.",
        "mrr": "is empty. Give the monthly amount, or amount and interval.",
    }
    empty = {name for name in reasons if name not in plain and name not in refused}
    if "amount" in plain or "amount" in refused:
        empty.discard("mrr")
    for name in sorted(empty):
        plan.refuse(source.line, name, "", reasons[name])
    return empty


def readers_of(options: Options, delimiter: str) -> dict[str, Callable[[str], str]]:
    """Canonical text of each column's cells: ISO days, plain decimals."""

    @cache
    def number(text: str) -> str:
        return str(cells.amount(text, delimiter))

    @cache
    def day(text: str) -> str:
        return str(cells.day(text, options.day_format, options.zone))

    def name(text: str) -> str:
        return cells.plain_text(text, LENGTHS["name"])

    def subscription_id(text: str) -> str:
        return cells.code(text, LENGTHS["subscription_id"])

    @cache
    def product_code(text: str) -> str:
        return cells.code(text, LENGTHS["product_code"])

    texts = {"product_code": product_code, "name": name, "subscription_id": subscription_id}
    others = {"currency": cache(currency), "interval": str.lower, "interval_count": str, "quantity": cache(units)}
    return {ID: cells.external_id} | texts | others | dict.fromkeys(NUMBERS, number) | dict.fromkeys(DAYS, day)


def currency(text: str) -> str:
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise cells.BadCell("is not a currency. Write three letters, for example EUR.")
    return text.upper()
