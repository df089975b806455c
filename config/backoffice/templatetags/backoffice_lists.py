"""The rows of a model's list as the theme draws them, at a third of its work.

The theme computes all headers of a list again for each of its rows, and in every cell anew how it is framed and where a
link comes back to; here that is done once a page.
"""

from collections.abc import Iterator
from datetime import date, time
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from django import template
from django.contrib.admin.utils import lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from config.backoffice import site

register = template.Library()

CHECKBOX = "action_checkbox"


class Column(NamedTuple):
    """What the cells of a column have in common: how they are opened, one that does not wrap apart, and closed."""

    name: Any
    opened: SafeString
    opened_dated: SafeString
    closed: SafeString
    is_link: bool


@register.inclusion_tag("admin/change_list_results.html", takes_context=True)
def result_rows(context: template.Context, cl: ChangeList) -> dict[str, Any]:
    """Headers and rows of a list without forms in its rows."""
    headers = list(site.result_headers(cl))
    framed, back = list(columns(cl, headers)), comes_back(cl)
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": sum(bool(each["sortable"] and each["sorted"]) for each in headers),
        "results": [site.ResultRow(row, None, cells(cl, framed, back, row)) for row in cl.result_list],
        "actions_row": context.get("actions_row"),
        "has_add_permission": cl.model_admin.has_add_permission(context["request"]),
    }


def columns(cl: ChangeList, headers: list[dict[str, Any]]) -> Iterator[Column]:
    links = cl.list_display_links
    for index, (name, header) in enumerate(zip(cl.list_display, headers, strict=True)):
        is_link = links is not None and name in links
        called = getattr(name, "__name__", name)
        classes = site.CHECKBOX_CLASSES if name == CHECKBOX else [f"field-{called}", *site.ROW_CLASSES]
        label = capfirst(header["text"]) if index or is_link else "Select record"
        tag = "th" if is_link and name == links[0] else "td"
        opened, dated = (
            format_html('<{} class="{}" data-label="{}">', tag, " ".join(each), label)
            for each in (classes, [*classes, "nowrap"])
        )
        yield Column(name, opened, dated, format_html("</{}>", tag), is_link)


def comes_back(cl: ChangeList) -> str:
    """What the address of a row carries, so that saving it leads back to the list as it is filtered now."""
    return urlencode(dict(parse_qsl(cl.preserved_filters)))


def cells(cl: ChangeList, framed: list[Column], back: str, row: models.Model) -> Iterator[SafeString]:
    for column in framed:
        words, is_dated = shown(cl, column.name, row)
        if column.is_link:
            words = linked(cl, row, words, back)
        opened = column.opened_dated if is_dated else column.opened
        yield opened + conditional_escape(words) + column.closed


def shown(cl: ChangeList, name: Any, row: models.Model) -> tuple[Any, bool]:
    """What a cell says, and whether that is a date or a relation, which does not wrap."""
    empty = cl.model_admin.get_empty_value_display()
    try:
        field, attr, value = lookup_field(name, row, cl.model_admin)
    except ObjectDoesNotExist:
        return empty, False
    empty = getattr(attr, "empty_value_display", empty)
    if field is None or field.auto_created:
        words = site.display_for_value(value, empty, getattr(attr, "boolean", False))
        return words, isinstance(value, date | time)
    is_dated = isinstance(field, models.DateField | models.TimeField | models.ForeignKey)
    if isinstance(field.remote_field, models.ManyToOneRel):
        return getattr(row, field.name) or empty, is_dated
    return site.display_for_field(value, field, empty), is_dated


def linked(cl: ChangeList, row: models.Model, words: Any, back: str) -> Any:
    """A cell's words as the way to the row's own page."""
    try:
        url = cl.url_for_result(row)
    except NoReverseMatch:
        return words
    classes = " ".join(site.LINK_CLASSES)
    return format_html('<a href="{}" class="{}" >{}</a>', f"{url}?{back}" if back else url, classes, words)
