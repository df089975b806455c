"""The organizations behind the numbers of one month, from the stored months of organizations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Least

from revenue.answers.today import who_of
from revenue.drilldown.listing import (
    CHANGE,
    COUNT,
    INDEX,
    KIND,
    MONEY,
    ORGANIZATION,
    QUOTIENT,
    SHARE,
    SIGNED,
    Choice,
    Column,
    Listing,
    QueryRows,
    Total,
)
from revenue.models import OrganizationMonth
from revenue.mrr.calendar import add_months
from revenue.mrr.composition import LARGEST
from revenue.mrr.money import MONTHS_PER_YEAR, from_units, half_away, ratio, to_units
from revenue.mrr.movements import CHURN, CONTRACTION, EXPANSION, NEW, REACTIVATION

GAINS, LOSSES, ARRIVALS = (NEW, EXPANSION, REACTIVATION), (CONTRACTION, CHURN), (NEW, REACTIVATION)
NOTHING = Decimal("0.0000")
MONEY_FIELD = DecimalField(max_digits=38, decimal_places=4)
SIGNED_AMOUNT = Case(When(kind__in=LOSSES, then=-F("amount")), default=F("amount"), output_field=MONEY_FIELD)
TITLES = {
    "end": "MRR at the close",
    "start": "MRR at the opening",
    "moved": "All movements",
    NEW: "New",
    EXPANSION: "Expansion",
    REACTIVATION: "Reactivation",
    CONTRACTION: "Contraction",
    CHURN: "Churn",
    "gained": "Gained",
    "lost": "Lost",
    "arrived": "New and reactivated",
    "fx": "Exchange rates",
    "change": "Change",
    "retention": "Retention in the month",
    "year": "Retention over twelve months",
}
KINDS_OF = {
    "moved": (),
    **{kind: (kind,) for kind in (*GAINS, *LOSSES)},
    "gained": GAINS,
    "lost": LOSSES,
    "arrived": ARRIVALS,
}
CHIPS = ("moved", *GAINS, *LOSSES, "fx", "end", "retention", "year")
MOVED_FORMULA = (
    "One movement per organization and month, between the close before and this one, at the exchange rates of the "
    "close before; what rates did stands apart. A rise and a fall within one month net out."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A month of the stored figures: `close` is its last day or, while it runs, their day.

    `among` are the organizations that are looked at; None: all.
    """

    month: date
    as_of: date
    currency: str
    among: frozenset[int] | None = None

    @property
    def close(self) -> date:
        return min(add_months(self.month, 1) - timedelta(days=1), self.as_of)

    @property
    def rows(self) -> QuerySet[OrganizationMonth]:
        return self.rows_of(self.month)

    def rows_of(self, month: date) -> QuerySet[OrganizationMonth]:
        found = OrganizationMonth.objects.of(month)
        return found if self.among is None else found.filter(organization_id__in=self.among)


def listed(place: Place, part: str) -> Listing:
    """The rows behind `part` (one of `TITLES`, else all movements) of a month."""
    part = part if part in TITLES else "moved"
    make = BUILDERS.get(part, movements)
    columns, rows, totals, formula = make(place, part)
    return Listing(
        name=f"revenue-{place.month:%Y-%m}-{part}",
        title=f"{TITLES[part]} · {place.month:%B %Y}",
        currency=place.currency,
        columns=columns,
        rows=rows,
        totals=totals,
        formula=formula,
        choices=tuple(Choice(TITLES[each], f"month={place.month:%Y-%m}&part={each}", each == part) for each in CHIPS),
        previous=Choice(
            f"{add_months(place.month, -1):%b %Y}", f"month={add_months(place.month, -1):%Y-%m}&part={part}", False
        ),
        empty="No organization falls under this in the month. Choose another kind above, or an earlier month.",
    )


Parts = tuple[tuple[Column, ...], QueryRows, tuple[Total, ...], str]


def movements(place: Place, part: str) -> Parts:
    """Movements of some kinds, largest first."""
    found = place.rows.moved(KINDS_OF[part])
    sums = found.aggregate(
        gained=money(Sum("amount", filter=Q(kind__in=GAINS))),
        lost=money(Sum("amount", filter=Q(kind__in=LOSSES))),
        count=Count("*"),
    )
    gained, lost = sums["gained"], sums["lost"]
    totals = [
        Total("amount", "Amount", gained - lost, SIGNED),
        Total("organizations", "Organizations", sums["count"], COUNT),
    ]
    if part == "moved":
        totals += [
            Total("gained", "Gained", gained),
            Total("lost", "Lost", lost),
            Total("quick_ratio", "Quick ratio", share_of(gained, lost), QUOTIENT, "gained ÷ lost"),
        ]
    columns = (
        Column("Organization", ORGANIZATION),
        Column("Movement", KIND),
        Column("Before", MONEY),
        Column("After", MONEY),
        Column("By rates", SIGNED),
        Column("Amount", SIGNED),
    )
    rows = QueryRows(
        found.largest_movement_first(),
        with_who(lambda row: (row.kind, row.opening, row.closing, row.fx_impact, signed(row))),
        sums["count"],
    )
    return columns, rows, tuple(totals), MOVED_FORMULA


