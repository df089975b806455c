from orgs.importing.command import ImportCommand
from orgs.models import ImportBatch


class Command(ImportCommand):
    help = "Import exchange rates from a CSV file: date,currency,per_eur or the ECB's own table."
    kind = ImportBatch.Kind.RATES
