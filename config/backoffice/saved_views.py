"""Lists as people like to see them: kept under a name, opened by one click, personal or for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse

from config.backoffice import audit
from config.backoffice.models import SavedView
from config.backoffice.refused import Refused

# Lists that can be saved, by the name of their page.
PAGES = {"organizations": "admin:orgs_organization_changelist", "signals": "admin:signals"}
# What an address says about the moment, not about the list.
FLEETING = ("page", "p", "e", "export")
LONGEST_NAME = 60
LONGEST_QUERY = 1000


@dataclass(frozen=True)
class Chip:
    """One saved view as a list shows it; `is_open` when the list is what the view says."""

    pk: int
    name: str
    address: str
    is_shared: bool
    is_mine: bool
    is_open: bool


def chips(page: str, user: Any, asked: Mapping[str, str] | QueryDict) -> list[Chip]:
    """A person's own views of a page and the shared ones, by name."""
    now = normal(asked if isinstance(asked, QueryDict) else QueryDict("", mutable=True))
    visible = SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), page=page)
    return [
        Chip(
            each.pk,
            each.name,
            address(each),
            each.is_shared,
            each.owner_id == user.pk,
            normal(QueryDict(each.query)) == now,
        )
        for each in visible
    ]


def address(view: SavedView) -> str:
    page = reverse(PAGES[view.page])
    return f"{page}?{view.query}" if view.query else page


def normal(query: QueryDict) -> str:
    """The lasting part of an address in one spelling."""
    lasting = sorted((name, values) for name, values in query.lists() if name not in FLEETING and any(values))
    kept = QueryDict(mutable=True)
    for name, values in lasting:
        kept.setlist(name, [each for each in values if each])
    return kept.urlencode()


def save(page: str, name: str, query: str, *, actor: Any, now: datetime, is_shared: bool = False) -> SavedView:
    """Keep a list under a name; a view of one's own with that name is replaced. Sharing is recorded."""
    words = " ".join(name.replace("\0", "").split())
    text = normal(QueryDict(query.lstrip("?")))
    if page not in PAGES:
        raise Refused("This list can't be saved.")
    if not words or len(words) > LONGEST_NAME:
        raise Refused(f"Give the view a name of 1 to {LONGEST_NAME} characters.")
    if len(text) > LONGEST_QUERY:
        raise Refused("These filters are too long to be saved; use fewer.")
    with transaction.atomic():
        values = {"query": text, "is_shared": is_shared, "saved_at": now}
        view, _ = SavedView.objects.update_or_create(page=page, owner=actor, name=words, defaults=values)
        if is_shared:
            audit.record(actor, "view.shared", view, detail={"page": page, "query": text}, now=now)
    return view


def remove(view_id: int, *, actor: Any, now: datetime) -> str:
    """Delete a view of one's own; its name. Recorded when others saw it."""
    with transaction.atomic():
        view = SavedView.objects.select_for_update().filter(pk=view_id, owner=actor).first()
        if view is None:
            raise Refused("Only whoever saved a view can remove it.")
        if view.is_shared:
            audit.record(actor, "view.removed", view, detail={"page": view.page, "query": view.query}, now=now)
        view.delete()
    return view.name
