"""`seed_demo`: a story that shows every page at work, told through the real doors."""

import json
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from signals.demo.telling import tell


class Command(BaseCommand):
    help = "Fill this install with made-up customers. Told again on the same day it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organizations", type=int, default=200)
        parser.add_argument("--days", type=int, default=120, help="How far back events go; at most 120.")
        parser.add_argument("--events", type=int, help="About so many events; without it what the story needs.")
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, *, organizations: int, days: int, events: int | None, **given: object) -> None:
        if organizations < 1 or not 1 <= days <= 120:
            raise CommandError("--organizations must be 1 or more, --days from 1 to 120.")
        say = (lambda line: None) if given["json"] else self.stdout.write
        told = tell(organizations, days, events, timezone.now(), say)
        if given["json"]:
            self.stdout.write(json.dumps(asdict(told)))
        else:
            self.stdout.write(
                f"{told.organizations} organizations, {told.subscriptions} subscriptions, {told.events} events, "
                f"{told.open_signals} open signals."
            )