def close_of(place: Place, part: str) -> Parts:
    """Who paid at the close, largest first, with all that is made of these balances."""
    found = place.rows.paying_at_close()
    sums = found.aggregate(
        mrr=money(Sum("closing")), count=Count("*"), squares=Coalesce(Sum(F("closing") * F("closing")), Decimal(0))
    )
    mrr, count = sums["mrr"], sums["count"]
    largest = list(found.largest_first().values_list("closing", flat=True)[:LARGEST])
    totals = (
        Total("mrr", "MRR", mrr),
        Total("organizations", "Paying organizations", count, COUNT),
        Total("arr", "ARR", mrr * MONTHS_PER_YEAR, MONEY, "12 × MRR"),
        Total("arpa", "ARPA", mean(mrr, count), MONEY, "MRR ÷ paying organizations"),
        Total("top1_share", "Largest", share_of(sum(largest[:1]), mrr), SHARE, "largest ÷ MRR"),
        Total("top10_share", "Ten largest", share_of(sum(largest), mrr), SHARE, "first ten rows ÷ MRR"),
        Total("hhi", "HHI", hhi(sums["squares"], mrr), INDEX, "sum of squared shares"),
    )
    columns = (Column("Organization", ORGANIZATION), Column("MRR", MONEY), Column("Share", SHARE))
    rows = QueryRows(found.largest_first(), with_who(lambda row: (row.closing, share_of(row.closing, mrr))), count)
    formula = (
        f"Active lines at the close of {place.close:%-d %B %Y}, at the exchange rates of that day, summed by "
        "organization and never below 0; paying is above 0."
    )
    return columns, rows, totals, formula


def opening_of(place: Place, part: str) -> Parts:
    """Who paid at the close before."""
    found = place.rows.paying_at_opening()
    sums = found.aggregate(mrr=money(Sum("opening")), count=Count("*"))
    totals = (
        Total("mrr", "MRR", sums["mrr"]),
        Total("organizations", "Paying organizations", sums["count"], COUNT),
    )
    columns = (Column("Organization", ORGANIZATION), Column("MRR", MONEY))
    rows = QueryRows(found.order_by("-opening", "organization_id"), with_who(lambda row: (row.opening,)), sums["count"])
    return columns, rows, totals, "The close of the month before: the end of one month is the start of the next."


def rates_of(place: Place, part: str) -> Parts:
    """Whose balance the exchange rates moved."""
    found = place.rows.exclude(fx_impact=0)
    sums = found.aggregate(fx=money(Sum("fx_impact")), count=Count("*"))
    totals = (
        Total("fx_impact", "By exchange rates", sums["fx"], SIGNED),
        Total("organizations", "Organizations", sums["count"], COUNT),
    )
    columns = (
        Column("Organization", ORGANIZATION),
        Column("Before", MONEY),
        Column("After", MONEY),
        Column("By rates", SIGNED),
    )
    rows = QueryRows(
        found.order_by("-fx_impact", "organization_id"),
        with_who(lambda row: (row.opening, row.closing, row.fx_impact)),
        sums["count"],
    )
    return columns, rows, totals, "The same lines at the rates of this close less at the rates of the close before."


def change_of(place: Place, part: str) -> Parts:
    """Whose balance is another than at the close before, for whatever reason."""
    found = place.rows.exclude(opening=F("closing"))
    everybody = place.rows.aggregate(opening=money(Sum("opening")))["opening"]
    difference = found.aggregate(change=money(Sum(F("closing") - F("opening"))))["change"]
    totals = (
        Total("difference", "Change", difference, SIGNED),
        Total("share", "Change", share_of(difference, everybody), CHANGE, "change ÷ MRR at the opening"),
        Total("mrr_before", "MRR at the opening", everybody),
    )
    columns = (
        Column("Organization", ORGANIZATION),
        Column("Before", MONEY),
        Column("After", MONEY),
        Column("Change", SIGNED),
    )
    rows = QueryRows(
        found.annotate(change=F("closing") - F("opening")).order_by("-change", "organization_id"),
        with_who(lambda row: (row.opening, row.closing, row.closing - row.opening)),
    )
    return columns, rows, totals, "Balance at this close less the balance at the close before, exchange rates included."


