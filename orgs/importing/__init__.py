"""CSV imports: a file is read, planned against what is stored, shown, and then written as one batch or not at all.

reading -> cells -> a planner (orgs.importing.organizations, revenue.importing) -> plan -> batches -> doors.
"""
