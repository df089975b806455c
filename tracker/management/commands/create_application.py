import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tracker.applications import create_application


class Command(BaseCommand):
    help = "Create an application that may send events; its secret and write key are shown once, here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--organization-from",
            type=lambda text: text.split(","),
            metavar="WHERE,WHERE",
            help="Where third-party clients' events name the organization, first one first: groups, last_group, "
            "distinct_id or property:NAME.",
        )
        parser.add_argument("--user-property", default="", help="Property that names the user; it is hashed.")
        parser.add_argument("--json", action="store_true", help="Answer as one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            fresh = create_application(
                options["name"],
                actor=None,
                now=timezone.now(),
                organization_from=options["organization_from"],
                user_property=options["user_property"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        answer = {
            "name": fresh.application.name,
            "uuid": str(fresh.application.uuid),
            "secret": fresh.secret,
            "write_key": fresh.write_key,
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        for name, value in answer.items():
            self.stdout.write(f"{name:10} {value}")
        self.stdout.write("The secret and the write key are not shown again.")
