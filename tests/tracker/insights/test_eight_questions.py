"""The eight questions, and that they come out the same whichever way the facts arrive."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from orgs.models import Organization
from tests.tracker.clients.road import Road
from tests.tracker.sending import Product
from tests.tracker.serving import Server
from tracker import rollups
from tracker.insights import asking, reading, trends
from tracker.insights.eight_questions import QUESTIONS
from tracker.models import Event

# (organization, user, event, properties). acme has two users, six projects and two purchases.
FACTS = [
    ("acme", "ann", "account_created", {"is_first_user": True, "plan": "free"}),
    ("acme", "bob", "account_created", {"is_first_user": False, "plan": "free"}),
    ("blue", "cid", "account_created", {"is_first_user": True, "plan": "free"}),
    ("coal", "dot", "account_created", {"is_first_user": True, "plan": "pro"}),
    *(("acme", "ann", "project_created", {"new_total": n, "plan": "free"}) for n in range(1, 7)),
    ("blue", "cid", "project_created", {"new_total": 40, "plan": "pro"}),
    ("acme", "bob", "purchase", {"purchase_value": 49.5, "plan": "pro"}),
    ("acme", "bob", "purchase", {"purchase_value": "250", "plan": "team"}),
    ("coal", "dot", "purchase", {"purchase_value": 120, "plan": "pro"}),
]
EXPECTED = {
    "organizations": [("", 3)],
    "new_organizations": [("", 3)],
    "users": [("", 4)],
    "users_per_organization": [("", 4), ("", 3), ("A/B", 4 / 3)],
    "projects": [("", 7)],
    "projects_by_month": [("", 7), ("", 2)],
    "projects_per_creator": [("", 7), ("", 2), ("A/B", 3.5)],
    "projects_per_organization": [("", 7), ("", 3), ("A/B", 7 / 3)],
    "most_projects": [("", 40)],
    "revenue_by_plan": [("pro", 169.5), ("team", 250)],
    "revenue_per_organization": [("", 419.5), ("", 2), ("A/B", 209.75)],
    "revenue_per_organization_by_month": [("", 419.5), ("", 2), ("A/B", 209.75)],
    "average_purchase": [("", 139.8333333)],
    "organizations_by_plan": [("team", 1), ("pro", 2)],
    "organizations_by_purchase": [("", 1), ("", 1), ("", 1)],
}


def at(place: int) -> datetime:
    """When a fact happened: a client's clock is corrected by what a request took, so a second apart is too close."""
    return timezone.now() - timedelta(hours=len(FACTS) - place)


def answers() -> dict[str, list[tuple[str, float]]]:
    """The answer to each question: value of the breakdown and number, the formula last."""
    rollups.roll_up(timezone.now())
    found = {}
    for each in QUESTIONS:
        trend = trends.answer(each.description, timezone.now())
        lines = [(line.part.text if line.part else "", line.aggregate) for line in trend.lines]
        found[each.key] = lines + ([(trend.formula.label, trend.formula.aggregate)] if trend.formula else [])
    return found


def check(expected_users: int) -> None:
    found = answers()
    assert set(found) == set(EXPECTED)
    for key, lines in EXPECTED.items():
        assert [label for label, _ in found[key]] == [label for label, _ in lines], key
        assert [float(number) for _, number in found[key]] == pytest.approx([number for _, number in lines]), key
    assert len(set(Event.objects.exclude(user_hash=None).values_list("user_hash", flat=True))) == expected_users
    assert set(Organization.objects.values_list("external_id", flat=True)) == {"acme", "blue", "coal"}


@pytest.fixture
def road(events_table, tmp_path):
    server = Server(tmp_path / "log")
    server.start()
    made = Road(server, [])
    yield made
    made.close()
    server.stop()


def test_the_signed_api(events_table):
    product = Product()
    sent = [
        {
            "event": name,
            "customer_org_id": org,
            "user_hash": hashlib.sha256(user.encode()).hexdigest(),
            "properties": properties,
            "event_id": f"fact-{n}",
            "ts_epoch": int(at(n).timestamp()),
        }
        for n, (org, user, name, properties) in enumerate(FACTS)
    ]
    for _ in range(2):  # the second time nothing is stored
        assert product.send_batch(sent).json()["rejected"] == []
    check(4)


@pytest.mark.clients
def test_posthog_with_groups(road):
    from posthog import Posthog

    client = Posthog(Product().write_key, host=road.url, flush_at=5, flush_interval=0.2)
    for n, (org, user, name, properties) in enumerate(FACTS):
        client.capture(name, distinct_id=user, properties=properties, groups={"company": org}, timestamp=at(n))
    client.shutdown()
    check(4)


@pytest.mark.clients
def test_posthog_with_users_that_are_organizations(road):
    from posthog import Posthog

    product = Product(organization_from=["distinct_id"], user_property="personEmail")
    client = Posthog(product.write_key, host=road.url, flush_at=5, flush_interval=0.2)
    for n, (org, user, name, properties) in enumerate(FACTS):
        client.set(distinct_id=org, properties={"name": org})
        client.capture(name, distinct_id=org, properties={**properties, "personEmail": user}, timestamp=at(n))
    client.shutdown()
    check(4)


@pytest.mark.clients
def test_segment(road):
    from segment.analytics.client import Client

    client = Client(Product().write_key, host=road.url, upload_size=5, upload_interval=0.2)
    for n, (org, user, name, properties) in enumerate(FACTS):
        client.track(user, name, properties, context={"groupId": org}, timestamp=at(n))
    client.flush()
    client.join()
    check(4)


@pytest.mark.django_db
def test_each_question_says_itself_and_can_be_stored():
    today = datetime(2026, 3, 10, tzinfo=UTC).date()
    assert len({each.key for each in QUESTIONS}) == len(QUESTIONS)
    for each in QUESTIONS:
        document = json.loads(json.dumps(each.description.as_document()))
        assert reading.read(document, today) == each.description
    said = {each.key: asking.sentence(each.description) for each in QUESTIONS}
    assert said["revenue_by_plan"] == (
        "Sum of purchase_value of “purchase”, broken down by plan at the time, all time, environment production."
    )
    assert said["new_organizations"] == (
        "Unique organizations of “account_created” where is_first_user is “true”, by month, last 12 months, "
        "environment production."
    )
    assert said["organizations_by_plan"] == (
        "Unique organizations of any event, broken down by current plan of the organization, all time, "
        "environment production."
    )
