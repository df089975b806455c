import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.tracker.saying import NOW, sender, sha
from tracker.bodies import BadBody
from tracker.decoders import posthog
from tracker.incoming import BadEvent

ID = "0193A000-0000-7000-8000-000000000001"


def event(**values):
    said = {"event": "report_opened", "distinct_id": "u-1", "uuid": ID, "timestamp": "2026-03-10T11:00:00Z"}
    said["properties"] = {"$groups": {"company": "org_456"}, "n": 1}
    return {key: value for key, value in {**said, **values}.items() if value is not ...}


def decode(said, who=None, **values):
    return posthog.decode(said, sender=who or sender(), received_at=NOW, **values)


def test_an_event_exactly():
    read = decode(
        event(
            event="$pageview",
            properties={
                "$groups": {"company": " org_456 "},
                "$pathname": "/Reports",
                "$session_id": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
                "plan": "pro",
                "environment": "staging",
                "token": "wk_1",
                "distinct_id": "u-1",
                "$device_id": "d-1",
                "$ip": "10.0.0.1",
                "prompt": "secret",
                "$set": {"email": "ada@example.com"},
                "n": 1,
            },
        )
    )
    assert (read.name, read.external_id, read.user_hash, read.path) == ("$pageview", "org_456", sha("u-1"), "/Reports")
    assert read.session_id == UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff").bytes
    assert (read.plan, read.environment, read.event_key) == ("pro", "staging", ID.lower())
    assert read.occurred_at == datetime(2026, 3, 10, 11, tzinfo=UTC)
    assert json.loads(read.properties) == {
        "$groups": {"company": " org_456 "},
        "$pathname": "/Reports",
        "$session_id": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
        "plan": "pro",
        "environment": "staging",
        "n": 1,
    }
    assert read.names_organization
    assert (read.warnings, read.by_last_group, read.linked_to) == ((), False, None)


def test_the_newer_format_says_the_same_elsewhere():
    said = event(session_id="s-1", options={"disable_skew_correction": True, "process_person_profile": False})
    read = decode(said, library="posthog-node/5.70.0", sent_at="2026-03-10T11:30:00Z")
    assert read.occurred_at == datetime(2026, 3, 10, 11, tzinfo=UTC)
    assert json.loads(read.properties) == {
        "$lib": "posthog-node",
        "$lib_version": "5.70.0",
        "$groups": {"company": "org_456"},
        "n": 1,
        "$session_id": "s-1",
        "$process_person_profile": False,
    }
    assert read.session_id == decode(event(session_id="s-1", distinct_id="u-2")).session_id


def test_the_id_of_the_user_may_stand_in_three_places():
    for said in (
        event(distinct_id="u-9"),
        event(distinct_id=..., **{"$distinct_id": "u-9"}),
        event(distinct_id=..., properties={"distinct_id": "u-9"}),
    ):
        assert decode(said).user_hash == sha("u-9")
    assert decode(event(distinct_id=12)).user_hash == sha("12")
    assert decode(event(distinct_id="AB" * 32)).user_hash == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize("distinct_id", [None, "", "  ", True, {}, 1.5])
def test_an_event_of_nobody_is_refused(distinct_id):
    with pytest.raises(BadEvent) as refused:
        decode(event(distinct_id=distinct_id))
    assert (refused.value.code, refused.value.field) == ("required", "distinct_id")


@pytest.mark.parametrize("distinct_id", ["guest", "NULL", "[object Object]", 0])
def test_a_placeholder_is_no_user(distinct_id):
    read = decode(event(distinct_id=distinct_id))
    assert (read.user_hash, read.external_id, read.names_organization) == (None, "org_456", False)
    assert [(each.code, each.field) for each in read.warnings] == [("junk_id", "distinct_id")]


def test_a_group_is_described_and_a_made_up_user_is_none():
    properties = {"$group_type": "company", "$group_key": "org_1", "$group_set": {"name": "One"}}
    browser = decode(event(event="$groupidentify", properties=properties))
    assert (browser.external_id, browser.user_hash, browser.names_organization) == ("org_1", sha("u-1"), True)
    assert json.loads(browser.properties)["$set"] == {"name": "One"}
    assert browser.session_id is None
    for made_up in (
        event(event="$groupidentify", distinct_id=ID, properties={**properties, "$lib": "posthog-python"}),
        event(event="$groupidentify", distinct_id="$company_org_1", properties=properties),
    ):
        read = decode(made_up, sender("groups", "distinct_id"))
        assert (read.external_id, read.user_hash, read.names_organization) == ("org_1", None, False)
    other = decode(event(event="$groupidentify", properties=properties), sender("groups:project"))
    assert (other.external_id, other.warnings) == (None, ())
    assert "$set" not in json.loads(other.properties)


