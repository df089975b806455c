"""What staff write down on a customer's page: notes, sentiment, who owns it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import posted, settings
from config.backoffice.pages import register_page
from config.backoffice.panels import register_panel
from config.backoffice.refused import Refused
from orgs import notes, ownership, scopes, sentiments
from orgs.models import Note, Organization, Sentiment

MAY = "orgs.change_organization"


@register_page("organization_people", title="About a customer", permission=MAY, route="organizations/<int:pk>/people")
def act_on_organization(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note, edit or pin one, give a sentiment, choose the owner."""
    page = reverse("admin:orgs_organization_change", args=[pk])
    if request.method != "POST":
        return HttpResponseRedirect(page)
    organization = get_object_or_404(Organization, pk=pk)
    try:
        messages.success(request, perform(request, organization, timezone.now()))
    except Refused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(posted.back(request, page))


def perform(request: HttpRequest, organization: Organization, now: datetime) -> str:
    """One action of a person; what was done, in words."""
    action, who = request.POST.get("action"), {"actor": request.user, "now": now}
    if action == "note":
        is_pinned = request.POST.get("pinned") == "1"
        notes.write(organization.pk, request.POST.get("text", ""), is_pinned=is_pinned, **who)
        return "The note is written."
    if action == "sentiment":
        given = sentiments.rate(
            organization.pk, posted.number(request, "value"), why=request.POST.get("why", ""), **who
        )
        return f"Sentiment is {given} as of today."
    if action == "owner":
        owner = scopes.staff().filter(pk=posted.number(request, "owner")).first()
        ownership.assign([organization.pk], owner, **who)
        return f"{organization} belongs to {owner or 'nobody'}."
    if action in ("edit_note", "pin_note", "unpin_note"):
        return on_note(request, organization, str(action), who)
    raise Refused("Choose what to do with this customer.")


def on_note(request: HttpRequest, organization: Organization, action: str, who: dict[str, Any]) -> str:
    note = get_object_or_404(Note, pk=posted.number(request, "note"), organization=organization)
    if action == "edit_note":
        notes.edit(note.pk, request.POST.get("text", ""), **who)
        return "The note is changed."
    is_pinned = action == "pin_note"
    notes.pin(note.pk, is_pinned, **who)
    return "The note is on top." if is_pinned else "The note is back in its place."


@register_panel(
    "orgs.Organization.actions",
    name="people",
    order=10,
    template="admin/orgs/actions_people.html",
    permission=MAY,
)
def header_actions(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    return {"organization": organization, "staff": scopes.staff(), "values": Sentiment.Value.choices}


@register_panel(
    "orgs.Organization",
    name="notes",
    order=26,
    template="admin/orgs/panel_notes.html",
    permission="orgs.view_organization",
    width="half",
)
def notes_panel(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    found = list(organization.notes.select_related("author")[:50])
    return {
        "organization": organization,
        "notes": found,
        "can_write": request.user.has_perm(MAY),
        "can_edit": {note.pk for note in found if note.author_id == request.user.pk},
    }


def feeling(organization: Organization, band: str, now: datetime) -> sentiments.Feeling | None:
    """The sentiment in the head of the page."""
    return sentiments.current(organization, band, settings.today(now))
