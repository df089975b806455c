"""`create_api_token EMAIL`: a bearer token of the read API for a member of staff, shown once."""

import json

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.backoffice import tokens


class Command(BaseCommand):
    help = "Create a token of the read API for a member of staff. It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="Command line")
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, *, email: str, name: str, **options: object) -> None:
        user = get_user_model().objects.filter(email__iexact=email, is_active=True, is_staff=True).first()
        if user is None:
            raise CommandError(f"No active member of staff has the e-mail address {email}. Add them under Staff first.")
        _, text = tokens.create(user, name, now=timezone.now())
        self.stdout.write(json.dumps({"token": text}) if options["json"] else text)
