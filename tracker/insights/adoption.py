"""Which organization uses which feature: the matrix of used and not used."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from tracker.adoption import Use, uses
from tracker.models import Feature


@dataclass(frozen=True)
class Matrix:
    """`rows` by organization id: for each feature, in the order of `features`, its use, or None where there is none."""

    features: tuple[Feature, ...]
    rows: dict[int, tuple[Use | None, ...]]


def matrix(as_of: date, organization_ids: Collection[int]) -> Matrix:
    """Active features by name, used or not by each of the organizations in the feature's window before `as_of`."""
    features = tuple(Feature.objects.active())
    used = {(each.organization_id, each.feature_id): each for each in uses(as_of, organization_ids)}
    rows = {each: tuple(used.get((each, feature.pk)) for feature in features) for each in organization_ids}
    return Matrix(features, rows)
