"""Subscriptions and exchange rates as django-import-export resources."""

from import_export import fields

from orgs.importing.setwise import SetWiseResource
from orgs.models import ImportBatch
from revenue.models import ExchangeRate, Subscription


class SubscriptionResource(SetWiseResource):
    import_kind = ImportBatch.Kind.SUBSCRIPTIONS

    external_org_id = fields.Field("key__external_id", "external_org_id")
    product_code = fields.Field("product_code", "product_code")
    mrr = fields.Field("mrr", "mrr")
    currency = fields.Field("currency", "currency")
    start_at = fields.Field("start_on", "start_at")
    end_at = fields.Field("end_on", "end_at")
    trial_end_at = fields.Field("trial_end_on", "trial_end_at")
    subscription_id = fields.Field("subscription_id", "subscription_id")

    class Meta:
        model = Subscription
        fields = (
            "external_org_id",
            "product_code",
            "mrr",
            "currency",
            "start_at",
            "end_at",
            "trial_end_at",
            "subscription_id",
        )
        import_id_fields = ("external_org_id", "product_code", "start_at")


class RateResource(SetWiseResource):
    import_kind = ImportBatch.Kind.RATES

    class Meta:
        model = ExchangeRate
        fields = ("date", "currency", "per_eur")
        import_id_fields = ("date", "currency")