def test_two_ids_of_one_user_are_linked_not_merged():
    identified = decode(event(event="$identify", properties={"$anon_distinct_id": "anon-1"}))
    assert (identified.user_hash, identified.linked_to) == (sha("u-1"), sha("anon-1"))
    alias = decode(
        event(event="$create_alias", properties={"distinct_id": "u-1", "alias": "old"}), sender("distinct_id")
    )
    assert (alias.external_id, alias.user_hash, alias.linked_to) == (None, sha("u-1"), sha("old"))
    assert decode(event(event="$identify", properties={"$anon_distinct_id": "u-1"})).linked_to is None


def test_the_distance_to_the_sending_counts_not_the_clock():
    fast = decode(event(timestamp="2026-03-10T14:59:50Z"), sent_at="2026-03-10T15:00:00Z")
    assert fast.occurred_at == NOW - timedelta(seconds=10)
    assert decode(event(timestamp=..., offset=1500)).occurred_at == NOW - timedelta(milliseconds=1500)
    ahead = decode(event(timestamp="2026-03-12T00:00:00Z"), sent_at="2026-03-10T15:00:00Z")
    assert ahead.occurred_at == datetime(2026, 3, 12, tzinfo=UTC)
    assert decode(event(timestamp=1_770_000_000)).occurred_at == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)
    assert decode(event(timestamp=1_770_000_000_000)).occurred_at == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)


@pytest.mark.parametrize("timestamp", ["yesterday", [], True, "0001-01-01", 1e400, "2199-01-01T00:00:00Z", -5])
def test_a_time_that_cannot_be_read_is_the_arrival(timestamp):
    read = decode(event(timestamp=timestamp))
    assert read.occurred_at == NOW
    assert [each.code for each in read.warnings] == ["unreadable_time"]


def test_text_that_no_column_takes_is_replaced():
    read = decode(event(event="a\x00b", properties={"$groups": {"company": "org"}, "k\ud800": ["\x00"]}))
    assert read.name == "a\ufffdb"
    assert json.loads(read.properties) == {"$groups": {"company": "org"}, "k\ufffd": ["\ufffd"]}
    assert [each.code for each in read.warnings] == ["replaced_text"]
    assert decode(event(properties={"$groups": {"company": "org"}, "k": "\\u0000"})).warnings == ()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ([], "not_an_object"),
        (event(event=...), "required"),
        (event(event="x" * 256), "too_long"),
        (event(properties={"p": "x" * 40_000}), "too_large"),
        (event(properties={str(n): n for n in range(300)}), "too_many_properties"),
        (event(properties=json.loads("[" * 40 + "]" * 40)), "too_deep"),
    ],
)
def test_what_nobody_could_store(said, code):
    with pytest.raises(BadEvent) as refused:
        decode(said)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("body", "by_key"),
    [
        ({"api_key": "k", "batch": [1, 2], "sent_at": "t"}, {"k": [1, 2]}),
        ({"token": "k", "batch": []}, {"k": []}),
        ([{"event": "e", "token": "k"}], {"k": [{"event": "e", "token": "k"}]}),
        ({"event": "e", "properties": {"token": "k"}}, {"k": [{"event": "e", "properties": {"token": "k"}}]}),
        ({"batch": [{"api_key": "k"}]}, {"k": [{"api_key": "k"}]}),
        ([], {"": []}),
        ({"batch": [{"token": "k"}, {"token": "l"}, 7]}, {"k": [{"token": "k"}], "l": [{"token": "l"}], "": [7]}),
        # The envelope's own word counts: a product may call a property "token".
        ({"token": "k", "batch": [{"properties": {"token": "l"}}]}, {"k": [{"properties": {"token": "l"}}]}),
    ],
)
def test_envelopes(body, by_key):
    assert posthog.open_envelope(body).by_key() == by_key


def test_made_up_keys_are_bounded():
    opened = posthog.open_envelope([{"event": "e", "token": str(n)} for n in range(21)])
    with pytest.raises(BadBody):
        opened.by_key()


@pytest.mark.parametrize("body", [None, 1, "x", {}, {"batch": {}}])
def test_no_envelope(body):
    with pytest.raises(BadBody):
        posthog.open_envelope(body)
