"""Who belongs where, from one request to the next."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orgs.models import Organization
from tests.factories import staff
from tests.tracker.saying import sha, stored
from tests.tracker.sending import Product
from tracker import memberships, rollups
from tracker.models import Membership, Reject, UsageDay, UserLink

pytestmark = pytest.mark.django_db


def send(product, *events, sent_at=None):
    body = {"api_key": product.write_key, "batch": list(events)} | ({"sent_at": sent_at} if sent_at else {})
    answer = Client(raise_request_exception=True).post("/batch/", json.dumps(body), content_type="text/plain")
    assert (answer.status_code, answer.json()) == (200, {"status": 1})


def event(name="e", user="u-1", org=None, **values):
    groups = {"$groups": {"company": org}} if org else {}
    return {"event": name, "distinct_id": user, **values, "properties": {**groups, **values.get("properties", {})}}


def where(user="u-1"):
    return [external_id for _, external_id, user_hash, _ in stored() if user_hash == sha(user)]


def test_the_last_known_group_of_a_user():
    product = Product()
    send(product, event())
    send(product, event(org="one"), event(), event(user="u-2"))
    send(product, event(), event(org="two"), event())
    send(product, event())
    assert where() == [None, "one", "one", "one", "two", "two", "two"]
    assert where("u-2") == [None]
    [lost] = Reject.objects.filter(code="no_organization")
    assert (lost.count, lost.is_stored) == (2, True)


def test_an_old_event_sent_again_does_not_bring_an_old_group_back():
    product, now = Product(), timezone.now()
    old = event(org="one", uuid="k-1", timestamp=(now - timedelta(hours=1)).isoformat())
    send(product, old)
    send(product, event(org="two", timestamp=(now - timedelta(minutes=1)).isoformat()))
    send(product, old)
    send(product, event())
    assert where() == ["one", "two", "two"]
    assert Membership.objects.count() == 2


def test_a_clock_that_runs_ahead_does_not_hold_the_user():
    product, now = Product(), timezone.now()
    send(product, event(org="one", timestamp=(now + timedelta(days=30)).isoformat()))
    send(product, event(org="two"))
    send(product, event())
    assert where() == ["one", "two", "two"]
    assert not Membership.objects.filter(named_at__gt=timezone.now()).exists()


def test_groups_of_one_application_say_nothing_to_another():
    product, other = Product(), Product("Other")
    send(product, event(org="one"))
    send(other, event())
    assert where() == ["one", None]


def test_links_are_recorded_once():
    product = Product()
    for _ in range(2):
        send(product, event("$identify", properties={"$anon_distinct_id": "a-1"}))
    [link] = UserLink.objects.all()
    assert (bytes(link.user_hash), bytes(link.other_hash)) == (sha("u-1"), sha("a-1"))
    assert Organization.objects.count() == 0


def test_what_is_said_of_an_organization_reaches_it_and_is_no_usage():
    product, now = Product(), timezone.now()
    group = {"$group_type": "company", "$group_key": "one"}
    send(product, event("$groupidentify", properties={**group, "$group_set": {"name": "One", "seats": 5}}))
    send(product, event("$groupidentify", properties={**group, "$group_set": {"seats": 6}}), event(org="one"))
    rollups.roll_up(now)
    assert Organization.objects.get(external_id="one").properties == {"name": "One", "seats": 6}
    [day] = UsageDay.objects.all()
    assert (day.events, day.users, day.sessions) == (1, 1, 1)
    before = list(UsageDay.objects.values("key_id", "day", "events", "users", "sessions"))
    rollups.rebuild(now)
    assert list(UsageDay.objects.values("key_id", "day", "events", "users", "sessions")) == before


def test_set_once_leaves_what_is_there():
    product, now = Product(organization_from=["distinct_id"]), timezone.now()
    send(product, event("$set", "one", **{"$set_once": {"plan": "trial"}}))
    send(product, event("$set", "one", **{"$set": {"seats": 5}, "$set_once": {"plan": "pro"}}))
    rollups.roll_up(now)
    assert Organization.objects.get(external_id="one").properties == {"plan": "trial", "seats": 5}
    assert UsageDay.objects.count() == 0


def test_who_named_an_organization_last_and_who_is_the_same_user(client):
    product = Product()
    send(product, event(org="one"), event(user="u-2", org="one"), event(user="u-3", org="two"))
    send(product, {"event": "$create_alias", "distinct_id": "u-2", "properties": {"alias": "mail-2"}})
    one = Organization.objects.get(external_id="one")
    count, found = memberships.members(one.id, 1)
    assert (count, len(found)) == (2, 1)
    _, found = memberships.members(one.id, 10)
    assert {each.user_hash for each in found} == {sha("u-1").hex(), sha("u-2").hex()}
    assert sum(each.others for each in found) == 1
    client.force_login(staff())
    html = client.get(reverse("admin:orgs_organization_change", args=[one.pk])).content.decode()
    assert "2\xa0users named this organization" in html
    assert sha("u-1").hex()[:12] in html


def test_memberships_end_with_the_events_they_came_from():
    product = Product()
    send(product, event(org="one"), {"event": "$create_alias", "distinct_id": "u-1", "properties": {"alias": "m"}})
    now = timezone.now()
    assert memberships.prune(now - timedelta(days=1)) == 0
    assert (Membership.objects.count(), UserLink.objects.count()) == (1, 1)
    assert memberships.prune(now + timedelta(days=1)) == 2
    assert not (Membership.objects.exists() or UserLink.objects.exists())
