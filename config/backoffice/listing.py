"""List pages of the admin that can be taken away as a file, as they are filtered and sorted."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone

from config.backoffice.exports import download

CHUNK = 2_000


class ExportDoor:
    """For a ModelAdmin: `export.csv` and `export.xlsx` beside its list.

    Subclasses name `export_fields` or override the two methods. A pair in `export_fields` is (column, lookup); a
    plain name is both.
    """

    export_name: ClassVar[str]
    export_fields: ClassVar[Sequence[str | tuple[str, str]]] = ()
    change_list_template = "admin/exportable_list.html"

    def export_header(self, found: QuerySet) -> Iterable[str]:
        return [each if isinstance(each, str) else each[0] for each in self.export_fields]

    def export_rows(self, found: QuerySet) -> Iterator[Iterable[Any]]:
        lookups = [each if isinstance(each, str) else each[1] for each in self.export_fields]
        yield from found.values_list(*lookups).iterator(chunk_size=CHUNK)

    @property
    def export_url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export.<slug:file_format>", view, name=self.export_url_name), *super().get_urls()]

    def export_view(self, request: HttpRequest, file_format: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            listed = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            return HttpResponseRedirect(f"{listed}?{ERROR_FLAG}=1")
        header, rows = self.export_header(found), self.export_rows(found)
        return download(request, self.export_name, header, rows, file_format=file_format, now=timezone.now())

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        urls = {
            file_format: reverse(f"admin:{self.export_url_name}", args=[file_format]) + query
            for file_format in ("csv", "xlsx")
        }
        return super().changelist_view(request, {"export_urls": urls, **(extra_context or {})})
