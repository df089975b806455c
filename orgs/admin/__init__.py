"""Doors of this app in the admin."""

from orgs.admin import cohorts, imports, organizations  # noqa: F401  register
