"""`reseal`: every stored secret under the newest of FIELD_ENCRYPTION_KEYS, so that the older ones can go."""

import json
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.backoffice import secrets


class Command(BaseCommand):
    help = "Seal every stored secret with the first key of FIELD_ENCRYPTION_KEYS; then the other keys can go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, **options: object) -> None:
        done = secrets.reseal(timezone.now())
        told = f"{done.anew} secrets sealed anew, {done.before} had the newest key before."
        self.stdout.write(json.dumps(asdict(done)) if options["json"] else told)
        if done.unreadable:
            raise CommandError(
                f"{done.unreadable} secrets are opened by none of FIELD_ENCRYPTION_KEYS and stay as they are."
                " Add the key that sealed them, or rotate them in the admin (applications, webhooks)."
            )
