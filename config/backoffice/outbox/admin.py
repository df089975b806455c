"""Doors to the outbox: webhooks with their log, and e-mails."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.backoffice.models import Mail, WebhookDelivery, WebhookEndpoint
from config.backoffice.outbox import addresses, webhooks
from config.backoffice.refused import Refused
from config.backoffice.site import ModelAdmin, ReadOnlyAdmin, display, register

SHOWN_ONCE = "Copy the secret now, it is not shown again: {}"


class WebhookForm(forms.ModelForm):
    events = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "url", "events", "is_enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "events" in self.fields:
            self.fields["events"].choices = list(webhooks.events().items())

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        try:
            addresses.read(url)
        except addresses.Forbidden as error:
            raise forms.ValidationError(str(error)) from error
        return url


@register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):
    form = WebhookForm
    list_display = ["name", "url", "asked_for", "is_enabled", "created_at"]
    empty_text = (
        "A webhook tells another program, such as your chat, at once when a signal opens, closes or changes hands."
    )
    change_form_template = "admin/backoffice/webhookendpoint/change_form.html"
    actions = None

    def get_urls(self) -> list:
        return [
            path(
                f"<int:pk>/{step}/",
                self.admin_site.admin_view(require_POST(view)),
                name=f"backoffice_webhook_{step}",
            )
            for step, view in (("ping", self.ping), ("rotate", self.rotate))
        ] + super().get_urls()

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: forms.ModelForm, change: bool) -> None:
        secret = webhooks.save(obj, actor=request.user, now=timezone.now())
        if secret:
            messages.warning(request, SHOWN_ONCE.format(secret))

    def delete_model(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        webhooks.remove(obj, actor=request.user, now=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        """Whoever may remove a webhook may remove its log with it."""
        listed, counts, _, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None):
        endpoint = self.get_object(request, object_id)
        recent = list(endpoint.deliveries.all()[:20]) if endpoint else []
        return super().change_view(request, object_id, form_url, {"deliveries": recent, **(extra_context or {})})

    def ping(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            webhooks.ping(self.mine(request, pk), actor=request.user, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "A test event is on its way; reload in half a minute to see the answer below.")
        return HttpResponseRedirect(reverse("admin:backoffice_webhookendpoint_change", args=[pk]))

    def rotate(self, request: HttpRequest, pk: int) -> HttpResponse:
        secret = webhooks.rotate(self.mine(request, pk), actor=request.user, now=timezone.now())
        messages.warning(request, SHOWN_ONCE.format(secret))
        return HttpResponseRedirect(reverse("admin:backoffice_webhookendpoint_change", args=[pk]))

    def mine(self, request: HttpRequest, pk: int) -> WebhookEndpoint:
        """The endpoint, for whoever may change it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(WebhookEndpoint, pk=pk)

    @display(description="Events")
    def asked_for(self, endpoint: WebhookEndpoint) -> str:
        words = webhooks.events()
        return ", ".join(words.get(event, event) for event in endpoint.events)


@register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "endpoint", "event", "state", "attempts", "response_status", "error"]
    list_filter = ["state", "event", "endpoint"]
    list_select_related = ["endpoint"]
    actions = ["send_again"]
    fields = [
        "endpoint",
        "event",
        "message_id",
        "state",
        "attempts",
        "next_try_at",
        "created_at",
        "last_try_at",
        "sent_at",
        "duration_ms",
        "response_status",
        "response_body",
        "error",
        "body",
    ]

    @admin.action(description="Send the selected deliveries again", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        again = 0
        for pk in queryset.values_list("pk", flat=True)[:500]:
            try:
                webhooks.redeliver(pk, actor=request.user, now=timezone.now())
                again += 1
            except Refused as refused:
                messages.warning(request, f"{pk}: {refused}")
        if again:
            messages.success(request, f"{again} on their way again.")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("backoffice.change_webhookdelivery")


@register(Mail)
class MailAdmin(ReadOnlyAdmin):
    empty_text = "Digests and what became of each stand here: sent, waiting for another try, or refused."
    list_display = ["created_at", "to", "subject", "state", "attempts", "sent_at", "error"]
    list_filter = ["state"]
    search_fields = ["to", "subject"]
    fields = ["to", "subject", "state", "attempts", "next_try_at", "created_at", "sent_at", "error", "text"]
