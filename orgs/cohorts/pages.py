"""The list of cohorts, the page of one, and the builder."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from config.backoffice import audit, settings
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from orgs.cohorts import definition, editing, listing, membership, rules, uses
from orgs.cohorts.building import Draft, Group
from orgs.models import Cohort

VIEW, ADD, CHANGE, DELETE = (f"orgs.{verb}_cohort" for verb in ("view", "add", "change", "delete"))
HISTORY = 8
Save = Callable[[definition.Definition, datetime], Cohort]


@register_page("cohorts", title="Cohorts", group="Customers", order=65, icon="group_work", permission=VIEW)
def list_page(request: HttpRequest) -> HttpResponse:
    if "export" in request.GET:
        now, file_format = timezone.now(), request.GET["export"]
        return download(request, "cohorts", listing.EXPORTED, listing.export(), file_format=file_format, now=now)
    found = listing.lines()
    context = {
        "lines": found,
        "largest": max(found, key=lambda each: each.amount.organizations, default=None),
        "currency": settings.read().reporting_currency,
        "can_add": request.user.has_perm(ADD),
    }
    return render_page(request, "admin/cohorts/list.html", context, title="Cohorts")


@register_page("cohort", title="Cohort", permission=VIEW, route="cohorts/<int:cohort_id>")
def cohort_page(request: HttpRequest, cohort_id: int) -> HttpResponse:
    cohort = get_object_or_404(Cohort.objects.select_related("created_by"), pk=cohort_id)
    context = {
        "line": listing.line(cohort),
        "cohort": cohort,
        "used": uses.uses(cohort.pk),
        "history": [(entry, told(entry.detail)) for entry in audit.of(cohort)[:HISTORY]],
        "currency": settings.read().reporting_currency,
        "can_change": request.user.has_perm(CHANGE),
        "can_delete": request.user.has_perm(DELETE),
    }
    return render_page(request, "admin/cohorts/cohort.html", context, title=cohort.name)


def told(detail: dict[str, Any]) -> str:
    """An entry of the audit trail: a value, or before and after."""
    values = (" → ".join(value) if isinstance(value, list) else value for value in detail.values())
    return " · ".join(values)


@register_page("cohort_new", title="New cohort", permission=ADD, route="cohorts/new")
def new_page(request: HttpRequest) -> HttpResponse:
    draft = Draft.read(request.POST) if request.method == "POST" else Draft.begin()

    def save(asked: definition.Definition, now: datetime) -> Cohort:
        return editing.create(draft.name, asked, actor=request.user, now=now)

    return builder(request, draft, save, title="New cohort", back=reverse("admin:cohorts"))


@register_page("cohort_edit", title="Change cohort", permission=CHANGE, route="cohorts/<int:cohort_id>/edit")
def edit_page(request: HttpRequest, cohort_id: int) -> HttpResponse:
    cohort = get_object_or_404(Cohort, pk=cohort_id)
    is_posted = request.method == "POST"
    draft = Draft.read(request.POST) if is_posted else Draft.of(cohort.name, cohort.definition)

    def save(asked: definition.Definition, now: datetime) -> Cohort:
        return editing.change(cohort_id, draft.name, asked, actor=request.user, now=now)

    back = reverse("admin:cohort", args=[cohort_id])
    return builder(request, draft, save, title=f"Change {cohort.name}", back=back, cohort=cohort)


def builder(
    request: HttpRequest, draft: Draft, save: Save, *, title: str, back: str, cohort: Cohort | None = None
) -> HttpResponse:
    """Show the form, do what its button says, or save and go to the cohort."""
    now, act, refused = timezone.now(), request.POST.get("act", ""), ""
    is_static = cohort is not None and cohort.kind == Cohort.Kind.STATIC
    if act == "save":
        asked = {} if is_static else draft.definition()
        if asked is not None:
            try:
                saved = save(asked, now)
            except editing.CannotChange as error:
                refused = str(error)
            else:
                tell_saved(request, saved)
                return HttpResponseRedirect(reverse("admin:cohort", args=[saved.pk]))
    else:
        draft.edit(act)
    context = {**form_of(draft, now, with_errors=act == "save"), "refused": refused, "back": back}
    context |= {"is_static": is_static, "is_new": cohort is None}
    return render_page(request, "admin/cohorts/builder.html", context, title=title)


def tell_saved(request: HttpRequest, cohort: Cohort) -> None:
    if cohort.problem:
        messages.warning(request, f"“{cohort}” is saved. {cohort.problem}")
    else:
        messages.success(request, f"“{cohort}” is saved.")


@register_page("cohort_build", title="Count a cohort", permission=VIEW, route="cohorts/build")
def build_page(request: HttpRequest) -> HttpResponse:
    """The form's conditions and its live count, after a button or a change in it. Saves nothing."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    draft = Draft.read(request.POST)
    draft.edit(request.POST.get("act", ""))
    return render(request, "admin/cohorts/_conditions.html", form_of(draft, timezone.now(), with_errors=False))


