from argparse import ArgumentParser

from orgs.importing.command import ImportCommand, add_day_format
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Import exchange rates from a CSV file: date,currency,per_eur or the ECB's own table."
    kind = ImportBatch.Kind.RATES

    def add_choices(self, parser: ArgumentParser) -> None:
        add_day_format(parser)
