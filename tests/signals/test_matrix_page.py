"""Revenue × Health: every cell opens a list with its count, lines move as a what-if, movers are told."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from orgs.models import Organization
from signals import matrix, movers, snapshots
from signals.health import Band
from signals.models import HealthModel, Reading
from tests.factories import organization, snapshot, staff

pytestmark = pytest.mark.django_db
BANDS = ((70, "healthy"), (40, "watch"), (0, "at_risk"))


def band_of(score: Decimal) -> str:
    return next(band for least, band in BANDS if score >= least)


@pytest.fixture
def ada(client):
    user = staff("ada")
    client.force_login(user)
    return user


@pytest.fixture
def customers(ada):
    """Sixty in all places, some on the lines, some who do not pay, a third of them Ada's."""
    dice = random.Random(7)
    now = timezone.now()
    for number in range(60):
        score = Decimal(dice.choice(["70.00", "69.99", "12.50", "90.00", "40.00"]))
        state = dice.choice([band_of(score)] * 4 + ["no_activity", "not_scored"])
        mrr = Decimal(dice.choice(["0", "50", "100", "100", "300", "900"]))
        org = organization(f"org-{number}", owner=ada if number % 3 == 0 else None)
        snapshot(org, mrr=mrr, health=None if state == "not_scored" else score, band=state, last_seen_at=now, now=now)
    snapshots.place_in_quadrants()
    return list(Organization.objects.select_related("snapshot"))


def cells_of(context) -> list:
    return [cell for row in context["rows"] for cell in row] + [context["strip"]]


@pytest.mark.parametrize("scope", ["all", "mine"])
@pytest.mark.parametrize(
    "lines", ["", "&good_from=0", "&good_from=40", "&high_from=100", "&good_from=69.99&high_from=900", "&good_from=x"]
)
def test_every_cell_opens_a_list_with_its_count(client, customers, scope, lines):
    context = client.get(f"/admin/matrix/?scope={scope}{lines}").context
    seen = 0
    for shown in cells_of(context):
        listed = client.get(shown.address).context
        assert (listed["total"].organizations, listed["total"].mrr) == (shown.cell.organizations, shown.cell.mrr)
        assert set(listed["cl"].queryset.values_list("pk", flat=True)) == set(shown.cell.organization_ids)
        seen += shown.cell.organizations
    own = [each for each in customers if scope == "all" or each.owner_id]
    assert seen == sum(1 for each in own if each.snapshot.mrr > 0) == context["paying"]


def test_the_numbers_of_a_cell(client, ada):
    for name, mrr, score in (("a", "100", "80"), ("b", "300", "90"), ("c", "500", "71.50"), ("d", "200", "10")):
        snapshot(organization(name), mrr=Decimal(mrr), health=Decimal(score), band=band_of(Decimal(score)))
    snapshot(organization("e"), mrr=Decimal(900), band="not_scored")
    context = client.get("/admin/matrix/").context
    champions = context["rows"][0][1].cell
    assert context["matrix"].high_from == Decimal(300)
    assert (champions.organizations, champions.mrr, champions.share, champions.mean_health, champions.mean_mrr) == (
        2,
        Decimal(800),
        Decimal("0.4000"),
        Decimal("80.75"),
        Decimal("400.00"),
    )
    assert (context["strip"].cell.organizations, context["strip"].cell.mrr) == (1, Decimal(900))


@pytest.mark.parametrize("cell", ["champions", "champions:70", "champions:x:", "gone:70:", "champions:170:", "x" * 300])
def test_an_address_that_means_no_cell_shows_everybody(client, customers, cell):
    listed = client.get("/admin/orgs/organization/", {"cell": cell}).context["cl"]
    assert listed.result_count == 60


def test_a_line_at_zero_stays_at_zero(client, customers):
    context = client.get("/admin/matrix/?good_from=0&high_from=0").context
    assert (context["cut"].good_from, context["cut"].high_from) == (Decimal(0), Decimal(0))
    champions = context["rows"][0][1].cell.organizations
    assert champions == context["paying"] - context["strip"].cell.organizations > 0


def test_nothing_is_written_by_trying(client, customers):
    before = list(Organization.objects.order_by("pk").values_list("pk", "snapshot__quadrant"))
    client.get("/admin/matrix/?good_from=10&high_from=5")
    assert list(Organization.objects.order_by("pk").values_list("pk", "snapshot__quadrant")) == before


def test_who_moved_since_last_week(client, ada):
    model = HealthModel.objects.get()
    now = timezone.now()
    day = now.date() - timedelta(days=7)
    before = {"up": ("500", "60"), "stays": ("100", "90"), "lost": ("300", "90"), "new": ("0", "90")}
    after = {"up": ("500", "75"), "stays": ("100", "90"), "lost": ("0", "90"), "new": ("50", "90")}
    for name, figures in before.items():
        org = organization(name)
        mrr, score = map(Decimal, figures)
        Reading.objects.create(
            organization=org,
            as_of=day,
            score=score,
            band=band_of(score),
            coverage=1,
            model=model,
            mrr=mrr,
            scored_at=now,
        )
        mrr, score = map(Decimal, after[name])
        snapshot(org, mrr=mrr, health=score, band=band_of(score))
    moved = client.get("/admin/matrix/").context["moved"]
    assert (moved.since, moved.count) == (day, 4)
    told = {one.organization.external_id: (one.before, one.now) for one in moved.items}
    place = matrix.Quadrant
    assert told == {
        "up": (place.REVENUE_AT_RISK, place.CHAMPIONS),
        "stays": (place.EXPANSION, place.CHAMPIONS),
        "new": (None, place.EXPANSION),
        "lost": (place.CHAMPIONS, None),
    }
    assert [one.organization.external_id for one in moved.items] == ["up", "stays", "new", "lost"]
    Organization.objects.filter(external_id__in=["lost", "stays"]).update(owner=ada)
    moved = client.get("/admin/matrix/?scope=mine").context["moved"]
    assert [one.organization.external_id for one in moved.items] == ["stays", "lost"]


def test_amounts_of_last_week_in_another_currency_are_not_compared(client, customers):
    day = timezone.localdate() - timedelta(days=7)
    reading = Reading.objects.create(
        organization=customers[0],
        as_of=day,
        band="healthy",
        coverage=1,
        model=HealthModel.objects.get(),
        mrr=10,
        evidence={"currency": "EUR"},
        scored_at=timezone.now(),
    )
    assert client.get("/admin/matrix/").context["moved"].since == day
    reading.evidence["currency"] = "USD"
    reading.save()
    assert client.get("/admin/matrix/").context["moved"] is None


def test_without_a_reading_of_last_week_it_says_so(client, customers):
    assert client.get("/admin/matrix/").context["moved"] is None
    assert "no reading from a week ago in the reporting currency" in client.get("/admin/matrix/").content.decode()


def test_standings_are_those_of_the_list(customers):
    found = {one.organization_id: one for one in movers.standings(Organization.objects.all())}
    assert set(found) == {each.pk for each in customers if each.snapshot.mrr > 0}
    one = next(each for each in customers if each.snapshot.mrr > 0)
    assert found[one.pk] == matrix.Standing(one.pk, one.snapshot.mrr, one.snapshot.health, Band(one.snapshot.band))
