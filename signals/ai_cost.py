"""What AI costs, and what it costs of the revenue it is part of: usage and MRR meet here.

Ranges are the whole days [since, until) of the reporting zone; money is in the reporting currency at the rates of the
last of them. A month is 30 days.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from config.backoffice import settings
from orgs.cohorts.choosing import members
from orgs.models import Organization
from revenue import answers, conversion
from tracker import ai
from tracker.ai import AiUsage, By

MONTH_DAYS = 30
RISK_SHARES = (10, 25, 50)
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Counts:
    """Calls, outputs and cost of anything. `unpriced` calls have no cost: none was sent, and no price is known."""

    cost: Decimal = NOTHING
    calls: int = 0
    failed: int = 0
    unpriced: int = 0
    accepted: int = 0
    edited: int = 0
    rejected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTED))

    @property
    def per_call(self) -> Decimal | None:
        """Cost of a call that has one."""
        priced = self.calls - self.unpriced
        return self.cost / priced if priced else None

    @property
    def error_rate(self) -> Decimal | None:
        return Decimal(self.failed) / self.calls if self.calls else None

    @property
    def per_accepted(self) -> Decimal | None:
        """All cost over the outputs that were accepted as they came."""
        return self.cost / self.accepted if self.accepted else None


COUNTED = tuple(Counts.__dataclass_fields__)


@dataclass(frozen=True)
class Line:
    """One value of a breakdown; `part` None: the events do not say."""

    part: str | None
    counts: Counts


@dataclass(frozen=True)
class Customer:
    """One organization: its cost a month against what it pays a month; `share` None without MRR."""

    organization: Organization
    counts: Counts
    monthly_cost: Decimal
    mrr: Decimal

    @property
    def share(self) -> Decimal | None:
        return self.monthly_cost / self.mrr if self.mrr > 0 else None

    def is_at_risk(self, percent: int) -> bool:
        """The cost is at least so many percent of what is paid; without MRR any cost is."""
        return self.monthly_cost > 0 and self.monthly_cost * 100 >= self.mrr * percent


@dataclass(frozen=True)
class Report:
    """The page: the range, the range before it, the days, and what could not be priced or converted."""

    since: date
    until: date
    currency: str
    total: Counts
    before: Counts
    days: dict[date, Counts]
    days_before: dict[date, Counts]
    customers: list[Customer]
    mrr: Decimal
    unpriced: dict[tuple[str, str], int]
    unconverted: dict[str, Decimal]

    @property
    def monthly_cost(self) -> Decimal:
        return monthly(self.total.cost, (self.until - self.since).days)

    @property
    def share_of_mrr(self) -> Decimal | None:
        return self.monthly_cost / self.mrr if self.mrr > 0 else None

    @property
    def change(self) -> Decimal | None:
        return self.total.cost / self.before.cost - 1 if self.before.cost else None

    def at_risk(self, percent: int) -> list[Customer]:
        return [each for each in self.customers if each.is_at_risk(percent)]


@dataclass(frozen=True)
class Money:
    """What one unit of each currency is worth on the last day of a range; a currency without a rate is not in it."""

    rates: dict[str, Decimal]

    def counts(self, row: AiUsage) -> Counts:
        cost = row.cost * self.rates.get(row.currency or "", NOTHING)
        unpriced = 0 if row.currency in self.rates else row.calls
        return Counts(cost, row.calls, row.failed, unpriced, row.accepted, row.edited, row.rejected)


def monthly(cost: Decimal, days: int) -> Decimal:
    return cost * MONTH_DAYS / days


def report(until: date, days: int, cohort_id: int | None = None) -> Report:
    """AI in the `days` whole days before `until`, compared with the as many before them; of a cohort where one is
    given, against what its organizations pay."""
    since = until - timedelta(days=days)
    by_day = ai.usage(By.DAY, since - timedelta(days=days), until, cohort_id=cohort_id)
    by_organization = ai.usage(By.ORGANIZATION, since, until, cohort_id=cohort_id)
    money = money_of([*by_day, *by_organization], until)
    perday = {date.fromisoformat(part): counts for part, counts in summed(by_day, money).items()}
    mrr = answers.organization_mrr(until, members(cohort_id))
    now = {day: counts for day, counts in perday.items() if day >= since}
    before = {day: counts for day, counts in perday.items() if day < since}
    return Report(
        since=since,
        until=until,
        currency=settings.read().reporting_currency,
        total=added(now.values()),
        before=added(before.values()),
        days=now,
        days_before=before,
        customers=customers(summed(by_organization, money), mrr, days),
        mrr=sum(mrr.values(), NOTHING),
        unpriced=unpriced(ai.usage(By.PRICE, since, until, cohort_id=cohort_id)),
        unconverted=not_converted(by_organization, money),
    )


def lines(by: By, since: date, until: date, cohort_id: int | None = None) -> list[Line]:
    """A breakdown over the range, most expensive first."""
    found = ai.usage(by, since, until, cohort_id=cohort_id)
    parts = summed(found, money_of(found, until))
    ordered = sorted(parts.items(), key=lambda pair: (-pair[1].cost, -pair[1].calls, pair[0] or ""))
    return [Line(part, counts) for part, counts in ordered]


def money_of(found: Iterable[AiUsage], until: date) -> Money:
    currencies = {row.currency for row in found if row.currency}
    return Money(conversion.factors(currencies, until - timedelta(days=1)))


def summed(found: Iterable[AiUsage], money: Money) -> dict[str | None, Counts]:
    """One value's rows of several currencies together."""
    parts: dict[str | None, Counts] = {}
    for row in found:
        parts[row.part] = parts.get(row.part, Counts()) + money.counts(row)
    return parts


