from orgs.importing.command import ImportCommand
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Add the organizations of a CSV file (external_org_id) to the cohort named by --cohort."
    kind = ImportBatch.Kind.COHORTS
