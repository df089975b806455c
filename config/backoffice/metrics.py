"""`/metrics`: what a monitoring system draws, as Prometheus text. Apps register their gauges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from config.backoffice import jobs


@dataclass(frozen=True)
class Gauge:
    """`read` answers one value for each label; the empty label stands alone."""

    name: str
    says: str
    label: str
    read: Callable[[], Mapping[str, float]]


_gauges: dict[str, Gauge] = {}


def register_gauge(name: str, says: str, label: str = "") -> Callable[[Callable], Callable]:
    """Register a function without arguments that answers {label value: number}."""

    def register(read: Callable[[], Mapping[str, float]]) -> Callable[[], Mapping[str, float]]:
        _gauges[name] = Gauge(name, says, label, read)
        return read

    return register


def page(request: HttpRequest) -> HttpResponse:
    """All gauges; not there unless METRICS is on."""
    if not settings.METRICS:
        raise Http404
    lines = [line for gauge in _gauges.values() for line in written(gauge)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def written(gauge: Gauge) -> list[str]:
    values = [f"{gauge.name}{labelled(gauge, value)} {number:g}" for value, number in gauge.read().items()]
    return [f"# HELP {gauge.name} {gauge.says}", f"# TYPE {gauge.name} gauge", *values]


def labelled(gauge: Gauge, value: str) -> str:
    if not gauge.label:
        return ""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{gauge.label}="{escaped}"}}'


@register_gauge("backoffice_job_late", "1 for a job without a success for its period and three minutes.", "job")
def late() -> dict[str, float]:
    return {status.kind.name: float(status.is_late) for status in jobs.statuses(timezone.now())}


@register_gauge("backoffice_job_failed", "1 for a job whose last run failed.", "job")
def failed() -> dict[str, float]:
    return {status.kind.name: float(status.is_failed) for status in jobs.statuses(timezone.now())}
