"""The read API of the furniture: what runs in the background, and whether it runs."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice import jobs
from config.backoffice.models import JobRun


class JobRunSerializer(serializers.ModelSerializer):
    class Meta:
        model = JobRun
        fields = ["slot", "state", "attempts", "due_at", "started_at", "finished_at", "summary", "error"]


@dataclass(frozen=True)
class JobLine:
    """One periodic job as the API gives it."""

    name: str
    title: str
    every_seconds: int
    is_enabled: bool
    is_late: bool
    next_due_at: datetime
    last_success_at: datetime | None
    last_run: JobRun | None

    @classmethod
    def of(cls, status: jobs.JobStatus) -> "JobLine":
        return cls(
            name=status.kind.name,
            title=status.kind.title,
            every_seconds=status.job.every_seconds,
            is_enabled=status.job.is_enabled,
            is_late=status.is_late,
            next_due_at=status.next_due_at,
            last_success_at=status.last_success_at,
            last_run=status.last,
        )


class JobSerializer(serializers.Serializer):
    name = serializers.SlugField()
    title = serializers.CharField()
    every_seconds = serializers.IntegerField()
    is_enabled = serializers.BooleanField()
    is_late = serializers.BooleanField()
    next_due_at = serializers.DateTimeField()
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_run = JobRunSerializer(allow_null=True)


class JobListSerializer(serializers.Serializer):
    results = JobSerializer(many=True)


class JobsView(APIView):
    scope = "operations"

    @extend_schema(operation_id="jobs", responses=JobListSerializer)
    def get(self, request: Request) -> Response:
        """Every periodic job: when it ran last, what it did, when it is due, whether it is late."""
        lines = [JobLine.of(status) for status in jobs.statuses(timezone.now())]
        return Response(JobListSerializer({"results": lines}).data)
