"""Pages of features."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from orgs.models import Organization
from tests.factories import application, staff
from tests.tracker.test_rollups import event, put
from tracker import features, rollups
from tracker.features import Rule
from tracker.models import Feature

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    client.force_login(staff())
    return client


def form(*rules: dict, **values) -> dict:
    """What a browser sends."""
    sent = {"name": "Reports", "minimum_uses": 1, "minimum_users": 1, "window_days": 28, "is_active": "on"}
    sent |= {"seen_version": 1, "rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": 0}
    for number, rule in enumerate(rules):
        sent |= {f"rules-{number}-{name}": value for name, value in rule.items()}
    return {**sent, **values}


def text(answer) -> str:
    return answer.content.decode().replace("\xa0", " ")


def test_check_counts_and_keeps_nothing_save_keeps(page):
    now = timezone.now()
    put(application(), [event(now, name="exported"), event(now, name="exported", external_id="b")], now)
    url = reverse("admin:feature_add")
    html = text(page.post(url, form({"event": "exported"}, {}, check="1")))
    assert "is named “exported”" in html
    assert "matched <b>2 events</b> of 2 organizations and 1 user" in html
    assert not Feature.objects.exists()
    answer = page.post(url, form({"event": "exported"}, {}))
    assert answer.status_code == 302
    feature = Feature.objects.get()
    assert features.rules_of(feature) == [Rule(event="exported")]
    html = text(page.get(reverse("admin:features")))
    assert "1 feature counts as part of health" in html
    assert "Being counted anew" in html


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"path_prefix": "reports"}, "A path starts with"),
        ({"property_name": "plan"}, "A property needs its name and the value"),
        ({"event": "a\x00b"}, "Null characters are not allowed"),
    ],
)
def test_a_rule_that_cannot_match_is_refused_in_words(page, rule, message):
    html = text(page.post(reverse("admin:feature_add"), form(rule)))
    assert message in html
    assert not Feature.objects.exists()


def test_the_second_editor_sees_what_happened(page):
    feature = features.save(Feature(name="Reports"), [Rule(event="exported")], actor=None, now=timezone.now())
    url = reverse("admin:feature", args=[feature.pk])
    assert page.post(url, form({"event": "printed"})).status_code == 302
    html = text(page.post(url, form({"event": "sent"})))
    assert "was changed at the same time" in html
    assert features.rules_of(Feature.objects.get()) == [Rule(event="printed")]


def test_who_may_only_look_may_not_save(client):
    feature = features.save(Feature(name="Reports"), [Rule(event="exported")], actor=None, now=timezone.now())
    reader = staff("reader", is_superuser=False)
    reader.user_permissions.add(Permission.objects.get(codename="view_feature"))
    client.force_login(reader)
    url = reverse("admin:feature", args=[feature.pk])
    html = text(client.get(url))
    assert "is named “exported”" in html
    assert ">Save<" not in html
    assert client.post(url, form({"event": "printed"})).status_code == 403
    assert client.get(reverse("admin:feature_add")).status_code == 403


def test_an_organization_shows_what_it_uses_and_what_not(page):
    now = timezone.now()
    for name in ("exported", "shared"):
        features.save(Feature(name=name.title()), [Rule(event=name)], actor=None, now=now)
    features.count_waiting(now)
    put(application(), [event(now - timedelta(days=2), name="exported")] * 3, now)
    rollups.roll_up(now)
    org = Organization.objects.get()
    html = text(page.get(reverse("admin:orgs_organization_change", args=[org.pk])))
    assert "Uses 1 of 2 features" in html
    assert "Not used: " in html
    html = text(page.get(reverse("admin:features")))
    assert html.count("100 %") == 1
