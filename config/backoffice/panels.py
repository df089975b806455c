"""Panels that upper layers show on the pages of lower ones, and list filters likewise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class Panel:
    """One block on a page: `context` answers what its template shows, None when it has nothing to say there."""

    slot: str
    name: str
    order: int
    template: str
    permission: str
    context: Callable[[HttpRequest, Any], dict[str, Any] | None]
    width: str


_panels: dict[tuple[str, str], Panel] = {}
_filters: dict[str, list[tuple[int, Any]]] = {}


def register_panel(slot: str, *, name: str, order: int, template: str, permission: str, width: str = "full"):
    """Register `context(request, subject)` for a slot ("orgs.Organization", "revenue.page"); width full or half."""

    def register(context: Callable[[HttpRequest, Any], dict[str, Any] | None]):
        if (slot, name) in _panels:
            raise ValueError(f"The panel {name} is registered twice for {slot}.")
        _panels[slot, name] = Panel(slot, name, order, template, permission, context, width)
        return context

    return register


def panels(slot: str) -> list[Panel]:
    return sorted((panel for panel in _panels.values() if panel.slot == slot), key=lambda panel: panel.order)


def shown(slot: str, request: HttpRequest, subject: Any) -> Iterator[tuple[Panel, dict[str, Any]]]:
    """The panels this person may see there and that have something to say, with their contexts."""
    for panel in panels(slot):
        if request.user.has_perm(panel.permission):
            context = panel.context(request, subject)
            if context is not None:
                yield panel, context


def register_filter(slot: str, *, order: int = 100):
    """Register a list filter class for a model's list page ("orgs.Organization")."""

    def register(list_filter: Any):
        _filters.setdefault(slot, []).append((order, list_filter))
        return list_filter

    return register


def filters(slot: str) -> list[Any]:
    return [each for _, each in sorted(_filters.get(slot, []), key=lambda pair: pair[0])]
