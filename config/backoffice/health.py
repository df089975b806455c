"""Endpoints for whoever watches this install: the process, the database, the jobs."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from config.backoffice import jobs as ledger
from config.backoffice.api import error_body


def process(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """The database answers and has every migration."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "down", "reason": "The database does not answer."}, status=503)
    if missing:
        reason = f"{len(missing)} migrations are missing; run manage.py migrate."
        return JsonResponse({"status": "down", "reason": reason}, status=503)
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


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A host that is not ours, a malformed request: the same few words for everybody, nothing of the request."""
    return JsonResponse(error_body("bad_request", "The request cannot be understood; look at its Host."), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """JSON for machines, a page for people."""
    if request.path.startswith(("/v1/", "/api/")):
        return JsonResponse(error_body("not_found", "There is nothing at this address."), status=404)
    return render(request, "404.html", status=404)
