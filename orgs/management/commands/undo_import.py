from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orgs.importing import undo
from orgs.models import ImportBatch


class Command(BaseCommand):
    help = "Take one import back; rows that were changed since stay and are listed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("batch", type=int)
        parser.add_argument("--dry-run", action="store_true", help="show what would happen, write nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *, batch: int, **given: Any) -> None:
        now = timezone.now()
        try:
            told = undo.preview_undo(batch, now=now) if given["dry_run"] else undo.undo(batch, user=None, now=now)
        except (undo.CannotUndo, ImportBatch.DoesNotExist) as error:
            if given["json"]:
                self.stdout.write(orjson.dumps({"batch": batch, "error": str(error)}).decode())
            raise CommandError(str(error)) from error
        answer = {
            "batch": batch,
            "deleted": told.deleted,
            "restored": told.overwritten,
            "refused": [{"row": each.label, "message": each.reason} for each in told.kept],
        }
        if given["json"]:
            self.stdout.write(orjson.dumps(answer).decode())
        else:
            self.stdout.write(f"{told.deleted} rows removed, {told.overwritten} restored, {len(told.kept)} kept.")
        if told.kept:
            raise CommandError(f"{len(told.kept)} rows were changed since the import and stay as they are.")
