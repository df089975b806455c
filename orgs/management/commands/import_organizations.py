from argparse import ArgumentParser

from orgs.importing.command import ImportCommand, add_day_format
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Import customer organizations from a CSV file."
    kind = ImportBatch.Kind.ORGANIZATIONS

    def add_choices(self, parser: ArgumentParser) -> None:
        add_day_format(parser)
