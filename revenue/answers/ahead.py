"""What the books say will happen: contract ends, renewals, scheduled starts and ends."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Min, QuerySet

from orgs.models import Organization
from revenue import books
from revenue.answers.today import names_of, organization_mrr
from revenue.books import Terms
from revenue.mrr.book import Scheduled
from revenue.mrr.book import scheduled as scheduled_in
from revenue.mrr.money import from_units

START, END = "start", "end"
RENEWAL_DATE, CONTRACT_END = "renewal date", "contract end"


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """A start or an end that has no effect yet (R9): `kind` is start or end; `mrr` is native and signed, `converted`
    the same in the reporting currency at the rates of today, None without one."""

    organization_id: int
    name: str
    line_id: int
    on: date
    kind: str
    product_code: str
    mrr: Decimal
    currency: str
    converted: Decimal | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The first scheduled changes by day. Over all of them: their number, and what starts and what ends (< 0)."""

    items: tuple[ScheduledChange, ...]
    count: int
    starting: Decimal
    ending: Decimal


@dataclass(frozen=True, slots=True)
class Renewal:
    """The next day on which a paying organization may leave; `reason` is "renewal date" or "contract end"."""

    organization_id: int
    on: date
    reason: str
    mrr: Decimal
    name: str = ""


@dataclass(frozen=True, slots=True)
class Renewals:
    """Paying organizations whose next renewal lies in [`as_of`, `as_of` + `days`), by day."""

    as_of: date
    days: int
    items: tuple[Renewal, ...]

    @property
    def organizations(self) -> int:
        return len(self.items)

    @property
    def mrr(self) -> Decimal:
        return sum((item.mrr for item in self.items), Decimal("0.0000"))

    def within(self, days: int) -> "Renewals":
        """The same for the first `days` days."""
        until = self.as_of + timedelta(days=days)
        return Renewals(self.as_of, days, tuple(item for item in self.items if item.on < until))


def contract_ends(as_of: date, organization_ids: Collection[int] | None = None) -> dict[int, date]:
    """Each organization's next first day without a priced line that counts now and that no other line takes over
    (see `SubscriptionQuerySet.ending`); organizations without one are absent."""
    ending = books.lines(None, organization_ids).active(on=as_of).ending(after=as_of)
    return dict(ending.order_by().values_list("key__organization_id").annotate(Min("end_on")))


def renewals(as_of: date, days: int = 180, mrr: dict[int, Decimal] | None = None) -> Renewals:
    """Renewal dates of organizations and contract ends, whichever comes first, with the organization's current MRR.

    `mrr`: the answer of `organization_mrr(as_of)` when it is at hand.
    """
    until = as_of + timedelta(days=days)
    agreed = Organization.objects.filter(renewal_on__gte=as_of, renewal_on__lt=until).values_list("id", "renewal_on")
    nearest = {who: (on, RENEWAL_DATE) for who, on in agreed}
    for who, on in contract_ends(as_of).items():
        if on < until and (who not in nearest or on < nearest[who][0]):
            nearest[who] = (on, CONTRACT_END)
    mrr = organization_mrr(as_of, list(nearest)) if mrr is None else mrr
    items = (Renewal(who, on, why, mrr[who]) for who, (on, why) in nearest.items() if mrr.get(who))
    return Renewals(as_of, days, tuple(sorted(items, key=lambda item: (item.on, -item.mrr, item.organization_id))))


def named(items: Iterable[Renewal]) -> list[Renewal]:
    """The same with the names of the organizations."""
    items = list(items)
    names = names_of([item.organization_id for item in items])
    return [replace(item, name=names[item.organization_id]) for item in items]


def scheduled(
    as_of: date,
    n: int | None = 20,
    terms: Terms | None = None,
    organization_ids: Collection[int] | QuerySet | None = None,
) -> Schedule:
    """Starts and ends after `as_of`: the first `n` by day (None: all), and the sums of all at the rates of today.

    Lines without a rate are listed and counted, not summed.
    """
    terms = terms or books.read_terms()
    converter, today = terms.converter(), as_of.toordinal()
    rows = books.read_rows(books.lines(None, organization_ids).scheduled(after=as_of))
    changes = scheduled_in(rows, as_of)
    names = names_of({change.row.organization for change in changes[:n]})
    sums = {START: 0, END: 0}
    items = []
    for index, change in enumerate(changes):
        units = None
        if converter.can(change.row.currency):
            units = books.units_of(change.native_mrr, change.row.currency, converter, today)
            sums[change.kind] += units
        if n is None or index < n:
            items.append(_listed(change, names, None if units is None else from_units(units)))
    return Schedule(tuple(items), len(changes), from_units(sums[START]), from_units(sums[END]))


def _listed(change: Scheduled, names: dict[int, str], converted: Decimal | None) -> ScheduledChange:
    row = change.row
    return ScheduledChange(
        organization_id=row.organization,
        name=names[row.organization],
        line_id=row.line,
        on=change.on,
        kind=change.kind,
        product_code=row.product_code,
        mrr=change.native_mrr,
        currency=row.currency,
        converted=converted,
    )
