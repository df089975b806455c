"""One rule: its numbers, what others would find (a dry run), its versions and its publication."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from config.backoffice.pages import register_page, render_page
from config.backoffice.refused import Refused
from signals import rules, studies
from signals.alarms import false_alarms
from signals.configuration import ConfigurationError
from signals.models import RuleVersion, Study
from signals.pages import number_forms
from signals.versions import rule_settings

MAY_CHANGE = "signals.add_ruleversion"


@register_page("rule", title="Rule", permission="signals.view_ruleversion", route="rules/<slug:rule>")
def rule_page(request: HttpRequest, rule: str) -> HttpResponse:
    if rule not in rules.THRESHOLDS:
        raise Http404
    if request.method != "POST":
        return show(request, rule)
    if not request.user.has_perm(MAY_CHANGE):
        raise PermissionDenied
    try:
        return HttpResponseRedirect(ask(request, rule) if request.POST.get("act") == "ask" else publish(request, rule))
    except Refused as refused:
        messages.error(request, str(refused))
        return show(request, rule, status=409)
    except ConfigurationError as error:
        return show(request, rule, error, status=422)


def show(
    request: HttpRequest, rule: str, error: ConfigurationError | None = None, *, status: int = 200
) -> HttpResponse:
    versions = list(RuleVersion.objects.filter(rule=rule).select_related("created_by"))
    shown = rules.THRESHOLDS[rule].from_json(versions[0].thresholds)
    posted = request.POST.dict() if request.method == "POST" else None
    context = {
        "rule": rule,
        "rule_title": rules.TITLES[rule],
        "current": versions[0],
        "versions": [(row, number_forms.summary(type(shown).from_json(row.thresholds))) for row in versions],
        "groups": number_forms.groups(shown, posted, error.problems if error else None),
        "problems": number_forms.sentences(error, shown) if error else [],
        "is_enabled": posted.get("is_enabled") == "1" if posted else versions[0].is_enabled,
        "why": posted.get("why", "") if posted else "",
        "alarms": false_alarms().get(rule),
        "studies": list(Study.objects.filter(kind=Study.Kind.DRY_RUN, arguments__rule=rule)[:5]),
        "question": "Whom would it find?" if rule in rules.BY_KEY else "What would it hold back?",
        "may_change": request.user.has_perm(MAY_CHANGE),
    }
    return render_page(request, "admin/signals/rule.html", context, title=rules.TITLES[rule], status=status)


def ask(request: HttpRequest, rule: str) -> str:
    thresholds = rules.THRESHOLDS[rule].from_json(
        number_forms.posted_numbers(rules.THRESHOLDS[rule], request.POST.dict())
    )
    asked = {"rule": rule, "thresholds": thresholds.to_json(), "is_enabled": request.POST.get("is_enabled") == "1"}
    study = studies.ask(Study.Kind.DRY_RUN, by=request.user, now=timezone.now(), arguments=asked)
    return reverse("admin:study", args=[study.pk])


def publish(request: HttpRequest, rule: str) -> str:
    follows = request.POST.get("follows", "")
    if not RuleVersion.objects.filter(rule=rule, version=int(follows) if follows.isdecimal() else 0).exists():
        raise Refused("Load the page again; it does not say which version you looked at.")
    published = rule_settings.publish(
        rule,
        number_forms.posted_numbers(rules.THRESHOLDS[rule], request.POST.dict()),
        is_enabled=request.POST.get("is_enabled") == "1",
        follows=int(follows),
        why=request.POST.get("why", ""),
        actor=request.user,
        now=timezone.now(),
    )
    messages.success(request, f"{rules.TITLES[rule]} v{published.version} is in force from the next scan on.")
    return reverse("admin:rule", args=[rule])
