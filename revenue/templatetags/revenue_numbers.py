"""Revenue's own words and doors on pages, on top of the `backoffice` library."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.backoffice import formatting
from config.backoffice.templatetags.backoffice import list_url
from revenue.charts import TITLES, Step
from revenue.drilldown import signed as signed_amount
from revenue.mrr.calendar import add_months
from revenue.mrr.money import minor_digits
from revenue.mrr.movements import CHURN, NEW, REACTIVATION, Bridge
from revenue.mrr.report import MonthFigures

register = template.Library()


def plus(text: str, value: Decimal) -> str:
    return f"+{text}" if value > 0 else text


@register.filter
def amount(value: Decimal, currency: str) -> str:
    """A number in a column that names its currency: no decimals, whole minor units beside a link."""
    return formatting.number(value, 0 if abs(value) >= 1000 else minor_digits(currency))


@register.filter
def signed(value: Decimal, currency: str) -> str:
    """The same with its sign."""
    return plus(amount(value, currency), value)


@register.filter
def signed_money(value: Decimal, currency: str) -> str:
    """+1 200 EUR."""
    return plus(formatting.money(value, currency), value)


@register.filter
def signed_money_exact(value: Decimal, currency: str) -> str:
    """+1 200.50 EUR."""
    return plus(formatting.money(value, currency, exact=True), value)


@register.filter
def signed_change(change: Any, currency: str) -> str:
    """A movement's amount: losses below 0."""
    return signed_money_exact(signed_amount(change), currency)


@register.filter
def gained(bridge: Bridge) -> Decimal:
    return bridge.new + bridge.expansion + bridge.reactivation


@register.filter
def lost(bridge: Bridge) -> Decimal:
    return bridge.contraction + bridge.churn


@register.filter
def against_previous(step: Step, currency: str) -> str:
    """+1.8 % · +1 200 EUR vs October."""
    month = add_months(step.figures.month.first, -1)
    return f"{formatting.change(step.share)} · {signed_money(step.difference, currency)} vs {month:%B}"


@register.filter
def heads(figures: MonthFigures) -> str:
    """Organizations gained and lost since the close before."""
    who = figures.organizations
    month = add_months(figures.month.first, -1)
    return f"+{who[NEW] + who[REACTIVATION]} {formatting.MINUS}{who[CHURN]} vs {month:%B}"


@register.simple_tag
def previous_month_name(figures: MonthFigures) -> str:
    return f"{add_months(figures.month.first, -1):%B}"


@register.filter
def kind_title(kind: str) -> str:
    return TITLES.get(kind, kind)


@register.filter
def of_key(titles: dict[str, str], key: str) -> str:
    return titles[key]


@register.simple_tag
def on_day(day: date, today: date) -> SafeString:
    """ "in 12 days" with the day on hover; `today` is handed in, as a list has many of these."""
    words = formatting.days_until(day, today)
    return format_html('<time datetime="{}" title="{}">{}</time>', day.isoformat(), f"{day:%d %b %Y}", words)


@register.filter
def in_days(days: int) -> str:
    return f"In {days} days"


@register.simple_tag
def organizations_url(**filters: Any) -> str:
    """The list of organizations that a number was counted from."""
    return list_url("admin:orgs_organization_changelist", **filters)


@register.simple_tag
def subscriptions_url(**filters: Any) -> str:
    """The list of subscription lines that a number was counted from."""
    return list_url("admin:revenue_subscription_changelist", **filters)


@register.simple_tag
def subscription_import_url() -> str:
    return reverse("admin:revenue_subscription_import")


@register.simple_tag
def organization_link(organization_id: int, name: str) -> SafeString:
    url = reverse("admin:orgs_organization_change", args=[organization_id])
    return format_html('<a href="{}">{}</a>', url, name)
