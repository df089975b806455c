"""Doors to the insights that staff keep: which there are, what each asks, and its answer today."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice import settings
from tracker.api import insight_schema, schema
from tracker.api.insights import REFUSED, answered, query_id
from tracker.builder import asking, kept
from tracker.insights.reading import BadDescription
from tracker.models import SavedInsight

NOT_FOUND = {404: OpenApiResponse(schema.ERROR, description="No insight of this id is shared or yours.")}
ORGANIZATION = OpenApiParameter("organization", str, description="Any id of one organization: the answer is about it.")


class KeptInsightSerializer(serializers.ModelSerializer):
    kind = serializers.ChoiceField(SavedInsight.Kind.choices, help_text="Says which door takes the definition.")
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True, help_text="Null: at install.")
    sentence = serializers.SerializerMethodField(help_text="The definition in words.")
    definition = serializers.SerializerMethodField(
        help_text="What POST /insights/query/, /funnel/, /retention/ or /lifecycle/ takes; null when it cannot be read."
    )

    class Meta:
        model = SavedInsight
        fields = [
            "id",
            "name",
            "kind",
            "display",
            "sentence",
            "definition",
            "owner",
            "is_shared",
            "on_organizations",
            "created_at",
            "changed_at",
            "version",
        ]

    def get_sentence(self, insight: SavedInsight) -> str:
        return self.context["say"](insight)

    @extend_schema_field({"anyOf": [insight_schema.DESCRIPTION, *insight_schema.SHAPES, {"type": "null"}]})
    def get_definition(self, insight: SavedInsight) -> dict | None:
        try:
            return kept.document(insight)
        except BadDescription:
            return None


class Kept:
    """The insights that whoever made the token sees in the admin."""

    scope = "insights"
    serializer_class = KeptInsightSerializer
    queryset = SavedInsight.objects.none()

    def get_queryset(self) -> QuerySet[SavedInsight]:
        return visible(self.request).select_related("owner")

    def get_serializer_context(self) -> dict:
        return {**super().get_serializer_context(), "say": asking.in_words(settings.today(timezone.now()))}


@extend_schema_view(
    get=extend_schema(operation_id="insights", summary="Saved insights, shared and one's own", tags=["insights"])
)
class KeptInsightsView(Kept, ListAPIView):
    pass


@extend_schema_view(
    get=extend_schema(
        operation_id="insight",
        summary="One saved insight with its definition",
        tags=["insights"],
        responses={200: KeptInsightSerializer, **NOT_FOUND},
    )
)
class KeptInsightView(Kept, RetrieveAPIView):
    lookup_url_kwarg = "insight_id"


class KeptAnswerView(APIView):
    scope = "insights"

    @extend_schema(
        operation_id="insight_answer",
        tags=["insights"],
        parameters=[ORGANIZATION],
        responses={200: OpenApiResponse(insight_schema.KEPT_ANSWER), **REFUSED, **NOT_FOUND},
    )
    def get(self, request: Request, insight_id: int) -> Response:
        """The answer of a saved insight now, in the shape of its kind's door. `X-Query-Id` names it while it runs."""
        insight = get_object_or_404(visible(request), pk=insight_id)
        organization, now = request.query_params.get("organization", ""), timezone.now()

        def ask() -> dict:
            found = kept.answer(insight, now, organization=organization, query_id=query_id(request))
            return {
                "id": insight.pk,
                "name": insight.name,
                "kind": insight.kind,
                "version": insight.version,
                "answer": found,
            }

        return answered(ask)


def visible(request: Request) -> QuerySet[SavedInsight]:
    return SavedInsight.objects.visible_to(request.user)
