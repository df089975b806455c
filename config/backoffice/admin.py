"""Doors to the furniture: jobs, settings, tokens, staff, the audit trail."""

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.backoffice import jobs, settings, staff, tokens
from config.backoffice.listing import ExportDoor
from config.backoffice.models import ApiToken, AuditEntry, InstallSettings, Job, JobRun
from config.backoffice.outbox import admin as outbox  # noqa: F401  register
from config.backoffice.pages import render_page
from config.backoffice.site import (
    AdminPasswordChangeForm,
    ModelAdmin,
    ReadOnlyAdmin,
    UserChangeForm,
    UserCreationForm,
    display,
    register,
)

CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

admin.site.unregister(User)
admin.site.unregister(Group)


class StaffDoor:
    """For the admin of logins and of groups: what is done there goes through acts that leave a line."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        with self.watched(request, object_id):
            return super().changeform_view(request, object_id, form_url, extra_context)

    def watched(self, request: HttpRequest, object_id: str | None) -> AbstractContextManager:
        subject = self.get_object(request, unquote(object_id)) if object_id and request.method == "POST" else None
        return staff.watched(subject, actor=request.user, now=timezone.now()) if subject else nullcontext()

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            staff.record_created(form.instance, actor=request.user, now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: User | Group) -> None:
        self.delete_queryset(request, type(obj).objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        staff.delete(queryset, actor=request.user, now=timezone.now())


@register(User)
class UserAdmin(StaffDoor, ExportDoor, DjangoUserAdmin, ModelAdmin):
    export_name = "users"
    export_fields = (
        "username",
        "email",
        "first_name",
        "last_name",
        "is_staff",
        "is_superuser",
        "is_active",
        "last_login",
        "date_joined",
    )
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        with self.watched(request, id):
            return super().user_change_password(request, id, form_url)


@register(Group)
class GroupAdmin(StaffDoor, DjangoGroupAdmin, ModelAdmin):
    pass


@register(Job)
class JobAdmin(ModelAdmin):
    """The Jobs page: its list is the ledger's statuses, its form the schedule."""

    fields = ["name", "every_seconds", "is_enabled"]
    readonly_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_urls(self):
        return [
            path(
                "<slug:name>/run/",
                self.admin_site.admin_view(require_POST(self.run_now)),
                name="backoffice_job_run",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        statuses = jobs.statuses(now)
        runs = JobRun.objects.select_related("requested_by").order_by("-id")[:25]
        context = {
            "statuses": statuses,
            "late": [status for status in statuses if status.is_late],
            "failed": [status for status in statuses if status.is_failed],
            "ran": any(status.last_success_at for status in statuses),
            "runs": [(run, jobs.title(run.job)) for run in runs],
            "now": now,
            "can_run": self.has_change_permission(request),
        }
        return render_page(request, "admin/backoffice/job/change_list.html", context, title="Jobs")

    def save_model(self, request: HttpRequest, obj: Job, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        jobs.reschedule(obj.name, values, actor=request.user, now=timezone.now())

    def run_now(self, request: HttpRequest, name: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        now = timezone.now()
        if JobRun.objects.active().filter(job=name).exists():
            messages.warning(request, "This job is running or waiting already; its line shows how far it is.")
        elif name not in {kind.name for kind in jobs.kinds()}:
            messages.error(request, f"There is no job called {name}.")
        else:
            jobs.request_by_hand(name, actor=request.user, now=now)
            messages.success(request, f"{jobs.kind(name).title} is queued. Reload in a few seconds to see its result.")
        return HttpResponseRedirect(reverse("admin:backoffice_job_changelist"))


@register(JobRun)
class JobRunAdmin(ExportDoor, ReadOnlyAdmin):
    export_name = "job-runs"
    export_fields = ("job", "slot", "state", "attempts", "due_at", "started_at", "finished_at", "summary", "error")
    list_display = ["job", "state", "due_at", "started_at", "finished_at", "attempts", "summary"]
    list_filter = ["state", "job"]
    fields = [
        "job",
        "slot",
        "state",
        "attempts",
        "queued_at",
        "started_at",
        "heartbeat_at",
        "finished_at",
        "worker",
        "requested_by",
        "summary",
        "error",
        "progress",
        "arguments",
    ]


def in_words(name: str) -> str:
    return name.capitalize().replace("Follow up", "Follow-up")


@register(AuditEntry)
class AuditEntryAdmin(ExportDoor, ReadOnlyAdmin):
    export_name = "audit-trail"
    export_fields = (
        "at",
        ("who", "actor_label"),
        "action",
        "subject_type",
        "subject_id",
        "subject_label",
        "detail",
    )
    list_display = ["at", "who", "what", "kind", "subject"]
    list_filter = ["action"]
    search_fields = ["subject_label", "actor_label"]
    date_hierarchy = "at"

    @display(description="Who")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_label or "System"

    @display(description="What", ordering="action")
    def what(self, entry: AuditEntry) -> str:
        return in_words(entry.action.replace(".", " ").replace("_", " "))

    @display(description="Of", ordering="subject_type")
    def kind(self, entry: AuditEntry) -> str:
        name = entry.subject_type.rpartition(".")[2]
        return in_words(CAPITAL.sub(" ", name))

    @display(description="Name", ordering="subject_label")
    def subject(self, entry: AuditEntry) -> str:
        return entry.subject_label or f"{self.kind(entry)} {entry.subject_id}"


class InstallSettingsForm(forms.ModelForm):
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = InstallSettings
        fields = settings.NAMES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = self.instance.version

    def clean(self) -> dict:
        cleaned = super().clean()
        settings.validate_zone(cleaned.get("time_zone", "UTC"))
        settings.lock_unchanged(cleaned.get("seen_version", 0))
        return cleaned


@register(InstallSettings)
class InstallSettingsAdmin(ModelAdmin):
    form = InstallSettingsForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        InstallSettings.objects.get_or_create(id=1)
        return HttpResponseRedirect(reverse("admin:backoffice_installsettings_change", args=[1]))

    def save_model(self, request: HttpRequest, obj: InstallSettings, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in settings.NAMES}
        settings.change(values, actor=request.user, now=timezone.now())


class ApiTokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in tokens.SCOPES],
        initial=list(tokens.SCOPES),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes"]


@register(ApiToken)
class ApiTokenAdmin(ExportDoor, ModelAdmin):
    form = ApiTokenForm
    export_name = "api-tokens"
    export_fields = (
        "name",
        "prefix",
        ("who", "user__username"),
        "scopes",
        "created_at",
        "last_used_at",
        "revoked_at",
    )
    list_display = ["name", "prefix", "user", "created_at", "last_used_at", "revoked_at"]
    empty_text = "With a token a program reads and writes through the API, in the name of one person."
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: forms.ModelForm, change: bool) -> None:
        token, text = tokens.create(
            request.user, form.cleaned_data["name"], now=timezone.now(), scopes=form.cleaned_data["scopes"]
        )
        obj.pk = token.pk
        messages.warning(request, f"Copy this token now, it is not shown again: {text}")

    @admin.action(description="Revoke the selected tokens", permissions=["add"])
    def revoke(self, request: HttpRequest, queryset) -> None:
        done = sum(tokens.revoke(token, actor=request.user, now=timezone.now()) for token in queryset)
        messages.success(request, f"{done} tokens revoked; requests with them are refused from now on.")
