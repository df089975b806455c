"""Cohorts as their pages, their export and the API show them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from config.backoffice import settings
from orgs.cohorts import definition
from orgs.models import Cohort, CohortMember, Organization
from orgs.totals import Amount

EXPORTED = ("cohort", "kind", "definition", "organizations", "mrr", "currency", "made_by", "computed_at")
NOBODY = Amount(0, Decimal(0))
STATIC = "Organizations that were named in a file."


@dataclass(frozen=True)
class CohortLine:
    """One cohort with its definition in words; members are those of the organizations list, MRR is theirs."""

    cohort: Cohort
    sentence: str
    amount: Amount


def lines(cohorts: Collection[Cohort] | None = None) -> list[CohortLine]:
    """All cohorts by name, or the given ones in their order."""
    found = list(Cohort.objects.select_related("created_by").order_by("name")) if cohorts is None else list(cohorts)
    counted = amounts([each.pk for each in found])
    return [CohortLine(each, in_words(each), counted.get(each.pk, NOBODY)) for each in found]


def line(cohort: Cohort) -> CohortLine:
    return lines([cohort])[0]


def in_words(cohort: Cohort) -> str:
    return STATIC if cohort.kind == Cohort.Kind.STATIC else definition.sentence(cohort.definition)


def amounts(cohort_ids: Collection[int]) -> dict[int, Amount]:
    """Members and their MRR, by cohort; a cohort without members is not in it."""
    listed = CohortMember.objects.filter(
        cohort__in=cohort_ids, organization__in=Organization.objects.with_ids().order_by()
    )
    sums = listed.values("cohort").annotate(count=Count("pk"), mrr=Sum("organization__snapshot__mrr"))
    return {each["cohort"]: Amount(each["count"], each["mrr"] or Decimal(0)) for each in sums}


def export() -> Iterator[list[Any]]:
    currency = settings.read().reporting_currency
    for each in lines():
        cohort = each.cohort
        told = [cohort.name, cohort.get_kind_display(), each.sentence, each.amount.organizations, each.amount.mrr]
        yield [*told, currency, str(cohort.created_by or ""), cohort.computed_at]
