"""Every rule and operator of cohorts against slow plain Python on random organizations."""

import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orgs.cohorts import comparing, rules
from orgs.cohorts.rules import BadRule
from orgs.models import Band, Quadrant
from tests.factories import NOW, organization, snapshot, staff
from tests.orgs.cohorts import all_of, matched, rule

pytestmark = pytest.mark.django_db

MISSING = object()
VALUES = [
    MISSING, None, 30, 30.0, 31, -4, 1e3, "30", " 30 ", "30.0", "31", "1e3", "3O", "", "abc", "ABCdef", "30 projects",
    True, False, [], [30], {"a": 30}, "2026-03-09", "2026-03-09x", "2026-03-10T23:00:00Z", "2026-13-45", "10.3.2026",
    "a,b", "٣٠", "2026-03-10T23:00:00-05:00",
    "1" * 70, "<b>30</b>", "'; DROP TABLE orgs_organization; --", "%(name)s", "100%",
]  # fmt: skip


def as_text(value: Any) -> str | None:
    """What the database shows of a JSON value."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return {"[]": "[]", "[30]": "[30]"}.get(str(value), '{"a": 30}')
    return f"{value:g}" if isinstance(value, float) and value != 30.0 else str(value)


def as_number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return Decimal(str(value))
    if not re.fullmatch(r" *[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)? *", value, re.IGNORECASE):
        return None
    return Decimal(value.strip()) if len(value) < 70 else None


def passes(value: Any, operator: str, asked: str) -> bool:
    """One comparison by hand."""
    if operator in comparing.NEGATIONS:
        return not passes(value, comparing.NEGATIONS[operator], asked)
    text, number = as_text(value), as_number(value)
    if text is None:
        return False
    wanted = as_number(asked)
    is_day = bool(re.match(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([T ]|$)", text, re.ASCII))
    day = str(datetime.fromisoformat(text).astimezone(UTC).date()) if is_day and text.endswith(":00") else text[:10]
    return {
        "is_set": lambda: True,
        "exact": lambda: any(
            text == part or (number is not None and number == as_number(part)) for part in comparing.values(asked)
        ),
        "icontains": lambda: asked.lower() in text.lower(),
        "regex": lambda: re.search(asked, text) is not None,
        "gt": lambda: number is not None and number > wanted,
        "gte": lambda: number is not None and number >= wanted,
        "lt": lambda: number is not None and number < wanted,
        "lte": lambda: number is not None and number <= wanted,
        "is_date_before": lambda: is_day and day < asked,
        "is_date_after": lambda: is_day and day > asked,
    }[operator]()


def asked_values(operator: str) -> list[str]:
    if operator in comparing.WITHOUT_VALUE:
        return [""]
    if operator in comparing.ORDER:
        return ["30", "-4", "999.5", "1e3"]
    if operator in comparing.WITH_DATE:
        return ["2026-03-10", "2026-03-09"]
    return ["30", "abc", "30, 31", "true", "'; DROP TABLE orgs_organization; --", "%(name)s"]


@pytest.mark.parametrize("operator", comparing.OPERATORS)
@pytest.mark.parametrize("name", ["project_total", 'it\'s "x" %(y)s → ?'])
def test_a_property_compares_as_by_hand(operator, name):
    for number, value in enumerate(VALUES):
        organization(f"o{number}", properties={} if value is MISSING else {name: value, "other": 30})
    for asked in asked_values(operator):
        found = matched(all_of(rule("property", name=name, operator=operator, value=asked)))
        expected = {f"o{number}" for number, value in enumerate(VALUES) if passes(value, operator, asked)}
        assert found == expected, (operator, asked)


@pytest.fixture
def crowd():
    """Sixty organizations with random lines on lists, some without one."""
    dice, found = random.Random(7), []
    ada = staff()
    for number in range(60):
        org = organization(f"o{number}", segment=dice.choice(["", "SMB", "Big"]), owner=dice.choice([None, ada]))
        if number % 6:
            seen = dice.choice([None, NOW - timedelta(days=dice.randrange(100), hours=dice.choice([0, 1]))])
            snapshot(
                org,
                mrr=Decimal(dice.randrange(10)) / 2,
                health=dice.choice([None, Decimal("69.99"), Decimal(70)]),
                band=dice.choice(Band.values),
                quadrant=dice.choice(["", *Quadrant.values]),
                first_seen_at=seen and seen - timedelta(days=dice.randrange(50)),
                last_seen_at=seen,
                events_30d=dice.randrange(5),
                users_28d=dice.randrange(5),
                open_signal_count=dice.randrange(3),
            )
        found.append(org)
    return found


def line(org) -> Any:
    return getattr(org, "snapshot", None)


COMPARE = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "exact": lambda a, b: a == b,
}


@pytest.mark.parametrize("operator", comparing.NUMERIC)
@pytest.mark.parametrize("figure", ["mrr", "health", "events_30d", "users_28d", "open_signal_count"])
def test_figures_compare_as_by_hand(crowd, figure, operator):
    for value in ("2", "2.5", "70"):
        found = matched(all_of(rule("figure", figure=figure, operator=operator, value=value)))
        expected = {
            org.external_id
            for org in crowd
            if line(org) and (has := getattr(line(org), figure)) is not None and COMPARE[operator](has, Decimal(value))
        }
        assert found == expected


@pytest.mark.parametrize("operator", ["exact", "is_not"])
def test_choices_compare_as_by_hand(crowd, operator):
    reads = {
        ("band", "at_risk"): lambda org: line(org) and line(org).band == "at_risk",
        ("quadrant", "champions"): lambda org: line(org) and line(org).quadrant == "champions",
        ("segment", "SMB"): lambda org: org.segment == "SMB",
        ("segment", "SMB, Big"): lambda org: org.segment != "",
        ("owner", "ada"): lambda org: org.owner is not None,
        ("owner", ""): lambda org: org.owner is None,
    }
    for (kind, value), has in reads.items():
        expected = {org.external_id for org in crowd if bool(has(org)) == (operator == "exact")}
        assert matched(all_of(rule(kind, operator=operator, value=value))) == expected, (kind, value)


@pytest.mark.parametrize("moment", ["first_seen_at", "last_seen_at"])
def test_seen_compares_as_by_hand(crowd, moment):
    for days in (0, 7, 30):
        limit = NOW - timedelta(days=days)
        at = {org.external_id: line(org) and getattr(line(org), moment) for org in crowd}
        within = matched(all_of(rule("seen", moment=moment, operator="within", days=days)))
        before = matched(all_of(rule("seen", moment=moment, operator="before", days=days)))
        assert within == {name for name, seen in at.items() if seen and seen >= limit}
        assert before == {name for name, seen in at.items() if seen and seen < limit}
        never = matched(all_of(rule("seen", moment=moment, operator="never")))
        assert never == {name for name, seen in at.items() if not seen}


REFUSED = [
    ("property", {"name": "", "operator": "exact", "value": "1"}, "Property is empty; fill it in."),
    (
        "property",
        {"name": "a", "operator": "gt", "value": "many"},
        "Value “many” is not a number. Write it like 30 or 12.5.",
    ),
    (
        "property",
        {"name": "a", "operator": "like", "value": "x"},
        "Choose comparison from the list; “like” is not in it.",
    ),
    (
        "property",
        {"name": "a", "operator": "is_date_before", "value": "1.1.2026"},
        "Value “1.1.2026” is not a date. Write it like 2026-03-31.",
    ),
    (
        "property",
        {"name": "a", "operator": "exact", "value": ", ,"},
        "Value holds only commas; write one value, or several with commas between them.",
    ),
    ("property", {"name": "a" * 256, "operator": "is_set"}, "Property has 256 characters; at most 255 are allowed."),
    (
        "seen",
        {"moment": "last_seen_at", "operator": "within", "days": "-1"},
        "Days “-1” is not a whole number. Write it like 30.",
    ),
    ("cohort", {"operator": "in", "cohort": "7"}, "Choose cohort from the list; “7” is not in it."),
    (
        "figure",
        {"figure": "mrr__gt", "operator": "gt", "value": "1"},
        "Choose figure from the list; “mrr__gt” is not in it.",
    ),
]


@pytest.mark.parametrize(("kind", "given", "message"), REFUSED, ids=range(len(REFUSED)))
def test_a_bad_rule_is_refused_with_the_remedy(kind, given, message):
    with pytest.raises(BadRule) as refused:
        rules.of(kind).clean(given)
    assert str(refused.value) == message


def test_a_pattern_that_the_database_cannot_read_is_refused():
    with pytest.raises(BadRule, match="is not a pattern that can be read"):
        rule("property", name="a", operator="regex", value="(unclosed")


WORDS = [
    (
        ("property", {"name": "project_total", "operator": "gt", "value": "30"}),
        "property “project_total” is more than 30",
    ),
    (
        ("property", {"name": "tier", "operator": "exact", "value": "gold, silver"}),
        "property “tier” is “gold” or “silver”",
    ),
    (("property", {"name": "tier", "operator": "is_not_set"}), "property “tier” is not set"),
    (("figure", {"figure": "mrr", "operator": "gte", "value": "12500.50"}), "MRR is at least 12\u202f500.5\u00a0EUR"),
    (("band", {"operator": "is_not", "value": "at_risk"}), "Health is not At risk"),
    (
        ("seen", {"moment": "last_seen_at", "operator": "before", "days": "14"}),
        "last event came more than 14\u00a0days ago",
    ),
    (("owner", {"operator": "exact", "value": ""}), "owner is nobody"),
    (
        ("event_count", {"event": "project_created", "operator": "gt", "times": "30"}),
        "people did “project_created” more than 30\u00a0times",
    ),
    (
        ("event_count", {"event": "x", "operator": "lt", "times": "1", "days": "90"}),
        "people did “x” fewer than 1\u00a0time in the last 90\u00a0days",
    ),
    (
        (
            "event_property",
            {"measure": "max", "property": "new_total", "event": "project_created", "operator": "gt", "value": "30"},
        ),
        "largest “new_total” of “project_created” is more than 30",
    ),
    (("plan", {"operator": "exact", "value": "pro"}), "plan is “pro”"),
]


@pytest.mark.parametrize(("asked", "words"), WORDS, ids=range(len(WORDS)))
def test_a_rule_reads_as_words(asked, words):
    kind, given = asked
    assert rules.of(kind).words(rule(kind, **given)) == words
