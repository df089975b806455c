"""The lists of the revenue page for one day, cut to their first rows; their sums are of everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Min

from revenue import answers, books
from revenue.answers.ahead import Renewal, Renewals, Schedule, named
from revenue.answers.history import Change
from revenue.answers.today import ProductMrr, Products, names_of
from revenue.books import Terms
from revenue.facts.narrowing import Among
from revenue.fx import RateWarning
from revenue.models import OrganizationMonth, StoredMonth
from revenue.mrr.book import Unconverted
from revenue.mrr.calendar import month_start
from revenue.mrr.money import from_units, ratio, to_units
from revenue.mrr.report import rate_warnings
from revenue.mrr.sums import MonthSums

WINDOWS = (30, 60, 90, 180)
LISTED = 10


@dataclass(frozen=True, slots=True)
class Share:
    """One organization among the largest; `share` of current MRR with six places."""

    organization_id: int
    name: str
    mrr: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class RenewalSum:
    """How many organizations renew within `days`, and their MRR."""

    days: int
    organizations: int
    mrr: Decimal


@dataclass(frozen=True, slots=True)
class Lists:
    """`lines`: how many are known now."""

    as_of: date
    currency: str
    lines: int
    products: Products
    top: tuple[Share, ...]
    changes: tuple[Change, ...]
    schedule: Schedule
    renewals: tuple[Renewal, ...]
    renewal_sums: tuple[RenewalSum, ...]
    unconverted: tuple[Unconverted, ...]
    rate_warnings: tuple[RateWarning, ...]


def compute(as_of: date, terms: Terms, among: Among | None = None) -> Lists:
    """From the stored months and the lines as they are; of everybody, or of some organizations."""
    month = month_start(as_of)
    closes = OrganizationMonth.objects.of(month)
    if among is not None:
        closes = closes.filter(organization_id__in=among)
    balances = dict(closes.paying_at_close().values_list("organization_id", "closing"))
    renewals = answers.renewals(as_of, max(WINDOWS), balances)
    return Lists(
        as_of=as_of,
        currency=terms.currency,
        lines=books.lines(None, among).count(),
        products=products(month) if among is None else answers.by_product(as_of, terms, among),
        top=tuple(shares(closes.largest_first()[:LISTED].values_list("organization_id", "closing"), balances)),
        changes=changes(closes.moved().largest_movement_first()[:LISTED], as_of),
        schedule=answers.scheduled(as_of, LISTED, terms, among),
        renewals=tuple(named(renewals.items[:LISTED])),
        renewal_sums=tuple(sum_of(renewals.within(days)) for days in WINDOWS),
        unconverted=answers.unconverted(as_of, terms, among),
        rate_warnings=tuple(rate_warnings(first_use(among), terms.rates, terms.settings, as_of)),
    )


def products(month: date) -> Products:
    """The products of a stored close, largest first."""
    sums = MonthSums.load(StoredMonth.objects.get(month=month).sums)
    total = sums.tally.end
    ordered = sorted(sums.products.items(), key=lambda pair: (-pair[1][1], pair[0]))
    items = tuple(
        ProductMrr(code, from_units(mrr), priced, organizations, ratio(mrr, total))
        for code, (_lines, mrr, priced, organizations) in ordered
    )
    listed = sum(mrr for _lines, mrr, *_ in sums.products.values())
    return Products(items, from_units(total - listed), from_units(total))


def shares(found: Iterable[tuple[int, Decimal]], balances: Mapping[int, Decimal]) -> list[Share]:
    """Organizations with their share of everybody's balances."""
    pairs, total = list(found), sum(map(to_units, balances.values()))
    names = names_of([who for who, _mrr in pairs])
    return [Share(who, names[who], mrr, ratio(to_units(mrr), total)) for who, mrr in pairs]


def changes(found: Iterable[OrganizationMonth], close: date) -> tuple[Change, ...]:
    """Stored movements with the names of their organizations."""
    rows = list(found)
    names = names_of([row.organization_id for row in rows])
    return tuple(
        Change(
            row.organization_id,
            names[row.organization_id],
            close,
            row.kind,
            row.opening,
            row.closing,
            row.amount,
            row.fx_impact,
        )
        for row in rows
    )


def first_use(among: Among | None) -> dict[str, date]:
    """The first day of a line by currency."""
    return dict(books.lines(None, among).order_by().values_list("currency").annotate(Min("start_on")))


def sum_of(renewals: Renewals) -> RenewalSum:
    return RenewalSum(renewals.days, renewals.organizations, renewals.mrr)
