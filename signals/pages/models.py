"""Health models: their versions, the draft that is being edited, what it would change, and its publication."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import audit, posted, settings
from config.backoffice.pages import register_page, render_page
from config.backoffice.refused import Refused, plain
from orgs.models import Organization, OrganizationKey
from signals import health, rules, studies
from signals.alarms import false_alarms
from signals.configuration import ConfigurationError
from signals.explaining import reading_on
from signals.health import Model
from signals.models import HealthModel, RuleVersion, Study
from signals.pages import number_forms
from signals.versions import drafting, publishing

MAY_CHANGE = "signals.change_healthmodel"
DONE = {
    "model.drafted": "made the draft",
    "model.changed": "changed it",
    "model.published": "published it",
    "model.retired": "retired it",
}


@register_page(
    "health_models",
    title="Health and rules",
    group="Operations",
    order=15,
    icon="tune",
    permission="signals.view_healthmodel",
    route="health-models",
)
def models_page(request: HttpRequest) -> HttpResponse:
    """Every version of the model, and every rule with its numbers and its share of false alarms."""
    versions = HealthModel.objects.select_related("created_by", "published_by")
    context = {
        "versions": list(versions),
        "rules": list(rule_rows()),
        "segments": segments(),
        "may_change": request.user.has_perm(MAY_CHANGE),
        "backtest": Study.objects.filter(kind=Study.Kind.BACKTEST).exclude(answered_at=None).first(),
    }
    return render_page(request, "admin/signals/models.html", context, title="Health and rules")


def rule_rows() -> list[dict[str, Any]]:
    latest = RuleVersion.objects.order_by("rule", "-version").distinct("rule").select_related("created_by")
    alarms = false_alarms()
    return [
        {
            "title": rules.TITLES[row.rule],
            "row": row,
            "numbers": number_forms.summary(rules.THRESHOLDS[row.rule].from_json(row.thresholds)),
            "alarms": alarms.get(row.rule),
        }
        for row in sorted(latest, key=lambda row: list(rules.TITLES).index(row.rule))
    ]


def segments() -> list[str]:
    found = Organization.objects.exclude(segment="").order_by("segment").values_list("segment", flat=True)
    return list(found.distinct()[:200])


@register_page(
    "health_model",
    title="Health model",
    permission="signals.view_healthmodel",
    route="health-models/<int:model_id>",
)
def model_page(request: HttpRequest, model_id: int) -> HttpResponse:
    """One version: its numbers; of a draft the form, what it would change, and the button that puts it in force."""
    row = get_object_or_404(HealthModel.objects.select_related("created_by", "published_by"), pk=model_id)
    if request.method == "POST":
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        try:
            return HttpResponseRedirect(ACTS[request.POST.get("act", "")](request, row))
        except KeyError:
            messages.error(request, "Choose what to do with the model.")
        except Refused as refused:
            messages.error(request, str(refused))
        except ConfigurationError as error:
            return show(request, row, error)
        return HttpResponseRedirect(address(row))
    return show(request, row)


def show(request: HttpRequest, row: HealthModel, error: ConfigurationError | None = None) -> HttpResponse:
    model, followed = publishing.model_of(row), HealthModel.objects.in_force().filter(segment=row.segment).first()
    followed = followed or HealthModel.objects.in_force().get(segment="")
    posted = request.POST.dict() if error else None
    context = {
        "row": row,
        "model": model,
        "groups": number_forms.groups(model, posted, error.problems if error else None),
        "problems": number_forms.sentences(error, model) if error else [],
        "segment": posted.get("segment", "") if posted else row.segment,
        "segments": segments(),
        "followed": followed,
        "changes": named(drafting.differences(followed.definition, row.definition)) if row.state == "draft" else {},
        "studies": list(row.studies.order_by("-id")[:5]),
        "trail": [(line, DONE.get(line.action, line.action), named(line.detail)) for line in audit.of(row)[:20]],
        "trial": trial(request.GET.get("try", ""), row),
        "may_change": request.user.has_perm(MAY_CHANGE),
    }
    title = f"{row} · {row.get_state_display().lower()}"
    return render_page(request, "admin/signals/model.html", context, title=title, status=422 if error else 200)


def named(detail: dict[str, Any]) -> dict[str, Any]:
    """Numbers by what people call them; what is empty is left out."""
    titles = number_forms.titles(Model())
    return {titles.get(name, name.capitalize()): value for name, value in detail.items() if value}


def trial(external_id: str, row: HealthModel) -> dict[str, Any] | None:
    """One organization under this version, beside what it is now; None when nobody asked."""
    asked = plain(external_id)
    if not asked:
        return None
    key = OrganizationKey.objects.select_related("organization").filter(external_id=asked).first()
    if key is None:
        return {"asked": asked, "organization": None}
    now = reading_on(key.organization, settings.today(timezone.now()))
    then = health.score(now.evidence, publishing.model_of(row))
    return {"asked": asked, "organization": key.organization, "now": now, "then": then}


def address(row: HealthModel) -> str:
    return reverse("admin:health_model", args=[row.pk])


def start(request: HttpRequest, row: HealthModel) -> str:
    segment = request.POST.get("segment")
    draft = drafting.start(row, actor=request.user, now=timezone.now(), segment=segment)
    messages.success(request, f"{draft} is a draft with the numbers of {row}. Nobody is scored by it yet.")
    return address(draft)


def save(request: HttpRequest, row: HealthModel) -> str:
    numbers = number_forms.posted_numbers(Model, request.POST.dict())
    drafting.change(
        row.pk, revision(request), numbers, request.POST.get("segment", ""), actor=request.user, now=timezone.now()
    )
    messages.success(request, "Saved. Ask what it would change before you publish it.")
    return address(row)


def ask(request: HttpRequest, row: HealthModel) -> str:
    study = studies.ask(Study.Kind.WHAT_IF, model=row, by=request.user, now=timezone.now())
    return reverse("admin:study", args=[study.pk])


def publish(request: HttpRequest, row: HealthModel) -> str:
    why = request.POST.get("why", "")
    published = drafting.publish(row.pk, revision(request), why, actor=request.user, now=timezone.now())
    messages.success(request, f"{published} is in force. Everybody is scored by it at the next round.")
    return address(row)


def discard(request: HttpRequest, row: HealthModel) -> str:
    drafting.discard(row.pk, revision(request), actor=request.user, now=timezone.now())
    messages.success(request, f"{row} is discarded.")
    return reverse("admin:health_models")


def retire(request: HttpRequest, row: HealthModel) -> str:
    drafting.retire(row.pk, request.POST.get("why", ""), actor=request.user, now=timezone.now())
    messages.success(request, f"{row} is retired; its organizations are scored by the default from the next round on.")
    return address(row)


def revision(request: HttpRequest) -> int:
    """The revision that the page showed; 0 for anything else, which is none."""
    return posted.number(request, "revision") or 0


ACTS = {"start": start, "save": save, "ask": ask, "publish": publish, "discard": discard, "retire": retire}
