import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.health import DEFAULT_MODEL, Band, ComponentRule, Model, Reading, score
from tests.signals.evidences import AS_OF, ago, evidence, reading

GLOBEX = {
    "last_seen_on": ago(6),
    "active_weekdays_28d": 4,
    "active_users_28d": 9,
    "peak_users": 14,
    "features_used_28d": 4,
    "features_defined": 9,
    "events_28d": 412,
    "events_previous_28d": 1180,
}


def test_everything_at_its_best_is_100():
    best = reading()
    assert best.score == Decimal("100.00")
    assert (best.band, best.state, best.coverage) == (Band.HEALTHY, Band.HEALTHY, Decimal("1.0000"))
    assert best.caps == ()


def test_contributions_of_a_quietly_dying_customer():
    globex = reading(**GLOBEX)
    lines = {line.key: (line.points, line.contribution, line.lost) for line in globex.components}
    assert lines == {
        "recency": (Decimal("82.76"), Decimal("20.69"), Decimal("4.31")),
        "frequency": (Decimal("20.00"), Decimal("5.00"), Decimal("20.00")),
        "users": (Decimal("64.29"), Decimal("12.86"), Decimal("7.14")),
        "features": (Decimal("44.44"), Decimal("4.44"), Decimal("5.56")),
        "trend": (Decimal("0.00"), Decimal("0.00"), Decimal("20.00")),
    }
    assert globex.score == Decimal("42.99")
    assert globex.band is Band.WATCH


def test_lines_are_read_not_decoded():
    words = [line.words for line in reading(**GLOBEX).components]
    assert words == [
        "last event 6 days ago, 82.76 of 100 points, weight 25 → 20.69 of 25",
        "4 of 20 working days, 20 of 100 points, weight 25 → 5 of 25",
        "9 of 14 users at the peak, 64.29 of 100 points, weight 20 → 12.86 of 20",
        "4 of 9 features, 44.44 of 100 points, weight 10 → 4.44 of 10",
        "28-day events 412, previous 1\u202f180: \u221265\u00a0%, 0 of 100 points, weight 20 → 0 of 20",
    ]


def test_each_line_carries_its_raw_value_and_window():
    line = reading(**GLOBEX).component("users")
    assert (line.value, line.count, line.reference) == (Decimal("0.6429"), 9, 14)
    assert line.window == (ago(28), AS_OF)
    assert reading(**GLOBEX).component("recency").window is None


@pytest.mark.parametrize(
    ("days", "points"), [(0, "100.00"), (1, "100.00"), (2, "96.55"), (29, "3.45"), (30, "0.00"), (400, "0.00")]
)
def test_recency(days, points):
    assert reading(last_seen_on=ago(days)).component("recency").points == Decimal(points)


@pytest.mark.parametrize(
    ("now", "points"), [(500, "0.00"), (499, "0.00"), (750, "50.00"), (1000, "100.00"), (2000, "100.00")]
)
def test_trend(now, points):
    assert reading(events_28d=now).component("trend").points == Decimal(points)


def test_seats_replace_the_peak():
    line = reading(active_users_28d=9, peak_users=9, seats=12).component("users")
    assert (line.points, line.fact) == (Decimal("75.00"), "9 of 12 seats")
    assert reading(active_users_28d=9, peak_users=9, seats=0).component("users").points == Decimal("100.00")


# Score of exactly 70: trend at 0, features at 0, all else full; users of 2 000 seats take a hundredth.
SEVENTY = {"distinct_events_28d": 0, "events_28d": 500, "seats": 2000}
# Score of exactly 40: 16 of 20 working days and all users; nobody pays, so no cap.
FORTY = {**SEVENTY, "mrr": Decimal(0), "last_seen_on": ago(30), "active_weekdays_28d": 16}


@pytest.mark.parametrize(
    ("facts", "users", "points", "band"),
    [
        (SEVENTY, 2000, "70.00", Band.HEALTHY),
        (SEVENTY, 1999, "69.99", Band.WATCH),
        (FORTY, 2000, "40.00", Band.WATCH),
        (FORTY, 1999, "39.99", Band.AT_RISK),
    ],
)
def test_lower_bound_belongs_to_the_band(facts, users, points, band):
    found = reading(**facts, active_users_28d=users)
    assert (found.score, found.band) == (Decimal(points), band)


