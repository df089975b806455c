import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.backoffice.models import AuditEntry
from orgs.models import Organization
from tests.factories import cohort, organization, staff
from tests.tracker.sending import Product, body
from tests.tracker.test_rollups import event, put
from tracker import arrivals, rollups
from tracker.models import Application, Event, RollupCursor
from tracker.panels import usage_panel
from tracker.rejects import REMEDIES

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    client.force_login(staff())
    return client


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_stream_of_a_cohort(page):
    put(Product().application, [event(timezone.now(), name=name, external_id=name) for name in ("inside", "outside")])
    some = cohort("Some", Organization.objects.get(external_id="inside"))
    html = text(page.get(reverse("admin:events"), {"cohort": some.pk}))
    assert "<b>inside</b>" in html
    assert "<b>outside</b>" not in html
    assert "Some ×" in html


def test_the_stream_is_live_escaped_and_shows_the_environment(page):
    product = Product()
    product.send(body(event="<script>alert(1)</script>", environment="staging", properties={"</script>": "<b>"}))
    html = text(page.get(reverse("admin:events")))
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert(1)" not in html
    assert "staging" in html
    assert "org_456" in html


def test_the_stream_filters_and_pages_by_id(page):
    product = Product()
    product.send_batch([body(event=f"e{n}", customer_org_id=f"o{n % 2}") for n in range(60)])
    url = reverse("admin:events")
    assert re.findall(r"<b>(e\d+)</b>", text(page.get(url, {"event": "e7"}))) == ["e7"]
    first = text(page.get(url))
    assert re.findall(r"<b>(e\d+)</b>", first) == [f"e{n}" for n in range(59, 9, -1)]
    [before] = re.findall(r"\?before=(\d+)", first)
    with CaptureQueriesContext(connection) as asked:
        older = text(page.get(url, {"before": before}))
    assert re.findall(r"<b>(e\d+)</b>", older) == [f"e{n}" for n in range(9, -1, -1)]
    assert not [
        query["sql"] for query in asked.captured_queries if "COUNT" in query["sql"] and "tracker_event" in query["sql"]
    ]
    assert len(re.findall(r"<b>(e\d+)</b>", text(page.get(url, {"organization": "o1"})))) == 30
    assert "No event matches" in text(page.get(url, {"organization": "none", "before": "9" * 30}))


def test_a_new_application_shows_its_secret_once_and_it_works(page):
    form = {"name": "Shop", "organization_from": "groups", "denied_properties": "prompt"}
    html = text(page.post(reverse("admin:tracker_application_add"), form))
    [secret] = re.findall(r'Signing secret <code class="bo-code">(sk_[^<]+)<', html)
    application = Application.objects.get()
    assert application.denied_properties == ["prompt"]
    assert AuditEntry.objects.filter(action="application.created").count() == 1
    for language in ("openssl dgst", "urllib.request", "createHmac", "OpenSSL::HMAC"):
        assert language in html
    assert str(application.uuid) in html
    again = text(page.get(reverse("admin:application", args=[application.id])))
    assert secret not in again
    product = Product.__new__(Product)
    product.application, product.secret, product.client = application, secret.encode(), page
    assert product.send(body()).status_code == 201


def test_rotating_keeps_the_former_secret_for_a_day_and_revoking_ends_it(page):
    product = Product()
    url = reverse("admin:application", args=[product.application.id])
    html = text(page.post(url, {"act": "rotate", "kind": "secret"}))
    [secret] = re.findall(r'Signing secret <code class="bo-code">(sk_[^<]+)<', html)
    former = product.application.credentials.get(expires_at__isnull=False)
    assert timedelta(hours=23) < former.expires_at - timezone.now() <= timedelta(hours=24)
    assert product.send(body()).status_code == 201
    page.post(url, {"act": "revoke", "credential": former.id})
    product.application.refresh_from_db()
    from tracker import credentials

    credentials.forget()
    assert product.send(body()).status_code == 401
    product.secret = secret.encode()
    assert product.send(body()).status_code == 201
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"credential.rotated", "credential.revoked"}


def test_the_page_has_the_lines_of_each_client(page):
    product = Product()
    url = reverse("admin:application", args=[product.application.id])
    html = text(page.get(url))
    for words in ("from posthog import", "posthog-node", "posthog.init", "segment.analytics", "rudderstack.analytics"):
        assert words in html
    assert html.count("YOUR_WRITE_KEY") == 6
    assert "http://testserver" in html
    fresh = text(page.post(url, {"act": "rotate", "kind": "write_key"}))
    [key] = re.findall(r'Write key <code class="bo-code">(wk_[^<]+)<', fresh)
    assert fresh.count(key) == 7
    assert product.application.credentials.filter(kind="write_key").count() == 2


def test_the_page_shows_which_clients_send(page):
    product, other = Product(), Product("Other")
    for version in ("7.91.1", "7.91.1", "7.92.0", 5):
        product.send(body(properties={"$lib": "posthog-python", "$lib_version": version}))
    product.send(body(properties={"$lib": {"no": "text"}}))
    other.send(body(properties={"$lib": "<b>other</b>"}))
    seen = [(each.name, each.version, each.events) for each in arrivals.clients_seen(product.application.id)]
    assert seen == [("posthog-python", "5", 1), ("posthog-python", "7.92.0", 1), ("posthog-python", "7.91.1", 2)]
    assert "7.92.0" in text(page.get(reverse("admin:application", args=[product.application.id])))
    html = text(page.get(reverse("admin:application", args=[other.application.id])))
    assert "&lt;b&gt;other" in html
    assert "7.92.0" not in html


