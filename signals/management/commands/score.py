"""`score [--as-of DATE]`: write the reading of every organization as of a day, by default today."""

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from config.backoffice.formatting import plural
from signals import rounds, scoring, snapshots
from signals.versions import publishing


class Command(BaseCommand):
    help = "Score the health of every organization as of a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", help="Default: today.")
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, *, as_of: date | None, **options: object) -> None:
        now = timezone.now()
        day, _ = rounds.shifted(now, as_of)
        count = scoring.score(day, now)
        snapshots.refresh(now)
        version = publishing.in_force().of("").number
        if options["json"]:
            self.stdout.write(json.dumps({"as_of": day.isoformat(), "organizations": count, "model": version}))
        else:
            self.stdout.write(f"{plural(count, 'organization')} scored as of {day} by model v{version}.")
