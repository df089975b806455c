"""Every raw value opens the rows it counts, and what changed adds up to the difference."""

import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import RequestFactory
from django.utils import timezone

from config.backoffice import settings
from signals import behind, rounds, scoring
from signals.changed import changes
from signals.models import HealthModel, Reading
from signals.pages.explanation import why_this_score
from signals.versions import drafting, publishing
from tests.factories import key_of, staff
from tests.signals.world import NOW, TODAY, dropping, healthy, paying, shop, silent, span, used
from tracker.models import Feature, FeatureDay

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)


def reading(org):
    row = Reading.objects.select_related("model").get(organization=org, as_of=TODAY)
    return scoring.restored(row, publishing.model_of(row.model))


def several():
    """Organizations of every kind, one with many users and names and weekends only."""
    team = paying("team")
    used(team, span(100, 40), users=["a", "b", "c"], names=["open", "save"])
    used(team, span(39, 2), users=["a", "d", "e", "f"], names=["open", "share", "export"], events=4)
    young = paying("young")
    used(young, span(12, 0), users=["a", "b"])
    return [healthy(), silent(), dropping(), team, young, paying("never seen")]


def test_each_value_counts_its_rows():
    orgs = several()
    scoring.score(TODAY, NOW)
    opened = 0
    for org in orgs:
        found = reading(org)
        for component in found.components:
            listed = behind.behind(found, component.key)
            if component.points is None:
                assert listed is None
                continue
            opened += 1
            assert (listed.total, listed.arrived_since) == (component.count, 0), (org, component.key)
            if component.key != "trend":
                assert len(listed.lines) == component.count
            else:
                assert sum(line.cells[1] for line in listed.lines) == component.count
    assert opened == 5 * 4 + 2


def test_each_link_of_the_page_opens_a_list_of_that_count(client):
    client.force_login(staff())
    orgs = several()
    scoring.score(TODAY, NOW)
    opened = 0
    for org in orgs:
        Reading.objects.filter(organization=org).update(scored_at=NOW)
        page = client.get(f"/admin/orgs/organization/{org.pk}/change/").content.decode()
        for address in re.findall(r'class="bo-door" href="([^"]+)"', page):
            answer = client.get(address)
            assert answer.status_code == 200, address
            listed, component = answer.context["found"], address.rstrip("/").rpartition("/")[2]
            assert listed.total == reading(org).component(component).count
            assert f"{listed.total} {listed.counts}" in answer.content.decode().replace("\u202f", "")
            opened += 1
    assert opened == 5 * 4 + 2


def test_rows_that_came_after_the_reading_are_said(client):
    client.force_login(staff())
    org = healthy()
    scoring.score(TODAY, NOW)
    used(org, [TODAY - timedelta(days=61)], users=["late"])
    assert behind.behind(reading(org), "users").arrived_since == 0
    used(org, [], users=[])
    late = paying("late")
    used(late, span(60, 30))
    used(late, span(5, 3))
    scoring.score(TODAY, NOW)
    used(late, span(10, 10), users=["other"])
    assert behind.behind(reading(late), "users").arrived_since == 1
    page = client.get(f"/admin/orgs/organization/{late.pk}/behind/{TODAY}/users/").content.decode()
    assert "The score was made from 1;" in page


def test_defined_features_are_listed_instead_of_events():
    org = healthy()
    for name in ("Reports", "Export", "Unused"):
        feature = Feature.objects.create(name=name, created_at=NOW, changed_at=NOW)
        if name != "Unused":
            about = {"application": shop(), "environment": "production", "key": key_of(org), "feature": feature}
            FeatureDay.objects.bulk_create(FeatureDay(**about, day=day, events=3, users=1) for day in span(30, 28))
    scoring.score(TODAY, NOW)
    found = behind.behind(reading(org), "features")
    assert (found.total, found.component.count, found.component.reference) == (2, 2, 3)
    assert [line.cells for line in found.lines] == [
        ("Export", 3, TODAY - 28 * ONE_DAY),
        ("Reports", 3, TODAY - 28 * ONE_DAY),
    ]