def test_no_recent_activity_replaces_the_band_from_day_30():
    silent, quiet = reading(last_seen_on=ago(30), mrr=Decimal(0)), reading(last_seen_on=ago(29), mrr=Decimal(0))
    assert (silent.state, silent.band, silent.score) == (Band.NO_ACTIVITY, Band.HEALTHY, Decimal("75.00"))
    assert (quiet.state, quiet.score) == (Band.HEALTHY, Decimal("75.86"))


def test_missing_components_hand_their_weight_to_the_others():
    found = reading(events_previous_28d=19, active_weekdays_28d=10)
    assert found.component("trend").missing == "19 events in the previous 28 days, fewer than 20"
    assert found.component("trend").contribution == Decimal("0.00")
    assert found.component("frequency").share == Decimal("31.25")
    assert found.component("frequency").contribution == Decimal("15.63")
    assert found.coverage == Decimal("0.8000")
    assert found.score == Decimal("31.25") + Decimal("15.63") + Decimal("25.00") + Decimal("12.50")


def test_twenty_previous_events_make_a_trend():
    assert reading(events_previous_28d=20).component("trend").points == Decimal("100.00")


def test_coverage_of_exactly_60_percent_is_scored():
    facts = {"events_previous_28d": 0, "peak_users": 0, "active_users_28d": 0}
    at_least = reading(**facts)
    assert (at_least.coverage, at_least.score) == (Decimal("0.6000"), Decimal("100.00"))
    below = reading(**facts, peak_distinct_events=0, distinct_events_28d=0)
    assert (below.coverage, below.score, below.band) == (Decimal("0.5000"), None, None)
    assert below.state is Band.NOT_SCORED


def test_an_organization_never_seen_has_no_score():
    never = reading(first_seen_on=None, last_seen_on=None)
    assert (never.score, never.coverage, never.state) == (None, Decimal("0.0000"), Band.NO_ACTIVITY)
    assert {line.missing for line in never.components} == {"never seen"}
    assert never.caps == ()


def test_judged_from_the_seventh_day_on():
    young = reading(first_seen_on=ago(6))
    assert (young.score, young.state) == (None, Band.NOT_SCORED)
    assert young.component("recency").missing == "first seen 6 days ago, judged from 7 days on"
    assert reading(first_seen_on=ago(7)).score == Decimal("100.00")


def test_onboarding_leaves_out_trend_and_own_peak():
    found = reading(first_seen_on=ago(29), active_weekdays_28d=10, active_users_28d=1)
    assert found.onboarding
    assert found.coverage == Decimal("1.0000")
    assert found.score == Decimal("75.00")
    assert [line.key for line in found.components if not line.missing] == ["recency", "frequency"]


def test_onboarding_keeps_seats_and_defined_features():
    found = reading(first_seen_on=ago(10), seats=20, features_defined=4, features_used_28d=1)
    assert [line.contribution for line in found.components] == [
        Decimal("31.25"),
        Decimal("31.25"),
        Decimal("12.50"),
        Decimal("3.13"),
        Decimal("0.00"),
    ]
    assert found.score == Decimal("78.13")


def test_onboarding_ends_on_day_30():
    assert not reading(first_seen_on=ago(30)).onboarding


def test_paying_and_silent_is_capped_at_30():
    found = reading(last_seen_on=ago(30))
    assert [(line.key, line.at_most, line.taken) for line in found.caps] == [("silent", Decimal(30), Decimal("-45.00"))]
    assert found.score == Decimal("30.00")
    assert found.caps[0].words == "paying and no event in 30 days"
    assert reading(last_seen_on=ago(29)).caps == ()


