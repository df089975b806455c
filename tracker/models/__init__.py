"""What products send, the daily rows rolled up from it, and the questions that staff keep about it."""

from tracker.models.applications import (
    DENIED_PROPERTIES,
    Application,
    ApplicationCredential,
    denied_by_default,
    groups_then_last_group,
    origins_are_plain,
    ways_are_known,
)
from tracker.models.daily import (
    EventNameDay,
    PageDay,
    PathDay,
    PathMonth,
    PlanSeen,
    RollupCursor,
    SessionDay,
    UsageDay,
    UserMonth,
)
from tracker.models.events import Event, EventKey, Membership, UserLink
from tracker.models.features import Feature, FeatureDay, FeatureMonth, FeatureRule
from tracker.models.insights import Dashboard, DashboardTile, SavedInsight
from tracker.models.paths import PathRule
from tracker.models.prices import Price
from tracker.models.rejects import Reject

__all__ = [
    "DENIED_PROPERTIES",
    "Application",
    "ApplicationCredential",
    "Dashboard",
    "DashboardTile",
    "Event",
    "EventKey",
    "EventNameDay",
    "Feature",
    "FeatureDay",
    "FeatureMonth",
    "FeatureRule",
    "Membership",
    "PageDay",
    "PathDay",
    "PathMonth",
    "PathRule",
    "PlanSeen",
    "Price",
    "Reject",
    "RollupCursor",
    "SavedInsight",
    "SessionDay",
    "UsageDay",
    "UserLink",
    "UserMonth",
    "denied_by_default",
    "groups_then_last_group",
    "origins_are_plain",
    "ways_are_known",
]
