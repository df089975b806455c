"""Doors of this app in the admin."""

from orgs.admin import imports, organizations  # noqa: F401  register
