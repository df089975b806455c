"""What the read API says about revenue: money as text with four decimals, shares as text with six."""

from typing import Any

from rest_framework import serializers

from revenue.models import Subscription
from revenue.mrr.movements import KINDS


def money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=4, **options)


def share(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True, **options)


class ProductSerializer(serializers.Serializer):
    product_code = serializers.CharField()
    mrr = money()
    subscriptions = serializers.IntegerField()
    organizations = serializers.IntegerField()
    share = share()


class UnconvertedSerializer(serializers.Serializer):
    currency = serializers.CharField()
    rows = serializers.IntegerField()
    active_rows = serializers.IntegerField()
    native_mrr = money()


class ConcentrationSerializer(serializers.Serializer):
    top1_share = share()
    top10_share = share()
    hhi = share()


class SummarySerializer(serializers.Serializer):
    as_of = serializers.DateField()
    currency = serializers.CharField()
    mrr = money()
    arr = money()
    paying_organizations = serializers.IntegerField(source="paying")
    arpa = money(allow_null=True)
    previous_month = serializers.DateField(help_text="The close of the month before.")
    previous_mrr = money()
    difference = money()
    change = share(help_text="0.042 is +4.2 %; null without any MRR at the close before.")
    unconverted = UnconvertedSerializer(many=True, help_text="Lines without a rate: in no total.")
    products = ProductSerializer(many=True)
    concentration = ConcentrationSerializer()


class MonthSerializer(serializers.Serializer):
    """One month; the bridge adds up exactly."""

    month = serializers.CharField(help_text="2026-03")
    close_date = serializers.DateField()
    partial = serializers.BooleanField()
    mrr_start = money()
    new = money()
    expansion = money()
    reactivation = money()
    contraction = money()
    churn = money()
    fx_impact = money()
    mrr_end = money()
    arr_end = money()
    paying_orgs_start = serializers.IntegerField()
    paying_orgs_end = serializers.IntegerField()
    orgs = serializers.DictField(child=serializers.IntegerField(), help_text="Organizations by kind of movement.")
    orgs_in_and_out = serializers.IntegerField()
    arpa = money(allow_null=True)
    nrr = share()
    grr = share()
    nrr_12m = share()
    grr_12m = share()
    logo_churn_rate = share()
    gross_mrr_churn_rate = share()
    net_mrr_churn_rate = share()
    quick_ratio = share()
    ltv = money(allow_null=True)
    top1_share = share()
    top10_share = share()
    hhi = share()
    mrr_by_product = serializers.DictField(child=money())
    product_counts = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
    mrr_by_currency = serializers.DictField(child=money(), help_text="Native.")
    activity = serializers.DictField(child=money(), help_text="The day ledger summed by kind.")


class MonthsSerializer(serializers.Serializer):
    as_of = serializers.DateField()
    currency = serializers.CharField()
    months = MonthSerializer(many=True)


class MovementSerializer(serializers.Serializer):
    organization = serializers.CharField(help_text="external_id")
    month = serializers.CharField(help_text="2026-03")
    kind = serializers.ChoiceField(choices=[(kind, kind) for kind in KINDS])
    opening = money(help_text="At the close before, at its rates.")
    closing = money(help_text="At the close, at its rates.")
    amount = money(help_text="At least 0, at the opening rates.")
    fx_impact = money()


class CohortSerializer(serializers.Serializer):
    cohort = serializers.CharField(help_text="The month of the first paying day, 2026-03")
    size = serializers.IntegerField()
    first_day_mrr = money()
    paying_by_month = serializers.ListField(child=serializers.IntegerField())
    mrr_by_month = serializers.ListField(child=money())


class CohortsSerializer(serializers.Serializer):
    as_of = serializers.DateField()
    currency = serializers.CharField()
    cohorts = CohortSerializer(many=True)


class SubscriptionSerializer(serializers.ModelSerializer):
    organization = serializers.CharField(source="key.organization.external_id", read_only=True)
    external_org_id = serializers.CharField(
        source="key.external_id", read_only=True, help_text="The id the line came with; may be an alias."
    )

    class Meta:
        model = Subscription
        fields = [
            "id",
            "organization",
            "external_org_id",
            "subscription_id",
            "product_code",
            "name",
            "mrr",
            "currency",
            "start_on",
            "end_on",
            "trial_end_on",
            "amount",
            "interval",
            "interval_count",
            "known_from",
            "known_to",
        ]
