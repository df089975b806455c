"""Revenue's own words and doors on pages, on top of the `backoffice` library."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.backoffice import formatting
from config.backoffice.templatetags.backoffice import list_url
from orgs.cohorts.choosing import PARAMETER
from revenue.charts import TITLES
from revenue.drilldown import listing
from revenue.drilldown.listing import Column, Listing, Total
from revenue.drilldown.organizations import signed as signed_amount
from revenue.mrr.calendar import add_months
from revenue.mrr.movements import CHURN, NEW, REACTIVATION, Bridge
from revenue.mrr.report import MonthFigures

register = template.Library()


def plus(text: str, value: Decimal) -> str:
    """With its sign above 0, unless it is shown as nothing."""
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


@register.filter
def amount(value: Decimal, currency: str) -> str:
    """A number in a table that names its currency: the currency's minor unit."""
    return formatting.number(value, formatting.minor_digits(currency))


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
def signed_change(change: Any) -> Decimal:
    """A movement's amount: losses below 0."""
    return signed_amount(change)


@register.filter
def arrived(figures: MonthFigures) -> int:
    """Organizations that began to pay, for the first time or again."""
    return figures.organizations[NEW] + figures.organizations[REACTIVATION]


@register.filter
def churned(figures: MonthFigures) -> int:
    return figures.organizations[CHURN]


@register.filter
def gained(bridge: Bridge) -> Decimal:
    return bridge.new + bridge.expansion + bridge.reactivation


@register.filter
def lost(bridge: Bridge) -> Decimal:
    return bridge.contraction + bridge.churn


@register.simple_tag
def previous_month_name(figures: MonthFigures) -> str:
    return f"{add_months(figures.month.first, -1):%B}"


@register.filter
def kind_title(kind: str) -> str:
    return TITLES.get(kind, kind)


SHOWN: dict[str, Callable[[Any, str], str]] = {
    listing.MONEY: lambda value, currency: formatting.money(value, currency, exact=True),
    listing.SIGNED: signed_money_exact,
    listing.SHARE: lambda value, currency: formatting.percent(value, 1),
    listing.CHANGE: lambda value, currency: formatting.change(value),
    listing.COUNT: lambda value, currency: formatting.number(value),
    listing.QUOTIENT: lambda value, currency: formatting.number(value, 2),
    listing.INDEX: lambda value, currency: formatting.number(value, 4),
    listing.NATIVE: lambda value, currency: formatting.money(value.amount, value.currency, exact=True),
    listing.NATIVE_SIGNED: lambda value, currency: signed_money_exact(value.amount, value.currency),
    listing.KIND: lambda value, currency: kind_title(value) if value else "no movement",
    listing.MONTH: lambda value, currency: f"{value:%b %Y}",
    listing.DAY: lambda value, currency: f"{value:%-d %b %Y}",
}


def shown(value: Any, kind: str, currency: str) -> str:
    """A value of a list as people read it; a dash for what does not exist."""
    if value is None or value == "":
        return formatting.DASH
    return SHOWN[kind](value, currency) if kind in SHOWN else str(value)


@register.simple_tag
def shown_total(total: Total, currency: str) -> str:
    return shown(total.value, total.kind, total.currency or currency)


@register.simple_tag
def shown_cell(column: Column, value: Any, currency: str) -> str:
    if column.kind == listing.ORGANIZATION:
        return organization_link(value.id, value.name)
    return shown(value, column.kind, currency)


@register.filter
def cells_of(listed: Listing, row: Sequence[Any]) -> list[tuple[Column, Any]]:
    return list(zip(listed.columns, row, strict=True))


@register.simple_tag(takes_context=True)
def door(
    context: Context, page: str, measure: str, value: Any, text: str, *, css: str = "", title: str = "", **query: Any
) -> SafeString:
    """A number that opens the list it was counted from: `measure` is the total of that list it equals.

    On a page of a cohort (`cohorts` in the context) the list is of the cohort too.
    """
    if choice := context.get("cohorts"):
        query[PARAMETER] = choice.chosen
    return format_html(
        '<a class="bo-door {}" href="{}" data-measure="{}" data-number="{}" title="{}">{}</a>',
        css,
        list_url(f"admin:{page}", **query),
        measure,
        formatting.DASH if value is None else value,
        title,
        text,
    )


@register.simple_tag
def on_day(day: date, today: date) -> SafeString:
    """ "in 12 days" with the day on hover; `today` is handed in, as a list has many of these."""
    words = formatting.days_until(day, today)
    return format_html('<time datetime="{}" title="{}">{}</time>', day.isoformat(), f"{day:%-d %b %Y}", words)


@register.filter
def in_days(days: int) -> str:
    return f"In {days} days"


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
