"""A cohort that a saved insight asks for is in use."""

from collections.abc import Iterator
from datetime import date

from orgs.cohorts.uses import register_use
from tracker.builder import asking
from tracker.insights.description import COHORTS, Description, Of
from tracker.models import SavedInsight


@register_use
def in_insights(cohort_id: int) -> list[str]:
    today, kept = date(2000, 1, 1), SavedInsight.objects.filter(kind=SavedInsight.Kind.TRENDS)
    asked = [(each, asking.judged(each.definition, each, today).description) for each in kept]
    return [f"the insight “{each}”" for each, found in asked if found and cohort_id in cohorts_of(found)]


def cohorts_of(description: Description) -> Iterator[int]:
    """The ids of the cohorts it filters or is broken down by."""
    if description.breakdown and description.breakdown.of == Of.COHORT:
        yield int(description.breakdown.name)
    for each in description.all_filters():
        if each.operator in COHORTS:
            yield from (int(value) for value in each.values)
