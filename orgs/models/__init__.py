"""Who everything is about: organizations, the ids they are known under, and their one snapshot row."""

from orgs.models.cohorts import Cohort, CohortMember
from orgs.models.imports import ImportBatch, ImportFile, ImportProfile, LedgerEntry
from orgs.models.organizations import (
    MONEY,
    Band,
    MatchRejection,
    Organization,
    OrganizationKey,
    OrganizationSnapshot,
    OrganizationTouch,
    Quadrant,
)
from orgs.models.people import Note, Sentiment, Team

__all__ = [
    "MONEY",
    "Band",
    "Cohort",
    "CohortMember",
    "ImportBatch",
    "ImportFile",
    "ImportProfile",
    "LedgerEntry",
    "MatchRejection",
    "Note",
    "Organization",
    "OrganizationKey",
    "OrganizationSnapshot",
    "OrganizationTouch",
    "Quadrant",
    "Sentiment",
    "Team",
]
