"""Whose work a page shows: mine, my team's, everybody's."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest

MINE, TEAM, ALL = "mine", "team", "all"
TITLES = {MINE: "Mine", TEAM: "My team", ALL: "All"}
# What a scope is called in the owner filters of lists; "all" is no filter.
OWNER = {MINE: "me", TEAM: "team", ALL: None}
KEPT_AS = "scope"


def chosen(request: HttpRequest) -> str:
    """The scope of the address; without one the person's last choice, at first everybody's."""
    asked = request.GET.get("scope")
    if asked in TITLES:
        if request.session.get(KEPT_AS, ALL) != asked:
            request.session[KEPT_AS] = asked
        return asked
    return request.session.get(KEPT_AS, ALL)


def people(scope: str, user: Any) -> QuerySet | list[Any] | None:
    """Who belongs to a scope; None for everybody, members of staff or not."""
    if scope == MINE:
        return [user.pk]
    return mates(user).values("pk") if scope == TEAM else None


def mates(user: Any) -> QuerySet:
    """The person and everybody who shares a team with them."""
    in_my_teams = get_user_model().objects.filter(teams__members=user).values("pk")
    return get_user_model().objects.filter(Q(pk=user.pk) | Q(pk__in=in_my_teams))


def staff() -> QuerySet:
    """Who may be given work."""
    return get_user_model().objects.filter(is_active=True, is_staff=True).order_by("username")