def retention_of(place: Place, part: str) -> Parts:
    """What became of those paying at the opening; who came back stands with them, for the net churn (R15, R17)."""
    found = place.rows.filter(Q(opening__gt=0) | Q(kind=REACTIVATION))
    sums = found.aggregate(
        start=money(Sum("opening")),
        paying=Count("organization_id", filter=Q(opening__gt=0)),
        churned=Count("organization_id", filter=Q(kind=CHURN)),
        lost=money(Sum("amount", filter=Q(kind__in=LOSSES))),
        expansion=money(Sum("amount", filter=Q(kind=EXPANSION))),
        back=money(Sum("amount", filter=Q(kind=REACTIVATION))),
    )
    columns = (
        Column("Organization", ORGANIZATION),
        Column("Movement", KIND),
        Column("At the opening", MONEY),
        Column("Amount", SIGNED),
    )
    rows = QueryRows(
        found.annotate(loss=SIGNED_AMOUNT).order_by("loss", "-opening", "organization_id"),
        with_who(lambda row: (row.kind, row.opening, signed(row))),
    )
    note = "Organizations paying at the close before; new ones are in neither side of a ratio."
    return columns, rows, retention_totals(sums), note


def retention_totals(sums: Mapping[str, Any]) -> tuple[Total, ...]:
    """What R15 and R17 make of the sums: retention, and churn of customers and of money."""
    start, lost, expansion = sums["start"], sums["lost"], sums["expansion"]
    return (
        Total("start", "MRR at the opening", start),
        Total(
            "nrr",
            "Net retention",
            share_of(start + expansion - lost, start),
            SHARE,
            "(opening + expansion − lost) ÷ opening",
        ),
        Total("grr", "Gross retention", share_of(start - lost, start), SHARE, "(opening − lost) ÷ opening"),
        Total("paying", "Paying at the opening", sums["paying"], COUNT),
        Total("churned", "Churned", sums["churned"], COUNT),
        Total(
            "logo_churn_rate",
            "Logo churn",
            share_of(sums["churned"], sums["paying"]),
            SHARE,
            "churned ÷ paying at the opening",
        ),
        Total("lost", "Churn and contraction", lost),
        Total(
            "gross_mrr_churn_rate", "Gross MRR churn", share_of(lost, start), SHARE, "(churn + contraction) ÷ opening"
        ),
        Total(
            "net_mrr_churn_rate",
            "Net MRR churn",
            share_of(lost - expansion - sums["back"], start),
            SHARE,
            "(churn + contraction − expansion − reactivation) ÷ opening",
        ),
    )


def year_of(place: Place, part: str) -> Parts:
    """What those paying twelve months ago pay now, at the rates of then (R16)."""
    now = OrganizationMonth.objects.of(place.month).filter(organization_id=OuterRef("organization_id"))
    found = (
        place.rows_of(add_months(place.month, -MONTHS_PER_YEAR))
        .paying_at_close()
        .annotate(now=Coalesce(Subquery(now.values("retained")), Decimal(0), output_field=MONEY_FIELD))
        .annotate(kept=Least("now", "closing"))
    )
    sums = found.aggregate(
        before=money(Sum("closing")), all_now=money(Sum("now")), all_kept=money(Sum("kept")), count=Count("*")
    )
    totals = (
        Total("before", "MRR a year ago", sums["before"]),
        Total("organizations", "Paying then", sums["count"], COUNT),
        Total("now", "They pay now", sums["all_now"]),
        Total("nrr_12m", "Net retention", share_of(sums["all_now"], sums["before"]), SHARE, "now ÷ a year ago"),
        Total("kept", "Capped at then", sums["all_kept"]),
        Total("grr_12m", "Gross retention", share_of(sums["all_kept"], sums["before"]), SHARE, "capped ÷ a year ago"),
    )
    columns = (
        Column("Organization", ORGANIZATION),
        Column("A year ago", MONEY),
        Column("Now, at the rates of then", MONEY),
        Column("Capped at then", MONEY),
    )
    rows = QueryRows(
        found.order_by("-closing", "organization_id"),
        with_who(lambda row: (row.closing, row.now, row.kept)),
        sums["count"],
    )
    return columns, rows, totals, "Point to point: the close twelve months before against this one, nothing between."


BUILDERS: dict[str, Callable[[Place, str], Parts]] = {
    "end": close_of,
    "start": opening_of,
    "fx": rates_of,
    "change": change_of,
    "retention": retention_of,
    "year": year_of,
}


def with_who(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[list[Any]], list[tuple[Any, ...]]]:
    """Rows that begin with their organization."""

    def make(rows: list[Any]) -> list[tuple[Any, ...]]:
        who = who_of([row.organization_id for row in rows])
        return [(who[row.organization_id], *values(row)) for row in rows]

    return make


def signed(row: OrganizationMonth) -> Decimal:
    return -row.amount if row.kind in LOSSES else row.amount


def money(total: Sum) -> Coalesce:
    return Coalesce(total, NOTHING, output_field=MONEY_FIELD)


def share_of(part: Any, whole: Any) -> Decimal | None:
    """A ratio as the figures have it: six places, None over nothing (R27)."""
    return ratio(to_units(Decimal(part)), to_units(Decimal(whole)))


def mean(mrr: Decimal, count: int) -> Decimal | None:
    return from_units(half_away(to_units(mrr), count)) if count else None


def hhi(squares: Decimal, mrr: Decimal) -> Decimal | None:
    total = to_units(mrr)
    return ratio(int(squares.scaleb(8)), total * total)
