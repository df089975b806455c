"""What a question can be made of is asked at random somewhere: whoever adds a choice adds it to the random worlds."""

import pytest

from tests.tracker.insights import worlds
from tracker.insights.description import (
    Current,
    Display,
    Field,
    Interval,
    Kind,
    Math,
    Of,
    Operator,
)

DRAWN = {
    Math: {*worlds.COUNTS, *worlds.NUMERIC, "unique_values"},
    Operator: {*worlds.OPERANDS, *worlds.SAME_OPERAND},
    Interval: worlds.INTERVALS,
    Display: worlds.DISPLAYS,
    Kind: worlds.KINDS,
    Current: worlds.CURRENT,
    Field: worlds.FIELDS,
    Of: worlds.OWNERS,
}


@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: kind.__name__)
def test_every_choice_is_asked_at_random(kind):
    assert {str(each) for each in kind} == set(DRAWN[kind])
