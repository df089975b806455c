"""The one row an organization that lists sort and filter on. Nobody else writes it.

It is a projection: of the organization, its latest reading, its readings before, its products and its open signals.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q

from config.backoffice import settings
from config.db import rows, run
from orgs.models import Organization, OrganizationSnapshot, OrganizationTouch
from revenue import answers
from signals import health, matrix, sql
from signals.models import Reading, ScanCursor
from signals.scoring import ROLL_UP_OVERLAP, score, take_turn
from tracker import usage

BATCH = 2000
BandChange = tuple[str, date | None]
NEVER: BandChange = ("", None)


def refresh(now: datetime, organization_ids: Collection[int] | None = None) -> int:
    """Write the snapshot of all organizations, or of some; how many. Who has no reading of today is scored first."""
    today = settings.today(now)
    with transaction.atomic():
        take_turn()
        ids = existing(organization_ids)
        if unscored := ids - set(readings_of(today, organization_ids).values_list("organization_id", flat=True)):
            score(today, now, unscored)
        project(today, now, organization_ids)
        place_in_quadrants()
        refresh_signal_columns(ids, now)
    return len(ids)


def refresh_touched(now: datetime) -> int:
    """Score and refresh whoever was touched, and new organizations whose first events were counted; how many."""
    with transaction.atomic():
        take_turn()
        touches = dict(OrganizationTouch.objects.values_list("id", "organization_id"))
        ids = {*touches.values(), *newcomers()}
        if ids:
            score(settings.today(now), now, ids)
            refresh(now, ids)
        OrganizationTouch.objects.filter(id__in=list(touches)).delete()
    return len(ids)


def newcomers() -> set[int]:
    """Organizations with events since the last scoring that the lists show as never seen."""
    since = ScanCursor.objects.values_list("scored_at", flat=True).first()
    if since is None:
        return set()
    touched = usage.touched_since(since - ROLL_UP_OVERLAP)
    known = OrganizationSnapshot.objects.filter(organization_id__in=touched, last_seen_at__isnull=False)
    return touched - set(known.values_list("organization_id", flat=True))


def refresh_signal_columns(organization_ids: Iterable[int], now: datetime) -> None:
    """Add up the open signals of some organizations anew; part of the transaction that moved them."""
    asked = {"organization_ids": sorted(organization_ids)}
    run(sql.HOLD_SNAPSHOTS, asked)
    run(sql.COUNT_OPEN_SIGNALS, {**asked, "now": now})


def existing(organization_ids: Collection[int] | None) -> set[int]:
    found = Organization.objects.all()
    if organization_ids is not None:
        found = found.filter(id__in=organization_ids)
    return set(found.values_list("id", flat=True))


def readings_of(today: date, organization_ids: Collection[int] | None):
    found = Reading.objects.filter(as_of=today)
    return found if organization_ids is None else found.filter(organization_id__in=organization_ids)


def project(today: date, now: datetime, organization_ids: Collection[int] | None) -> None:
    """All columns but the quadrant and those of signals, from the readings of the day."""
    bands = dict(readings_of(today, organization_ids).values_list("organization_id", "band"))
    known = OrganizationSnapshot.objects.filter(organization_id__in=bands).values_list("organization_id", flat=True)
    missing = sorted(bands.keys() - set(known))
    OrganizationSnapshot.objects.bulk_create(
        [OrganizationSnapshot(organization_id=org_id, computed_at=now) for org_id in missing], batch_size=BATCH
    )
    asked = {"organization_ids": None if organization_ids is None else sorted(organization_ids)}
    run(sql.HOLD_SNAPSHOTS, {"organization_ids": sorted(bands)})
    told = band_and_products(today, bands, organization_ids)
    run(sql.PROJECT_READINGS, {**asked, "told": orjson.dumps(told).decode(), "today": today, "now": now})


def band_and_products(
    today: date, bands: dict[int, str], organization_ids: Collection[int] | None
) -> list[dict[str, Any]]:
    """What the snapshot shows and the reading does not know, of organizations that have any of it."""
    products, changes = answers.products(today, organization_ids), band_changes(today, bands)
    return [
        {
            "organization_id": org_id,
            "previous_band": changes.get(org_id, NEVER)[0],
            "band_changed_on": changes.get(org_id, NEVER)[1],
            "products": list(products.get(org_id, ())),
        }
        for org_id in sorted({*products, *changes} & bands.keys())
    ]


def band_changes(today: date, bands: dict[int, str]) -> dict[int, BandChange]:
    """Each organization's band before the present one and the first day of the present one.

    Most had the same band yesterday and on their snapshot: what stands there stays true. Only the others ask their
    history.
    """
    yesterday = Reading.objects.filter(as_of=today - timedelta(days=1), organization_id__in=bands)
    before = dict(yesterday.values_list("organization_id", "band"))
    shown = OrganizationSnapshot.objects.filter(organization_id__in=bands).exclude(band_changed_on=today)
    kept = {
        org_id: (previous, changed_on)
        for org_id, band, previous, changed_on in shown.values_list(
            "organization_id", "band", "previous_band", "band_changed_on"
        )
        if band == bands[org_id] == before.get(org_id)
    }
    asked = sorted(bands.keys() - kept.keys())
    history = rows(
        sql.BAND_CHANGES,
        {"organization_ids": asked, "bands": [bands[org_id] for org_id in asked], "today": today},
    )
    return {**kept, **{org_id: (band, changed_on) for org_id, band, changed_on in history}}


def place_in_quadrants() -> None:
    """Everybody's quadrant, since one organization's MRR moves the median of all; only changed rows are written."""
    shown = OrganizationSnapshot.objects.filter(Q(mrr__gt=0) | ~Q(quadrant="")).order_by("organization_id")
    standings = [
        (matrix.Standing(org_id, mrr, score, health.Band(band)), quadrant)
        for org_id, mrr, score, band, quadrant in shown.values_list(
            "organization_id", "mrr", "health", "band", "quadrant"
        )
    ]
    high_from = matrix.median_mrr(standing.mrr for standing, _ in standings)
    moved: dict[str, list[int]] = {}
    for standing, shown_as in standings:
        place = matrix.quadrant(standing, high_from) or ""
        if place != shown_as:
            moved.setdefault(str(place), []).append(standing.organization_id)
    for place, ids in sorted(moved.items()):
        OrganizationSnapshot.objects.filter(organization_id__in=ids).update(quadrant=place)
