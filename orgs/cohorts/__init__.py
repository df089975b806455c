"""Cohorts: named sets of organizations, by rules or from a file, computed into `orgs.CohortMember`.

Kinds of rules are registered, by this app and by the apps above it; nothing here knows where they look.
"""
