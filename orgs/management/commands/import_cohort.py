from argparse import ArgumentParser

from orgs.cohorts.editing import clean_name
from orgs.importing.command import ImportCommand
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Add the organizations of a CSV file (external_org_id) to the cohort named by --cohort."
    kind = ImportBatch.Kind.COHORTS

    def add_choices(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", type=clean_name, required=True, help="the list that the organizations join")
