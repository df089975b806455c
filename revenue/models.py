"""Subscriptions as they were imported, version by version, and exchange rates."""

from django.db import models
from django.db.models import F, Q

from orgs.models import ImportBatch, OrganizationKey
from revenue.querysets import SubscriptionQuerySet


class Subscription(models.Model):
    """One version of one subscription line. Days are days of the reporting zone; `end_on` is the first without revenue.

    `known_from` is the day of the import that brought this version, `known_to` of the one that replaced or
    withdrew it: rows with an empty `known_to` are what is known now.
    """

    class Interval(models.TextChoices):
        DAY = "day", "Day"
        WEEK = "week", "Week"
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        HALF_YEAR = "half-year", "Half-year"
        YEAR = "year", "Year"

    key = models.ForeignKey(OrganizationKey, on_delete=models.PROTECT, related_name="subscriptions")
    subscription_id = models.CharField(max_length=255, blank=True, db_collation="C")
    product_code = models.CharField(max_length=100, db_collation="C")
    name = models.CharField(max_length=255, blank=True)
    mrr = models.DecimalField(
        "MRR", max_digits=20, decimal_places=4, help_text="Monthly, in major units of the currency."
    )
    currency = models.CharField(max_length=3)
    start_on = models.DateField()
    end_on = models.DateField(null=True, blank=True, help_text="First day without revenue.")
    trial_end_on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    interval = models.CharField(max_length=10, choices=Interval, blank=True)
    interval_count = models.PositiveSmallIntegerField(default=1)
    known_from = models.DateField()
    known_to = models.DateField(null=True, blank=True)
    batch = models.ForeignKey(ImportBatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription_id"],
                condition=~Q(subscription_id="") & Q(known_to=None),
                name="one_current_version_an_id",
                violation_error_message="This subscription_id has a current row already.",
            ),
            models.UniqueConstraint(
                fields=["key", "product_code", "start_on"],
                condition=Q(subscription_id="", known_to=None),
                name="one_current_version_a_line",
                violation_error_message="This organization has this product from this day already.",
            ),
            models.CheckConstraint(
                condition=Q(end_on=None) | Q(end_on__gte=F("start_on")),
                name="subscription_ends_after_start",
                violation_error_message="The end is before the start.",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"),
                name="currency_is_three_capitals",
                violation_error_message="A currency is three letters, for example EUR.",
            ),
        ]
        indexes = [
            models.Index(fields=["key"], condition=Q(known_to=None), name="subscription_known_now"),
        ]

    def __str__(self) -> str:
        return f"{self.product_code} {self.mrr} {self.currency}"


class ExchangeRate(models.Model):
    """Units of a currency for one euro on a day."""

    date = models.DateField()
    currency = models.CharField(max_length=3)
    per_eur = models.DecimalField(max_digits=20, decimal_places=8)

    class Meta:
        ordering = ["-date", "currency"]
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "date"],
                name="one_rate_a_day",
                violation_error_message="This currency has a rate on this day already.",
            ),
            models.CheckConstraint(
                condition=Q(per_eur__gt=0),
                name="rate_is_positive",
                violation_error_message="A rate is above zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.per_eur} {self.currency} on {self.date}"


class StoredFacts(models.Model):
    """The figures of one day, computed once from one state of the books (`revenue.facts`); may be deleted any time."""

    as_of = models.DateField()
    fingerprint = models.CharField(max_length=64, help_text="Of lines, rates, renewal days, settings and this version.")
    content = models.JSONField()
    computed_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["as_of", "fingerprint"], name="facts_once_a_day_and_state")]
        ordering = ["-computed_at", "-id"]

    def __str__(self) -> str:
        return f"Revenue on {self.as_of}"
