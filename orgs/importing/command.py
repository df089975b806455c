"""The import commands: one frame, one document for machines, one for people."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orgs.importing import batches, mapping, options, reading
from orgs.importing.batches import End
from orgs.importing.cells import DAY_FORMATS
from orgs.importing.plan import Plan
from orgs.importing.reading import FileRefused
from orgs.models import ImportBatch

CHOICES = ("known_on", "end_convention", "day_format", "create_missing", "is_complete", "cohort")


class ImportCommand(BaseCommand):
    """Subclasses name their `kind` and add the choices that mean something for it, under their names in CHOICES."""

    kind: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV file of at most 50 MB")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen, write nothing")
        parser.add_argument(
            "--valid-rows-only", action="store_true", help="import the valid rows of a file with refused ones"
        )
        parser.add_argument("--profile", default="", help="how the file's columns are named: a saved profile's name")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        self.add_choices(parser)

    def add_choices(self, parser: ArgumentParser) -> None:
        """Of this kind of file alone."""

    def handle(self, *, file: Path, **given: Any) -> None:
        now = timezone.now()
        made = {name: given[name] for name in CHOICES if name in given}
        chosen = options.choose(now, mapping=self.mapping_of(given["profile"]), **made)
        answer = answer_of(None, None)
        try:
            content = read_file(file)
            if given["dry_run"]:
                plan, batch, problem = self.look(content, chosen)
            else:
                plan, batch, problem = self.do(file.name, content, chosen, given["valid_rows_only"], now)
            answer = answer_of(plan, batch)
        except FileRefused as error:
            problem = str(error)
            answer["file_error"] = {"message": error.message, "remedy": error.remedy}
        if given["json"]:
            self.stdout.write(orjson.dumps(answer).decode())
        else:
            self.tell(answer, given["dry_run"])
        if problem and not (given["dry_run"] and given["valid_rows_only"] and not answer["file_error"]):
            raise CommandError(problem)

    def mapping_of(self, name: str) -> dict[str, str]:
        known = mapping.profiles(self.kind)
        if name and name not in known:
            listed = ", ".join(known) or "none"
            raise CommandError(f"There is no profile “{name}” for this kind of file. Known: {listed}.")
        return known.get(name, {})

    def look(self, content: bytes, chosen: options.Options) -> tuple[Plan, None, str]:
        plan = batches.plan_content(self.kind, content, chosen)
        return plan, None, "Rows were refused; importing would write nothing." if plan.refused else ""

    def do(
        self, name: str, content: bytes, chosen: options.Options, valid_rows_only: bool, now: Any
    ) -> tuple[Plan | None, ImportBatch, str]:
        batch = batches.receive(self.kind, file_name=name, content=content, options=chosen, user=None, now=now)
        plan = batches.preview(batch)
        if plan is None:
            raise FileRefused(**batch.report["file_error"])
        outcome = batches.confirm(
            batch.pk, user=None, fingerprint=batch.fingerprint, valid_rows_only=valid_rows_only, now=now
        )
        return outcome.plan, outcome.batch, "" if outcome.end is End.DONE else outcome.message

    def tell(self, answer: dict[str, Any], dry_run: bool) -> None:
        if answer["file_error"]:
            return
        verb = "Would import" if dry_run else "Rows"
        counts = ", ".join(f"{answer[name]} {name}" for name in ("new", "changed", "unchanged"))
        self.stdout.write(f"{verb}: {counts}, {len(answer['refused'])} refusals.")
        if answer["mrr_before"] is not None:
            self.stdout.write(f"MRR {answer['mrr_before']} → {answer['mrr_after']}")
        for notice in answer["notices"]:
            self.stdout.write(notice)
        for title in ("refused", "warnings"):
            for remark in answer[title][:50]:
                self.stdout.write(f"{title}: line {remark['line']}: {remark['message']}")


def add_day_format(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--date-format", dest="day_format", choices=sorted(DAY_FORMATS), default="iso", help="how the file writes days"
    )


def read_file(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(reading.MOST_BYTES + 1)
    except OSError as error:
        raise FileRefused(f"The file {file} cannot be read: {error.strerror}.", "Check the path.") from error


def answer_of(plan: Plan | None, batch: ImportBatch | None) -> dict[str, Any]:
    """The document of `--json`: counts of rows, every refusal, the batch when there is one, the money question."""
    if plan is None:
        plan = Plan()
    return {
        **{name: plan.counts[name] for name in ("new", "changed", "unchanged")},
        "refused": [remark.as_dict() for remark in plan.refused],
        "batch": batch and batch.pk,
        "mrr_before": plan.facts.get("mrr_before"),
        "mrr_after": plan.facts.get("mrr_after"),
        "warnings": [remark.as_dict() for remark in plan.warnings],
        "notices": plan.notices,
        "file_error": None,
    }
