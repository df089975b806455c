"""The event explorer and the pages of usage: counts by hand, hostile text as text, filters."""

from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest
from django.utils import timezone

from config.backoffice import settings
from orgs.models import Organization
from tests.factories import application, cohort, staff
from tests.tracker.test_rollups import NOW, event, put
from tracker import explorer, rollups
from tracker.explorer import EventName, PropertySeen
from tracker.models import PathRule
from tracker.paths import Scope

pytestmark = pytest.mark.django_db
SCOPE = Scope(date(2026, 3, 1), date(2026, 3, 11))
HOSTILE = "<script>alert(1)</script>"
ADDRESSES = ["/admin/pages/", "/admin/sessions/", "/admin/explorer/", "/admin/pages/use/?path=%2F%3Cscript%3E"]


def said(**properties) -> str:
    return orjson.dumps(properties).decode()


def test_names_with_counts_and_days():
    at = [NOW - timedelta(days=days) for days in (0, 3, 30)]
    saved = [event(at[0], name="saved"), event(at[1], name="saved", external_id="b")]
    put(application(), [*saved, event(at[2], name="old")])
    put(application("Other"), [event(at[0], name="saved", environment="staging")])
    rollups.roll_up(NOW)
    assert explorer.names(SCOPE) == [EventName("saved", 2, 2, date(2026, 3, 7), date(2026, 3, 10))]
    assert explorer.names(SCOPE, "AVE") == explorer.names(SCOPE)
    assert explorer.names(SCOPE, "%") == []
    one = replace(SCOPE, cohort=cohort("B", Organization.objects.get(external_id="b")).pk)
    assert explorer.names(one) == [EventName("saved", 1, 1, date(2026, 3, 7), date(2026, 3, 7))]
    assert explorer.sample("saved", one).events == 1


def test_properties_with_types_values_and_shares():
    settings.change({"time_zone": "Pacific/Auckland"}, actor=None, now=NOW)
    values = [1, "1", "two", None, [1, 2], {"a": 1}, True]
    put(
        application(),
        [
            *(event(NOW, name="saved", properties=said(n=value, always="x")) for value in values),
            event(NOW, name="saved", properties=None),
            event(NOW, name="saved", environment="staging", properties=said(secret=1)),
            event(NOW, name="other", properties=said(secret=1)),
        ],
    )
    rollups.roll_up(NOW)
    found = explorer.sample("saved", SCOPE)
    assert found.events == 8
    assert found.properties[0] == PropertySeen("always", 7, 8, ("string",), 1, ("x",))
    n = found.properties[1]
    assert (n.name, n.events, n.types) == ("n", 7, ("array", "boolean", "null", "number", "object", "string"))
    assert set(n.samples) == {"1", "two", "[1, 2]", '{"a": 1}', "true"}
    assert explorer.sample("nothing", SCOPE) == explorer.Sample(0, ())


@pytest.fixture
def shown(client):
    now = timezone.now()
    put(application(), [event(now, name=HOSTILE, path=f"/{HOSTILE}/7", properties=said(**{HOSTILE: HOSTILE}))], now)
    rollups.roll_up(now)
    client.force_login(staff())
    return client


@pytest.mark.parametrize("address", [*ADDRESSES, "/admin/ai-cost/"])
def test_hostile_text_stays_text_and_odd_filters_do_nothing(shown, address):
    for query in ("", "days=x&application=-1&environment=%3Cscript%3E&q=%25&page=99", "application=99999", "days=365"):
        page = shown.get(f"{address}{'&' if '?' in address else '?'}{query}")
        assert page.status_code == 200
        assert HOSTILE not in page.content.decode()


def test_an_event_is_explored_and_leads_to_its_stream(shown):
    page = shown.get("/admin/explorer/event/", {"event": HOSTILE}).content.decode()
    assert "carries 1\u00a0property, in the latest 1\u00a0event." in page
    assert HOSTILE not in page
    assert "/admin/events/?event=%3Cscript%3E" in page
    exported = b"".join(shown.get("/admin/explorer/event/", {"event": HOSTILE, "export": "csv"}).streaming_content)
    assert exported.decode().splitlines()[1] == f"{HOSTILE},1,1,string,1,{HOSTILE}"


@pytest.mark.parametrize("address", ["/admin/pages/", "/admin/sessions/", "/admin/explorer/"])
def test_empty_pages_teach_and_lists_are_exported(client, address):
    client.force_login(staff())
    assert "bo-empty" in client.get(address).content.decode()
    assert client.get(f"{address}?export=csv").status_code == 200
    assert client.get(f"{address}?export=exe").status_code == 404


def test_rules_are_added_and_removed_on_the_page(shown):
    app = application("Third")
    shown.post("/admin/pages/rules/", {"act": "add", "application": app.pk, "pattern": "/blog/:slug"})
    rule = PathRule.objects.get()
    assert "/blog/:slug" in shown.get("/admin/pages/").content.decode()
    refused = shown.post("/admin/pages/rules/", {"act": "add", "application": app.pk, "pattern": "blog"}, follow=True)
    assert "is no path" in refused.content.decode()
    shown.post("/admin/pages/rules/", {"act": "remove", "rule": rule.pk})
    assert not PathRule.objects.exists()
    looker = staff("looker", is_superuser=False)
    shown.force_login(looker)
    assert shown.post("/admin/pages/rules/", {"act": "add"}).status_code == 403
