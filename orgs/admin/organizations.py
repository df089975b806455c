"""The list of organizations and the page of one."""

from collections.abc import Iterator
from copy import copy
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import F, Func, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.backoffice import columns, formatting, panels, posted, settings
from config.backoffice.listing import ExportDoor
from config.backoffice.site import ActionForm, ModelAdmin, UnfoldAdminSelectWidget, register
from orgs import aliases, editing, ownership, people_pages, scopes
from orgs.admin import filters
from orgs.admin.columns import CHOICE, OrganizationCells, snapshot_of
from orgs.admin.paging import OrganizationPaginator
from orgs.importing.door import ImportDoor
from orgs.importing.reading import PROPERTY
from orgs.models import Band, ImportBatch, Organization
from orgs.resources import OrganizationResource

NARROW_PAGE = 20
IMPORTABLE = ("external_org_id", "display_name", "owner_email", "segment", "parent_external_org_id", "renewal_on")
# Columns of a file behind the MRR and its currency; fields of the snapshot but for one.
FIGURES = (
    *("health", "band", "last_seen_at", "events_30d", "events_previous_30d", "open_signals", "band_before"),
    *("coverage", "quadrant", "first_seen_at", "users_28d", "products", "priority"),
)
FIELDS = {"band_before": "previous_band"}


class OrganizationForm(forms.ModelForm):
    class Meta:
        model = Organization
        fields = editing.EDITABLE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner" in self.fields:
            self.fields["owner"].queryset = get_user_model().objects.filter(is_staff=True, is_active=True)


def owner_choices() -> list[tuple[str, str]]:
    return [("", "… to nobody"), *((str(each.pk), f"… to {each}") for each in scopes.staff())]


