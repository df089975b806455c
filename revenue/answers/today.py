"""How revenue stands at the close of a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum

from orgs.models import Organization
from revenue import books
from revenue.books import Terms
from revenue.models import Subscription
from revenue.mrr.book import Unconverted
from revenue.mrr.calendar import month_start
from revenue.mrr.composition import Concentration
from revenue.mrr.composition import concentration as concentration_of
from revenue.mrr.money import MONTHS_PER_YEAR, from_units, half_away, ratio
from revenue.mrr.movements import segment_on

ACTIVE, SCHEDULED, ENDED = "active", "scheduled", "ended"


@dataclass(frozen=True, slots=True)
class Headline:
    """Money in `currency` with four places. `arpa` is None without a paying organization, `change` (0.042 = +4.2 %)
    without any MRR at `previous_month`, the close of the month before."""

    as_of: date
    currency: str
    mrr: Decimal
    arr: Decimal
    paying: int
    arpa: Decimal | None
    previous_month: date
    previous_mrr: Decimal
    change: Decimal | None
    unconverted: tuple[Unconverted, ...]

    @property
    def difference(self) -> Decimal:
        """Money gained since the close of the month before; negative for a loss."""
        return self.mrr - self.previous_mrr


@dataclass(frozen=True, slots=True)
class ProductMrr:
    """One product at a close. `mrr` is the unfloored sum of its lines, `share` of current MRR (None without any);
    `subscriptions` and `organizations` count lines with a price above 0."""

    product_code: str
    mrr: Decimal
    subscriptions: int
    organizations: int
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class Products:
    """Products with an active line, largest first. `unused_discounts` (>= 0) are discounts beyond their organization's
    plans, which MRR never shows: the products' sum + `unused_discounts` = `total` = current MRR (R5)."""

    items: tuple[ProductMrr, ...]
    unused_discounts: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription line as it stands on a day. `state` is active, scheduled or ended; `mrr` is native,
    `converted` in the reporting currency at the rates of the day, None without a rate."""

    id: int
    subscription_id: str
    product_code: str
    name: str
    mrr: Decimal
    currency: str
    converted: Decimal | None
    start_on: date
    begins_on: date
    end_on: date | None
    trial_end_on: date | None
    state: str


def headline(as_of: date, terms: Terms | None = None) -> Headline:
    """Current MRR and what it is made of, against the close of the month before."""
    terms = terms or books.read_terms()
    units = [value for value in books.stand(as_of, terms=terms).units.values() if value]
    total, paying = sum(units), len(units)
    previous_month = month_start(as_of) - timedelta(days=1)
    before = sum(units_at(previous_month, as_of, terms).values())
    return Headline(
        as_of=as_of,
        currency=terms.currency,
        mrr=from_units(total),
        arr=from_units(MONTHS_PER_YEAR * total),
        paying=paying,
        arpa=from_units(half_away(total, paying)) if paying else None,
        previous_month=previous_month,
        previous_mrr=from_units(before),
        change=ratio(total - before, before),
        unconverted=unconverted(as_of, terms),
    )


def units_at(day: date, as_of: date, terms: Terms) -> dict[int, int]:
    """Each organization's balance of an earlier close as it looks on `as_of`, in units: with grace days a gap around
    that close may have been filled since (R13)."""
    if terms.settings.gap_grace_days == 0 or day == as_of:
        return books.stand(day, terms=terms).units
    book, at = books.load(as_of, terms=terms), day.toordinal()
    holding = ((timeline.organization, segment_on(timeline, at)) for timeline in book.timelines)
    return {who: book.value(segment, at) for who, segment in holding if segment is not None}


def organization_mrr(
    as_of: date,
    organization_ids: Collection[int] | None = None,
    terms: Terms | None = None,
    rates_of: date | None = None,
) -> dict[int, Decimal]:
    """MRR of every organization with a line that counts on the day, under all of its ids, never below 0 (R5).

    An organization without such a line is absent; lines without a rate are left out (R23). With `rates_of` another
    day's rates value them: what two days differ by is then what the customer did, not what currencies did (R25).
    """
    units = books.stand(as_of, organization_ids=organization_ids, terms=terms, rates_of=rates_of).units
    return {organization: from_units(value) for organization, value in units.items()}


def products(as_of: date, organization_ids: Collection[int] | None = None) -> dict[int, list[str]]:
    """The product codes of each organization's active lines in alphabetical order, discounts left out."""
    active = books.lines(None, organization_ids).active(on=as_of).filter(mrr__gte=0).exclude(product_code="")
    found = active.order_by().values_list("key__organization_id")
    return dict(found.annotate(codes=ArrayAgg("product_code", distinct=True, order_by="product_code")))


