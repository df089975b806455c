"""Keeping insights and dashboards: named, shared, put side by side, taken away. Each act but the order of
tiles leaves an audit line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from config.backoffice import audit
from tracker.models import Dashboard, DashboardTile, SavedInsight


class Changed(Exception):
    """Somebody saved the same insight after it was opened; nothing was written."""


@dataclass(frozen=True)
class Wording:
    """What a person decides about an insight beside its question."""

    name: str
    display: str
    is_shared: bool
    on_organizations: bool


def save_new(kind: str, definition: dict[str, Any], wording: Wording, *, actor: Any, now: datetime) -> SavedInsight:
    """ValidationError names the field."""
    insight = SavedInsight(kind=kind, definition=definition, owner=actor, created_at=now, changed_at=now)
    put(insight, wording)
    with transaction.atomic():
        insight.save()
        audit.record(actor, "insight.saved", insight, now=now)
    return insight


def save_over(
    insight_id: int | None,
    kind: str,
    definition: dict[str, Any],
    wording: Wording,
    *,
    seen_version: int | None,
    actor: Any,
    now: datetime,
) -> SavedInsight:
    """Replace one's own insight. Raises `Changed`, and SavedInsight.DoesNotExist for what the actor may not change."""
    with transaction.atomic():
        insight = SavedInsight.objects.changeable_by(actor).select_for_update().get(id=insight_id, kind=kind)
        if insight.version != seen_version:
            raise Changed
        before = {"name": insight.name, "definition": insight.definition}
        insight.definition, insight.changed_at, insight.version = definition, now, insight.version + 1
        put(insight, wording)
        insight.save()
        audit.record(actor, "insight.changed", insight, now=now, detail={"before": before})
    return insight


def put(insight: SavedInsight, wording: Wording) -> None:
    insight.name, insight.display = wording.name.strip(), wording.display
    insight.is_shared, insight.on_organizations = wording.is_shared, wording.on_organizations
    if insight.on_organizations and not insight.is_shared:
        raise ValidationError(
            {"on_organizations": "Everybody sees an organization's page: share the insight to put it there."}
        )
    insight.full_clean(exclude=["owner"])


def remove(insight_id: int | None, *, actor: Any, now: datetime) -> bool:
    """Take an insight away, from its dashboards too; False when it is gone or not the actor's to remove."""
    with transaction.atomic():
        found = SavedInsight.objects.changeable_by(actor).select_for_update().filter(id=insight_id, built_in=None)
        insight = found.first()
        if insight is None:
            return False
        audit.record(actor, "insight.removed", insight, now=now, detail={"definition": insight.definition})
        insight.delete()
    return True


def make_dashboard(name: str, description: str, *, is_shared: bool, actor: Any, now: datetime) -> Dashboard:
    """ValidationError names the field."""
    dashboard = Dashboard(
        name=name.strip(), description=description.strip(), is_shared=is_shared, owner=actor, created_at=now
    )
    dashboard.full_clean(exclude=["owner"])
    with transaction.atomic():
        dashboard.save()
        audit.record(actor, "dashboard.made", dashboard, now=now)
    return dashboard


def remove_dashboard(dashboard_id: int, *, actor: Any, now: datetime) -> bool:
    """Its insights stay. False when it is gone, made at install, or not the actor's to remove."""
    with transaction.atomic():
        found = Dashboard.objects.changeable_by(actor).select_for_update().filter(id=dashboard_id, built_in=None)
        dashboard = found.first()
        if dashboard is None:
            return False
        audit.record(actor, "dashboard.removed", dashboard, now=now)
        dashboard.delete()
    return True


def pin(insight_id: int | None, dashboard_id: int | None, *, actor: Any, now: datetime) -> bool:
    """Put an insight at the end of a dashboard; False when it stands there already."""
    with transaction.atomic():
        dashboard = Dashboard.objects.changeable_by(actor).select_for_update().get(id=dashboard_id)
        insight = SavedInsight.objects.visible_to(actor).get(id=insight_id)
        last = dashboard.tiles.aggregate(last=Max("position"))["last"] or 0
        _, made = DashboardTile.objects.get_or_create(
            dashboard=dashboard, insight=insight, defaults={"position": last + 1}
        )
        if made:
            audit.record(actor, "dashboard.changed", dashboard, now=now, detail={"added": insight.name})
    return made


def unpin(tile_id: int | None, *, actor: Any, now: datetime) -> bool:
    """Take an insight off a dashboard; False when it is off already, or the dashboard not the actor's."""
    mine = Dashboard.objects.changeable_by(actor)
    with transaction.atomic():
        tile = DashboardTile.objects.select_for_update(of=["self"]).filter(id=tile_id, dashboard__in=mine).first()
        if tile is None:
            return False
        audit.record(actor, "dashboard.changed", tile.dashboard, now=now, detail={"taken away": tile.insight.name})
        tile.delete()
    return True


def move_up(tile_id: int | None, *, actor: Any) -> bool:
    """Swap a tile with the one before it; False when it is the first."""
    mine = Dashboard.objects.changeable_by(actor)
    with transaction.atomic():
        tile = DashboardTile.objects.filter(id=tile_id, dashboard__in=mine).first()
        if tile is None:
            return False
        tiles = list(DashboardTile.objects.select_for_update().filter(dashboard=tile.dashboard_id))
        at = [each.id for each in tiles].index(tile.id)
        if at == 0:
            return False
        tiles[at - 1], tiles[at] = tiles[at], tiles[at - 1]
        renumber(tiles)
    return True


def renumber(tiles: Sequence[DashboardTile]) -> None:
    for position, tile in enumerate(tiles, start=1):
        tile.position = position
    DashboardTile.objects.bulk_update(tiles, ["position"])
