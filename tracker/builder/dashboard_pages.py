"""Pages of dashboards: one, and the buttons on it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import posted, settings
from config.backoffice.pages import register_page, render_page
from tracker.builder import addresses, asking, saving
from tracker.builder.pages import SEE
from tracker.models import Dashboard, SavedInsight


@register_page("dashboard", title="Dashboard", route="dashboards/<int:dashboard_id>", permission=SEE)
def dashboard_page(request: HttpRequest, dashboard_id: int) -> HttpResponse:
    """Each insight loads by itself: a slow one holds up none of the others."""
    dashboard = get_object_or_404(Dashboard.objects.visible_to(request.user), id=dashboard_id)
    may_change = Dashboard.objects.changeable_by(request.user).filter(id=dashboard_id).exists()
    if request.method == "POST":
        if not (may_change and request.user.has_perm("tracker.add_dashboard")):
            raise PermissionDenied
        return change(request, dashboard)
    say = asking.in_words(settings.today(timezone.now()))
    tiles = dashboard.tiles.filter(insight__in=SavedInsight.objects.visible_to(request.user)).select_related("insight")
    context = {
        "dashboard": dashboard,
        "tiles": [
            (tile, say(tile.insight), addresses.opened(tile.insight), addresses.answered(tile.insight))
            for tile in tiles
        ],
        "may_change": may_change,
    }
    return render_page(request, "admin/insights/dashboard.html", context, title=dashboard.name)


def change(request: HttpRequest, dashboard: Dashboard) -> HttpResponse:
    act, tile_id = request.POST.get("act", ""), posted.number(request, "tile")
    if act == "remove":
        if saving.remove_dashboard(dashboard.id, actor=request.user, now=timezone.now()):
            messages.success(request, f"The dashboard “{dashboard}” is removed; its insights stay.")
            return HttpResponseRedirect(reverse("admin:insights"))
        messages.error(request, "A dashboard made at install stays.")
    elif act == "unpin":
        saving.unpin(tile_id, actor=request.user, now=timezone.now())
    elif act == "up":
        saving.move_up(tile_id, actor=request.user)
    else:
        raise Http404
    return HttpResponseRedirect(reverse("admin:dashboard", args=[dashboard.id]))


@register_page("dashboard_add", title="New dashboard", route="dashboards/new", permission="tracker.add_dashboard")
def add_page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Http404
    try:
        dashboard = saving.make_dashboard(
            request.POST.get("name", ""),
            request.POST.get("description", ""),
            is_shared="is_shared" in request.POST,
            actor=request.user,
            now=timezone.now(),
        )
    except ValidationError as error:
        messages.error(request, f"Not made. {' '.join(error.messages)}")
        return HttpResponseRedirect(reverse("admin:insights"))
    messages.success(request, f"“{dashboard}” is made. Open an insight and put it there.")
    return HttpResponseRedirect(reverse("admin:dashboard", args=[dashboard.id]))
