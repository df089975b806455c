"""Features: what counts as a use, counted exactly whenever the rules were written, and who uses what."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from config.backoffice import settings
from config.backoffice.models import AuditEntry
from orgs.models import Organization, OrganizationKey, OrganizationTouch
from tests.factories import application
from tests.tracker.test_rollups import NOW, event, put
from tracker import adoption, features, rollups
from tracker.features import Rule
from tracker.models import Event, Feature, FeatureDay, FeatureMonth, FeatureRule, RollupCursor

pytestmark = pytest.mark.django_db
AS_OF = date(2026, 3, 11)
U, V = b"u" * 32, b"v" * 32


def define(name: str, *rules: Rule, now: datetime = NOW, **values) -> Feature:
    return features.save(Feature(name=name, **values), rules, actor=None, now=now)


def days(feature: Feature) -> list[tuple]:
    rows = FeatureDay.objects.filter(feature=feature).order_by("day", "environment", "key__external_id")
    return list(rows.values_list("key__external_id", "environment", "day", "events", "users"))


def masks(feature: Feature) -> set[tuple]:
    rows = FeatureMonth.objects.filter(feature=feature).values_list("key__external_id", "month", "user_hash", "days")
    return {(key, month, bytes(user), bits) for key, month, user, bits in rows}


def test_a_use_is_an_event_that_meets_every_condition_of_a_rule():
    app = application()
    assistant = Rule(event="ai_call", property_name="feature", property_value="assistant")
    feature = define("Assistant", assistant, Rule(path_prefix="/assistant"))
    put(
        app,
        [
            event(name="ai_call", path=None, properties='{"feature":"assistant"}'),
            event(name="ai_call", path=None, properties='{"feature":"summary"}'),
            event(name="ai_call", path=None),
            event(name="opened", path=None, properties='{"feature":"assistant"}'),
            event(name="opened", path="/assistant/chat?x=1", user_hash=V),
            event(name="ai_call", path="/assistant", properties='{"feature":"assistant"}'),  # both rules: one use
            event(name="opened", path="/help/assistant"),
            event(name="$identify", path="/assistant"),
            event(name="opened", path="/assistant", external_id=None),
            event(name="opened", path="/assistant", user_hash=None),
        ],
    )
    features.count_waiting(NOW)
    assert days(feature) == []  # nothing is rolled up yet, and nothing runs ahead of it
    rollups.roll_up(NOW)
    assert days(feature) == [("org", "production", date(2026, 3, 10), 4, 2)]
    assert masks(feature) == {("org", date(2026, 3, 1), U, 1 << 9), ("org", date(2026, 3, 1), V, 1 << 9)}


@pytest.mark.parametrize(
    ("properties", "value", "is_use"),
    [
        ('{"n":5}', "5", True),
        ('{"n":true}', "true", True),
        ('{"n":"5"}', "5", True),
        ('{"n":null}', "null", False),
        ('{"n":"Pro"}', "pro", False),
        ('{"m":"5"}', "5", False),
    ],
)
def test_a_property_compares_as_text(properties, value, is_use):
    define("F", Rule(property_name="n", property_value=value))
    features.count_waiting(NOW)
    put(application(), [event(properties=properties)])
    rollups.roll_up(NOW)
    assert FeatureDay.objects.exists() is is_use


def test_a_feature_defined_later_counts_what_came_before():
    app = application()
    put(app, [event(NOW - timedelta(days=40)), event(), event(name="saved")])
    rollups.roll_up(NOW)
    feature = define("Opening", Rule(event="opened"))
    put(app, [event(user_hash=V)])
    rollups.roll_up(NOW)
    assert days(feature) == []
    assert features.count_waiting(NOW) == ["Opening"]
    expected = [("org", "production", date(2026, 1, 29), 1, 1), ("org", "production", date(2026, 3, 10), 2, 2)]
    assert days(feature) == expected
    assert features.count_waiting(NOW) == []
    put(app, [event()])
    rollups.roll_up(NOW)
    assert days(feature)[-1] == ("org", "production", date(2026, 3, 10), 3, 2)


def test_other_rules_count_anew_and_leave_days_whose_raw_events_are_gone():
    app = application()
    feature = define("Sharing", Rule(event="opened"))
    features.count_waiting(NOW)
    put(app, [event(NOW - timedelta(days=8)), event(NOW - timedelta(days=3)), event(), event(name="shared")])
    rollups.roll_up(NOW)
    gone = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
    Event.objects.filter(occurred_at__lt=gone).delete()
    RollupCursor.objects.update(raw_since=gone)

    features.save(feature, [Rule(event="shared")], actor=None, now=NOW)
    assert OrganizationTouch.objects.filter(reason="features").exists()
    before = days(feature)
    assert len(before) == 3  # until it is counted anew, the former count stands
    put(app, [event()])
    rollups.roll_up(NOW)
    assert days(feature) == before
    features.count_waiting(NOW)
    assert days(feature) == [
        ("org", "production", date(2026, 3, 2), 1, 1),
        ("org", "production", date(2026, 3, 10), 1, 1),
    ]
    assert masks(feature) == {("org", date(2026, 3, 1), U, 1 << 1 | 1 << 9)}
    feature.refresh_from_db()
    assert feature.counted_since == date(2026, 3, 6)


def test_what_moved_while_a_feature_was_counted_leaves_it_for_the_next_run():
    feature = define("Opening", Rule(event="opened"))
    put(application(), [event()])
    rollups.roll_up(NOW)
    stale = Feature.objects.get()
    feature.description = "Changed in between"
    features.save(feature, [Rule(event="opened")], actor=None, now=NOW)
    with pytest.raises(features.Moved):
        features.count_anew(stale, NOW)
    assert not FeatureDay.objects.exists()
    assert features.count_waiting(NOW) == ["Opening"]
    assert days(feature) == [("org", "production", date(2026, 3, 10), 1, 1)]


def test_a_new_zone_counts_features_anew_too():
    feature = define("Opening", Rule(event="opened"))
    features.count_waiting(NOW)
    put(application(), [event(datetime(2026, 3, 10, 2, 0, tzinfo=UTC))])
    rollups.roll_up(NOW)
    settings.change({"time_zone": "America/New_York"}, actor=None, now=NOW)
    rollups.roll_up(NOW)
    assert days(feature) == [("org", "production", date(2026, 3, 9), 1, 1)]


def test_a_change_that_touches_no_rule_keeps_the_count():
    feature = define("Opening", Rule(event="opened"))
    features.count_waiting(NOW)
    feature.refresh_from_db()
    feature.minimum_uses = 3
    features.save(feature, [Rule(event="opened")], actor=None, now=NOW)
    assert Feature.objects.counted().get() == feature
    feature.is_active = False
    features.save(feature, [Rule(event="opened")], actor=None, now=NOW)
    feature.is_active = True
    features.save(feature, [Rule(event="opened")], actor=None, now=NOW)
    assert Feature.objects.waiting().get() == feature
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["feature.created", *["feature.changed"] * 3]


def test_the_second_editor_is_told():
    first = define("Opening", Rule(event="opened"))
    second = Feature.objects.get()
    features.save(first, [Rule(event="saved")], actor=None, now=NOW)
    with pytest.raises(features.Edited, match="at the same time"):
        features.save(second, [Rule(event="shared")], actor=None, now=NOW)
    assert [each.event for each in FeatureRule.objects.all()] == ["saved"]


@pytest.mark.parametrize("rule", [Rule(), Rule(property_name="n"), Rule(event="opened", property_value="5")])
def test_the_database_refuses_a_rule_that_says_nothing(rule):
    with pytest.raises(IntegrityError), transaction.atomic():
        define("Broken", rule)
    assert not Feature.objects.exists()


# --- Answers -----------------------------------------------------------------------------------------------
def test_who_uses_what_equals_a_count_by_hand():
    rng, app = random.Random(3), application()
    named = {name: define(name, Rule(event=name), minimum_uses=3, minimum_users=2) for name in ("a", "b", "c")}
    named["b"].window_days = 45
    features.save(named["b"], [Rule(event="b")], actor=None, now=NOW)
    features.count_waiting(NOW)
    put(
        app,
        [
            event(
                NOW - timedelta(days=rng.randrange(60), hours=rng.randrange(24)),
                name=rng.choice("abcd"),
                external_id=rng.choice(["x", "X", "y", "z"]),
                user_hash=rng.choice([None, U, V]),
                environment=rng.choice(["production"] * 3 + ["staging"]),
            )
            for _ in range(160)
        ],
    )
    rollups.roll_up(NOW)
    x = Organization.objects.get(external_id="x")
    OrganizationKey.objects.filter(external_id="X").update(organization=x)
    as_of = date(2026, 3, 10)
    found = {(each.organization_id, each.feature_id): each for each in adoption.uses(as_of)}
    in_use = adoption.features_in_use(as_of - timedelta(days=28), as_of)
    for organization in Organization.objects.filter(external_id__in="xyz"):
        rows = Event.objects.filter(key__organization=organization, environment="production")
        used_28 = set()
        for name, feature in named.items():
            window = [row for row in rows if row.name == name and (as_of - row.occurred_at.date()).days > 0]
            used_28 |= {name for row in window if (as_of - row.occurred_at.date()).days <= 28}
            window = [row for row in window if (as_of - row.occurred_at.date()).days <= feature.window_days]
            users = {bytes(row.user_hash) for row in window if row.user_hash}
            use = found.get((organization.id, feature.id))
            assert (use.events, use.users) == (len(window), len(users)) if use else not window
            assert (use.is_adopted if use else False) == (len(window) >= 3 and len(users) >= 2)
        assert in_use.get(organization.id, 0) == len(used_28)
    assert adoption.features_in_use(as_of - timedelta(days=28), as_of, [x.id]) == {x.id: in_use[x.id]}


def test_adoption_counts_active_organizations():
    define("Opening", Rule(event="opened"), minimum_uses=2)
    define("Saving", Rule(event="saved"))
    retired = define("Retired", Rule(event="opened"), is_active=False)
    features.count_waiting(NOW)
    put(application(), [event(), event(), event(external_id="b"), event(external_id="c", name="other")])
    rollups.roll_up(NOW)
    found = {each.feature.name: (each.using, each.adopting, each.of) for each in adoption.adoption(AS_OF)}
    assert found == {"Opening": (2, 1, 3), "Saving": (0, 0, 3), "Retired": (0, 0, 3)}
    assert (adoption.defined(), FeatureDay.objects.filter(feature=retired).count()) == (2, 0)
    org = Organization.objects.get(external_id="org")
    lines = adoption.of_organization(org.id, AS_OF)
    assert [(line.feature.name, line.use and line.use.events) for line in lines] == [("Opening", 2), ("Saving", None)]
    assert [line.use and line.use.is_adopted for line in lines] == [True, None]


def test_what_rules_would_have_matched():
    put(
        application(),
        [
            event(NOW - timedelta(days=27)),
            event(NOW - timedelta(days=28)),
            event(NOW, user_hash=V, external_id="b"),
            event(NOW, environment="staging"),
            event(NOW, name="saved", path="/b"),
        ],
    )
    later = NOW + timedelta(seconds=1)
    assert features.matched([Rule(event="opened")], later) == features.Matched(2, 2, 2)
    assert features.matched([Rule(event="opened"), Rule(path_prefix="/b")], later) == features.Matched(3, 2, 2)
    assert features.matched([], later) == features.Matched(0, 0, 0)


def test_the_rules_in_words():
    rules = [Rule(event="ai_call", property_name="feature", property_value="chat"), Rule(path_prefix="/chat")]
    assert features.sentence(rules) == (
        "An event is a use when it is named “ai_call” and says feature = “chat”, "
        "or has a path that starts with “/chat”."
    )
    assert features.sentence([]) == "No event is a use yet: it has no rule."
