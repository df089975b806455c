"""Door of the read API: imports, with who, when, what and how many rows."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import CursorPages
from orgs.models import ImportBatch


class CountsSerializer(serializers.Serializer):
    """Rows; empty before the first preview and for a file that was refused as a whole."""

    new = serializers.IntegerField(required=False)
    changed = serializers.IntegerField(required=False)
    unchanged = serializers.IntegerField(required=False)
    refused = serializers.IntegerField(required=False)


class ImportSerializer(serializers.ModelSerializer):
    created_by = serializers.CharField(
        source="created_by.username", default=None, allow_null=True, help_text="Null: the command line."
    )
    counts = CountsSerializer()

    class Meta:
        model = ImportBatch
        fields = [
            "id",
            "kind",
            "state",
            "file_name",
            "sha256",
            "size",
            "counts",
            "created_by",
            "created_at",
            "confirmed_at",
            "duration_ms",
        ]


class ImportParameters(serializers.Serializer):
    kind = serializers.ChoiceField(choices=ImportBatch.Kind.choices, required=False)
    state = serializers.ChoiceField(choices=ImportBatch.State.choices, required=False)


class NewestFirst(CursorPages):
    ordering = "-pk"


class ImportList(generics.ListAPIView):
    scope = "imports"
    serializer_class = ImportSerializer
    pagination_class = NewestFirst
    queryset = ImportBatch.objects.none()

    @extend_schema(operation_id="imports", parameters=[ImportParameters])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Imports, newest first: everybody's finished ones, and one's own previews."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        given = ImportParameters(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        found = ImportBatch.objects.visible_to(self.request.user).filter(**given.validated_data)
        return found.select_related("created_by").defer("report", "options")
