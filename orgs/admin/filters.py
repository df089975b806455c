"""List filters of organizations; each option is a set of the queryset."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Func, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date

from config.backoffice import settings
from config.backoffice.site import OptionFilter
from orgs import scopes, sentiments
from orgs.cohorts import choosing
from orgs.models import Band, Cohort, Organization, OrganizationSnapshot, Quadrant

LAST_SEEN = {
    "7": "in the last 7 days",
    "30": "in the last 30 days",
    "over30": "more than 30 days ago",
    "never": "never",
}


class ShowFilter(OptionFilter):
    """Without a choice (or a search, a cohort or a question about presence) the list shows who has usage or revenue."""

    title = "show"
    parameter_name = "show"
    all_option = ["", "Active: usage or revenue"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "All, inactive too")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        asked = self.value() == "all" or any(request.GET.get(name) for name in ("q", "presence", "cohort"))
        return queryset.with_ids() if asked else queryset.active().with_ids()


class BandFilter(OptionFilter):
    title = "health"
    parameter_name = "band"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return Band.choices

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.in_band(chosen)


class QuadrantFilter(OptionFilter):
    title = "Revenue × Health"
    parameter_name = "quadrant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return Quadrant.choices

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.filter(snapshot__quadrant=chosen)


class OwnerFilter(OptionFilter):
    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        owning = Organization.objects.exclude(owner=None).values("owner")
        owners = get_user_model().objects.filter(pk__in=owning).order_by("username")
        others = [(str(each.pk), str(each)) for each in owners]
        return [("me", "Me"), ("team", "My team"), ("none", "Nobody"), *others]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        if chosen in ("me", "team"):
            return queryset.in_scope(scopes.TEAM if chosen == "team" else scopes.MINE, request.user)
        return queryset.filter(owner=None) if chosen == "none" else queryset.filter(owner_id=int(chosen))


class SegmentFilter(OptionFilter):
    title = "segment"
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        segments = Organization.objects.exclude(segment="").order_by("segment").values_list("segment", flat=True)
        return [(segment, segment) for segment in segments.distinct()[:200]]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.filter(segment=chosen)


class LastSeenFilter(OptionFilter):
    title = "last seen"
    parameter_name = "last_seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(LAST_SEEN.items())

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        now = timezone.now()
        if chosen == "never":
            return queryset.never_seen()
        if chosen == "over30":
            return queryset.filter(snapshot__last_seen_at__lt=now - timedelta(days=30))
        return queryset.filter(snapshot__last_seen_at__gte=now - timedelta(days=int(chosen)))


class OfCohortFilter(OptionFilter):
    """For every list of organizations, or of what belongs to them."""

    title = "cohort"
    parameter_name = choosing.PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Cohort.objects.values_list("pk", "name")]


class PresenceFilter(OptionFilter):
    title = "imported or seen"
    parameter_name = "presence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("imported_never_seen", "Imported, never seen"),
            ("seen_never_imported", "Seen, never imported"),
            ("imported", "Imported"),
        ]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        sets = {
            "imported_never_seen": queryset.imported_never_seen,
            "seen_never_imported": queryset.seen_never_imported,
            "imported": queryset.imported,
        }
        return sets[chosen]()


class PayingFilter(OptionFilter):
    title = "paying"
    parameter_name = "paying"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Paying"), ("no", "Not paying")]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.paying() if chosen == "yes" else queryset.exclude(snapshot__mrr__gt=0)


def read_days(text: str) -> tuple[date, date] | None:
    """Two days of an address, `2026-04-08/2026-04-10`; None for anything else."""
    try:
        since, until = (parse_date(each) for each in text.split("/"))
    except ValueError:
        return None
    return (since, until) if since and until else None


class RenewalFilter(OptionFilter):
    """In so many days, or in the days [since, until) that a link asks for."""

    title = "renewal"
    parameter_name = "renewal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("renewal", "")
        days = read_days(chosen)
        asked = [(chosen, f"from {days[0]:%-d %b %Y}, before {days[1]:%-d %b %Y}")] if days else []
        return [*((str(days), f"in {days} days") for days in (30, 60, 90, 180)), *asked]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        days = read_days(chosen)
        if days:
            return queryset.renewing(*days)
        today = settings.today(timezone.now())
        return queryset.renewing(today, today + timedelta(days=int(chosen)))


class BandChangedFilter(OptionFilter):
    title = "health changed"
    parameter_name = "band_changed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(days), f"in {days} days") for days in (7, 28, 90)]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.band_changed_since(settings.today(timezone.now()) - timedelta(days=int(chosen)))


class ProductFilter(OptionFilter):
    title = "product"
    parameter_name = "product"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = OrganizationSnapshot.objects.annotate(code=Func("products", function="jsonb_array_elements_text"))
        found = codes.order_by("code").values_list("code", flat=True).distinct()
        return [(code, code) for code in found[:200]]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.with_product(chosen)


class CoverageFilter(OptionFilter):
    title = "data behind the health"
    parameter_name = "coverage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("60", "too little for a score"), ("100", "incomplete")]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.filter(snapshot__coverage__lt=Decimal(chosen) / 100)


class SentimentFilter(OptionFilter):
    title = "sentiment"
    parameter_name = "sentiment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("good", "Good (4 or 5)"),
            ("mixed", "Mixed (3)"),
            ("bad", "Bad (1 or 2)"),
            ("stale", "Older than 90 days"),
            ("none", "Never given"),
        ]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        since = sentiments.fresh_since(settings.today(timezone.now()))
        values = {"good": (4, 5), "mixed": (3,), "bad": (1, 2)}
        if chosen in values:
            return queryset.felt(since, *values[chosen])
        return queryset.felt_before(since) if chosen == "stale" else queryset.never_felt()


class DisagreementFilter(OptionFilter):
    title = "sentiment against health"
    parameter_name = "disagreement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("any", "They disagree"),
            ("better", "Better than the health"),
            ("worse", "Worse than the health"),
        ]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        since = sentiments.fresh_since(settings.today(timezone.now()))
        better, worse = queryset.felt_better_than_health(since), queryset.felt_worse_than_health(since)
        return {"better": better, "worse": worse, "any": better | worse}[chosen]


ALL = [
    ShowFilter,
    BandFilter,
    OwnerFilter,
    BandChangedFilter,
    QuadrantFilter,
    SegmentFilter,
    ProductFilter,
    LastSeenFilter,
    PresenceFilter,
    PayingFilter,
    RenewalFilter,
    CoverageFilter,
    SentimentFilter,
    DisagreementFilter,
]