class OwnerActionForm(ActionForm):
    """Beside the choice of an action: who gets the ticked customers."""

    owner = forms.ChoiceField(required=False, label="", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = owner_choices()


@register(Organization)
class OrganizationAdmin(OrganizationCells, ExportDoor, ImportDoor, ModelAdmin):
    export_name = "organizations"
    form = OrganizationForm
    import_kind = ImportBatch.Kind.ORGANIZATIONS
    import_explained = (
        "Columns: external_org_id and display_name, and where you have them owner_email, segment, "
        "parent_external_org_id, renewal_on and any prop:<name>. An empty cell keeps the old value. Organizations that "
        "are not in the file stay as they are."
    )
    resource_classes = [OrganizationResource]
    import_export_change_list_template = "admin/orgs/organization/change_list.html"
    change_form_template = "admin/orgs/organization/change_form.html"
    list_display = ["name", *columns.usual(CHOICE)]
    actions = ["give_to"]
    action_form = OwnerActionForm
    list_select_related = ["snapshot", "owner"]
    paginator = OrganizationPaginator
    search_fields = ["display_name"]
    search_help_text = "Name or any id"
    ordering = [F("snapshot__mrr").desc(nulls_last=True), "id"]
    fields = editing.EDITABLE

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return ["name", *columns.chosen(CHOICE, request)]

    def get_list_filter(self, request: HttpRequest) -> list:
        return [*filters.ALL, *panels.filters("orgs.Organization")]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        currency = settings.read().reporting_currency
        return super().get_queryset(request).annotate(currency=Value(currency))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return (queryset.matching(search_term.strip()) if search_term.strip() else queryset), False

    def get_urls(self):
        unalias = self.admin_site.admin_view(require_POST(self.unalias))
        return [
            path("<int:pk>/unalias/", unalias, name="orgs_organization_unalias"),
            *super().get_urls(),
        ]

    def unalias(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take one id of the organization away again."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        alias_id = request.POST.get("alias", "")
        try:
            aliases.remove(alias_id, actor=request.user, now=timezone.now())
        except aliases.CannotJoin as error:
            messages.error(request, str(error))
        else:
            said = f"“{alias_id}” stands for itself again. The former totals return within a minute."
            messages.success(request, said)
        return HttpResponseRedirect(reverse("admin:orgs_organization_change", args=[pk]))

    def export_header(self, found: QuerySet) -> list[str]:
        """The columns of an import first, so that the file can be changed and imported again; figures after them."""
        return [*IMPORTABLE, *(f"{PROPERTY}{name}" for name in property_names(found)), "mrr", "currency", *FIGURES]

    def export_rows(self, found: QuerySet) -> Iterator[list[Any]]:
        return rows_of(found.select_related("snapshot", "owner", "parent"), property_names(found))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """On a narrow screen a row is a card: fewer of them on a page."""
        listed = copy(self)
        listed.list_per_page = NARROW_PAGE if request.COOKIES.get("narrow") == "1" else self.list_per_page
        return super(OrganizationAdmin, listed).get_changelist_instance(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if chosen := columns.address(CHOICE, request, lambda keys: {ORDER_VAR: self.same_order(request, keys)}):
            return HttpResponseRedirect(chosen)
        response = super().changelist_view(request, extra_context)
        listed = getattr(response, "context_data", None) or {}
        if "cl" in listed:
            listed["total"] = listed["cl"].paginator.total
            listed["currency"] = settings.read().reporting_currency
            listed["choice"] = CHOICE
        return response

    def same_order(self, request: HttpRequest, keys: list[str]) -> str:
        """The order when other columns are shown: it names them by their places. One that is gone drops out."""
        ticks = 1 if self.get_actions(request) else 0
        before, after = self.get_list_display(request), ["name", *keys]
        places = []
        for part in request.GET.get(ORDER_VAR, "").split("."):
            _, sign, place = part.rpartition("-")
            number = int(place) - ticks if place.isdecimal() and len(place) < 4 else -1
            if 0 <= number < len(before) and before[number] in after:
                places.append(f"{sign}{after.index(before[number]) + ticks}")
        return ".".join(places)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        organization = self.get_object(request, object_id)
        context = {}
        if organization is not None and (joined := aliases.joined_to(organization)):
            messages.info(request, f"“{organization.external_id}” is an alias of this customer.")
            return HttpResponseRedirect(reverse("admin:orgs_organization_change", args=[joined.pk]))
        if organization is not None:
            keys = list(organization.keys.exclude(external_id=organization.external_id))
            snapshot = snapshot_of(organization)
            band = snapshot.band if snapshot else Band.NOT_SCORED
            context = {"snapshot": snapshot, "aliases": keys, "currency": organization.currency}
            context["feeling"] = people_pages.feeling(organization, band, timezone.now())
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Organization, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        editing.change(obj.pk, values, actor=request.user, now=timezone.now())

    @admin.action(description="Give the ticked customers …", permissions=["change"])
    def give_to(self, request: HttpRequest, queryset: QuerySet) -> None:
        owner = scopes.staff().filter(pk=posted.number(request, "owner")).first()
        ids = list(queryset.values_list("pk", flat=True))
        moved = ownership.assign(ids, owner, actor=request.user, now=timezone.now())
        said = f"{formatting.plural(moved, 'customer')} given to {owner or 'nobody'}"
        kept = len(ids) - moved
        messages.success(request, f"{said}; {kept} belonged there before." if kept else f"{said}.")


def property_names(found: QuerySet) -> list[str]:
    """Every property that an organization of the list has. Values that are no text stay out: imports write text."""
    names = found.order_by().annotate(name=Func("properties", function="jsonb_object_keys")).values_list("name")
    return sorted({name for [name] in names.distinct()})


def rows_of(found: QuerySet, properties: list[str]) -> Iterator[list[Any]]:
    for each in found.iterator(chunk_size=2_000):
        snapshot = snapshot_of(each)
        figures = [getattr(snapshot, FIELDS.get(name, name), None) for name in FIGURES]
        owner = each.owner.email if each.owner else ""
        parent = each.parent.external_id if each.parent else ""
        row = [each.external_id, each.display_name, owner, each.segment, parent, each.renewal_on]
        texts = [value if isinstance(value := each.properties.get(name), str) else "" for name in properties]
        listed = [", ".join(map(str, value)) if isinstance(value, list) else value for value in figures]
        yield [*row, *texts, getattr(snapshot, "mrr", None), each.currency, *listed]