@pytest.mark.parametrize(
    ("now", "before", "points", "taken"),
    [
        (399, 1000, "69.00", "-11.00"),
        (400, 1000, "80.00", None),
        (79, 200, "69.00", "-11.00"),
        (78, 199, "80.00", None),
    ],
)
def test_a_sharp_drop_is_capped_at_69(now, before, points, taken):
    found = reading(events_28d=now, events_previous_28d=before)
    assert found.score == Decimal(points)
    assert [line.taken for line in found.caps] == ([Decimal(taken)] if taken else [])


def test_the_strictest_cap_stands_alone():
    found = reading(last_seen_on=ago(30), events_28d=0)
    assert [line.key for line in found.caps] == ["silent"]
    assert found.score == Decimal("30.00")


def test_a_cap_that_takes_nothing_has_no_line():
    assert reading(last_seen_on=ago(40), active_weekdays_28d=0, events_28d=0, active_users_28d=0).caps == ()


def test_the_scale_ends_at_100_when_rounded_shares_exceed_it():
    model = replace(DEFAULT_MODEL, trend=ComponentRule(Decimal(5), Decimal(0), Decimal(1)))
    found = score(evidence(active_users_28d=0, peak_users=0, events_previous_28d=0), model)
    assert [line.share for line in found.components[:2]] == [Decimal("41.67"), Decimal("41.67")]
    assert found.component("features").share == Decimal("16.67")
    assert [(line.key, line.taken) for line in found.caps] == [("scale", Decimal("-0.01"))]
    assert found.score == Decimal("100.00")


def test_a_reading_survives_json():
    found = reading(**GLOBEX)
    assert Reading.from_json(json.loads(json.dumps(found.to_json())), DEFAULT_MODEL) == found
    capped = reading(last_seen_on=ago(31))
    assert Reading.from_json(json.loads(json.dumps(capped.to_json())), DEFAULT_MODEL) == capped


counts = st.integers(0, 3000)
evidences = st.builds(
    evidence,
    first_seen_on=st.one_of(st.none(), st.integers(0, 400).map(ago)),
    last_seen_on=st.one_of(st.none(), st.integers(0, 60).map(ago)),
    active_weekdays_28d=st.integers(0, 20),
    active_users_28d=counts,
    peak_users=counts,
    seats=st.one_of(st.none(), counts),
    events_28d=counts,
    events_previous_28d=counts,
    distinct_events_28d=counts,
    peak_distinct_events=counts,
    features_used_28d=st.integers(0, 9),
    features_defined=st.sampled_from([0, 9]),
    mrr=st.sampled_from([Decimal(0), Decimal(99)]),
)
weights = st.decimals("0.01", "100", places=2)
models = st.builds(
    lambda five: Model(
        **{
            key: replace(DEFAULT_MODEL.rule(key), weight=weight)
            for key, weight in zip(("recency", "frequency", "users", "features", "trend"), five, strict=True)
        }
    ),
    st.tuples(*[weights] * 5),
)


@given(evidences, models)
def test_the_lines_add_up_exactly_and_the_same_facts_give_the_same_bytes(facts, model):
    found = score(facts, model)
    total = sum(line.contribution for line in found.components) + sum(line.taken for line in found.caps)
    assert 0 <= total <= 100
    assert found.score in (None, total)
    known = sum(line.weight for line in found.components if not line.missing)
    counted = sum(line.weight for line in found.components if not line.missing.startswith("left out"))
    assert (found.score is None) == (found.band is None) == (known < Decimal("0.6") * counted)
    assert all(0 <= line.contribution <= line.share and line.lost >= 0 for line in found.components)
    assert json.dumps(score(facts, model).to_json()) == json.dumps(found.to_json())


def test_one_user_who_is_everybody_has_all_points():
    assert reading(active_users_28d=1, peak_users=1).component("users").points == 100


def test_one_day_old_is_not_judged_and_does_not_count_as_silent():
    found = reading(first_seen_on=ago(1), last_seen_on=ago(1), events_28d=5, events_previous_28d=0)
    assert (found.score, found.state) == (None, Band.NOT_SCORED)


def test_without_revenue_silence_is_not_capped():
    silent = {"last_seen_on": ago(30)}
    assert (reading(mrr=Decimal(0), **silent).caps, len(reading(**silent).caps)) == ((), 1)
