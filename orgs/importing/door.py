"""The wizard's first page: the library's import form with our choices beside the file; the rest is the batch's page."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV

from config.backoffice import uploads
from config.backoffice.exports import csv_response
from config.backoffice.ids import read_id
from config.backoffice.site import ImportForm, UnfoldAdminDateWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget
from orgs.importing import batches, kinds, mapping, options
from orgs.importing.cells import DAY_FORMATS
from orgs.models import ImportBatch, ImportFile

TOO_LARGE = "The file is too large; at most 50 MB are allowed. Split it into several files."


class UploadForm(ImportForm):
    """The file and how it is written."""

    day_format = forms.ChoiceField(
        label="Dates are written as",
        choices=[(name, shown) for name, (shown, _, _) in DAY_FORMATS.items()],
        initial="iso",
        widget=UnfoldAdminSelectWidget(choices=[(name, shown) for name, (shown, _, _) in DAY_FORMATS.items()]),
        help_text="YYYY-MM-DD is always understood beside the chosen format. Days and months are never guessed.",
    )

    profile = forms.ChoiceField(
        label="Column names",
        required=False,
        help_text="Other names can be mapped after the upload and kept as a profile for the next file.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["import_file"].help_text = (
            "CSV, or an Excel workbook (.xlsx) with the table on its first sheet; at most 50 MB and 200 000 rows. "
            "Deleted after 24 hours."
        )

    def offer_profiles(self, names: Iterable[str], otherwise: str = "As described above") -> None:
        choices = [("", otherwise), *((name, f"As in “{name}”") for name in names)]
        self.fields["profile"].choices = choices
        self.fields["profile"].widget = UnfoldAdminSelectWidget(choices=choices)

    def offer_again(self, batch: ImportBatch) -> None:
        """The file of a preview once more: its choices stand as they were, and nothing has to be uploaded."""
        self.fields["import_file"].required = False
        self.fields["import_file"].help_text = f"Empty: {batch.file_name} once more, as it was uploaded."
        self.initial |= {name: value for name, value in batch.options.items() if name in self.fields}

    def chosen(self) -> dict[str, Any]:
        """Keywords for `options.choose`."""
        return {"day_format": self.cleaned_data["day_format"]}


class SubscriptionUploadForm(UploadForm):
    end_convention = forms.ChoiceField(
        label="An end date is",
        choices=[
            ("", "What the install settings say"),
            ("exclusive", "The first day without revenue"),
            ("inclusive", "The last day with revenue"),
        ],
        required=False,
    )
    known_on = forms.DateField(
        label="Known since",
        required=False,
        widget=UnfoldAdminDateWidget(),
        help_text="Empty: today. Earlier days rewrite what “as known on” shows.",
    )
    create_missing = forms.BooleanField(
        label="Create missing organizations",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Without it, rows of organizations that are not known are refused.",
    )
    is_complete = forms.BooleanField(
        label="This file is complete",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Subscriptions that are not in the file end today; the preview shows them first.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["end_convention"].widget = UnfoldAdminSelectWidget(choices=self.fields["end_convention"].choices)

    def chosen(self) -> dict[str, Any]:
        names = ("end_convention", "known_on", "create_missing", "is_complete")
        return super().chosen() | {name: self.cleaned_data[name] for name in names}


class ImportDoor(ImportMixin):
    """For a ModelAdmin: `import/` takes the upload and leads to its preview. Confirming is the batch's business."""

    import_kind: ClassVar[str]
    import_explained: ClassVar[str]
    import_form_class = UploadForm
    import_template_name = "admin/imports/upload.html"
    formats = [CSV]

    def get_import_formats(self) -> list:
        return self.formats

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orgs.run_import")

    @property
    def sample_url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_sample"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.sample)
        return [path("import/sample.csv", view, name=self.sample_url_name), *super().get_urls()]

    def sample(self, request: HttpRequest) -> HttpResponse:
        """A file to start from."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        header, *rows = kinds.of(self.import_kind).sample
        return csv_response(f"{self.import_kind}-sample.csv", header, rows)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The library's own confirm is closed: it trusts a file name in the form and writes without a second look."""
        raise PermissionDenied

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        form, again = self.create_import_form(request), self.previewed(request)
        form.offer_profiles(mapping.profiles(self.import_kind))
        if uploads.was_too_large(request):
            form.fields["import_file"].error_messages["required"] = TOO_LARGE
        elif again:
            form.offer_again(again)
            form.offer_profiles(mapping.profiles(self.import_kind), "As they were read before")
        if request.method == "POST" and form.is_valid():
            is_new = again is None or form.cleaned_data["import_file"]
            batch = self.receive(request, form) if is_new else self.read_again(request, form, again)
            return HttpResponseRedirect(reverse("admin:orgs_importbatch_change", args=[batch.pk]))
        return self.show_form(request, form)

    def receive(self, request: HttpRequest, form: UploadForm) -> ImportBatch:
        now = timezone.now()
        upload = form.cleaned_data["import_file"]
        named = mapping.profiles(self.import_kind).get(form.cleaned_data["profile"], {})
        batch = batches.receive(
            self.import_kind,
            file_name=upload.name,
            content=upload.read(),
            options=options.choose(now, **form.chosen(), mapping=named),
            user=request.user,
            now=now,
        )
        batches.preview_soon(batch, user=request.user, now=now)
        return batch

    def previewed(self, request: HttpRequest) -> ImportBatch | None:
        """The preview that the address asks to be made anew, when that is the reader's own."""
        number = read_id(request.GET.get("again"))
        return ImportBatch.objects.filter(pk=number, kind=self.import_kind, created_by=request.user).first()

    def read_again(self, request: HttpRequest, form: UploadForm, batch: ImportBatch) -> ImportBatch:
        now = timezone.now()
        said = mapping.profiles(self.import_kind).get(form.cleaned_data["profile"], batch.options["mapping"])
        choices = options.choose(now, **form.chosen(), mapping=said).as_json()
        try:
            if not batches.read_again(batch, choices, user=request.user, now=now):
                messages.warning(request, "This file was imported meanwhile; it stays as it was read.")
        except ImportFile.DoesNotExist:
            messages.error(request, "The uploaded file was deleted after 24 hours. Upload it again.")
        return batch

    def show_form(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        from config.backoffice.pages import render_page  # noqa: PLC0415  needs the admin site

        context = {
            "form": form,
            "opts": self.opts,
            "explained": self.import_explained,
            "sample_url": reverse(f"admin:{self.sample_url_name}"),
            "media": self.media + form.media,
        }
        title = f"Import {ImportBatch.Kind(self.import_kind).label.lower()}"
        return render_page(request, self.import_template_name, context, title=title)
