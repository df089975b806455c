from dataclasses import replace
from decimal import Decimal

from hypothesis import given

from signals.health import DEFAULT_MODEL, ComponentRule, compare, score
from tests.signals.evidences import ago, evidence, reading
from tests.signals.test_health import evidences, models


def test_difference_by_component():
    changed = compare(reading(), reading(active_weekdays_28d=12, events_28d=750))
    assert changed.difference == Decimal("-20.00")
    assert {line.key: line.difference for line in changed.lines} == {
        "recency": Decimal("0.00"),
        "frequency": Decimal("-10.00"),
        "users": Decimal("0.00"),
        "features": Decimal("0.00"),
        "trend": Decimal("-10.00"),
    }
    assert changed.lines[1].words == "20 of 20 working days → 12 of 20 working days"
    assert changed.lines[0].words == "last event yesterday"
    assert changed.model is None


def test_a_new_model_is_its_own_line():
    heavy = replace(DEFAULT_MODEL, trend=ComponentRule(Decimal(120), Decimal("0.5"), Decimal(1)), label="v2")
    old = score(evidence(events_28d=750), replace(DEFAULT_MODEL, label="v1"))
    new = score(evidence(events_28d=600), heavy)
    changed = compare(old, new)
    # Under v2 trend has 60 of 100: old facts 40 + 30 = 70 instead of 90; new facts 40 + 12 = 52.
    assert (old.score, new.score) == (Decimal("90.00"), Decimal("52.00"))
    assert changed.model.title == "Model v1 → v2"
    assert changed.model.difference == Decimal("-20.00")
    assert [line.difference for line in changed.behaviour if line.difference] == [Decimal("-18.00")]


def test_the_same_numbers_under_a_new_label_are_no_change_of_model():
    assert compare(reading(), score(evidence(), replace(DEFAULT_MODEL, label="v9"))).model is None


def test_the_end_of_onboarding_is_not_behaviour():
    young = reading(first_seen_on=ago(29), active_users_28d=5, events_previous_28d=0)
    grown = reading(first_seen_on=ago(30), active_users_28d=5, events_previous_28d=0)
    changed = compare(young, grown)
    # Recency and frequency 100; users at half their peak weigh 25 of 100 once the peak counts.
    assert (young.score, grown.score) == (Decimal("100.00"), Decimal("87.50"))
    assert changed.model.title == "Model default (onboarding) → default"
    assert changed.model.difference == Decimal("-12.50")
    assert all(line.difference == 0 for line in changed.behaviour)


def test_a_cap_is_its_own_line_when_it_begins_and_when_it_ends():
    begun = compare(reading(last_seen_on=ago(29)), reading(last_seen_on=ago(30)))
    assert {line.key: line.difference for line in begun.lines if line.difference} == {
        "recency": Decimal("-0.86"),
        "cap:silent": Decimal("-45.00"),
    }
    ended = compare(reading(last_seen_on=ago(30)), reading())
    line = ended.lines[-1]
    assert (line.difference, line.words) == (Decimal("45.00"), "no longer at most 30")


def test_without_a_score_on_both_days_there_is_nothing_to_compare():
    changed = compare(reading(first_seen_on=ago(3)), reading())
    assert (changed.before, changed.now, changed.difference) == (None, Decimal("100.00"), None)
    assert changed.lines == ()


@given(evidences, evidences, models, models)
def test_the_lines_add_up_exactly(then, now, old_model, new_model):
    changed = compare(score(then, old_model), score(now, new_model))
    if changed.difference is not None:
        assert sum(line.difference for line in changed.lines) == changed.difference == changed.now - changed.before
