"""Query parameters of the revenue API."""

from datetime import date
from decimal import Decimal

from rest_framework import serializers

from orgs.api.parameters import CohortField
from revenue.answers.history import Change
from revenue.mrr.calendar import months_between
from revenue.mrr.movements import KINDS

MOST_MONTHS = 120
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


def month_of(text: str) -> date:
    """YYYY-MM as the first day of the month."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise serializers.ValidationError(f"“{text}” is not a month: write YYYY-MM, for example 2026-03.") from error


class DayField(serializers.DateField):
    """A day that has months before and after it."""

    def to_internal_value(self, value: str) -> date:
        day = super().to_internal_value(value)
        if not EARLIEST <= day <= LATEST:
            raise serializers.ValidationError(f"“{value}” is too far away: give a day from {EARLIEST} to {LATEST}.")
        return day


class DayParameters(serializers.Serializer):
    as_of = DayField(required=False, help_text="Default: today in the reporting zone.")


class MonthsParameters(DayParameters):
    since = serializers.RegexField(r"^\d{4}-\d{2}$", required=False, help_text="First month, YYYY-MM.")
    known_on = DayField(required=False, help_text="The books as they stood on that day.")

    def validate_since(self, text: str) -> date:
        return month_of(text)


class MovementsParameters(DayParameters):
    month = serializers.RegexField(r"^\d{4}-\d{2}$", required=False, help_text="YYYY-MM; default: the running month.")
    kind = serializers.ChoiceField(choices=[(kind, kind) for kind in KINDS], required=False)
    cursor = serializers.RegexField(r"^\d{1,20}\.\d{4}:\d{1,18}$", required=False, help_text="The `next` of a page.")
    page_size = serializers.IntegerField(min_value=1, max_value=1000, required=False, default=100)

    def validate_month(self, text: str) -> date:
        return month_of(text)

    def validate_cursor(self, text: str) -> tuple[Decimal, int]:
        """The amount and the organization after which the page begins."""
        amount, _, organization = text.partition(":")
        return Decimal(amount), int(organization)


class SubscriptionsParameters(serializers.Serializer):
    organization = serializers.CharField(required=False, help_text="An external_id; aliases are followed.")
    cohort = CohortField()
    product_code = serializers.CharField(required=False)
    state = serializers.ChoiceField(choices=["active", "scheduled"], required=False)
    known_on = DayField(required=False)


def cursor_of(change: Change) -> str:
    """Where the page after this movement begins; pages stay whole while movements come and go."""
    return f"{change.amount:.4f}:{change.organization_id}"


def check_range(since: date, as_of: date) -> None:
    """Refuse ranges without a month and of more than ten years."""
    count = months_between(since, as_of) + 1
    if count < 1:
        raise serializers.ValidationError({"since": f"{since:%Y-%m} begins after {as_of}: give an earlier month."})
    if count > MOST_MONTHS or since.year < 1900:
        raise serializers.ValidationError({"since": f"At most {MOST_MONTHS} months at once: give a later month."})
