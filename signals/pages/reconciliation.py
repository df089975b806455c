"""The ID reconciliation page and the one door through which people join ids, take it back and say no."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from config.backoffice import settings
from config.backoffice.exports import download
from config.backoffice.formatting import plural
from config.backoffice.pages import register_page, render_page
from orgs import aliases
from orgs.aliases import CannotJoin
from orgs.models import MatchRejection
from signals import reconciliation

PAGE_SIZE = 50
SEPARATOR = "\n"
MAY = "orgs.change_organization"
SHOWN = {
    "proposed": "Proposals",
    "ambiguous": "Ambiguous",
    "unmatched": "Without a proposal",
    "joined": "Joined",
    "rejected": "Rejected",
}


@register_page(
    "reconciliation",
    title="ID reconciliation",
    group="Data",
    order=40,
    icon="join_inner",
    permission="orgs.view_organizationkey",
)
def reconciliation_page(request: HttpRequest) -> HttpResponse:
    found = reconciliation.reconcile()
    if "export" in request.GET:
        rows, file_format = reconciliation.export(found), request.GET["export"]
        header = reconciliation.EXPORTED
        return download(request, "reconciliation", header, rows, file_format=file_format, now=timezone.now())
    rejected = MatchRejection.objects.select_related("rejected_by")
    lists = {
        "proposed": found.certain,
        "ambiguous": found.ambiguous,
        "unmatched": found.unmatched,
        "joined": reconciliation.joined(),
        "rejected": rejected,
    }
    show = request.GET.get("show") if request.GET.get("show") in SHOWN else "proposed"
    counts = {name: len(each) if isinstance(each, list) else each.count() for name, each in lists.items()}
    context = {
        "found": found,
        "show": show,
        "tabs": [(name, title, counts[name]) for name, title in SHOWN.items()],
        "page": Paginator(lists[show], PAGE_SIZE).get_page(request.GET.get("page")),
        "currency": settings.read().reporting_currency,
        "can_act": request.user.has_perm(MAY),
    }
    return render_page(request, "admin/signals/reconciliation.html", context, title="ID reconciliation")


@register_page(
    "reconciliation_act", title="Join ids", permission="orgs.view_organizationkey", route="reconciliation/act"
)
def act_on_ids(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    if request.method == "POST":
        act = ACTS.get(request.POST.get("action", ""))
        if act is None:
            messages.error(request, "Choose what to do with the ids.")
        else:
            act(request, timezone.now())
    return HttpResponseRedirect(back(request))


def accept(request: HttpRequest, now: datetime) -> None:
    """One pair or many; each stands for itself, and what could not be joined is told."""
    pairs = chosen_pairs(request)
    done = 0
    for seen_id, known_id in pairs:
        try:
            organization = aliases.accept(seen_id, known_id, actor=request.user, now=now)
        except CannotJoin as error:
            messages.error(request, str(error))
        else:
            done += 1
    if done == 1 == len(pairs):
        messages.success(
            request, f"“{pairs[0][0]}” is an alias of {organization} now. Its totals join within a minute."
        )
    elif done:
        messages.success(request, f"{plural(done, 'pair')} joined. Their totals join within a minute.")
    elif not pairs:
        messages.error(request, "Tick the pairs to join first.")


def reject(request: HttpRequest, now: datetime) -> None:
    pairs = chosen_pairs(request)
    for seen_id, known_id in pairs:
        aliases.reject(seen_id, known_id, actor=request.user, now=now)
    if pairs:
        messages.success(request, f"{plural(len(pairs), 'pair')} will not be proposed again.")


def reconsider(request: HttpRequest, now: datetime) -> None:
    for seen_id, known_id in chosen_pairs(request):
        aliases.reconsider(seen_id, known_id, actor=request.user, now=now)
    messages.success(request, "The pair may be proposed again.")


def remove(request: HttpRequest, now: datetime) -> None:
    alias_id = request.POST.get("alias", "")
    try:
        aliases.remove(alias_id, actor=request.user, now=now)
    except CannotJoin as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{alias_id}” stands for itself again. The former totals return within a minute.")


ACTS: dict[str, Callable[[HttpRequest, datetime], Any]] = {
    "accept": accept,
    "reject": reject,
    "reconsider": reconsider,
    "remove": remove,
}


def chosen_pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """Ticked boxes, or the one pair of a row's own button or of the form for unmatched ids."""
    if request.POST.get("seen"):
        return [(request.POST["seen"], request.POST.get("known", "").strip())]
    told = [value.replace("\r\n", SEPARATOR).partition(SEPARATOR) for value in request.POST.getlist("pair")]
    return [(seen, known) for seen, _, known in told if seen and known]


def back(request: HttpRequest) -> str:
    """Where the person came from, when that is here."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("admin:reconciliation")
