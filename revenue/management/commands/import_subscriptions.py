from orgs.importing.command import ImportCommand
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Import revenue subscriptions from a CSV file."
    kind = ImportBatch.Kind.SUBSCRIPTIONS