def form_of(draft: Draft, now: datetime, *, with_errors: bool) -> dict[str, Any]:
    """What the conditions' template shows. Conditions half filled in are no errors before somebody saves."""
    asked, amount, problem = draft.definition(), None, ""
    if asked is None:
        problem = draft.first_error
    else:
        try:
            amount = membership.preview(asked, now)
        except membership.CannotCount as error:
            problem = str(error)
    groups = [shown_group(group, with_errors) for group in draft.groups]
    suggested = {kind.name: kind for group in draft.groups for kind in (each.kind for each in group.conditions)}
    return {
        "draft": draft,
        "groups": groups,
        "kinds": [(kind.name, kind.title) for kind in rules.kinds()],
        "amount": amount,
        "problem": problem,
        "sentence": definition.sentence(asked) if asked else "",
        "currency": settings.read().reporting_currency,
        "lists": [
            (f"{kind.name}-{each.name}", each.suggestions())
            for kind in suggested.values()
            for each in kind.inputs
            if each.suggestions
        ],
    }


def shown_group(group: Group, with_errors: bool) -> dict[str, Any]:
    return {
        "match": group.match,
        "conditions": [
            {
                "kind": condition.kind.name,
                "inputs": [shown_input(condition.kind.name, *pair) for pair in condition.inputs()],
                "error": condition.error if with_errors else "",
                "is_new": condition.is_new,
            }
            for condition in group.conditions
        ],
    }


def shown_input(kind: str, each: rules.Input, value: str) -> dict[str, Any]:
    return {
        "name": each.name,
        "label": each.label,
        "type": "date" if each.kind == "date" else "text",
        "mode": "decimal" if each.kind == "number" else "numeric" if each.kind in ("whole", "days") else "text",
        "value": value,
        "choices": each.choices() if each.choices else None,
        "list": f"{kind}-{each.name}" if each.suggestions else "",
    }


@register_page("cohort_act", title="Act on a cohort", permission=VIEW, route="cohorts/<int:cohort_id>/act")
def act_page(request: HttpRequest, cohort_id: int) -> HttpResponse:
    """The buttons of a cohort's page."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:cohort", args=[cohort_id]))
    cohort, now = get_object_or_404(Cohort, pk=cohort_id), timezone.now()
    if request.POST.get("act") == "delete":
        return delete(request, cohort, now)
    if request.POST.get("act") != "compute":
        raise Http404
    allow(request, CHANGE)
    membership.recompute(now, [cohort.pk])
    cohort.refresh_from_db()
    tell_computed(request, cohort)
    return HttpResponseRedirect(reverse("admin:cohort", args=[cohort_id]))


def tell_computed(request: HttpRequest, cohort: Cohort) -> None:
    if cohort.problem:
        messages.error(request, cohort.problem)
    else:
        messages.success(request, f"“{cohort}” is computed as of now.")


def delete(request: HttpRequest, cohort: Cohort, now: datetime) -> HttpResponse:
    allow(request, DELETE)
    try:
        editing.delete(cohort.pk, actor=request.user, now=now)
    except editing.CannotChange as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:cohort", args=[cohort.pk]))
    messages.success(request, f"“{cohort}” is deleted.")
    return HttpResponseRedirect(reverse("admin:cohorts"))


def allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
