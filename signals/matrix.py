"""Revenue x Health: where the money is, and how well it is.

Only paying organizations with a band are in the cells. Paying organizations that are not scored, or that have
no recent activity, stand in the strip beside them; together they are all paying organizations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from signals.health.model import Band
from signals.numbers import rounded

GOOD_FROM = Decimal(70)
# States that replace the band: what was scored without recent activity is no health to take a mean of.
UNBANDED = (Band.NO_ACTIVITY, Band.NOT_SCORED)


class Quadrant(StrEnum):
    """Good or low health, high or low MRR."""

    CHAMPIONS = "champions"
    EXPANSION = "expansion"
    REVENUE_AT_RISK = "revenue_at_risk"
    LOW_VALUE = "low_value"


class Standing(NamedTuple):
    """One organization: its MRR, its score (None when not scored) and its state on lists."""

    organization_id: int
    mrr: Decimal
    score: Decimal | None
    state: Band


@dataclass(frozen=True)
class Cell:
    """Figures of one group; `share` is of the MRR of everybody who pays.

    `mean_mrr` is None without members, `mean_health` also when nobody in it has a band.
    """

    organizations: int
    mrr: Decimal
    share: Decimal
    mean_health: Decimal | None
    mean_mrr: Decimal | None
    organization_ids: tuple[int, ...]


@dataclass(frozen=True)
class Matrix:
    """Four cells and the strip, with the cut lines that made them; `high_from` is None when nobody pays."""

    good_from: Decimal
    high_from: Decimal | None
    cells: Mapping[Quadrant, Cell]
    strip: Cell


@dataclass(frozen=True)
class Move:
    """An organization that changed place; None is outside the cells."""

    organization_id: int
    before: Quadrant | None
    now: Quadrant | None


def median_mrr(amounts: Iterable[Decimal]) -> Decimal | None:
    """Return the median MRR of those who pay, exactly; None when nobody does."""
    paying = [amount for amount in amounts if amount > 0]
    return median(paying) if paying else None


def quadrant(standing: Standing, high_from: Decimal | None, good_from: Decimal = GOOD_FROM) -> Quadrant | None:
    """Return the cell of an organization, None outside. On a cut line it is good, and high."""
    if standing.mrr <= 0 or standing.state in UNBANDED:
        return None
    if standing.score is None or high_from is None:
        return None
    if standing.score >= good_from:
        return Quadrant.CHAMPIONS if standing.mrr >= high_from else Quadrant.EXPANSION
    return Quadrant.REVENUE_AT_RISK if standing.mrr >= high_from else Quadrant.LOW_VALUE


def arrange(standings: Iterable[Standing], good_from: Decimal = GOOD_FROM, high_from: Decimal | None = None) -> Matrix:
    """Sort everybody who pays into cells and strip; `high_from` moves the cut line away from the median."""
    paying = sorted((one for one in standings if one.mrr > 0), key=lambda one: one.organization_id)
    cut = median_mrr(one.mrr for one in paying) if high_from is None else high_from
    everything = sum((one.mrr for one in paying), Decimal(0))
    groups: dict[Quadrant | None, list[Standing]] = {place: [] for place in (*Quadrant, None)}
    for one in paying:
        groups[quadrant(one, cut, good_from)].append(one)
    cells = {place: cell(groups[place], everything) for place in Quadrant}
    return Matrix(good_from, cut, cells, cell(groups[None], everything))


def cell(members: list[Standing], everything: Decimal) -> Cell:
    mrr = sum((one.mrr for one in members), Decimal(0))
    scores = [one.score for one in members if one.score is not None and one.state not in UNBANDED]
    return Cell(
        organizations=len(members),
        mrr=mrr,
        share=rounded(Fraction(mrr) / Fraction(everything), 4) if everything else Decimal("0.0000"),
        mean_health=rounded(Fraction(sum(scores)) / len(scores)) if scores else None,
        mean_mrr=rounded(Fraction(mrr) / len(members)) if members else None,
        organization_ids=tuple(one.organization_id for one in members),
    )


def moves(before: Mapping[int, Quadrant | None], now: Mapping[int, Quadrant | None]) -> list[Move]:
    """List who changed place, by organization id; who is missing on a day was outside."""
    everybody = sorted({*before, *now})
    pairs = (Move(one, before.get(one), now.get(one)) for one in everybody)
    return [move for move in pairs if move.before != move.now]
