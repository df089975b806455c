"""The list of teams and the page of one."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from config.backoffice.site import ModelAdmin, display, register
from orgs import teams
from orgs.models import Team


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name", "members"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" in self.fields:
            staff = get_user_model().objects.filter(is_staff=True, is_active=True)
            self.fields["members"].queryset = staff.order_by("username")

    def _save_m2m(self) -> None:
        """The members are saved by the act, with the line in the audit trail."""


@register(Team)
class TeamAdmin(ModelAdmin):
    form = TeamForm
    list_display = ["name", "people", "customers"]
    empty_text = "The customers of a team's people are what its members see under My team."
    search_fields = ["name"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        members = Prefetch("members", queryset=get_user_model().objects.order_by("username"), to_attr="listed")
        owned = Count("members__owned_organizations")
        return super().get_queryset(request).annotate(owned=owned).prefetch_related(members)

    def save_model(self, request: HttpRequest, obj: Team, form: forms.ModelForm, change: bool) -> None:
        teams.change(obj, form.cleaned_data["members"], actor=request.user, now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        teams.remove(obj, actor=request.user, now=timezone.now())

    @display(description="Members")
    def people(self, team: Team) -> str:
        return ", ".join(str(each) for each in team.listed)

    @display(description="Customers")
    def customers(self, team: Team) -> int:
        return team.owned
