"""The four ways to an organization, and who the user is."""

import pytest

from tests.tracker.saying import NOW, sender, sha
from tracker.decoders.said import JUNK, Kind, Said, to_event


def said(**values) -> Said:
    return Said(**{"kind": Kind.USAGE, "name": "e", "occurred_at": NOW, "distinct_id": "u-1", **values})


def where(event) -> tuple:
    return event.external_id, event.user_hash, event.names_organization


def test_a_group():
    groups = {"project": "p", "company": "c"}
    assert where(to_event(said(groups=groups), sender("groups"))) == ("c", sha("u-1"), True)
    assert where(to_event(said(groups=groups), sender("groups:project"))) == ("p", sha("u-1"), True)
    assert where(to_event(said(groups={"team": 5}), sender("groups"))) == ("5", sha("u-1"), True)
    assert where(to_event(said(groups={"a": "1", "b": "2"}), sender("groups"))) == (None, sha("u-1"), False)


def test_a_property():
    who = sender("property:customer_id")
    assert where(to_event(said(properties={"customer_id": 12}), who)) == ("12", sha("u-1"), True)
    assert where(to_event(said(user_properties={"customer_id": "x"}), who)) == ("x", sha("u-1"), True)


def test_the_last_group_with_what_holds_for_a_user_without_one():
    event = to_event(said(), sender("groups", "last_group", "distinct_id"))
    assert event.by_last_group
    assert where(event) == (None, sha("u-1"), False)
    assert where(event.otherwise) == ("u-1", None, False)
    nowhere = to_event(said(), sender("groups", "last_group")).otherwise
    assert where(nowhere) == (None, sha("u-1"), False)
    assert [each.code for each in nowhere.warnings] == ["no_organization"]


def test_the_distinct_id_is_the_organization():
    assert where(to_event(said(), sender("distinct_id"))) == ("u-1", None, False)
    assert where(to_event(said(is_anonymous=True), sender("distinct_id"))) == (None, sha("u-1"), False)
    assert where(to_event(said(is_person=False), sender("distinct_id"))) == (None, None, False)


def test_the_first_way_with_a_value_wins():
    who = sender("property:customer_id", "groups", "distinct_id")
    assert to_event(said(groups={"company": "c"}, properties={"customer_id": "p"}), who).external_id == "p"
    assert to_event(said(groups={"company": "c"}), who).external_id == "c"
    assert to_event(said(), who).external_id == "u-1"


@pytest.mark.parametrize("junk", [*sorted(JUNK - {""}), "Anonymous", " NULL ", 0, "   ", True, 1.5, [], "x" * 256])
def test_junk_is_no_organization(junk):
    event = to_event(said(groups={"company": junk}), sender("groups"))
    assert event.external_id is None
    assert [each.code for each in event.warnings] == ["junk_id", "no_organization"]
    assert to_event(said(groups={"company": junk}), sender("groups", "distinct_id")).external_id == "u-1"


def test_a_property_names_the_user():
    who = sender("groups", user_property="email")
    event = to_event(said(groups={"company": "c"}, properties={"email": "a@b.c", "n": 1}), who)
    assert event.user_hash == sha("a@b.c")
    assert event.properties == '{"n":1}'
    kept = sender("groups", user_property="email", keeps_user_properties=True)
    event = to_event(said(user_properties={"email": "a@b.c", "role": "x"}), kept)
    assert (event.user_hash, event.properties) == (sha("a@b.c"), '{"user_properties":{"role":"x"}}')


def test_what_the_application_denies_is_not_kept_anywhere():
    event = to_event(said(properties={"prompt": "x"}, user_properties={"prompt": "x", "n": 1}), sender("distinct_id"))
    assert event.properties == '{"$set":{"n":1}}'
