"""`scan [--as-of DATE]`: score every organization as of a day, then go through the rules.

Each call is a scan of its own, at the present time of day on that day: two of them resolve what is no longer true.
"""

import json
from dataclasses import asdict
from datetime import date

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from config.backoffice.formatting import plural
from signals import rounds, scoring, snapshots
from signals.detection import scan
from signals.models import Signal


class Command(BaseCommand):
    help = "Score and scan: open, refresh, wake and resolve signals as of a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", help="Default: today.")
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, *, as_of: date | None, **options: object) -> None:
        now = timezone.now()
        day, moment = rounds.shifted(now, as_of)
        scoring.score(day, now)
        done = scan(day, moment, moment)
        snapshots.refresh(now)
        still_open = Signal.objects.open().count()
        if options["json"]:
            self.stdout.write(json.dumps({"as_of": day.isoformat(), **asdict(done), "open": still_open}))
        else:
            counts = f"{done.opened} opened, {done.woken} woken, {done.resolved} resolved, {still_open} open"
            self.stdout.write(f"{plural(done.organizations, 'organization')} looked at as of {day}: {counts}.")
