"""From the tables to the engine: the only place that turns stored rows and settings into a book."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet

from config.backoffice import settings as install
from revenue.fx import Converter, Rate, RateTable
from revenue.models import ExchangeRate, Subscription
from revenue.mrr.book import Book, Row, Settings
from revenue.mrr.money import to_units
from revenue.querysets import SubscriptionQuerySet

COLUMNS = (
    "key__organization_id",
    "id",
    "product_code",
    "currency",
    "start_on",
    "end_on",
    "trial_end_on",
    "mrr",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """How this install turns rows into figures: its settings and its exchange rates, read once per act."""

    settings: Settings
    rates: RateTable

    @property
    def currency(self) -> str:
        return self.settings.reporting_currency

    def converter(self) -> Converter:
        chosen = self.settings
        return Converter(self.rates, chosen.reporting_currency, chosen.fx_mode, chosen.fx_constant_date)


def read_terms() -> Terms:
    """Settings and rates as they are now."""
    chosen = read_settings()
    return Terms(chosen, read_rates(chosen.reporting_currency))


def read_settings() -> Settings:
    row = install.read()
    return Settings(row.reporting_currency, row.gap_grace_days, row.fx_mode, row.fx_constant_date)


def read_converter(currencies: Collection[str]) -> Converter:
    """For amounts in these currencies that are no subscriptions."""
    chosen = read_settings()
    wanted = {*currencies, chosen.reporting_currency}
    found = ExchangeRate.objects.filter(currency__in=wanted).order_by().values_list("date", "currency", "per_eur")
    rates = RateTable(Rate(day, currency, per_eur) for day, currency, per_eur in found)
    return Converter(rates, chosen.reporting_currency, chosen.fx_mode, chosen.fx_constant_date)


def read_rates(reporting_currency: str) -> RateTable:
    """The rates that some line needs: a full table of thirty currencies since 1999 is mostly of other ones."""
    used = Q(currency__in=Subscription.objects.order_by().values("currency")) | Q(currency=reporting_currency)
    found = ExchangeRate.objects.filter(used).order_by().values_list("date", "currency", "per_eur")
    return RateTable(Rate(day, currency, per_eur) for day, currency, per_eur in found)


def lines(
    known_on: date | None = None, organization_ids: Collection[int] | QuerySet | None = None
) -> SubscriptionQuerySet:
    """One version of every line: the one known now, or the one that stood in the books on `known_on` (R28)."""
    found = Subscription.objects.known_now() if known_on is None else Subscription.objects.known_on(known_on)
    return found if organization_ids is None else found.of_organizations(organization_ids)


def read_rows(found: SubscriptionQuerySet) -> list[Row]:
    """The lines as the engine reads them: `organization` is the organization's id after the join, `line` the row's."""
    return [
        Row(organization, line, product, currency, start_on, end_on, trial_end_on, mrr)
        for organization, line, product, currency, start_on, end_on, trial_end_on, mrr in found.order_by(
            "id"
        ).values_list(*COLUMNS)
    ]


def load(
    as_of: date,
    *,
    known_on: date | None = None,
    organization_ids: Collection[int] | None = None,
    terms: Terms | None = None,
) -> Book:
    """The book of the whole install, or of some organizations, up to and including `as_of`."""
    terms = terms or read_terms()
    return Book(read_rows(lines(known_on, organization_ids)), terms.rates, terms.settings, as_of)


@dataclass(frozen=True, slots=True)
class Standing:
    """The lines counting on one day, at the rates of that day or of a chosen one, without the ones no rate converts.

    `units`: each organization's MRR in units of 0.0001, never below 0 (R5). `products`: code to the unfloored sum of
    its lines, the number of its lines with a price above 0, and the organizations that have one.
    """

    as_of: date
    currency: str
    units: dict[int, int]
    products: dict[str, tuple[int, int, int]]


def stand(
    as_of: date,
    *,
    organization_ids: Collection[int] | QuerySet | None = None,
    terms: Terms | None = None,
    rates_of: date | None = None,
) -> Standing:
    """Sum up the close of one day from its active lines alone; `rates_of` values them at another day's rates.

    Equals the engine's close of `as_of`: a gap is filled only when a later paying day closes it (R13), and no day
    after `as_of` counts (R9), so grace days never touch the last day of a book.
    """
    terms = terms or read_terms()
    converter, day = terms.converter(), (rates_of or as_of).toordinal()
    sums: dict[int, int] = {}
    products: dict[str, list] = {}
    active = lines(None, organization_ids).active(on=as_of).order_by()
    for organization, code, currency, mrr in active.values_list(
        "key__organization_id", "product_code", "currency", "mrr"
    ):
        if not converter.can(currency):
            continue
        value = units_of(mrr, currency, converter, day)
        sums[organization] = sums.get(organization, 0) + value
        product = products.setdefault(code, [0, 0, set()])
        product[0] += value
        if mrr > 0:
            product[1] += 1
            product[2].add(organization)
    floored = {organization: max(units, 0) for organization, units in sums.items()}
    counted = {code: (units, count, len(who)) for code, (units, count, who) in sorted(products.items())}
    return Standing(as_of, terms.currency, floored, counted)


def units_of(mrr: Decimal, currency: str, converter: Converter, day: int) -> int:
    """One line in units of the reporting currency at the rate of a day, rounded by itself (R26)."""
    native = to_units(mrr)
    return native if currency == converter.reporting_currency else converter.convert(native, currency, day)
