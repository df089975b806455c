import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.tracker.saying import NOW, sender, sha
from tracker.bodies import BadBody
from tracker.decoders import segment
from tracker.incoming import BadEvent


def call(kind="track", **values):
    said = {"type": kind, "messageId": "m-1", "userId": "u-1", "timestamp": "2026-03-10T11:00:00.000Z"}
    said |= {"event": "Report Opened"} if kind == "track" else {}
    said["context"] = {"groupId": "org_456", "library": {"name": "analytics-python", "version": "2.4.0"}}
    return {key: value for key, value in {**said, **values}.items() if value is not ...}


def decode(said, who=None, **values):
    return segment.decode(said, sender=who or sender(), received_at=NOW, **values)


def test_a_track_exactly():
    read = decode(call(properties={"plan": "pro", "n": 1, "prompt": "secret"}))
    assert (read.name, read.external_id, read.user_hash, read.path) == ("Report Opened", "org_456", sha("u-1"), None)
    assert (read.plan, read.environment, read.event_key) == ("pro", "production", "m-1")
    assert read.occurred_at == datetime(2026, 3, 10, 11, tzinfo=UTC)
    told = {"$lib": "analytics-python", "$lib_version": "2.4.0", "plan": "pro", "n": 1}
    assert json.loads(read.properties) == told
    assert (read.names_organization, read.warnings) == (True, ())


def test_a_page_has_a_path_and_a_name():
    context = {"groupId": "org_456", "page": {"url": "https://shop.example.com/Reports?x=1"}}
    read = decode(call("page", context=context, name="Reports", category="Docs"))
    assert (read.name, read.path) == ("page", "/Reports")
    assert json.loads(read.properties) == {"name": "Reports", "category": "Docs"}
    assert decode(call("page", context={"page": {"path": "/a"}})).path == "/a"


def test_a_group_describes_its_organization():
    read = decode(call("group", groupId="org_1", traits={"seats": 5}, context=...))
    assert (read.name, read.external_id, read.names_organization) == ("$groupidentify", "org_1", True)
    assert json.loads(read.properties) == {"$set": {"seats": 5}}


def test_traits_of_a_user_are_kept_only_where_allowed():
    said = call("identify", context={"groupId": "org_456", "traits": {"plan": "pro"}}, traits={"email": "a@b.c"})
    read = decode(said)
    assert (read.name, read.properties, read.plan) == ("$identify", None, "pro")
    kept = decode(said, sender("groups", keeps_user_properties=True))
    assert json.loads(kept.properties) == {"user_properties": {"plan": "pro", "email": "a@b.c"}}


def test_traits_belong_to_the_organization_where_the_user_id_is_one():
    who = sender("distinct_id", user_property="personEmail")
    read = decode(call("identify", userId="org_1", context={"traits": {"seats": 5}}), who)
    assert (read.external_id, read.user_hash) == ("org_1", None)
    assert json.loads(read.properties) == {"$set": {"seats": 5}}
    tracked = decode(call(userId="org_1", properties={"personEmail": "ada@example.com", "n": 1}, context={}), who)
    assert (tracked.external_id, tracked.user_hash) == ("org_1", sha("ada@example.com"))
    assert json.loads(tracked.properties) == {"n": 1}
    anonymous = decode(call(userId=..., anonymousId="browser-1"), who)
    assert (anonymous.external_id, anonymous.user_hash) == (None, sha("browser-1"))


def test_aliases_link():
    assert decode(call("alias", previousId="old")).linked_to == sha("old")
    assert decode(call("identify", anonymousId="a-1")).linked_to == sha("a-1")
    assert decode(call(anonymousId="a-1")).linked_to is None


def test_times_are_corrected_by_the_sending():
    said = call(timestamp=..., originalTimestamp="2026-03-10T20:00:00Z")
    assert decode(said, sent_at="2026-03-10T20:00:05Z").occurred_at == NOW - timedelta(seconds=5)
    own = call(timestamp="2026-03-10T20:00:00Z", sentAt="2026-03-10T20:00:01Z")
    assert decode(own, sent_at="2026-03-10T23:00:00Z").occurred_at == NOW - timedelta(seconds=1)


def test_a_long_message_id_is_still_a_key():
    keys = {decode(call(messageId="m" * length)).event_key for length in (200, 201, 10_000)}
    assert len(keys) == 3
    assert all(len(each) <= 200 for each in keys)
    assert decode(call(messageId=...)).event_key is None


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        (call(userId=...), "required", "userId"),
        (call(event=...), "required", "event"),
        (call("delete"), "invalid_field", "type"),
        (call(type=...), "required", "type"),
        ("text", "not_an_object", ""),
    ],
)
def test_what_is_refused(said, code, field):
    with pytest.raises(BadEvent) as refused:
        decode(said)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_envelopes():
    assert segment.open_envelope({"writeKey": "k", "batch": [1], "sentAt": "t"}) == segment.Envelope("k", [1], "t")
    assert segment.open_envelope({"userId": "u"}, "page").items == [{"userId": "u", "type": "page"}]
    for body, kind in (([], "batch"), ({}, "batch"), ({"batch": 1}, "batch"), ([1], "track"), ({}, "track")):
        with pytest.raises(BadBody):
            segment.open_envelope(body, kind)
