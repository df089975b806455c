"""How pages of the verdict say numbers."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template

from config.backoffice import formatting, settings
from signals import wording
from signals.models import DataIncident, Signal
from signals.pages.beside import Actions

register = template.Library()


@register.filter
def signed(value: Decimal) -> str:
    """+4.20, −16.00, 0.00: a difference in points."""
    return wording.signed(value, 2)


@register.filter
def plain(value: Decimal) -> str:
    """A number as somebody would type it: 25, 0.5."""
    return wording.plain(value)


@register.filter
def cell(value: Any) -> str:
    """A cell of a list of counted rows: a day, a count or a name."""
    if isinstance(value, date):
        return f"{value:%a %-d %b %Y}"
    return wording.number(value) if isinstance(value, int) else str(value)


@register.filter
def change_words(value: Any) -> str:
    """A detail of the audit trail: a pair reads `20 → 25`."""
    return " → ".join(str(each) for each in value) if isinstance(value, list) else str(value)


@register.filter
def decimal(value: str | None) -> Decimal | None:
    """A number kept as text in a stored answer."""
    return None if value is None else Decimal(value)


@register.filter
def days_words(value: Decimal) -> str:
    """A number of days that may be a half: 45.5 days."""
    return f"{wording.plain(value)}{formatting.HARD}days"


@register.filter
def of_money(value: str) -> str:
    """of 38 400 EUR a month that left"""
    return f"of {formatting.money(Decimal(value), settings.read().reporting_currency)} a month that left"


@register.filter
def beside(actions: Actions | None, signal: Signal) -> str:
    """What somebody who may act can do with a signal; nothing for others."""
    return actions.of(signal) if actions else ""


@register.inclusion_tag("admin/signals/_incidents.html", takes_context=True)
def data_incidents(context: template.Context) -> dict[str, Any]:
    """What is going on with the data itself, on every page that judges customers by it."""
    going_on, request = DataIncident.objects.open().select_related("application"), context["request"]
    may_end = request.user.has_perm("signals.change_signal")
    return {"incidents": going_on, "may_end": may_end, "next": request.get_full_path()}
