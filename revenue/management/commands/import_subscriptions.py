from argparse import ArgumentParser
from datetime import date

from orgs.importing.command import ImportCommand, add_day_format
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Import revenue subscriptions from a CSV file."
    kind = ImportBatch.Kind.SUBSCRIPTIONS

    def add_choices(self, parser: ArgumentParser) -> None:
        add_day_format(parser)
        parser.add_argument("--create-missing", action="store_true", help="create organizations that are not known yet")
        parser.add_argument("--known-on", type=date.fromisoformat, help="the day from which the rows count as known")
        parser.add_argument(
            "--complete",
            dest="is_complete",
            action="store_true",
            help="subscriptions that are not in the file end today",
        )
        parser.add_argument(
            "--end-convention",
            choices=["exclusive", "inclusive"],
            default="",
            help="whether end_at is the first day without revenue or the last day with it; without it as in Settings",
        )
