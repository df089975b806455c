"""The daily digest: what would be in it now, and whose news somebody wants."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from config.backoffice.pages import register_page, render_page
from signals import digest
from signals.models import Digest, DigestChoice


@register_page(
    "digest", title="Daily digest", group="Customers", order=70, icon="mail", permission="signals.view_signal"
)
def digest_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        digest.choose(request.user, request.POST.get("scope", ""))
        messages.success(request, "Your choice is saved.")
        return HttpResponseRedirect(reverse("admin:digest"))
    now = timezone.now()
    scope = digest.choice_of(request.user)
    shown = DigestChoice.Scope.MINE if scope == DigestChoice.Scope.OFF else scope
    context = {
        "scope": scope,
        "choices": DigestChoice.Scope.choices,
        "news": digest.news_of(request.user, shown, digest.since_of(request.user, now), now),
        "last": Digest.objects.filter(user=request.user).first(),
        "begins": digest.FROM,
    }
    return render_page(request, "admin/signals/digest.html", context, title="Daily digest")
