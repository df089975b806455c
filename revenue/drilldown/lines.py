"""Subscription lines behind a number: of a product, without an exchange rate, discounts beyond their plans."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from revenue import books
from revenue.answers.today import who_of
from revenue.books import Terms
from revenue.drilldown.listing import (
    COUNT,
    DAY,
    MONEY,
    NATIVE,
    ORGANIZATION,
    SHARE,
    SIGNED,
    Choice,
    Column,
    Listing,
    ListRows,
    Native,
    Total,
)
from revenue.models import Subscription
from revenue.mrr.money import from_units, ratio
from revenue.querysets import SubscriptionQuerySet

Valued = tuple[Subscription, int]
LINE_COLUMNS = (
    Column("Organization", ORGANIZATION),
    Column("Product"),
    Column("Subscription"),
    Column("Starts", DAY),
    Column("Ends", DAY),
    Column("Native MRR", NATIVE),
)


def of_product(product_code: str, as_of: date, terms: Terms, among: QuerySet | None = None) -> Listing:
    """The active lines of a product, largest first; the totals of its row on the page."""
    lines = valued(books.lines(None, among).active(on=as_of).filter(product_code=product_code), as_of, terms)
    total = sum(units for _line, units in lines)
    everything = sum(books.stand(as_of, organization_ids=among, terms=terms).units.values())
    priced = [line for line, _units in lines if line.mrr > 0]
    return Listing(
        name="revenue-product",
        title=f"Product {product_code or 'without a code'}",
        currency=terms.currency,
        columns=(*LINE_COLUMNS, Column("MRR", MONEY)),
        rows=ListRows(sorted(lines, key=lambda pair: (-pair[1], pair[0].pk)), with_values),
        totals=(
            Total("mrr", "MRR", from_units(total)),
            Total("share", "Share of MRR", ratio(total, everything), SHARE, "MRR of the product ÷ MRR"),
            Total("subscriptions", "Active subscriptions", len(priced), COUNT, "lines with a price above 0"),
            Total("organizations", "Paying organizations", len({line.key.organization_id for line in priced}), COUNT),
        ),
        formula="Lines that count today: started, past their trial, not ended. Discounts are lines below 0.",
        empty="No line of this product counts today.",
    )


def unconverted(
    currency: str, as_of: date, terms: Terms, without_rate: Sequence[str], among: QuerySet | None = None
) -> Listing:
    """Every line in a currency, those active today first: what is left out while there is no rate for it."""
    in_currency = books.lines(None, among).filter(currency=currency)
    found = list(in_currency.select_related("key"))
    active = set(in_currency.active(on=as_of).values_list("pk", flat=True))
    native = sum((line.mrr for line in found if line.pk in active), Decimal("0.0000"))
    return Listing(
        name="revenue-unconverted",
        title=f"Lines in {currency}" if currency else "Lines without a rate",
        currency=currency,
        columns=(*LINE_COLUMNS, Column("Counts today")),
        rows=ListRows(
            sorted(found, key=lambda line: (line.pk not in active, -line.mrr, line.pk)),
            lambda lines: [
                (*cells, "yes" if line.pk in active else "no")
                for line, cells in zip(lines, line_cells(lines), strict=True)
            ],
        ),
        totals=(
            Total("native", "Active, in their own currency", native, currency=currency),
            Total("active_rows", "Active lines", len(active), COUNT),
            Total("rows", "Lines in all", len(found), COUNT),
        ),
        formula=(
            f"Kept out of every total while {currency or 'a currency'} has no exchange rate: amounts of different "
            "currencies are never added unconverted."
        ),
        choices=tuple(Choice(each, f"currency={each}", each == currency) for each in without_rate),
        empty="No line is in this currency." if currency else "Every currency has a rate, so nothing is left out.",
    )


def unused_discounts(as_of: date, terms: Terms, among: QuerySet | None = None) -> Listing:
    """Organizations whose discounts exceed their plans: what is below 0 never lowers the MRR of others (R5)."""
    active = books.lines(None, among).active(on=as_of)
    with_discount = active.filter(mrr__lt=0).values("key__organization")
    sums: dict[int, int] = {}
    for line, units in valued(active.filter(key__organization__in=with_discount), as_of, terms):
        sums[line.key.organization_id] = sums.get(line.key.organization_id, 0) + units
    below = sorted((units, who) for who, units in sums.items() if units < 0)
    return Listing(
        name="revenue-unused-discounts",
        title="Discounts larger than their plans",
        currency=terms.currency,
        columns=(Column("Organization", ORGANIZATION), Column("Sum of its lines", SIGNED)),
        rows=ListRows(below, with_sums),
        totals=(
            Total("unused", "Not used", from_units(-sum(units for units, _who in below))),
            Total("organizations", "Organizations", len(below), COUNT),
        ),
        formula="The sum of an organization's active lines is below 0; it counts as 0.",
    )


def valued(found: SubscriptionQuerySet, as_of: date, terms: Terms) -> list[Valued]:
    """Lines with their value in units of the reporting currency; those without a rate are left out (R23)."""
    converter, day = terms.converter(), as_of.toordinal()
    return [
        (line, books.units_of(line.mrr, line.currency, converter, day))
        for line in found.select_related("key")
        if converter.can(line.currency)
    ]


def with_values(pairs: list[Valued]) -> list[tuple]:
    cells = line_cells([line for line, _units in pairs])
    return [(*own, from_units(units)) for own, (_line, units) in zip(cells, pairs, strict=True)]


def with_sums(pairs: list[tuple[int, int]]) -> list[tuple]:
    who = who_of([organization for _units, organization in pairs])
    return [(who[organization], from_units(units)) for units, organization in pairs]


def line_cells(lines: Iterable[Subscription]) -> list[tuple]:
    """In the order of LINE_COLUMNS."""
    lines = list(lines)
    who = who_of({line.key.organization_id for line in lines})
    return [
        (
            who[line.key.organization_id],
            line.product_code or "without a product",
            line.subscription_id or line.name,
            line.start_on,
            line.end_on,
            Native(line.mrr, line.currency),
        )
        for line in lines
    ]
