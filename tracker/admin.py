"""Doors to applications; what they may send is decided elsewhere."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from config.backoffice import audit
from config.backoffice.site import ModelAdmin, register
from tracker import applications, credentials
from tracker.models import Application
from tracker.pages import show_application


@register(Application)
class ApplicationAdmin(ModelAdmin):
    """The form alone; the list and the page of an application are pages of our own."""

    fields = [
        "name",
        "organization_from",
        "user_property",
        "keeps_user_properties",
        "denied_properties",
        "allowed_origins",
        "events_per_second",
    ]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:applications"))

    def has_delete_permission(self, request: HttpRequest, obj: Application | None = None) -> bool:
        return False  # its events stay: deactivate it

    def save_model(self, request: HttpRequest, obj: Application, form: forms.ModelForm, change: bool) -> None:
        now = timezone.now()
        if not change:
            obj.created_at = now
            obj.save()
            request.fresh_application = applications.equip(obj, now=now)
            audit.record(request.user, "application.created", obj, now=now)
            return
        obj.save(update_fields=form.changed_data or None)
        audit.record(request.user, "application.changed", obj, now=now, detail={"fields": form.changed_data})
        credentials.forget()

    def response_add(self, request: HttpRequest, obj: Application, post_url_continue: str | None = None):
        """The answer to the form is the only place where secret and key can be read."""
        fresh = request.fresh_application
        return show_application(request, obj, secret=fresh.secret, write_key=fresh.write_key)

    def response_change(self, request: HttpRequest, obj: Application) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:application", args=[obj.pk]))
