"""The feature matrix: the same facts as the list of features and as each organization's page."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from config.backoffice import settings
from orgs.models import Cohort, CohortMember, Organization
from tests.factories import application, snapshot, staff
from tests.tracker.test_rollups import event, put
from tracker import adoption, feature_matrix, features, rollups
from tracker.feature_matrix import MatrixFilter
from tracker.features import Rule
from tracker.models import Feature

pytestmark = pytest.mark.django_db
URL = "admin:feature_matrix"
HOSTILE = "=cmd|' /C calc'!A0 <script>"


def used(name: str, org: str, times: int, users: int = 1) -> list:
    at = timezone.now() - timedelta(days=3)
    return [event(at, name=name, external_id=org, user_hash=bytes([n % users]) * 32) for n in range(times)]


@pytest.fixture
def world():
    """Reports asks for 3 uses by 2 users; `big` uses both, `mid` tried reports, `small` neither, has no figures yet."""
    now = timezone.now()
    sent = [
        *used("report", "big", 4, 2),
        *used("search", "big", 1),
        *used("report", "mid", 2),
        *used("other", "small", 9),
    ]
    put(application(), [*sent, event(now - timedelta(days=60), name="report", external_id="old")], now)
    reports = Feature(name=HOSTILE, minimum_uses=3, minimum_users=2)
    features.save(reports, [Rule(event="report")], actor=None, now=now)
    features.save(Feature(name="Search"), [Rule(event="search")], actor=None, now=now)
    rollups.roll_up(now)
    features.count_waiting(now)
    found = {each.external_id: each for each in Organization.objects.all()}
    for name, mrr in (("big", 10), ("mid", 900)):
        snapshot(found[name], mrr=mrr)
    maya = staff("maya")
    Organization.objects.filter(external_id="mid").update(owner=maya)
    cohort = Cohort.objects.create(name="Some", created_at=now, changed_at=now)
    CohortMember.objects.create(cohort=cohort, organization=found["small"], since=now)
    return {"reports": reports.pk, "maya": maya, "cohort": cohort.pk}


def asked(**chosen) -> feature_matrix.Matrix:
    user = chosen.pop("user", None)
    query = {name: str(value) for name, value in chosen.items()}
    return feature_matrix.matrix(MatrixFilter.of(query), settings.today(timezone.now()), user=user)


def names(found: feature_matrix.Matrix) -> list[str]:
    return [each.external_id for each in feature_matrix.loaded(found.organization_ids)]


def test_used_and_not_used(world):
    found = asked()
    rows = found.rows(feature_matrix.loaded(found.organization_ids))
    assert [(row.organization.external_id, [use and use.events for use in row.uses], row.used) for row in rows] == [
        ("mid", [2, None], 1),
        ("big", [4, 1], 2),
        ("small", [None, None], 0),
    ]
    assert [(each.using, each.adopting, each.of) for each in found.columns] == [(2, 1, 3), (1, 1, 3)]
    assert found.used_on_average == 1
    today = settings.today(timezone.now())
    assert [(each.using, each.adopting, each.of) for each in adoption.adoption(today)] == [(2, 1, 3), (1, 1, 3)]


def test_filters(world):
    reports = world["reports"]
    assert names(asked(feature=reports)) == ["mid", "big"]
    assert names(asked(feature=reports, use="adopted")) == ["big"]
    assert names(asked(feature=reports, use="not_adopted")) == ["mid"]
    assert names(asked(feature=reports, use="not_used")) == ["small"]
    assert names(asked(owner="me", user=world["maya"])) == ["mid"]
    assert names(asked(owner="nobody")) == ["big", "small"]
    assert names(asked(cohort=world["cohort"])) == ["small"]
    assert names(asked(q="BIG")) == ["big"]
    assert asked(cohort=world["cohort"]).columns[0].using == 0
    assert names(asked(feature="x", use="x", owner="x", cohort="x")) == ["mid", "big", "small"]
    assert names(asked(feature=10**15)) == []


def test_the_page_and_its_export(client, world):
    client.force_login(staff())
    html = client.get(reverse(URL)).content.decode().replace("\xa0", " ")
    assert "3 organizations use 1.0 of 2 features on average." in html
    assert "<script>" not in html.split("=cmd", 1)[1].split("</th>", 1)[0]
    assert f"series-0-name={world['reports']}&amp;series-0-math=total" in html
    answer = client.get(reverse(URL), {"export": "csv", "feature": world["reports"], "use": "used"})
    header, *rows = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    assert header[-2:] == [f"'{HOSTILE}", "Search"]
    assert [(row[0], row[3], *row[4:]) for row in rows] == [
        ("mid", "900.0000", "1", "2", "2", ""),
        ("big", "10.0000", "2", "2", "4", "1"),
    ]


def test_who_may_see_features_sees_it(client):
    nobody = staff("nobody", is_superuser=False)
    client.force_login(nobody)
    assert client.get(reverse(URL)).status_code == 403
    nobody.user_permissions.add(Permission.objects.get(codename="view_feature"))
    assert "What your product can do stands here" in client.get(reverse(URL)).content.decode()
