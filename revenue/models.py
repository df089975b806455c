"""Subscriptions as they were imported, version by version, and exchange rates."""

from django.db import models
from django.db.models import F, Q

from orgs.models import MONEY, ImportBatch, Organization, OrganizationKey
from revenue.querysets import OrganizationMonthQuerySet, SubscriptionQuerySet


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


class OrganizationFacts(models.Model):
    """One organization with lines, as the stored figures count it: which lines, and since when it pays.

    The constraint on the organization is left out on purpose: the row goes with the next rebuild, and nobody who
    deletes an organization has to know about it.
    """

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    mark = models.TextField(help_text="Of its lines as they were counted.")
    lines = models.JSONField(help_text="The counted lines: what has to be taken off the sums when they change.")
    first_paying_on = models.DateField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["first_paying_on"], name="facts_by_first_paying")]

    def __str__(self) -> str:
        return f"{self.organization_id}"


class OrganizationMonth(models.Model):
    """One organization between two month closes: its balances and its movement, in the reporting currency.

    There is a row where it pays at one of the two. `amount` is at the opening rates, what rates did is `fx_impact`;
    `year_ago` is its balance twelve months before, `retained` what it pays of that now, at the rates of then.
    """

    pk = models.CompositePrimaryKey("organization_id", "month")
    organization = models.ForeignKey(
        Organization, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    month = models.DateField(help_text="Its first day.")
    kind = models.CharField(max_length=12, blank=True, help_text="New, expansion, …; empty: no movement.")
    opening = models.DecimalField(**MONEY)
    closing = models.DecimalField(**MONEY)
    amount = models.DecimalField(**MONEY)
    fx_impact = models.DecimalField(**MONEY)
    year_ago = models.DecimalField(**MONEY)
    retained = models.DecimalField(**MONEY)

    objects = OrganizationMonthQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["month", "-closing", "organization"], name="month_by_closing"),
            models.Index(fields=["month", "-amount", "organization"], condition=~Q(kind=""), name="month_by_movement"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} in {self.month:%Y-%m}"


class StoredMonth(models.Model):
    """The sums of one month over all organizations (`revenue.mrr.sums`), in units of 0.0001, and its ten largest
    balances."""

    month = models.DateField(primary_key=True)
    sums = models.JSONField()
    largest = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        ordering = ["month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class StoredCohort(models.Model):
    """The organizations that first paid in one month (`revenue.mrr.cohorts`)."""

    month = models.DateField(primary_key=True)
    content = models.JSONField()

    class Meta:
        default_permissions = ()
        ordering = ["month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class StoredFacts(models.Model):
    """What the stored figures were computed from, and the lists of the revenue page: one row (`revenue.facts`).

    Stored figures may be deleted any time: the next run of their job computes them anew.
    """

    id = models.SmallIntegerField(primary_key=True)
    as_of = models.DateField()
    basis = models.CharField(max_length=64, help_text="Of the day, rates, settings and this version: for everybody.")
    fingerprint = models.CharField(max_length=64, help_text="Of all that and of lines, names and renewal days.")
    content = models.JSONField()
    computed_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(id=1), name="facts_are_one_row", violation_error_message="There is one row of figures."
            )
        ]

    def __str__(self) -> str:
        return f"Revenue on {self.as_of}"
