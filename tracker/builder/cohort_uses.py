"""A cohort that a saved insight asks for is in use."""

from collections.abc import Collection
from datetime import date

from config.backoffice.ids import read_id
from orgs.cohorts.uses import register_use
from tracker.builder import asking
from tracker.models import SavedInsight


@register_use
def in_insights(cohort_id: int) -> list[str]:
    return [f"the insight “{each}”" for each in SavedInsight.objects.all() if cohort_id in cohorts_of(each)]


def cohorts_of(insight: SavedInsight) -> Collection[int | None]:
    if insight.kind != SavedInsight.Kind.TRENDS:
        return [read_id(insight.definition.get("cohort"))]
    found = asking.judged(insight.definition, insight, date(2000, 1, 1)).description
    return found.cohort_ids() if found else ()
