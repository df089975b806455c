"""Random customers, events and questions about them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from config.backoffice import settings
from orgs.models import Cohort, CohortMember, Organization, OrganizationKey
from tests.factories import application, snapshot, staff
from tests.tracker.test_rollups import event, put
from tracker import features, paths, rollups
from tracker.features import Rule
from tracker.models import Event, Feature

NOW = datetime(2026, 4, 3, 9, 30, tzinfo=UTC)
NAMES = ("project_created", "purchase", "page_view")
ORGANIZATIONS = ("a", "b", "c", "d", "e")
# Around the change to summer time in New York (8 March) and Paris (29 March), month ends and New Year.
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 3, 7), datetime(2026, 3, 9)),
    st.datetimes(datetime(2026, 3, 28, 20), datetime(2026, 4, 1, 12)),
    st.datetimes(datetime(2025, 12, 30), datetime(2026, 4, 4)),
).map(lambda each: each.replace(microsecond=0, tzinfo=UTC))
VALUES = st.one_of(
    st.integers(-3, 40),
    st.sampled_from([0.5, 12.25, "7", " 7 ", "1e2", "-3.5", "x", "Pro", "pro", "", "ÄRGER", True, None, "2026-03-01"]),
    st.sampled_from(["2026-03-04T23:30:00-05:00", "2026-03-01T18:40Z", 7.0, 30.0]),
    st.sampled_from(["2026-02-31T10:00", "12.", "0x10", "NaN", "Infinity", "'; DROP TABLE", [1, "a"], {"k": 1}]),
)
PROPERTIES = st.dictionaries(st.sampled_from(["v", "plan", "w"]), VALUES, max_size=3)
PATHS = (None, "/a", "/a?x=1", "/b", "/tasks/7", "/tasks/12?x=1", "/blog/one", "/blog/two", "/blog/7/edit")
RULE = "/blog/:slug"


@st.composite
def events(draw):
    return event(
        draw(MOMENTS),
        name=draw(st.sampled_from((*NAMES, "$identify"))),
        external_id=draw(st.sampled_from((*ORGANIZATIONS, None))),
        user_hash=draw(st.sampled_from([None, *(bytes([n]) * 32 for n in range(4))])),
        session_id=draw(st.sampled_from([None, *(UUID(int=n) for n in range(4))])),
        path=draw(st.sampled_from(PATHS)),
        plan=draw(st.sampled_from([None, "free", "team"])),
        environment=draw(st.sampled_from(["production"] * 4 + ["staging"])),
        properties=json.dumps(draw(PROPERTIES)),
        event_key=draw(st.one_of(st.none(), st.uuids().map(str))),
    )


def build(sent, zone: str, week_start: str) -> tuple[Cohort, Feature]:
    """Send events, some of them twice, and count them; know something about customers (`e` is an alias of `a`).

    A cohort, a feature and a rule for pages.
    """
    settings.change({"time_zone": zone, "week_start": week_start}, actor=None, now=NOW)
    app = application()
    put(app, [event(external_id=each, name="$identify") for each in ORGANIZATIONS])
    put(app, sent)
    stored = Event.objects.count()
    if again := [each for each in sent if each.event_key]:
        put(app, again)
    assert Event.objects.count() == stored
    paths.add_rule(app, RULE, actor=None, now=NOW)
    feature = features.save(Feature(name="Reports"), RULES, actor=None, now=NOW)
    rollups.roll_up(NOW)
    features.count_waiting(NOW)
    found = {each.external_id: each for each in Organization.objects.all()}
    OrganizationKey.objects.filter(external_id="e").update(organization=found["a"])
    Organization.objects.filter(external_id="b").update(properties={"plan": "enterprise", "seats": 12, "tier": "gold"})
    Organization.objects.filter(external_id="c").update(
        properties={"plan": 3, "seats": "30"}, segment="smb", owner=staff("maya")
    )
    seen = {
        "first_seen_at": datetime(2026, 2, 28, 23, tzinfo=UTC),
        "last_seen_at": datetime(2026, 3, 31, 3, tzinfo=UTC),
    }
    snapshot(found["a"], mrr=Decimal("99.5"), health=Decimal(88), band="healthy", quadrant="champions", **seen)
    snapshot(found["b"], mrr=Decimal("10"), band="at_risk", renewal_on=date(2026, 5, 1))
    cohort = Cohort.objects.create(name="Some", created_at=NOW, changed_at=NOW)
    CohortMember.objects.create(cohort=cohort, organization=found["a"], since=NOW)
    CohortMember.objects.create(cohort=cohort, organization=found["c"], since=NOW)
    return cohort, feature


RULES = [Rule(event="purchase", path_prefix="/b"), Rule(property_name="v", property_value="7")]


# --- Questions ---------------------------------------------------------------------------------------------
CURRENT = [
    "plan",
    "band",
    "quadrant",
    "mrr",
    "health",
    "segment",
    "owner",
    "external_id",
    "first_seen",
    "last_seen",
    "renewal_on",
]
FIELDS = ["plan", "path", "address", "environment", "application", "session", "event"]
OWNERS = {
    "event": st.sampled_from(["v", "plan", "w", "nothing"]).map(lambda name: {"property": name, "of": "event"}),
    "organization": st.sampled_from([*CURRENT, "seats", "tier"]).map(
        lambda name: {"property": name, "of": "organization"}
    ),
    "field": st.sampled_from(FIELDS).map(lambda name: {"property": name, "of": "field"}),
    "cohort": st.just({"property": "0", "of": "cohort"}),
}
NAMED = st.one_of(OWNERS["event"], OWNERS["organization"], OWNERS["field"])
# What the daily rows know.
KNOWN_DAILY = st.one_of(
    st.sampled_from(["plan", "band", "mrr", "seats"]).map(lambda name: {"property": name, "of": "organization"}),
    st.sampled_from(["environment", "application"]).map(lambda name: {"property": name, "of": "field"}),
)
WORDS = st.sampled_from(
    ["7", "pro", "x", "free", "gold", "a", "", "2026-03-01", "production", "/a", "/tasks/:id", "/blog/one"]
)
OPERANDS = {
    "exact": st.lists(st.one_of(WORDS, st.integers(-3, 40), st.just(12.25), st.just(True)), min_size=1, max_size=3),
    "icontains": st.sampled_from(["p", "PRO", "1", "är", "%", "_", "\\"]),
    "regex": st.sampled_from(["^[a-z]+$", "7|x", "^$", "[0-9]{2}"]),
    "gt": st.one_of(st.integers(-5, 40), st.just(12.25)),
    "is_date_before": st.sampled_from(["2026-03-01", "2026-03-05"]),
    "is_set": st.none(),
    "in_cohort": st.just([0]),
}
SAME_OPERAND = {
    "is_not": "exact",
    "not_icontains": "icontains",
    "not_regex": "regex",
    "gte": "gt",
    "lt": "gt",
    "lte": "gt",
    "is_not_set": "is_set",
    "is_date_after": "is_date_before",
    "not_in_cohort": "in_cohort",
}


@st.composite
def filters(draw, named=NAMED):
    operator = draw(st.sampled_from([*OPERANDS, *SAME_OPERAND]))
    value = draw(OPERANDS[SAME_OPERAND.get(operator, operator)])
    if operator.endswith("in_cohort"):
        return {"operator": operator, "value": value}
    written = {**draw(named), "operator": operator}
    return written if value is None else {**written, "value": value}


COUNTS = (
    "total",
    "unique_organizations",
    "unique_users",
    "unique_sessions",
    "first_time_for_organization",
    "avg_per_organization",
    "median_per_organization",
    "max_per_organization",
)
NUMERIC = ("sum", "avg", "min", "max", "median", "p90", "p95", "p99")
KINDS = {
    "event": st.sampled_from(NAMES).map(lambda name: {"event": name}),
    "any": st.just({"event": None}),
    "page": st.sampled_from(["/a", "/tasks/:id", "/tasks/7", "/blog/:slug"]).map(lambda name: {"page": name}),
    "feature": st.just({"feature": 0}),
}
TARGETS = st.one_of(*KINDS.values())


@st.composite
def series(draw, named=NAMED, maths=(*COUNTS, *NUMERIC, "unique_values")):
    math = draw(st.sampled_from(maths))
    written = {**draw(TARGETS), "math": math, "filters": draw(st.lists(filters(named), max_size=2))}
    if math in NUMERIC:
        written |= draw(
            st.sampled_from(
                [
                    {"property": "v", "of": "event"},
                    {"property": "w", "of": "event"},
                    {"property": "mrr", "of": "organization"},
                    {"property": "seats", "of": "organization"},
                ]
            )
        )
    if math == "unique_values":
        written |= draw(NAMED)
    return written


RANGES = st.sampled_from(
    [
        {"from": "2026-01-01", "to": "2026-03-31"},
        {"from": "2026-03-07", "to": "2026-03-09"},
        {"from": "2026-03-28", "to": "2026-04-02"},
        {"from": "2026-01-14", "to": "2026-03-30"},
        {"from": "2025-12-31", "to": "2025-12-31"},
    ]
)


# Each with how many series it needs.
FORMULAS = {"-A * 2 + 0.5": 1, "A / 0": 1, "A/B": 2, "(A + B) / (A - 7)": 2, "100 * a / (a + b) - 1": 2}
INTERVALS = ("hour", "day", "week", "month")
DISPLAYS = ("number", "line", "bar", "pie", "table")


@st.composite
def documents(draw, named=NAMED, maths=(*COUNTS, *NUMERIC, "unique_values"), intervals=INTERVALS):
    groups = st.fixed_dictionaries(
        {"match": st.sampled_from(["all", "any"]), "filters": st.lists(filters(named), max_size=2)}
    )
    chosen = draw(RANGES)
    interval = draw(st.sampled_from([None, *intervals]))
    counted = draw(st.lists(series(named, maths), min_size=1, max_size=3))
    formulas = [None, *(each for each, needs in FORMULAS.items() if needs <= len(counted))]
    return {
        "series": counted,
        "formula": draw(st.sampled_from(formulas)),
        "compare": draw(st.booleans()),
        "display": draw(st.sampled_from(DISPLAYS)),
        "filters": draw(
            st.one_of(
                groups,
                st.fixed_dictionaries(
                    {"match": st.sampled_from(["all", "any"]), "filters": st.lists(groups, max_size=2)}
                ),
            )
        ),
        "breakdown": draw(st.one_of(st.none(), named, OWNERS["cohort"])),
        "interval": interval,
        "range": chosen,
        "environment": draw(st.sampled_from(["production", None, "staging"])),
    }
