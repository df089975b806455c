"""Revenue by health, and the three sets that are called revenue at risk; always the current MRR of the revenue page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Sum

from orgs.models import Band, Quadrant
from revenue.models import OrganizationMonth
from revenue.mrr.calendar import month_start
from revenue.mrr.money import ratio, to_units
from revenue.querysets import OrganizationMonthQuerySet
from signals.models import Signal

NOTHING = Decimal("0.0000")


@dataclass(frozen=True)
class Bucket:
    """Paying organizations of one band: how many, their MRR and its share of all (None: nobody pays)."""

    band: Band
    organizations: int
    mrr: Decimal
    share: Decimal | None


@dataclass(frozen=True)
class AtRisk:
    """One of the three things called revenue at risk, with its rule."""

    name: str
    title: str
    rule: str
    organizations: int
    mrr: Decimal


@dataclass(frozen=True)
class RevenueByHealth:
    """`buckets` in the order of the bands; they add up to `mrr`."""

    buckets: tuple[Bucket, ...]
    at_risk: tuple[AtRisk, ...]
    organizations: int
    mrr: Decimal


RULES = {
    "band": (
        "At-risk band",
        "Paying organizations whose health is below 40 and that were active in the last 30 days.",
    ),
    "quadrant": (
        "Revenue × Health quadrant",
        "Organizations with health below 70 whose MRR is at or above the median of all that pay.",
    ),
    "signal": (
        "Revenue at risk signal",
        "Organizations with the open signal: MRR above 0 and health below 40, not snoozed or dismissed.",
    ),
}


def revenue_by_health(as_of: date) -> RevenueByHealth:
    """Of the organizations that pay on `as_of` by the stored figures, with their present band, quadrant and signals."""
    paying = OrganizationMonth.objects.of(month_start(as_of)).paying_at_close()
    by_band = {
        band or Band.NOT_SCORED: (count, mrr)
        for band, count, mrr in grouped(paying.values_list("organization__snapshot__band"))
    }
    everything = sum((mrr for _count, mrr in by_band.values()), NOTHING)
    buckets = tuple(bucket(band, *by_band.get(band.value, (0, NOTHING)), everything) for band in Band)
    signal = Signal.objects.filter(
        organization=OuterRef("organization"), type=Signal.Type.REVENUE_AT_RISK, state=Signal.State.OPEN
    )
    sets = {
        "band": paying.filter(organization__snapshot__band=Band.AT_RISK),
        "quadrant": paying.filter(organization__snapshot__quadrant=Quadrant.REVENUE_AT_RISK),
        "signal": paying.filter(Exists(signal)),
    }
    at_risk = tuple(AtRisk(name, *RULES[name], *amount(found)) for name, found in sets.items())
    return RevenueByHealth(buckets, at_risk, sum(count for count, _mrr in by_band.values()), everything)


def grouped(found: OrganizationMonthQuerySet) -> Iterable[tuple[str | None, int, Decimal]]:
    return found.order_by().annotate(count=Count("*"), mrr=Sum("closing"))


def bucket(band: Band, organizations: int, mrr: Decimal, everything: Decimal) -> Bucket:
    return Bucket(band, organizations, mrr, ratio(to_units(mrr), to_units(everything)))


def amount(found: OrganizationMonthQuerySet) -> tuple[int, Decimal]:
    sums = found.aggregate(count=Count("*"), mrr=Sum("closing", default=NOTHING))
    return sums["count"], sums["mrr"]
