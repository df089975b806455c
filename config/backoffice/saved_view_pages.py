"""The door through which people keep a list and forget it again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from config.backoffice import posted, saved_views
from config.backoffice.pages import register_page
from config.backoffice.refused import Refused


@register_page("saved_view_act", title="Saved views", permission="", route="views/act")
def act(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        try:
            messages.success(request, perform(request))
        except Refused as refused:
            messages.error(request, str(refused))
    return HttpResponseRedirect(posted.back(request, reverse("admin:index")))


def perform(request: HttpRequest) -> str:
    """Save or remove one view; what was done, in words."""
    now = timezone.now()
    if request.POST.get("action") == "remove":
        name = saved_views.remove(posted.number(request, "view") or 0, actor=request.user, now=now)
        return f"The view “{name}” is removed."
    view = saved_views.save(
        request.POST.get("page", ""),
        request.POST.get("name", ""),
        request.POST.get("query", ""),
        actor=request.user,
        now=now,
        is_shared=request.POST.get("shared") == "1",
    )
    return f"The view “{view}” is saved{' for everybody' if view.is_shared else ''}."
