"""Doors of the read API: cohorts and who is in them."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from orgs.cohorts import listing
from orgs.models import Cohort, CohortMember, Organization


class OrganizationCohortSerializer(serializers.Serializer):
    """`organizations` and `mrr` (in the reporting currency, a month) are those of the members list."""

    id = serializers.IntegerField(source="cohort.pk")
    name = serializers.CharField(source="cohort.name")
    kind = serializers.ChoiceField(choices=Cohort.Kind.choices, source="cohort.kind")
    sentence = serializers.CharField(help_text="The definition in words.")
    definition = serializers.DictField(source="cohort.definition")
    organizations = serializers.IntegerField(source="amount.organizations")
    mrr = serializers.DecimalField(max_digits=20, decimal_places=4, source="amount.mrr")
    computed_at = serializers.DateTimeField(source="cohort.computed_at", allow_null=True)
    problem = serializers.CharField(source="cohort.problem", help_text="Why the last computation was given up.")


class CohortMemberSerializer(serializers.ModelSerializer):
    external_id = serializers.CharField(source="organization.external_id")
    display_name = serializers.CharField(source="organization.display_name")

    class Meta:
        model = CohortMember
        fields = ["external_id", "display_name", "since"]


@extend_schema_view(
    get=extend_schema(operation_id="cohorts", summary="Cohorts with their size and MRR", tags=["organizations"])
)
class CohortList(ListAPIView):
    scope = "organizations"
    serializer_class = OrganizationCohortSerializer
    queryset = Cohort.objects.all()

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(listing.lines(page), many=True).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="cohort_members", summary="Organizations of a cohort, since when", tags=["organizations"]
    )
)
class CohortMemberList(ListAPIView):
    scope = "organizations"
    serializer_class = CohortMemberSerializer
    queryset = CohortMember.objects.none()

    def get_queryset(self) -> QuerySet[CohortMember]:
        if "cohort_id" not in self.kwargs:  # the schema asks without an address
            return self.queryset
        cohort = get_object_or_404(Cohort, pk=self.kwargs["cohort_id"])
        return cohort.members.filter(organization__in=Organization.objects.with_ids()).select_related("organization")