def test_an_unknown_way_to_the_organization_is_refused_with_the_known_ones(page):
    product = Product()
    url = reverse("admin:tracker_application_change", args=[product.application.id])
    form = {"name": "Shop", "organization_from": "groups,guess", "denied_properties": "prompt"}
    html = text(page.post(url, form))
    assert "“guess” is not known here. Use groups, groups:TYPE, property:NAME, last_group or distinct_id." in html
    form |= {"organization_from": "property:customer,distinct_id", "allowed_origins": "https://a.example.com/x"}
    assert "is not an origin" in text(page.post(url, form))
    product.application.refresh_from_db()
    assert product.application.organization_from == ["groups", "last_group"]
    form |= {"allowed_origins": "https://a.example.com,http://localhost:3000"}
    assert page.post(url, form).status_code == 302
    product.application.refresh_from_db()
    assert product.application.organization_from == ["property:customer", "distinct_id"]
    assert product.application.allowed_origins == ["https://a.example.com", "http://localhost:3000"]


def test_deactivating_and_the_test_event(page):
    product = Product()
    url = reverse("admin:application", args=[product.application.id])
    organization("org-1")
    told = text(page.post(url, {"act": "test"}, follow=True))
    [event] = Event.objects.values_list("id", "name", "environment", "key__external_id")
    assert event[1:] == ("test_event", "test", "org-1")
    assert f"Stored as event {event[0]}: POST /v1/events took a signed event and answered 201." in told
    page.post(url, {"act": "deactivate"})
    assert "Inactive" in text(page.get(url))
    told = text(page.post(url, {"act": "test"}, follow=True))
    assert "POST /v1/events answered 404: Unknown app_uuid." in told
    assert REMEDIES["unknown_app_uuid"] in told
    page.post(url, {"act": "activate"})
    product.application.credentials.update(revoked_at=timezone.now())
    assert "answered 401: Invalid signature." in text(page.post(url, {"act": "test"}, follow=True))
    page.post(url, {"act": "deactivate"})
    assert Event.objects.count() == 1
    assert "Inactive" in text(page.get(reverse("admin:applications")))


def test_refused_events_come_with_the_remedy(page):
    product = Product()
    product.send(body(ts_epoch=1_738_000_000_000))
    product.send(body(extra=1))
    html = text(page.get(reverse("admin:rejects")))
    assert "1\u00a0event or request refused in seven days" in html
    assert "Divide the time by 1000" in html
    assert "Stored, with something left out" in html
    assert "a whole number" in html
    assert "1738000000000" not in html


def test_empty_pages_teach(page):
    assert "Send a first event" in text(page.get(reverse("admin:events")))
    assert "Add an application" in text(page.get(reverse("admin:applications")))
    assert "Nothing was refused" in text(page.get(reverse("admin:rejects")))


@pytest.mark.parametrize("name", ["events", "applications", "rejects"])
def test_pages_need_their_permission(client, name):
    client.force_login(staff("joe", is_superuser=False))
    assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_usage_on_the_organization_page():
    now = timezone.now()
    put(Product().application, [event(now - timedelta(days=days)) for days in (0, 2, 2, 3, 100)])
    rollups.roll_up(now)
    context = usage_panel(RequestFactory().get("/"), Organization.objects.get())
    only = "3\u00a0events in 90 days; in the 90 days before it was here for 10 days only"
    assert context["finding"] == only, "who came lately did not grow by 200 %"
    put(Application.objects.get(), [event(now - timedelta(days=300))])
    rollups.roll_up(now)
    context = usage_panel(RequestFactory().get("/"), Organization.objects.get())
    assert context["finding"] == "3\u00a0events in 90 days, +200.0\u00a0% vs the 90 days before"
    assert sum(context["chart"]["series"][0]["data"]) == 4
    assert context["chart"]["series"][0]["data"][-1] == 1, "today so far"
    assert sum(context["chart"]["series"][1]["data"][:-1]) == 1
    from django.template.loader import render_to_string

    html = render_to_string("admin/tracker/panel_usage.html", {"content": context})
    assert 'id="usage-by-day"' in html
    assert "1\u00a0event today so far" in html


def test_an_organization_tells_which_days_keep_the_former_time_zone(page):
    Product().send(body())
    rollups.roll_up(timezone.now())
    url = reverse("admin:orgs_organization_change", args=[Organization.objects.get().pk])
    assert "begin at midnight of the time zone that was set before" not in text(page.get(url))
    RollupCursor.objects.update(zone_since=timezone.now().date() - timedelta(days=10))
    assert "begin at midnight of the time zone that was set before" in text(page.get(url))
    RollupCursor.objects.update(zone_since=timezone.now().date() - timedelta(days=400))
    assert "begin at midnight of the time zone that was set before" not in text(page.get(url))