def added(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def customers(parts: dict[str | None, Counts], mrr: dict[int, Decimal], days: int) -> list[Customer]:
    """Every organization with AI events, the largest share of its MRR first, those that pay nothing before."""
    rows = Organization.objects.filter(pk__in=[int(part) for part in parts if part]).select_related("snapshot")
    found = []
    for organization in rows:
        counts = parts[str(organization.pk)]
        pays = mrr.get(organization.pk, NOTHING)
        found.append(Customer(organization, counts, monthly(counts.cost, days), pays))
    return sorted(found, key=weight, reverse=True)


def weight(customer: Customer) -> tuple[bool, Decimal, Decimal]:
    share = customer.share
    return customer.monthly_cost > 0 and share is None, share or NOTHING, customer.monthly_cost


def unpriced(found: Collection[AiUsage]) -> dict[tuple[str, str], int]:
    """Calls without a cost by (provider, model), most first: what a price would be needed for."""
    counted = {tuple(json.loads(row.part)): row.calls for row in found if row.currency is None and row.calls}
    named = {(provider or "", model or ""): calls for (provider, model), calls in counted.items()}
    return dict(sorted(named.items(), key=lambda pair: -pair[1]))


def not_converted(found: Collection[AiUsage], money: Money) -> dict[str, Decimal]:
    """Cost in currencies without any rate: left out of every total."""
    left: dict[str, Decimal] = {}
    for row in found:
        if row.currency and row.currency not in money.rates:
            left[row.currency] = left.get(row.currency, NOTHING) + row.cost
    return left


EXPORTED = (
    "part",
    "cost",
    "currency",
    "calls",
    "failed",
    "calls_without_cost",
    "cost_per_call",
    "error_rate",
    "accepted",
    "edited",
    "rejected",
    "cost_per_accepted_output",
)
EXPORTED_CUSTOMERS = ("external_org_id", "display_name", "mrr", "cost_a_month", "share_of_mrr", *EXPORTED[1:])


def export_lines(found: Iterable[Line]) -> Iterator[list[Any]]:
    currency = settings.read().reporting_currency
    return ([line.part or "None", *figures(line.counts, currency)] for line in found)


def export_customers(found: Iterable[Customer]) -> Iterator[list[Any]]:
    currency = settings.read().reporting_currency
    for each in found:
        about = [each.organization.external_id, each.organization.display_name, each.mrr]
        yield [*about, exact(each.monthly_cost), exact(each.share), *figures(each.counts, currency)]


def figures(counts: Counts, currency: str) -> list[Any]:
    calls = [exact(counts.cost), currency, counts.calls, counts.failed, counts.unpriced]
    ratios = [exact(counts.per_call), exact(counts.error_rate)]
    outputs = [counts.accepted, counts.edited, counts.rejected]
    return [*calls, *ratios, *outputs, exact(counts.per_accepted)]


def exact(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 6)
