"""Subscriptions in the admin: to read, as imports write them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from config.backoffice import formatting, settings
from config.backoffice.listing import ExportDoor
from config.backoffice.paging import NarrowPaginator
from config.backoffice.site import DropdownFilter, ReadOnlyAdmin, display, register
from orgs.admin.filters import OfCohortFilter
from orgs.importing.door import ImportDoor, SubscriptionUploadForm
from orgs.models import ImportBatch
from revenue import exporting, totals
from revenue.models import ExchangeRate, Subscription
from revenue.resources import RateResource, SubscriptionResource

FEW = 1_000


class StateFilter(DropdownFilter):
    """Without a choice: what is known now, whatever its state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active today"), ("scheduled", "Starts or ends later"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        today = settings.today(timezone.now())
        sets = {
            "active": lambda: queryset.active(today),
            "scheduled": lambda: queryset.scheduled(today),
            "ended": lambda: queryset.ended(today),
        }
        return sets[self.value()]() if self.value() in sets else queryset


class OfColumnFilter(DropdownFilter):
    """The values of one column."""

    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        values = Subscription.objects.known_now().order_by(self.column).values_list(self.column, flat=True)
        return [(value, value) for value in values.distinct()[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ProductFilter(OfColumnFilter):
    title = "product"
    parameter_name = column = "product_code"


class CurrencyFilter(OfColumnFilter):
    title = "currency"
    parameter_name = column = "currency"


class CohortFilter(OfCohortFilter):
    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.filter(key__organization__cohort_memberships__cohort=int(chosen))


class SubscriptionPaginator(NarrowPaginator):
    """One look at the whole list gives its count and its totals."""

    @cached_property
    def total(self) -> totals.Total:
        """Of the whole list, not of a page."""
        return totals.of(self.object_list, settings.today(timezone.now()))

    @cached_property
    def count(self) -> int:
        return self.total.rows


@register(Subscription)
class SubscriptionAdmin(ExportDoor, ImportDoor, ReadOnlyAdmin):
    export_name = "subscriptions"
    import_kind = ImportBatch.Kind.SUBSCRIPTIONS
    import_explained = (
        "Columns: external_org_id, product_code, mrr, currency and start_at, and where you have them end_at, "
        "subscription_id, trial_end_at, name, quantity, amount with interval and interval_count. An empty cell "
        "keeps the old value (“none” removes an end); an empty currency is the reporting currency. Subscriptions that "
        "are not in the file stay as they are, unless you say that the file is complete: then they end today."
    )
    import_form_class = SubscriptionUploadForm
    resource_classes = [SubscriptionResource]
    import_export_change_list_template = "admin/revenue/subscription/change_list.html"
    list_display = ["organization", "product_code", "name", "mrr_shown", "starts", "ends", "state", "subscription_id"]
    list_select_related = ["key__organization"]
    list_filter = [StateFilter, ProductFilter, CurrencyFilter, CohortFilter]
    paginator = SubscriptionPaginator
    search_fields = ["key__external_id", "key__organization__display_name", "product_code", "subscription_id"]
    ordering = ["-mrr", "id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).known_now().with_state(settings.today(timezone.now()))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Little is named by its ids: the texts of all rows are looked through once, not again for count and page."""
        found, is_repeated = super().get_search_results(request, queryset, search_term)
        ids = list(found.order_by().values_list("pk", flat=True)[: FEW + 1]) if search_term else []
        return (queryset.filter(pk__in=ids) if 0 < len(ids) <= FEW else found), is_repeated

    def export_header(self, found: QuerySet) -> tuple[str, ...]:
        return exporting.HEADER

    def export_rows(self, found: QuerySet) -> Iterator[list[Any]]:
        return exporting.rows(found, settings.read().end_convention)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", {}).get("cl")
        if changelist is not None:
            response.context_data["total"] = changelist.paginator.total
        return response

    @display(description="Organization", ordering="key__organization__display_name")
    def organization(self, subscription: Subscription) -> str:
        organization = subscription.key.organization
        url = reverse("admin:orgs_organization_change", args=[organization.pk])
        return format_html('<a href="{}">{}</a>', url, organization)

    @display(description="MRR", ordering="mrr")
    def mrr_shown(self, subscription: Subscription) -> str:
        return formatting.money(subscription.mrr, subscription.currency, exact=True)

    @display(description="Starts", ordering="start_on")
    def starts(self, subscription: Subscription) -> str:
        return f"{subscription.start_on:%-d %b %Y}"

    @display(description="Ends", ordering="end_on")
    def ends(self, subscription: Subscription) -> str:
        return f"{subscription.end_on:%-d %b %Y}" if subscription.end_on else formatting.DASH

    @display(description="State")
    def state(self, subscription: Subscription) -> str:
        return subscription.state_shown


class RateCurrencyFilter(DropdownFilter):
    title = "currency"
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
        return [(code, code) for code in codes[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(currency=self.value()) if self.value() else queryset


@register(ExchangeRate)
class ExchangeRateAdmin(ExportDoor, ImportDoor, ReadOnlyAdmin):
    export_name = "exchange-rates"
    export_fields = ("date", "currency", "per_eur")
    import_kind = ImportBatch.Kind.RATES
    import_explained = (
        "Columns: date, currency and per_eur (units of the currency for 1 EUR), or the European "
        "Central Bank's own table with one column a currency. A rate that is there already takes the new value."
    )
    empty_text = (
        "Subscriptions in other currencies than that of the reports wait for a rate before they count as revenue."
    )
    resource_classes = [RateResource]
    import_export_change_list_template = "admin/revenue/exchangerate/change_list.html"
    list_display = ["date", "currency", "rate"]
    list_filter = [RateCurrencyFilter]
    search_fields = ["currency"]
    ordering = ["-date", "currency"]

    @display(description="Units for 1 EUR", ordering="per_eur")
    def rate(self, row: ExchangeRate) -> str:
        return f"{row.per_eur.normalize():f}"