def by_product(
    as_of: date, terms: Terms | None = None, organization_ids: Collection[int] | QuerySet | None = None
) -> Products:
    """Current MRR by product, with active subscriptions and the organizations that have one."""
    standing = books.stand(as_of, organization_ids=organization_ids, terms=terms)
    total = sum(standing.units.values())
    listed = sum(units for units, _lines, _who in standing.products.values())
    ordered = sorted(standing.products.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return Products(
        tuple(
            ProductMrr(code, from_units(units), lines, organizations, ratio(units, total))
            for code, (units, lines, organizations) in ordered
        ),
        from_units(total - listed),
        from_units(total),
    )


def concentration(as_of: date, terms: Terms | None = None) -> Concentration:
    """Share of the largest, of the ten largest, and HHI (R22)."""
    return concentration_of(list(books.stand(as_of, terms=terms).units.values()))


def unconverted(
    as_of: date, terms: Terms | None = None, organization_ids: Collection[int] | QuerySet | None = None
) -> tuple[Unconverted, ...]:
    """What is left out of all totals because its currency has no rate, by currency (R23)."""
    terms = terms or books.read_terms()
    converter, lines = terms.converter(), books.lines(None, organization_ids)
    active = Q(pk__in=Subscription.objects.known_now().active(on=as_of))
    currencies = lines.order_by("currency").values_list("currency").distinct()
    without = [currency for (currency,) in currencies if not converter.can(currency)]
    if not without:
        return ()
    found = lines.filter(currency__in=without).order_by("currency")
    sums = found.values("currency").annotate(
        rows=Count("id"), active=Count("id", filter=active), native=Sum("mrr", filter=active, default=Decimal(0))
    )
    return tuple(
        Unconverted(each["currency"], each["rows"], each["active"], each["native"].quantize(Decimal("0.0001")))
        for each in sums
    )


def subscriptions_of(organization_id: int, as_of: date, terms: Terms | None = None) -> list[Line]:
    """Every line of an organization under all of its ids: active, then scheduled, then ended; newest first in each."""
    terms = terms or books.read_terms()
    converter = terms.converter()
    found = books.lines(None, [organization_id]).order_by("-start_on", "-id")
    lines = [_line(row, as_of, converter) for row in found]
    order = (ACTIVE, SCHEDULED, ENDED)
    return sorted(lines, key=lambda line: order.index(line.state))


def _line(row: Subscription, as_of: date, converter: books.Converter) -> Line:
    begins_on = max(row.start_on, row.trial_end_on) if row.trial_end_on else row.start_on
    converted = None
    if converter.can(row.currency):
        converted = from_units(books.units_of(row.mrr, row.currency, converter, as_of.toordinal()))
    return Line(
        id=row.pk,
        subscription_id=row.subscription_id,
        product_code=row.product_code,
        name=row.name,
        mrr=row.mrr,
        currency=row.currency,
        converted=converted,
        start_on=row.start_on,
        begins_on=begins_on,
        end_on=row.end_on,
        trial_end_on=row.trial_end_on,
        state=_state(begins_on, row.end_on, as_of),
    )


def _state(begins_on: date, end_on: date | None, as_of: date) -> str:
    if end_on is not None and (end_on <= as_of or end_on <= begins_on):
        return ENDED
    return SCHEDULED if begins_on > as_of else ACTIVE


class Who(NamedTuple):
    """An organization as lists name it."""

    id: int
    name: str
    external_id: str


def who_of(organization_ids: Collection[int]) -> dict[int, Who]:
    """These organizations; one that is gone keeps its number until the figures are computed anew."""
    found = Organization.objects.filter(id__in=list(organization_ids)).only("display_name", "external_id")
    known = {each.pk: Who(each.pk, str(each), each.external_id) for each in found}
    return {pk: known.get(pk) or Who(pk, f"organization {pk}", "") for pk in organization_ids}


def names_of(organization_ids: Collection[int]) -> dict[int, str]:
    """What people call these organizations."""
    return {pk: who.name for pk, who in who_of(organization_ids).items()}
