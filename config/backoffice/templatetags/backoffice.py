"""The grammar of pages: numbers, money, times, badges, sparklines, panels."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from config.backoffice import columns, formatting, panels, saved_views, settings
from config.backoffice.columns import Column

register = template.Library()

# Drawn hundreds of times a page.
SPARKLINE = (
    '<svg class="bo-spark bo-spark--{kind}" viewBox="0 0 72 20" width="72" height="20" role="img" aria-label="{told}">'
    '<title>{told}</title><polyline points="{points}" /></svg>'
)
BAND_WORDS = {
    "healthy": "Healthy",
    "watch": "Watch",
    "at_risk": "At risk",
    "no_activity": "No recent activity",
    "not_scored": "Not scored",
}


@register.filter
def number(value: Any, places: int = 0) -> str:
    return formatting.number(value, places)


@register.filter
def money(value: Decimal | None, currency: str = "") -> str:
    """On cards: no decimals."""
    return formatting.money(value, currency or settings.read().reporting_currency)


@register.filter
def money_exact(value: Decimal | None, currency: str = "") -> str:
    """In tables: the currency's minor unit."""
    return formatting.money(value, currency or settings.read().reporting_currency, exact=True)


@register.filter
def percent(value: Decimal | float | None, places: int = 0) -> str:
    return formatting.percent(value, places)


@register.filter
def change(value: Decimal | float | None, places: int = 1) -> str:
    return formatting.change(value, places)


@register.filter
def score(value: Decimal | None) -> str:
    """Health as badges show it, rounded down."""
    return formatting.score(value)


@register.filter
def minus(value: Any) -> str:
    """A number of the explanation with a real minus sign."""
    return str(value).replace("-", formatting.MINUS)


@register.filter
def plural(count: int, word: str) -> str:
    """`{{ 3|plural:"customer" }}`, `{{ 2|plural:"entry,entries" }}`."""
    one, _, many = word.partition(",")
    return formatting.plural(count, one, many or None)


@register.simple_tag
def when(moment: datetime | date | None, never: str = "never") -> str:
    """ "3 days ago" with the exact time on hover."""
    if moment is None:
        return format_html('<span class="bo-muted">{}</span>', never)
    zone = settings.zone()
    now = timezone.now().astimezone(zone)
    if isinstance(moment, datetime):
        words, exact = formatting.ago(moment, now), f"{moment.astimezone(zone):%-d %b %Y, %H:%M %Z}"
    else:
        words, exact = formatting.days_until(moment, now.date()), f"{moment:%-d %b %Y}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)


@register.simple_tag
def badge(band: str, score: Decimal | None = None) -> str:
    """A band: its colour, its word and, when there is one, the score."""
    shown = "" if score is None else format_html(" <b>{}</b>", formatting.score(score))
    return format_html(
        '<span class="bo-badge bo-badge--{}"><span class="bo-dot"></span>{}{}</span>',
        band,
        BAND_WORDS.get(band, band),
        shown,
    )


@register.simple_tag
def sparkline(values: list[float] | None, kind: str = "usage") -> str:
    """A small line of 8 weeks without axes; nothing for fewer than two values."""
    shown = values or []
    if not (points := sparkline_points(shown)):
        return ""
    told = f"Last {len(shown)} weeks: {', '.join(map(str, shown))}"
    return format_html(SPARKLINE, kind=kind, told=told, points=points)


def sparkline_points(values: list[float], width: int = 72, height: int = 20) -> str:
    """SVG points, zero-based."""
    if len(values) < 2:
        return ""
    top = max(*values, 1)
    step = width / (len(values) - 1)
    return " ".join(f"{i * step:.1f},{height - 1 - (height - 2) * value / top:.1f}" for i, value in enumerate(values))


@register.inclusion_tag("admin/partials/_panels.html", takes_context=True, name="panels")
def show_panels(context: dict, slot: str, subject: Any) -> dict[str, Any]:
    """Everything upper layers registered for this place."""
    request = context["request"]
    shown = [{"panel": panel, "context": content} for panel, content in panels.shown(slot, request, subject)]
    return {"shown": shown, "request": request, "subject": subject, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("admin/partials/_header_actions.html", takes_context=True)
def header_actions(context: dict, slot: str, subject: Any) -> dict[str, Any]:
    """Buttons in the head of a page, in a row."""
    return show_panels(context, slot, subject)


@register.inclusion_tag("admin/partials/_facts.html", takes_context=True)
def header_facts(context: dict, slot: str, subject: Any) -> dict[str, Any]:
    """Words in the head of a page, beside its own."""
    return show_panels(context, slot, subject)


@register.inclusion_tag("admin/partials/_saved_views.html", takes_context=True, name="saved_views")
def show_saved_views(context: dict, page: str) -> dict[str, Any]:
    """The saved views of a list, with the form that keeps what is shown."""
    request = context["request"]
    chips = saved_views.chips(page, request.user, request.GET)
    shown = {"page": page, "chips": chips, "query": request.GET.urlencode(), "path": request.get_full_path()}
    return {**shown, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("admin/partials/_columns.html", takes_context=True)
def column_chooser(context: dict, known: Sequence[Column]) -> dict[str, Any]:
    """The form that chooses the columns of a list; everything else in the address stays."""
    request = context["request"]
    kept = [(name, value) for name, values in request.GET.lists() for value in values]
    return {"known": known, "chosen": columns.chosen(known, request), "kept": kept, "path": request.path}


@register.simple_tag
def list_url(name: str, **filters: Any) -> str:
    """The list a number was counted from: `{% list_url "admin:orgs_organization_changelist" band="at_risk" %}`."""
    query = QueryDict(mutable=True)
    query.update({key: str(value) for key, value in filters.items() if value is not None})
    return f"{reverse(name)}?{query.urlencode()}" if query else reverse(name)
