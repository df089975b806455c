"""Pages of features: the list with who uses what, and the form that says what a use is."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.pages import register_page, render_page
from tracker import adoption, features
from tracker.features import Rule
from tracker.models import Feature, FeatureRule

EMPTY_RULES = 2
MOST_RULES = 20


@register_page(
    "features", title="Features", group="Evidence", order=40, icon="extension", permission="tracker.view_feature"
)
def features_page(request: HttpRequest) -> HttpResponse:
    found = adoption.adoption(settings.today(timezone.now()))
    context = {
        "rows": [(each, features.sentence(features.rules_of(each.feature)), state(each.feature)) for each in found],
        "active": sum(each.feature.is_active for each in found),
        "can_add": request.user.has_perm("tracker.add_feature"),
    }
    return render_page(request, "admin/tracker/features.html", context, title="Features")


def state(feature: Feature) -> str:
    """What has to be known about the numbers of a feature; empty when nothing has."""
    if not feature.is_active:
        return "Not active: not counted, and no part of health."
    if feature.counted_version != feature.version:
        return "Being counted anew; until then the former numbers stand."
    if feature.counted_since:
        return f"Counted by these rules since {feature.counted_since:%-d %b %Y}; raw events of earlier days are gone."
    return ""


@register_page("feature_add", title="Add a feature", permission="tracker.add_feature", route="features/add")
def add_page(request: HttpRequest) -> HttpResponse:
    return edit(request, Feature())


@register_page("feature", title="Feature", permission="tracker.view_feature", route="features/<int:feature_id>")
def feature_page(request: HttpRequest, feature_id: int) -> HttpResponse:
    feature = get_object_or_404(Feature, id=feature_id)
    if request.method == "POST" and not request.user.has_perm("tracker.change_feature"):
        raise PermissionDenied
    return edit(request, feature)


def edit(request: HttpRequest, feature: Feature) -> HttpResponse:
    """The form: “Check” counts what the rules would match and keeps nothing, “Save” keeps them."""
    saved = features.rules_of(feature) if feature.pk else []
    if request.method != "POST":
        initial = [vars(each) for each in saved]
        form = FeatureForm(instance=feature, initial={"seen_version": feature.version})
        return show(request, feature, form, RuleFormSet(initial=initial, prefix="rules"), saved)
    form, rows = FeatureForm(request.POST, instance=feature), RuleFormSet(request.POST, prefix="rules")
    if not (form.is_valid() and rows.is_valid()):
        return show(request, feature, form, rows, None)
    rules = [rule for row in rows if (rule := row.rule())]
    if "check" in request.POST:
        return show(request, feature, form, rows, rules)
    feature.version = form.cleaned_data["seen_version"]
    try:
        features.save(feature, rules, actor=request.user, now=timezone.now())
    except features.Edited as error:
        messages.error(request, str(error))
        return show(request, feature, form, rows, rules)
    messages.success(request, f"Saved. {state(feature) or 'The numbers stay as they are.'}")
    return HttpResponseRedirect(reverse("admin:features"))


def show(
    request: HttpRequest, feature: Feature, form: forms.ModelForm, rows: forms.BaseFormSet, rules: list[Rule] | None
) -> HttpResponse:
    """`rules` are those to explain and to count; None while the form has errors."""
    context = {
        "feature": feature,
        "form": form,
        "rules": rows,
        "sentence": features.sentence(rules) if rules else "",
        "matched": features.matched(rules, timezone.now()) if rules else None,
        "names": features.names_seen(),
        "state": state(feature) if feature.pk else "",
        "can_save": request.user.has_perm("tracker.change_feature" if feature.pk else "tracker.add_feature"),
    }
    title = feature.name if feature.pk else "Add a feature"
    return render_page(request, "admin/tracker/feature.html", context, title=title)


class FeatureForm(forms.ModelForm):
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Feature
        fields = ["name", "description", "minimum_uses", "minimum_users", "window_days", "is_active"]
        widgets = {
            "name": forms.TextInput({"class": "bo-input"}),
            "description": forms.TextInput({"class": "bo-input"}),
            "minimum_uses": forms.NumberInput({"class": "bo-input"}),
            "minimum_users": forms.NumberInput({"class": "bo-input"}),
            "window_days": forms.NumberInput({"class": "bo-input"}),
        }


class RuleForm(forms.ModelForm):
    """One way to use the feature; an empty row is none."""

    class Meta:
        model = FeatureRule
        fields = ["event", "path_prefix", "property_name", "property_value"]
        widgets = {
            "event": forms.TextInput({"class": "bo-input", "list": "event-names", "placeholder": "report_exported"}),
            "path_prefix": forms.TextInput({"class": "bo-input", "placeholder": "/reports"}),
            "property_name": forms.TextInput({"class": "bo-input", "placeholder": "feature"}),
            "property_value": forms.TextInput({"class": "bo-input", "placeholder": "assistant"}),
        }

    def rule(self) -> Rule | None:
        values = {name: self.cleaned_data.get(name, "") for name in self._meta.fields}
        return Rule(**values) if any(values.values()) else None

    def clean_path_prefix(self) -> str:
        path = self.cleaned_data["path_prefix"]
        if path and not path.startswith("/"):
            raise forms.ValidationError("A path starts with “/”, as in /reports.")
        return path


RuleFormSet = forms.formset_factory(RuleForm, extra=EMPTY_RULES, max_num=MOST_RULES, absolute_max=MOST_RULES)
