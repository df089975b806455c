"""What funnel, retention and lifecycle say about one organization."""

from datetime import date

import pytest

from tracker.builder import alone
from tracker.insights.description import Interval
from tracker.insights.funnels import Funnel, Step
from tracker.insights.lifecycle import Lifecycle, Stage
from tracker.insights.retention import Cohort, Retention

JAN, FEB, MAR, APR = (date(2024, month, 1) for month in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 0, 0), "It did not begin with “a” in this time"),
        ((1, 0, 0), "It came as far as “a”, step 1 of 3; “b” did not follow"),
        ((1, 1, 0), "It came as far as “b”, step 2 of 3; “c” did not follow"),
        ((1, 1, 1), "It came all the way to “c”"),
    ],
)
def test_how_far_it_came(counts, said):
    found = Funnel(tuple(Step(name, count, None, None) for name, count in zip("abc", counts, strict=True)))
    assert alone.reached(found, "abc") == said


@pytest.mark.parametrize(
    ("cohorts", "said"),
    [
        ((Cohort(JAN, 0, (0, 0)), Cohort(FEB, 0, (0,))), "It did not begin in this time: it began earlier, or never"),
        (
            (Cohort(JAN, 0, (0, 0)), Cohort(FEB, 1, (1,))),
            "It began in the month of Feb 2024, which is the last of this time",
        ),
        (
            (Cohort(JAN, 1, (1, 0, 1, 1)),),
            "It began in the month of Jan 2024 and came back in 2 of the 3\u00a0months after",
        ),
    ],
)
def test_when_it_came_back(cohorts, said):
    assert alone.came_back(Retention(cohorts, False), Interval.MONTH) == said


def stages(*words: str) -> Lifecycle:
    kinds = ("new", "returning", "resurrecting", "dormant")
    days = (JAN, FEB, MAR, APR)
    return Lifecycle(
        tuple(Stage(day, *(int(word == kind) for kind in kinds)) for day, word in zip(days, words, strict=False)), False
    )


@pytest.mark.parametrize(
    ("lived", "said"),
    [
        (stages("", ""), "It was not active in this time"),
        (stages("dormant", ""), "It was not active in this time"),
        (stages("returning", "returning"), "It was active in 2 of 2\u00a0months"),
        (
            stages("", "new", "dormant", ""),
            "It was active in 1 of 4\u00a0months, new in the month of Feb 2024, silent since the month of Mar 2024",
        ),
        (stages("new", "dormant", "resurrecting"), "It was active in 2 of 3\u00a0months, new in the month of Jan 2024"),
    ],
)
def test_how_it_lived(lived, said):
    assert alone.lived(lived, Interval.MONTH) == said
