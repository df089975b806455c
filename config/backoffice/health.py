"""Endpoints for whoever watches this install: the process, the database, the jobs."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from config import db
from config.backoffice import jobs as ledger

# Reading the migrations takes 22 ms of CPU, and whoever balances load asks every few seconds.
_has_every_migration = False


def process(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """The database answers and has every migration."""
    global _has_every_migration  # noqa: PLW0603  one fact per process: what it was loaded with does not grow
    try:
        if _has_every_migration:
            db.rows("SELECT 1")
            return JsonResponse({"status": "ok"})
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "down", "reason": "The database does not answer."}, status=503)
    if missing:
        reason = f"{len(missing)} migrations are missing; run manage.py migrate."
        return JsonResponse({"status": "down", "reason": reason}, status=503)
    _has_every_migration = True
    return JsonResponse({"status": "ok"})


def jobs(request: HttpRequest) -> JsonResponse:
    """200 when no periodic job is late or failed, else 503; names and times only."""
    try:
        statuses = ledger.statuses(timezone.now())
    except DatabaseError:
        return JsonResponse({"status": "down", "reason": "The database does not answer."}, status=503)
    late = [status.kind.name for status in statuses if status.is_late]
    failed = [status.kind.name for status in statuses if status.is_failed]
    is_fine = not late and not failed
    body = {"status": "ok" if is_fine else "attention", "late": late, "failed": failed}
    return JsonResponse(body, status=200 if is_fine else 503)
