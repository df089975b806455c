"""The admin site and the only door to the theme's classes."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ShowFacets, display, register
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import checkbox
from unfold.contrib.filters.admin import DropdownFilter
from unfold.contrib.import_export.forms import ImportForm
from unfold.decorators import action
from unfold.forms import ActionForm, AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.sites import UnfoldAdminSite
from unfold.templatetags.unfold_list import CHECKBOX_CLASSES, LINK_CLASSES, ROW_CLASSES, result_headers
from unfold.templatetags.unfold_list import UnfoldResultList as ResultRow
from unfold.utils import display_for_field, display_for_value
from unfold.views import ChangeList as UnfoldChangeList
from unfold.widgets import (
    SELECT_CLASSES,
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from config.backoffice import columns, formatting, pages, staff

__all__ = [
    "CHECKBOX_CLASSES",
    "LINK_CLASSES",
    "ROW_CLASSES",
    "ActionForm",
    "AdminPasswordChangeForm",
    "BackOfficeSite",
    "DropdownFilter",
    "ImportForm",
    "ModelAdmin",
    "OptionFilter",
    "ReadOnlyAdmin",
    "ResultRow",
    "UnfoldAdminDateWidget",
    "UnfoldAdminSelectWidget",
    "UnfoldAdminTextInputWidget",
    "UnfoldBooleanSwitchWidget",
    "UserChangeForm",
    "UserCreationForm",
    "action",
    "display",
    "display_for_field",
    "display_for_value",
    "register",
    "result_headers",
]


FILTER_CLASSES = (*SELECT_CLASSES, "unfold-admin-autocomplete", "admin-autocomplete")


class BackOfficeSite(UnfoldAdminSite):
    """The theme's site with our own pages; its home is the page registered as "today"."""

    index_title = "Today"
    enable_nav_sidebar = True

    def extra_urls(self):
        return pages.urls()

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        home = pages.home()
        if home is None or not home.is_allowed(request):
            return super().index(request, extra_context)
        return home.view(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method != "POST":
            return super().password_change(request, extra_context)
        with staff.watched(request.user, actor=request.user, now=timezone.now()):
            return super().password_change(request, extra_context)


class ChangeList(UnfoldChangeList):
    """Which columns are shown stands in the address and narrows nothing; a column is sorted as its cell says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(self.opts.verbose_name_plural)

    def get_ordering_field(self, field_name: Any) -> Any:
        """A cell goes before a relation of the same name, whose rows would be joined and listed several times."""
        cell = getattr(self.model_admin, field_name, None) if isinstance(field_name, str) else None
        return getattr(cell, "admin_order_field", None) or super().get_ordering_field(field_name)

    def get_filters_params(self, params: dict | None = None) -> dict:
        found = super().get_filters_params(params)
        found.pop(columns.PARAMETER, None)
        return found


class ModelAdmin(UnfoldModelAdmin):
    """List pages of ours: no full count beside a filtered one, 50 rows, filters in a sheet with a button; while a list
    is empty, `empty_text` says what would stand in it."""

    TICK = checkbox.render(ACTION_CHECKBOX_NAME, "{}")

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    list_fullwidth = True
    show_facets = ShowFacets.NEVER
    empty_value_display = formatting.DASH
    empty_text = ""

    @display(description=UnfoldModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Model) -> str:
        """The theme's tick of a row; the widget is drawn once, not once a row."""
        return format_html(self.TICK, obj.pk)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChangeList


class OptionFilter(DropdownFilter):
    """A filter whose unknown values show everything instead of an error.

    Drawn as the theme draws it, without the two templates an option that forms take.
    """

    template = "admin/partials/_filter.html"

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        chosen = str(self.value() or "")
        options = [(value, words, str(value) == chosen) for value, words in [self.all_option, *self.lookup_choices]]
        yield {"options": options, "classes": " ".join(FILTER_CLASSES)}

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        known = {str(value) for value, _ in self.lookup_choices}
        return self.narrow(request, queryset, chosen) if chosen in known else queryset

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        raise NotImplementedError


class ReadOnlyAdmin(ModelAdmin):
    """A list to read: rows are made by acts, not by forms."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def navigation(request: HttpRequest) -> list[dict]:
    return pages.navigation(request)


def stylesheet(request: HttpRequest) -> str:
    return static("backoffice/app.css")


def icon(request: HttpRequest) -> str:
    return static("backoffice/icon.svg")


def script(request: HttpRequest) -> str:
    return static("backoffice/app.js")
