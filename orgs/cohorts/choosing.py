"""A cohort as the filter of a page: which there are, which one the address names, and who is in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import QuerySet

from config.backoffice.ids import read_id
from orgs.models import Cohort, CohortMember

PARAMETER = "cohort"


@dataclass(frozen=True)
class CohortChoice:
    """`chosen` None: every organization. One that is gone has no members."""

    chosen: int | None
    names: dict[int, str]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read the address line."""
        return cls(read_id(query.get(PARAMETER)), dict(Cohort.objects.values_list("pk", "name")))

    @property
    def word(self) -> str:
        """What the chip says; empty without a choice."""
        return "" if self.chosen is None else self.names.get(self.chosen, "An unknown cohort")

    @property
    def query(self) -> str:
        """To go on an address that has other parameters."""
        return "" if self.chosen is None else f"&{PARAMETER}={self.chosen}"


def member_ids(cohort_id: int | None) -> QuerySet | None:
    """Ids of the organizations that are in a cohort, for a query to look in; None, everybody, without one."""
    if cohort_id is None:
        return None
    return CohortMember.objects.filter(cohort=cohort_id).values_list("organization_id", flat=True)


def members(cohort_id: int | None) -> frozenset[int] | None:
    """The same, read."""
    found = member_ids(cohort_id)
    return None if found is None else frozenset(found)


def within(found: Iterable[Any], among: frozenset[int] | None) -> list[Any]:
    """Of rows that have an `organization_id` those of the members; all for everybody."""
    return [each for each in found if among is None or each.organization_id in among]
