"""One field of an event at a time."""

import pytest

from tracker import fields
from tracker.incoming import BadEvent


@pytest.mark.parametrize(
    ("body", "plan"),
    [
        ({"plan": "pro", "properties": {"plan": "starter"}}, "pro"),
        ({"properties": {"plan": "starter"}, "context": {"traits": {"plan": "team"}}}, "starter"),
        ({"properties": {"plan": 7}, "context": {"traits": {"plan": "team"}}}, "team"),
        ({"context": {"traits": {"plan": "team"}}}, "team"),
        ({"context": {"traits": {"plan": "a\x00b"}}}, None),
        ({"context": {"traits": {"plan": "p" * 65}}}, None),
        ({"context": {"traits": ["plan"]}, "properties": "plan"}, None),
        ({"context": "traits"}, None),
        ({}, None),
    ],
)
def test_where_the_plan_stands(body, plan):
    assert fields.plan(body.get("plan"), body.get("properties"), body.get("context")) == plan


@pytest.mark.parametrize("value", [7, "", "p" * 65, "a\x00b", "\ud800"])
def test_the_field_itself_is_refused_when_it_is_no_plan(value):
    with pytest.raises(BadEvent) as refused:
        fields.plan(value, None, None)
    assert refused.value.field == "plan"
