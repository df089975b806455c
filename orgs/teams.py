"""Who works together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from config.backoffice import audit
from orgs.models import Team


def change(team: Team, members: Iterable[Any], *, actor: Any, now: datetime) -> Team:
    """Save a new or changed team with exactly these members; recorded with who came and who left."""
    with transaction.atomic():
        is_new = team.pk is None
        team.save()
        before = {str(each) for each in team.members.all()}
        team.members.set(members)
        after = {str(each) for each in team.members.all()}
        detail = {"name": team.name, "joined": sorted(after - before), "left": sorted(before - after)}
        audit.record(actor, "team.made" if is_new else "team.changed", team, detail=detail, now=now)
    return team


def remove(team: Team, *, actor: Any, now: datetime) -> None:
    """Its members and their customers stay."""
    with transaction.atomic():
        audit.record(actor, "team.removed", team, now=now)
        team.delete()
