"""The cells of the list of organizations, and which of them people may choose."""

from typing import Any

from django.db.models import F
from django.utils.html import format_html

from config.backoffice import formatting, settings
from config.backoffice.columns import Column
from config.backoffice.site import display
from config.backoffice.templatetags.backoffice import badge, when
from orgs.models import Band, Organization, OrganizationSnapshot, Quadrant

# Behind the name, which is always there.
CHOICE = (
    Column("mrr", "MRR"),
    Column("health", "Health"),
    Column("health_before", "Health before", is_usual=False),
    Column("coverage", "Coverage", is_usual=False),
    Column("quadrant", "Revenue × Health", is_usual=False),
    Column("first_seen", "First seen", is_usual=False),
    Column("last_seen", "Last seen"),
    Column("events", "Events in 30 days"),
    Column("users", "Users in 28 days", is_usual=False),
    Column("owner", "Owner"),
    Column("segment", "Segment", is_usual=False),
    Column("products", "Products", is_usual=False),
    Column("renewal", "Renewal"),
    Column("priority", "Priority", is_usual=False),
    Column("signals", "Open signals"),
)


def by(name: str) -> Any:
    """Sort by a column of the snapshot; whoever has none comes last when the largest comes first."""
    return F(f"snapshot__{name}").asc(nulls_first=True)


def snapshot_of(organization: Organization) -> OrganizationSnapshot | None:
    return getattr(organization, "snapshot", None)


class OrganizationCells:
    """For the list's admin: what stands in each column."""

    @display(description="Organization", ordering="display_name")
    def name(self, organization: Organization) -> str:
        if not organization.display_name:
            return organization.external_id
        return format_html(
            '{}<br><span class="bo-muted">{}</span>', organization.display_name, organization.external_id
        )

    @display(description="MRR", ordering=by("mrr"))
    def mrr(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return formatting.money(snapshot and snapshot.mrr, organization.currency, exact=True)

    @display(description="Health", ordering=by("health"))
    def health(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return badge(snapshot.band, snapshot.health) if snapshot else badge(Band.NOT_SCORED.value)

    @display(description="Last seen", ordering=by("last_seen_at"))
    def last_seen(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return when(snapshot and snapshot.last_seen_at)

    @display(description="Events in 30 days", ordering=by("events_30d"))
    def events(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        if snapshot is None:
            return formatting.DASH
        before = snapshot.events_previous_30d
        change = formatting.change((snapshot.events_30d - before) / before, 0) if before else formatting.DASH
        return format_html(
            '{} <span class="bo-muted" title="compared with the 30 days before">{}</span>',
            formatting.number(snapshot.events_30d),
            change,
        )

    @display(description="Renewal", ordering=by("renewal_on"))
    def renewal(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        day = (snapshot and snapshot.renewal_on) or organization.renewal_on
        return f"{day:%-d %b %Y}" if day else formatting.DASH

    @display(description="Open signals", ordering=by("open_signal_count"))
    def signals(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        if snapshot is None or not snapshot.open_signals:
            return formatting.DASH
        return ", ".join(str(each).replace("_", " ").capitalize() for each in snapshot.open_signals)

    @display(description="Health before", ordering=by("previous_band"))
    def health_before(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        if snapshot is None or not snapshot.previous_band:
            return formatting.DASH
        until = f" until {snapshot.band_changed_on:%-d %b %Y}" if snapshot.band_changed_on else ""
        return f"{Band(snapshot.previous_band).label}{until}"

    @display(description="Coverage", ordering=by("coverage"))
    def coverage(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return formatting.percent(snapshot and snapshot.coverage)

    @display(description="Revenue × Health", ordering=by("quadrant"))
    def quadrant(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return Quadrant(snapshot.quadrant).label if snapshot and snapshot.quadrant else formatting.DASH

    @display(description="First seen", ordering=by("first_seen_at"))
    def first_seen(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        seen = snapshot and snapshot.first_seen_at
        return f"{seen.astimezone(settings.zone()):%-d %b %Y}" if seen else "never"

    @display(description="Users in 28 days", ordering=by("users_28d"))
    def users(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return formatting.number(snapshot.users_28d) if snapshot else formatting.DASH

    @display(description="Products")
    def products(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return ", ".join(map(str, snapshot.products)) if snapshot and snapshot.products else formatting.DASH

    @display(description="Priority", ordering=by("priority"))
    def priority(self, organization: Organization) -> str:
        snapshot = snapshot_of(organization)
        return formatting.money(snapshot.priority, organization.currency) if snapshot else formatting.DASH
