"""A cohort that a saved insight asks for is in use."""

from datetime import date

from orgs.cohorts.uses import register_use
from tracker.builder import asking
from tracker.models import SavedInsight


@register_use
def in_insights(cohort_id: int) -> list[str]:
    today, kept = date(2000, 1, 1), SavedInsight.objects.filter(kind=SavedInsight.Kind.TRENDS)
    asked = [(each, asking.judged(each.definition, each, today).description) for each in kept]
    return [f"the insight “{each}”" for each, found in asked if found and cohort_id in found.cohort_ids()]
