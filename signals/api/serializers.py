"""Shapes of the read API. Money is decimal text per month in the reporting currency, days are of the reporting zone."""

from rest_framework import serializers

from orgs.models import Organization, OrganizationSnapshot
from signals.models import Signal


class SnapshotSerializer(serializers.ModelSerializer):
    """The line of an organization on lists."""

    class Meta:
        model = OrganizationSnapshot
        exclude = ["organization"]


class OrganizationSerializer(serializers.ModelSerializer):
    owner = serializers.SlugRelatedField("username", read_only=True)
    snapshot = SnapshotSerializer(allow_null=True, read_only=True, help_text="Null until it was first computed.")

    class Meta:
        model = Organization
        fields = ["external_id", "display_name", "owner", "segment", "imported_at", "created_at", "snapshot"]


class SignalSerializer(serializers.ModelSerializer):
    organization = serializers.SlugRelatedField("external_id", read_only=True)
    title = serializers.CharField(source="get_type_display", read_only=True)
    assignee = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Signal
        fields = [
            "id",
            "organization",
            "type",
            "title",
            "state",
            "sentence",
            "evidence",
            "mrr",
            "severity",
            "growth",
            "urgency",
            "money_at_stake",
            "calculation",
            "rule_version",
            "assignee",
            "opened_at",
            "changed_at",
            "snoozed_until",
            "closed_at",
            "reason",
            "is_false_alarm",
        ]


class ComponentSerializer(serializers.Serializer):
    """One line of "why this score": `contribution` of at most `share` points."""

    key = serializers.CharField()
    title = serializers.CharField()
    fact = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(allow_null=True)
    reference = serializers.IntegerField(allow_null=True)
    window = serializers.ListField(child=serializers.DateField(), allow_null=True, help_text="[since, until)")
    weight = serializers.CharField()
    share = serializers.CharField()
    points = serializers.CharField(allow_null=True)
    contribution = serializers.CharField()
    lost = serializers.CharField()
    missing = serializers.CharField()
    words = serializers.CharField()


class CapSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    at_most = serializers.CharField()
    taken = serializers.CharField(help_text="Negative: what it took off the sum.")
    words = serializers.CharField()


class HealthSerializer(serializers.Serializer):
    """A reading: contributions and caps add up to the score."""

    score = serializers.CharField(allow_null=True)
    band = serializers.CharField(allow_null=True)
    state = serializers.CharField(help_text="The band, or what stands in its place on lists.")
    coverage = serializers.CharField()
    model = serializers.CharField()
    onboarding = serializers.BooleanField()
    components = ComponentSerializer(many=True)
    caps = CapSerializer(many=True)
    evidence = serializers.DictField()


class SubscriptionLineSerializer(serializers.Serializer):
    subscription_id = serializers.CharField()
    product_code = serializers.CharField()
    name = serializers.CharField()
    mrr = serializers.DecimalField(max_digits=20, decimal_places=4, help_text="In its own currency.")
    currency = serializers.CharField()
    converted = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    start_on = serializers.DateField()
    end_on = serializers.DateField(allow_null=True)
    trial_end_on = serializers.DateField(allow_null=True)
    state = serializers.CharField()


class UsageDaySerializer(serializers.Serializer):
    day = serializers.DateField()
    events = serializers.IntegerField()
    users = serializers.IntegerField()
    sessions = serializers.IntegerField()


class OrganizationDetailSerializer(OrganizationSerializer):
    """One organization with its verdict and the evidence behind it; built by the view from answers.

    A part is null when the token does not open it; health also before the first scoring.
    """

    aliases = serializers.ListField(child=serializers.CharField(), read_only=True)
    health = HealthSerializer(
        source="parts.health", allow_null=True, read_only=True, help_text="Needs the scope signals."
    )
    signals = SignalSerializer(
        source="parts.signals",
        many=True,
        allow_null=True,
        read_only=True,
        help_text="In all states, most money first. Needs the scope signals.",
    )
    subscriptions = SubscriptionLineSerializer(
        source="parts.subscriptions", many=True, allow_null=True, read_only=True, help_text="Needs the scope revenue."
    )
    usage = UsageDaySerializer(
        source="parts.usage",
        many=True,
        allow_null=True,
        read_only=True,
        help_text="The last 90 complete days and today so far. Needs the scope insights.",
    )

    class Meta(OrganizationSerializer.Meta):
        fields = [
            *OrganizationSerializer.Meta.fields,
            "renewal_on",
            "properties",
            "aliases",
            "health",
            "signals",
            "subscriptions",
            "usage",
        ]
