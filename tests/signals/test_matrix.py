from decimal import Decimal

import pytest

from orgs.models import Band as ListedBand
from orgs.models import Quadrant as ListedQuadrant
from signals.health import Band
from signals.matrix import Move, Quadrant, Standing, arrange, median_mrr, moves, quadrant


def standing(number, mrr, score, state=Band.WATCH):
    return Standing(number, Decimal(mrr), None if score is None else Decimal(score), state)


EVERYBODY = [
    standing(1, "400", "90.00"),
    standing(2, "100", "70.00"),
    standing(3, "300", "69.99"),
    standing(4, "100", "10.00"),
    standing(5, "600", None, Band.NOT_SCORED),
    standing(6, "500", "20.00", Band.NO_ACTIVITY),
    standing(7, "0", "95.00"),
    standing(8, "50", "30.00"),
]


@pytest.mark.parametrize(
    ("amounts", "median"),
    [(["100", "0", "300"], "200"), (["1", "2", "10"], "2"), (["0.01", "0.02"], "0.015"), (["0"], None), ([], None)],
)
def test_median_of_those_who_pay(amounts, median):
    assert median_mrr(map(Decimal, amounts)) == (None if median is None else Decimal(median))


@pytest.mark.parametrize(
    ("mrr", "score", "place"),
    [
        ("300", "70.00", Quadrant.CHAMPIONS),
        ("299.99", "70.00", Quadrant.EXPANSION),
        ("300", "69.99", Quadrant.REVENUE_AT_RISK),
        ("299.99", "69.99", Quadrant.LOW_VALUE),
    ],
)
def test_a_tie_is_good_and_high(mrr, score, place):
    assert quadrant(standing(1, mrr, score), Decimal("300")) is place


@pytest.mark.parametrize(
    ("mrr", "score", "state"),
    [
        ("0", "90.00", Band.HEALTHY),
        ("500", None, Band.NOT_SCORED),
        ("500", None, Band.NO_ACTIVITY),
        ("500", "30.00", Band.NO_ACTIVITY),
    ],
)
def test_outside_the_cells(mrr, score, state):
    assert quadrant(standing(1, mrr, score, state), Decimal("300")) is None


def test_cells_and_strip_hold_everybody_who_pays_once():
    matrix = arrange(reversed(EVERYBODY))
    # 50 100 100 300 400 500 600: the median counts those in the strip too.
    assert matrix.high_from == Decimal("300")
    assert {place: cell.organization_ids for place, cell in matrix.cells.items()} == {
        Quadrant.CHAMPIONS: (1,),
        Quadrant.EXPANSION: (2,),
        Quadrant.REVENUE_AT_RISK: (3,),
        Quadrant.LOW_VALUE: (4, 8),
    }
    assert matrix.strip.organization_ids == (5, 6)
    # A score without recent activity makes no mean: these two have no band.
    assert matrix.strip.mean_health is None
    assert sum(cell.mrr for cell in matrix.cells.values()) + matrix.strip.mrr == Decimal("2050")


def test_figures_of_a_cell():
    low = arrange(EVERYBODY).cells[Quadrant.LOW_VALUE]
    assert (low.organizations, low.mrr, low.share) == (2, Decimal("150"), Decimal("0.0732"))
    assert (low.mean_health, low.mean_mrr) == (Decimal("20.00"), Decimal("75.00"))


def test_cut_lines_can_be_moved():
    matrix = arrange(EVERYBODY, good_from=Decimal("69.99"), high_from=Decimal("400"))
    assert (matrix.good_from, matrix.high_from) == (Decimal("69.99"), Decimal("400"))
    assert matrix.cells[Quadrant.CHAMPIONS].organization_ids == (1,)
    assert matrix.cells[Quadrant.EXPANSION].organization_ids == (2, 3)


def test_nobody_pays():
    matrix = arrange([standing(7, "0", "95.00")])
    assert matrix.high_from is None
    assert matrix.strip.organizations == 0
    assert matrix.cells[Quadrant.CHAMPIONS].mean_health is None
    assert matrix.cells[Quadrant.CHAMPIONS].share == Decimal("0.0000")


def test_who_moved():
    before = {1: Quadrant.CHAMPIONS, 2: Quadrant.EXPANSION, 3: None}
    now = {1: Quadrant.REVENUE_AT_RISK, 2: Quadrant.EXPANSION, 4: Quadrant.LOW_VALUE}
    assert moves(before, now) == [
        Move(1, Quadrant.CHAMPIONS, Quadrant.REVENUE_AT_RISK),
        Move(4, None, Quadrant.LOW_VALUE),
    ]


def test_lists_and_verdicts_use_the_same_keys():
    assert ListedBand.values == [band.value for band in Band]
    assert ListedQuadrant.values == [place.value for place in Quadrant]
