"""`cohort=<id>`, by which lists of the read API are narrowed: an id that no cohort has is refused, never nobody."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from orgs.models import Cohort

HELP = "Id of a cohort: of its members only."
UNKNOWN = "No cohort has this id. GET /api/v1/cohorts/ gives those there are."


@extend_schema_field({"type": "integer", "description": HELP})
class CohortFilter(filters.ModelChoiceFilter):
    """For lists that django-filter narrows; its value is the cohort."""

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=Cohort.objects.all(), error_messages={"invalid_choice": UNKNOWN}, **options)


class CohortField(serializers.PrimaryKeyRelatedField):
    """For parameters that a serializer reads; its value is the cohort."""

    default_error_messages = {"does_not_exist": UNKNOWN, "incorrect_type": UNKNOWN}

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=Cohort.objects.all(), help_text=HELP, required=False, **options)
