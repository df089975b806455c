import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tracker import rollups


class Command(BaseCommand):
    help = "Count new events into the daily rows now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="Count all raw events that still exist anew.")
        parser.add_argument("--json", action="store_true", help="Answer as one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        act = rollups.rebuild if options["rebuild"] else rollups.roll_up
        try:
            done = act(timezone.now())
        except rollups.CursorMoved as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(dataclasses.asdict(done)) if options["json"] else done.sentence())
