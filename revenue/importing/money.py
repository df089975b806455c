"""The money question of a preview: MRR before and after, and who would lose all of it."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from revenue import books
from revenue.fx import Converter, Rate, RateTable
from revenue.models import ExchangeRate
from revenue.mrr.money import from_units, to_units

# owner, currency, sum, the amount itself where it is to be converted, how many rows
Sum = tuple[Hashable, str, Decimal, Decimal | None, int]


@dataclass(frozen=True)
class Balance:
    """MRR on one day: by organization in units of 0.0001 (never below 0, R5), and what no rate could convert."""

    by_organization: dict[Hashable, int]
    unconverted: dict[str, int]

    @property
    def total(self) -> Decimal:
        return from_units(sum(self.by_organization.values()))


def read_converter(reporting_currency: str) -> Converter:
    rates = [Rate(*row) for row in ExchangeRate.objects.values_list("date", "currency", "per_eur")]
    chosen = books.read_settings()
    return Converter(RateTable(rates), reporting_currency, chosen.fx_mode, chosen.fx_constant_date)


def balance(sums: Iterable[Sum], day: date, converter: Converter) -> Balance:
    """MRR at the close of a day, each row converted and rounded by itself (R26)."""
    units: dict[Hashable, int] = defaultdict(int)
    unconverted: dict[str, int] = defaultdict(int)
    ordinal = day.toordinal()
    for owner, currency, total, each, count in sums:
        if each is None:
            units[owner] += to_units(total)
        elif converter.can(currency):
            units[owner] += converter.convert(to_units(each), currency, ordinal) * count
        else:
            unconverted[currency] += count
    return Balance({owner: max(value, 0) for owner, value in units.items()}, dict(unconverted))


def losing(before: Balance, after: Balance) -> dict[Hashable, Decimal]:
    """Organizations that pay today and would not, with what they pay, largest first."""
    lost = {
        owner: from_units(units)
        for owner, units in before.by_organization.items()
        if units > 0 and after.by_organization.get(owner, 0) <= 0
    }
    return dict(sorted(lost.items(), key=lambda pair: (-pair[1], str(pair[0]))))
