"""Questions to one's own numbers: asked on a page, answered by a job with progress, kept to be looked at again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from config.backoffice import jobs, settings
from config.backoffice.models import JobRun
from signals import backtest, rounds, rules
from signals.models import HealthModel, Study
from signals.versions import dry_run, incident_dry_run, publishing, what_if

KEEP = timedelta(days=30)


class Cancelled(Exception):
    """Somebody does not want to know any more."""


def ask(
    kind: Study.Kind,
    *,
    by: Any,
    now: datetime,
    model: HealthModel | None = None,
    arguments: dict[str, Any] | None = None,
) -> Study:
    """Note a question and ask for the run that answers it; questions of a month ago are forgotten."""
    with transaction.atomic():
        Study.objects.filter(kind=kind, asked_at__lt=now - KEEP).delete()
        study = Study.objects.create(kind=kind, model=model, arguments=arguments or {}, asked_by=by, asked_at=now)
        jobs.request(kind.value, slot=f"study-{study.pk}", now=now, arguments={"study": study.pk}, by=by)
    return study


def cancel(study_id: int, now: datetime) -> bool:
    """Stop a question that is not answered yet; False when it is too late."""
    return bool(Study.objects.filter(pk=study_id, answered_at=None, cancelled_at=None).update(cancelled_at=now))


def run_of(study: Study) -> JobRun | None:
    """The run that answers it; None once the ledger forgot it."""
    return JobRun.objects.filter(job=study.kind, slot=f"study-{study.pk}").first()


def answer(study_id: int, run: JobRun, now: datetime) -> str:
    """Find the answer of one question and keep it; what to write into the ledger."""
    study = Study.objects.select_related("model").get(pk=study_id)
    if study.answered_at is not None:
        return "Answered before."
    try:
        result = ANSWERS[study.kind](study, progress_of(study, run), now)
    except Cancelled:
        return "Cancelled."
    still = Study.objects.filter(pk=study_id, answered_at=None, cancelled_at=None)
    return "Answered." if still.update(result=result, answered_at=now) else "Cancelled."


def progress_of(study: Study, run: JobRun) -> Callable[[int, int], None]:
    """Tells the page how far the work is, and stops the work when somebody cancelled it."""

    def progress(done: int, total: int) -> None:
        if Study.objects.filter(pk=study.pk, cancelled_at__isnull=False).exists():
            raise Cancelled
        jobs.report_progress(run, {"done": done, "total": total, "doing": study.get_kind_display()})

    return progress


def answer_what_if(study: Study, progress: what_if.Progress, now: datetime) -> dict[str, Any]:
    if study.model is None:
        raise ValueError("A what-if is asked about a model.")
    revision = study.model.revision
    rounds.score_today(now)
    found = what_if.what_if(study.model, settings.today(now), progress)
    return {**what_if.told(found), "revision": revision}


def answer_dry_run(study: Study, progress: what_if.Progress, now: datetime) -> dict[str, Any]:
    rule, asked = study.arguments["rule"], study.arguments
    thresholds = rules.THRESHOLDS[rule].from_json(asked["thresholds"])
    today = settings.today(now)
    rounds.score_today(now)
    if rule == rules.data_incident.KEY:
        tried = incident_dry_run.dry_run(thresholds, is_enabled=asked["is_enabled"], as_of=today, progress=progress)
        return incident_dry_run.told(tried)
    found = dry_run.dry_run(rule, thresholds, is_enabled=asked["is_enabled"], as_of=today, progress=progress)
    return dry_run.told(found)


def answer_backtest(study: Study, progress: what_if.Progress, now: datetime) -> dict[str, Any]:
    models = publishing.in_force()
    if study.model is not None:
        models = models.replaced(study.model.segment, publishing.version_of(study.model))
    numbers = backtest.Numbers(models, publishing.rule_book())
    return backtest.told(backtest.backtest(settings.today(now), numbers, progress))


ANSWERS: dict[str, Callable[[Study, what_if.Progress, datetime], dict[str, Any]]] = {
    Study.Kind.WHAT_IF: answer_what_if,
    Study.Kind.DRY_RUN: answer_dry_run,
    Study.Kind.BACKTEST: answer_backtest,
}
