import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backoffice import first_run
from config.embedded import data_dir
from config.supervisor import Refused, Supervisor


class Command(BaseCommand):
    help = "Runs the product here: web, one Celery worker, beat. PORT=8001 takes another port. Ctrl-C ends it."
    requires_system_checks: list[str] = []  # seconds count here; `make check` has them all
    with_story = False

    def handle(self, *args: Any, **options: Any) -> None:
        supervisor = Supervisor(read_port(os.environ.get("PORT", "8000")), self.say)
        credentials: list[first_run.Credentials] = []
        try:
            supervisor.run(
                prepare=lambda: credentials.append(first_run.prepare(with_story=self.with_story, say=self.say)),
                introduce=lambda: self.introduce(credentials[0], supervisor.address),
            )
        except Refused as refusal:
            raise CommandError(f"The product does not start: {refusal}") from refusal

    def introduce(self, credentials: first_run.Credentials, address: str) -> None:
        for name, value in (
            ("Address", address),
            ("Login", f"{credentials.login}  {credentials.password}"),
            ("Application", f"{credentials.uuid}  ({credentials.application})"),
            ("Secret", credentials.secret),
            ("Write key", credentials.write_key),
            ("API token", credentials.api_token),
            ("Logs", data_dir() / "logs"),
        ):
            self.say(f"{name:<12} {value}")

    def say(self, line: str) -> None:
        """Print at once; a reader that went away (`| head`) does not stop the product."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            pass


def read_port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise CommandError(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)
