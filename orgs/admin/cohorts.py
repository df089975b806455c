"""Cohorts in the admin: the filter on organizations, and the import of a list. Their pages are `orgs.cohorts.pages`."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from config.backoffice.panels import register_filter
from config.backoffice.site import ReadOnlyAdmin, UnfoldAdminTextInputWidget, register
from orgs.admin.filters import OfCohortFilter
from orgs.cohorts.editing import clean_name
from orgs.importing.door import ImportDoor, UploadForm
from orgs.models import Cohort, ImportBatch
from orgs.resources import CohortResource


@register_filter("orgs.Organization")
class CohortFilter(OfCohortFilter):
    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        return queryset.in_cohort(int(chosen))


class CohortUploadForm(UploadForm):
    cohort = forms.CharField(
        label="Cohort",
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text="A new name, or that of a list made by an import before: the organizations join it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day_format"].widget = forms.HiddenInput()  # a list holds no dates

    def clean_cohort(self) -> str:
        name = clean_name(self.cleaned_data["cohort"])
        if Cohort.objects.by_rules().filter(name__iexact=name).exists():
            raise forms.ValidationError(f"“{name}” is a cohort with rules; its members are computed. Choose another.")
        return name

    def chosen(self) -> dict[str, Any]:
        return {**super().chosen(), "cohort": self.cleaned_data["cohort"]}


@register(Cohort)
class CohortAdmin(ImportDoor, ReadOnlyAdmin):
    """Only the door for files; lists and forms lead to the pages of cohorts."""

    import_kind = ImportBatch.Kind.COHORTS
    import_form_class = CohortUploadForm
    import_explained = (
        "A cohort as a list: one column external_org_id with ids that are known here. Organizations that are on the "
        "list already stay on it; the import can be undone."
    )
    resource_classes = [CohortResource]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:cohorts"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        cohort = self.get_object(request, object_id)
        if not self.has_view_permission(request, cohort):
            raise PermissionDenied
        target = reverse("admin:cohort", args=[cohort.pk]) if cohort else reverse("admin:cohorts")
        return HttpResponseRedirect(target)
