"""`explain ORG [--as-of DATE]`: why an organization has its score, and what is open."""

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from orgs.models import OrganizationKey
from signals import rounds
from signals.explaining import Explanation, explain


class Command(BaseCommand):
    help = "Explain the score of one organization, line by line, with its signals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("org", help="External id, or an alias of it.")
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", help="Default: today.")
        parser.add_argument("--json", action="store_true", help="One JSON document on stdout.")

    def handle(self, *, org: str, as_of: date | None, **options: object) -> None:
        key = OrganizationKey.objects.select_related("organization").filter(external_id=org).first()
        if key is None:
            raise CommandError(f"No organization has the id “{org}”. Ids are compared letter by letter.")
        day, _ = rounds.shifted(timezone.now(), as_of)
        explanation = explain(key.organization, day)
        self.stdout.write(json.dumps(explanation.to_json()) if options["json"] else read_aloud(explanation))


def read_aloud(explanation: Explanation) -> str:
    reading = explanation.reading
    score = "not scored" if reading.score is None else f"{reading.score} of 100"
    head = f"{explanation.organization} as of {reading.evidence.as_of}: {score} ({reading.state})"
    lines = [f"  {line.title}: {line.words}" for line in reading.components]
    caps = [f"  {cap.title}: at most {cap.at_most}, takes {-cap.taken} ({cap.words})" for cap in reading.caps]
    live = [
        f"  {one.get_type_display()} ({one.state}): {one.sentence}; {one.calculation}" for one in explanation.signals
    ]
    return "\n".join([f"{head}, coverage {reading.coverage}, model {reading.model.label}", *lines, *caps, *live])
