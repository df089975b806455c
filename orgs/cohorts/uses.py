"""Where cohorts are used: whatever names one says so here, and a cohort in use is not deleted."""

from collections.abc import Callable, Iterable

from orgs.cohorts import membership
from orgs.models import Cohort

_places: list[Callable[[int], Iterable[str]]] = []


def register_use(place: Callable[[int], Iterable[str]]) -> Callable[[int], Iterable[str]]:
    """Register a function that names where a cohort is used: `cohort id → ["the insight “Projects a month”"]`."""
    _places.append(place)
    return place


def uses(cohort_id: int) -> list[str]:
    """Every place where the cohort is used, in words."""
    return [each for place in _places for each in place(cohort_id)]


@register_use
def in_cohorts(cohort_id: int) -> list[str]:
    found = Cohort.objects.by_rules().exclude(pk=cohort_id).order_by("name")
    return [f"the cohort “{each}”" for each in found if cohort_id in membership.read_by(each)]
