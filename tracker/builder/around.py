"""What stands around a question on the pages of every kind: whom it is about, and how it is kept."""

import json
from typing import Any

from django.http import HttpRequest

from config.backoffice.ids import read_id
from orgs.models import OrganizationKey
from tracker.models import Dashboard, SavedInsight


def saved_of(request: HttpRequest, kind: str) -> SavedInsight | None:
    """The kept insight that the address names, when this person may see it."""
    number = read_id(request.GET.get("insight"))
    if number is None:
        return None
    return SavedInsight.objects.visible_to(request.user).filter(id=number, kind=kind).first()


def around(request: HttpRequest, kind: str, saved: SavedInsight | None, definition: dict[str, Any]) -> dict[str, Any]:
    """`definition` is what would be kept."""
    mine = SavedInsight.objects.changeable_by(request.user)
    return {
        "kind": kind,
        "saved": saved,
        "may_change": saved is not None and mine.filter(id=saved.id).exists(),
        "definition": json.dumps(definition),
        "dashboards": Dashboard.objects.changeable_by(request.user),
        "can_add": request.user.has_perm("tracker.add_savedinsight"),
        "organization": request.GET.get("organization", ""),
        "about": about(request),
    }


def about(request: HttpRequest) -> str:
    """The organization that a question is narrowed to, by name; empty for all."""
    asked = request.GET.get("organization", "")
    if not asked:
        return ""
    key = OrganizationKey.objects.select_related("organization").filter(external_id=asked).first()
    return str(key.organization) if key else asked
