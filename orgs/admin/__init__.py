"""Doors of this app in the admin."""

from orgs.admin import cohorts, imports, organizations, teams  # noqa: F401  register