@pytest.mark.parametrize("address", ["2026-03-10/nothing/", "2026-02-31/users/", "x/users/", "2020-01-01/users/"])
def test_addresses_that_mean_nothing_are_404(client, address):
    client.force_login(staff())
    org = healthy()
    scoring.score(TODAY, NOW)
    assert client.get(f"/admin/orgs/organization/{org.pk}/behind/{address}").status_code == 404


def test_what_changed_adds_up_with_the_model_apart():
    orgs = several()
    for back in (100, 90, 28, 7, 6):
        scoring.score(TODAY - timedelta(days=back), NOW)
    draft = drafting.start(HealthModel.objects.get(), actor=None, now=NOW)
    heavy = draft.definition | {"trend": {"weight": "60", "zero_at": "0.5", "full_at": "1"}}
    drafting.change(draft.pk, 1, heavy, "", actor=None, now=NOW)
    drafting.publish(draft.pk, 2, "Trends say more.", actor=None, now=NOW)
    scoring.score(TODAY, NOW)
    compared = 0
    for org in orgs:
        for change in changes(org, TODAY):
            found = change.comparison
            if found.difference is None:
                continue
            compared += 1
            assert sum(line.difference for line in found.lines) == found.difference == found.now - found.before
            assert found.model.title.startswith("Model v1")
            assert found.model.title.endswith("→ v2") or "onboarding" in found.model.title
    assert compared >= 8
    [week, month, quarter] = changes(orgs[2], TODAY)
    assert [each.until - each.since for each in (week, month)] == [7 * ONE_DAY, 28 * ONE_DAY]
    assert (quarter.since, quarter.is_first) == (TODAY - 90 * ONE_DAY, False)


def test_without_an_older_reading_the_first_one_is_compared_with():
    org = healthy()
    assert changes(org, TODAY) == []
    scoring.score(TODAY - 3 * ONE_DAY, NOW)
    assert changes(org, TODAY) == []
    scoring.score(TODAY, NOW)
    assert {(each.days, each.since, each.is_first) for each in changes(org, TODAY)} == {
        (7, TODAY - 3 * ONE_DAY, True),
        (28, TODAY - 3 * ONE_DAY, True),
        (90, TODAY - 3 * ONE_DAY, True),
    }


def test_three_recomputations_in_random_order_are_byte_equal():
    ids = [org.pk for org in several()]
    dice, seen = random.Random(1), []
    for _ in range(3):
        dice.shuffle(ids)
        for start in range(0, len(ids), 2):
            scoring.score(TODAY, NOW, ids[start : start + 2])
        rows = Reading.objects.order_by("organization_id").values(
            "organization_id", "score", "band", "coverage", "components", "caps", "evidence", "mrr", "model_id"
        )
        seen.append(repr(list(rows)).encode())
    assert seen[0] == seen[1] == seen[2]
    assert b"Decimal" in seen[0]


def test_the_panels_say_why_and_what_changed(client):
    client.force_login(staff())
    org = dropping()
    scoring.score(TODAY - 7 * ONE_DAY, NOW)
    scoring.score(TODAY, NOW)
    page = client.get(f"/admin/orgs/organization/{org.pk}/change/?changed=7").content.decode()
    assert "What changed since 3 Mar" in page
    then, now = Reading.objects.order_by("as_of")
    assert f"{then.score} → {now.score}" in page
    assert isinstance(now.score - then.score, Decimal)


def test_a_reading_of_tomorrow_is_not_todays_score(client, monkeypatch):
    """It is 11 March in Auckland, where a round was made, and still the 10th where the reporting zone moved to."""
    ada = staff()
    client.force_login(ada)
    org = silent("gone", last=13)
    evening = datetime(2026, 3, 10, 15, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: evening)
    settings.change({"time_zone": "Pacific/Auckland"}, actor=ada, now=evening)
    rounds.scan_round(evening, evening)
    settings.change({"time_zone": "America/Los_Angeles"}, actor=ada, now=evening)
    rounds.scan_round(evening, evening)
    tomorrow, today = Reading.objects.order_by("-as_of")
    assert (tomorrow.as_of, today.as_of) == (TODAY + ONE_DAY, TODAY)
    assert tomorrow.score != today.score
    shown = why_this_score(RequestFactory().get("/"), org)
    assert (shown["row"], shown["reading"].score) == (today, today.score)
