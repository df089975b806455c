"""Doors of this app in the admin."""

from orgs.admin import imports, organizations, teams  # noqa: F401  register
