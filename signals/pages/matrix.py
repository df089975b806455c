"""Revenue × Health: four cells, the strip beside them, movable cut lines, and who moved since last week."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from config.backoffice import settings
from config.backoffice.pages import register_page, render_page
from config.backoffice.panels import register_filter
from config.backoffice.site import OptionFilter
from orgs import scopes
from orgs.cohorts.choosing import CohortChoice
from orgs.models import Organization
from orgs.models import Quadrant as Listed
from signals import matrix, movers
from signals.matrix import GOOD_FROM, Cell, Matrix, Quadrant, Standing

STRIP = "outside"
STRIP_TITLE = "Paying, not scored or no recent activity"
# In the order of the picture: good health above, high MRR at the right.
ROWS = (
    (Quadrant.EXPANSION, Quadrant.CHAMPIONS),
    (Quadrant.LOW_VALUE, Quadrant.REVENUE_AT_RISK),
)
WORDS = {
    Quadrant.CHAMPIONS: "Good health, high MRR: ask for a reference, keep them.",
    Quadrant.EXPANSION: "Good health, low MRR: room to grow.",
    Quadrant.REVENUE_AT_RISK: "Low health, high MRR: call them first.",
    Quadrant.LOW_VALUE: "Low health, low MRR: help at low cost.",
}
# Filters of the page that lists have too; None is no filter.
Kept = dict[str, str | int | None]


@dataclass(frozen=True)
class Cut:
    """Where the lines are; `high_from` None is the median. `is_moved` says that somebody moved them."""

    good_from: Decimal = GOOD_FROM
    high_from: Decimal | None = None

    @property
    def is_moved(self) -> bool:
        return self != Cut()

    @property
    def text(self) -> str:
        """The lines as one value of an address."""
        return f"{self.good_from}:{'' if self.high_from is None else self.high_from}"


@dataclass(frozen=True)
class Shown:
    """One cell of the page, with the address of the list that it counts."""

    name: str
    title: str
    words: str
    cell: Cell
    address: str


@register_page(
    "matrix",
    title="Revenue × Health",
    group="Customers",
    order=25,
    icon="grid_view",
    permission="signals.view_signal",
)
def matrix_page(request: HttpRequest) -> HttpResponse:
    scope, cohorts = scopes.chosen(request), CohortChoice.of(request.GET)
    good_from = decimal(request.GET.get("good_from"), most=Decimal(100))
    cut = Cut(GOOD_FROM if good_from is None else good_from, decimal(request.GET.get("high_from")))
    whole = movers.standings(Organization.objects.all())
    high_from = matrix.median_mrr(one.mrr for one in whole) if cut.high_from is None else cut.high_from
    among = chosen_ids(scope, request.user, cohorts)
    arranged = matrix.arrange(
        (one for one in whole if among is None or one.organization_id in among), cut.good_from, high_from
    )
    today = settings.today(timezone.now())
    kept = {"owner": scopes.OWNER[scope], "cohort": cohorts.chosen}
    context = {
        "scope": scope,
        "scopes": scopes.TITLES,
        "cohorts": cohorts,
        "cut": cut,
        "matrix": arranged,
        "rows": [[shown(arranged, place, cut, kept) for place in row] for row in ROWS],
        "strip": strip(arranged, kept),
        "paying": sum(cell.organizations for cell in (*arranged.cells.values(), arranged.strip)),
        "moved": movers.movers(arranged, today, high_from=cut.high_from, among=among),
        "currency": settings.read().reporting_currency,
    }
    return render_page(request, "admin/signals/matrix.html", context, title="Revenue × Health")


def chosen_ids(scope: str, user: Any, cohorts: CohortChoice) -> set[int] | None:
    """Of the organizations that the page is about; None for all."""
    if scope == scopes.ALL and cohorts.chosen is None:
        return None
    found = Organization.objects.in_scope(scope, user).in_cohort(cohorts.chosen)
    return set(found.values_list("id", flat=True))


def shown(arranged: Matrix, place: Quadrant, cut: Cut, kept: Kept) -> Shown:
    asked = {"cell": f"{place.value}:{cut.text}"} if cut.is_moved else {"quadrant": place.value}
    title = Listed(place.value).label
    return Shown(place.value, title, WORDS[place], arranged.cells[place], address(asked, kept))


def strip(arranged: Matrix, kept: Kept) -> Shown:
    words = "Their money stands outside of the cells until there is enough usage to judge."
    return Shown(STRIP, STRIP_TITLE, words, arranged.strip, address({"cell": STRIP}, kept))


def address(asked: dict[str, str], kept: Kept) -> str:
    query = urlencode({**asked, **{name: value for name, value in kept.items() if value is not None}})
    return f"{reverse('admin:orgs_organization_changelist')}?{query}"


def decimal(text: str | None, most: Decimal = Decimal("1e12")) -> Decimal | None:
    """A number from 0 on, or None."""
    try:
        value = Decimal((text or "").strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value <= most else None


@register_filter("orgs.Organization", order=20)
class CellFilter(OptionFilter):
    """Customers of one cell with moved cut lines (`champions:60:500`), or of the strip beside the cells."""

    title = "place in Revenue × Health"
    parameter_name = "cell"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("cell", "")
        asked = read(chosen)
        moved = [(chosen, words_of(*asked))] if asked else []
        return [(STRIP, STRIP_TITLE), *moved]

    def narrow(self, request: HttpRequest, queryset: QuerySet, chosen: str) -> QuerySet:
        asked = read(chosen)
        if asked is None:
            return queryset.paying().filter(snapshot__quadrant="")
        place, cut = asked
        whole = movers.standings(Organization.objects.all())
        high_from = matrix.median_mrr(one.mrr for one in whole) if cut.high_from is None else cut.high_from
        return queryset.filter(pk__in=members(whole, place, cut.good_from, high_from))


def read(text: str) -> tuple[Quadrant, Cut] | None:
    """The cell and the lines of an address; None for anything else."""
    name, _, lines = text.partition(":")
    good, colon, high = lines.partition(":")
    good_from, high_from = decimal(good, most=Decimal(100)), decimal(high)
    if name not in Quadrant._value2member_map_ or not colon or good_from is None or (high and high_from is None):
        return None
    return Quadrant(name), Cut(good_from, high_from)


def words_of(place: Quadrant, cut: Cut) -> str:
    high = "the median" if cut.high_from is None else f"{cut.high_from}"
    return f"{Listed(place.value).label} with health from {cut.good_from}, MRR from {high}"


def members(whole: list[Standing], place: Quadrant, good_from: Decimal, high_from: Decimal | None) -> list[int]:
    return [one.organization_id for one in whole if matrix.quadrant(one, high_from, good_from) is place]
