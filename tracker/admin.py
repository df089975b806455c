"""Doors to applications and to the price book; what they may send is decided elsewhere."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from config.backoffice import audit
from config.backoffice.listing import ExportDoor
from config.backoffice.site import ModelAdmin, display, register
from tracker import applications, credentials
from tracker.models import Application, Price
from tracker.pages import show_application

PRICE_FIELDS = (
    "provider",
    "model",
    "request_type",
    "input_per_million",
    "output_per_million",
    "currency",
    "valid_from",
)


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


@register(Price)
class PriceAdmin(ExportDoor, ModelAdmin):
    """The price book: who changed which price stands in the audit trail."""

    export_name = "ai-prices"
    export_fields = PRICE_FIELDS
    empty_text = (
        "Where a sender does not say what an AI call cost, its tokens are multiplied by the price of its model."
    )
    fields = PRICE_FIELDS
    list_display = ["name", "request_type", "input_price", "output_price", "currency", "valid_from"]
    list_filter = ["provider"]
    search_fields = ["provider", "model"]

    @display(description="Model", ordering="model")
    def name(self, price: Price) -> str:
        return f"{price.provider} · {price.model}"

    @display(description="Input, a million tokens", ordering="input_per_million")
    def input_price(self, price: Price) -> str:
        return f"{price.input_per_million.normalize():f}"

    @display(description="Output, a million tokens", ordering="output_per_million")
    def output_price(self, price: Price) -> str:
        return f"{price.output_per_million.normalize():f}"

    def save_model(self, request: HttpRequest, obj: Price, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        detail = {name: str(form.cleaned_data[name]) for name in form.changed_data}
        word = "changed" if change else "created"
        audit.record(request.user, f"price.{word}", obj, now=timezone.now(), detail=detail)

    def delete_model(self, request: HttpRequest, obj: Price) -> None:
        audit.record(request.user, "price.deleted", obj, now=timezone.now(), detail=told(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for each in queryset:
            self.delete_model(request, each)


def told(price: Price) -> dict[str, str]:
    return {name: str(getattr(price, name)) for name in PRICE_FIELDS}
