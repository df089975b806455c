"""Who uses which feature and who never tried it: organizations by features, each feature in its own window.

The window of a feature ends with the day before `as_of`; production only. Rows are the organizations with any event in
the longest window, so that a feature's share is of those who could have used it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from django.db.models import F, QuerySet

from config.backoffice.ids import read_id
from config.backoffice.refused import plain
from orgs import scopes
from orgs.models import Organization
from tracker import adoption
from tracker.adoption import Adoption, Use
from tracker.fields import PRODUCTION
from tracker.models import Feature, UsageDay

WINDOW = 28
OWNERS = {"me": scopes.MINE, "team": scopes.TEAM}
USES = {"used": "used", "not_used": "not used", "adopted": "adopted", "not_adopted": "used, not adopted"}
LONGEST_SEARCH = 255


@dataclass(frozen=True)
class MatrixFilter:
    """Which organizations are shown; unknown values are dropped, never an error."""

    q: str = ""
    owner: str = ""
    cohort: int | None = None
    feature: int | None = None
    use: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read the address line. What a feature must be needs a feature."""
        owner, feature = query.get("owner", ""), read_id(query.get("feature"))
        use = query.get("use", "")
        return cls(
            q=plain(query.get("q", ""))[:LONGEST_SEARCH],
            owner=owner if owner in (*OWNERS, "nobody") else "",
            cohort=read_id(query.get("cohort")),
            feature=feature,
            use=(use if use in USES else "used") if feature else "",
        )


@dataclass(frozen=True)
class MatrixRow:
    """One organization: for each column its use, None when the feature was not used in its window."""

    organization: Organization
    uses: tuple[Use | None, ...]

    @property
    def mrr(self) -> Decimal | None:
        """None until its snapshot is computed."""
        snapshot = getattr(self.organization, "snapshot", None)
        return snapshot and snapshot.mrr

    @property
    def used(self) -> int:
        return sum(each is not None for each in self.uses)


@dataclass(frozen=True)
class Matrix:
    """Organizations by MRR, largest first, with their uses by (organization id, feature id)."""

    as_of: date
    features: list[Feature]
    organization_ids: list[int]
    uses: Mapping[tuple[int, int], Use]

    @cached_property
    def columns(self) -> list[Adoption]:
        """Of the shown organizations."""
        counted, of = adoption.counted(self.uses.values()), len(self.organization_ids)
        return [Adoption(each, *counted(each), of) for each in self.features]

    @property
    def used_on_average(self) -> float | None:
        """Features that one of these organizations uses."""
        return len(self.uses) / len(self.organization_ids) if self.organization_ids else None

    def rows(self, organizations: Iterable[Organization]) -> list[MatrixRow]:
        return [
            MatrixRow(org, tuple(self.uses.get((org.pk, feature.pk)) for feature in self.features))
            for org in organizations
        ]


def matrix(chosen: MatrixFilter, as_of: date, *, user: Any) -> Matrix:
    """The whole matrix under a filter; a page of it is `rows` of the organizations of that page."""
    features = list(Feature.objects.active())
    ids = list(organizations(chosen, as_of, features, user=user).values_list("pk", flat=True))
    is_narrowed = chosen.q or chosen.owner or chosen.cohort
    uses = {
        (each.organization_id, each.feature_id): each
        for each in adoption.uses(as_of, ids if is_narrowed else None)
        if each.events
    }
    if chosen.feature:
        ids = [each for each in ids if meets(uses.get((each, chosen.feature)), chosen.use)]
    shown = set(ids)
    return Matrix(as_of, features, ids, {key: each for key, each in uses.items() if key[0] in shown})


def organizations(chosen: MatrixFilter, as_of: date, features: list[Feature], *, user: Any) -> QuerySet[Organization]:
    """Those with any event in the window of the chosen feature, or in the longest one."""
    windows = [each.window_days for each in features if chosen.feature in (None, each.pk)]
    since = as_of - timedelta(days=max(windows, default=WINDOW))
    active = UsageDay.objects.filter(environment=PRODUCTION, day__gte=since, day__lt=as_of)
    found = Organization.objects.filter(pk__in=active.order_by().values("key__organization"))
    if chosen.q:
        found = found.matching(chosen.q)
    if chosen.owner == "nobody":
        found = found.filter(owner=None)
    elif chosen.owner:
        found = found.in_scope(OWNERS[chosen.owner], user)
    if chosen.cohort:
        found = found.in_cohort(chosen.cohort)
    return found.order_by(F("snapshot__mrr").desc(nulls_last=True), "pk")


def meets(use: Use | None, wanted: str) -> bool:
    if wanted == "not_used":
        return use is None
    if use is None:
        return False
    return {"used": True, "adopted": use.is_adopted, "not_adopted": not use.is_adopted}[wanted]


def loaded(ids: Iterable[int]) -> list[Organization]:
    """The organizations of these ids, in their order, with what the page shows of them."""
    found = Organization.objects.select_related("snapshot", "owner").in_bulk(list(ids))
    return [found[each] for each in ids if each in found]


def header(found: Matrix) -> list[str]:
    names = [each.name for each in found.features]
    return ["external_org_id", "display_name", "owner", "mrr", "features_used", "features", *names]


CHUNK = 500


def export(found: Matrix) -> Iterator[list[Any]]:
    """One row an organization; of each feature the uses in its window, empty for none."""
    for start in range(0, len(found.organization_ids), CHUNK):
        for row in found.rows(loaded(found.organization_ids[start : start + CHUNK])):
            org = row.organization
            about = [org.external_id, org.display_name, str(org.owner or ""), row.mrr]
            yield [*about, row.used, len(row.uses), *(each and each.events for each in row.uses)]
