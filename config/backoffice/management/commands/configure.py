"""`configure NAME [VALUE]`: print or change a setting of this install."""

import json

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.models import InstallSettings


class Command(BaseCommand):
    help = "Print or change one setting of this install: " + ", ".join(settings.NAMES)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=settings.NAMES)
        parser.add_argument("value", nargs="?", help='The new value; "" empties it.')
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, *, name: str, value: str | None, json: bool, **_: object) -> None:
        if value is not None:
            self.change(name, value)
        current = getattr(settings.read(), name)
        self.stdout.write(as_json(name, current) if json else f"{name} = {'' if current is None else current}")

    def change(self, name: str, value: str) -> None:
        field = InstallSettings._meta.get_field(name)
        try:
            parsed = field.clean(value or None if field.null else value, None)
            settings.change({name: parsed}, actor=None, now=timezone.now())
        except ValidationError as error:
            raise CommandError(f"{name}: “{value}” was not taken. {' '.join(error.messages)}") from error


def as_json(name: str, value: object) -> str:
    return json.dumps({name: value}, default=str)
