from decimal import Decimal

import pytest

from signals.configuration import ConfigurationError
from signals.health import DEFAULT_MODEL, Model
from signals.rules import RULES, data_incident


def test_the_default_model_survives_json():
    data = DEFAULT_MODEL.to_json()
    assert data["recency"] == {"weight": "25", "zero_at": "30", "full_at": "1"}
    assert data["minimum_age_days"] == 7
    assert "label" not in data
    assert Model.from_json(data) == DEFAULT_MODEL
    assert DEFAULT_MODEL.total_weight == Decimal(100)


def test_missing_numbers_take_their_default():
    model = Model.from_json({"trend": {"weight": "40"}})
    assert model.trend.weight == Decimal(40)
    assert model.trend.zero_at == Decimal(0)
    assert model.recency == DEFAULT_MODEL.recency


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        ({"trend": {"weight": "0"}}, {"trend.weight": "0 is too small; give a number above 0."}),
        ({"trend": {"weight": "much"}}, {"trend.weight": "'much' is not a number; give one such as 25 or 0.7."}),
        ({"trend": {"weight": "NaN"}}, {"trend.weight": "NaN is not a number; give a finite one."}),
        ({"trend": {"weight": True}}, {"trend.weight": "True is not a number; give one such as 25 or 0.7."}),
        (
            {"no_activity_days": "14.5"},
            {"no_activity_days": "'14.5' is not a whole number; give one such as 14."},
        ),
        ({"silent_cap": "101"}, {"silent_cap": "101 is too large; give 100 or less."}),
        ({"drop_cap": "69.995"}, {"drop_cap": "69.995 has too many decimals; give at most 2."}),
        ({"healthy_from": "70.1234567"}, {"healthy_from": "70.1234567 has too many decimals; give at most 6."}),
        (
            {"trend": {"weight": "1e-20000"}},
            {"trend.weight": "'1e-20000' is out of every range; give one such as 25 or 0.7."},
        ),
        (
            {"minimum_age_days": "1e9999999"},
            {"minimum_age_days": "'1e9999999' is out of every range; give one such as 25 or 0.7."},
        ),
        ({"watch_from": "70"}, {"watch_from": "70 must be below Healthy from (70)."}),
        (
            {"trend": {"weight": "20", "zero_at": "1", "full_at": "1"}},
            {"trend.zero_at": "1 must be below 100 points at (1)."},
        ),
        (
            {"recency": {"weight": "20", "zero_at": "1", "full_at": "30"}},
            {"recency.zero_at": "1 must be above 100 points at (30)."},
        ),
        (
            {"recency": {"weight": "20", "zero_at": "7", "full_at": "7"}},
            {"recency.zero_at": "7 must be above 100 points at (7)."},
        ),
        ({"trend": 5}, {"trend": "expected an object with numbers, got 5."}),
    ],
)
def test_every_problem_is_named(data, problems):
    with pytest.raises(ConfigurationError) as error:
        Model.from_json(data)
    assert error.value.problems == problems


def test_an_unknown_number_is_refused():
    with pytest.raises(ConfigurationError) as error:
        RULES[0].thresholds.from_json({"health_under": "40"})
    assert error.value.problems == {"health_under": "unknown; known are health_below."}


@pytest.mark.parametrize("kind", [*(rule.thresholds for rule in RULES), data_incident.Thresholds])
def test_default_thresholds_survive_json(kind):
    assert kind.from_json(kind().to_json()) == kind()


def test_a_float_is_read_as_it_is_written():
    assert RULES[1].thresholds.from_json({"ratio_below": 0.7}).ratio_below == Decimal("0.7")
