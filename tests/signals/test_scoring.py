"""Readings: stored once a day, complete enough to be explained as they were judged."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from signals import health, scoring
from signals.evidence import evidence
from signals.models import HealthModel, Reading, RuleVersion
from signals.versions import drafting, publishing
from tests import factories
from tests.signals.world import NOW, TODAY, dropping, healthy, silent

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def rows() -> list[dict]:
    return list(Reading.objects.order_by("organization_id").values())


def test_scores_by_hand():
    well, gone, quiet = healthy(), silent(), factories.organization("quiet")
    assert scoring.score(TODAY, NOW) == 3
    found = {row.organization_id: row for row in Reading.objects.all()}
    assert (found[well.pk].score, found[well.pk].band, found[well.pk].coverage) == (100, "healthy", 1)
    assert (found[gone.pk].score, found[gone.pk].band) == (Decimal("47.37"), "watch")
    assert (found[gone.pk].mrr, found[gone.pk].is_onboarding) == (600, False)
    assert (found[quiet.pk].score, found[quiet.pk].band, found[quiet.pk].coverage) == (None, "no_activity", 0)
    contributions = {line["key"]: line["contribution"] for line in found[gone.pk].components}
    assert contributions == {
        "recency": "8.62",
        "frequency": "8.75",
        "users": "20.00",
        "features": "10.00",
        "trend": "0.00",
    }


def test_a_second_time_changes_nothing():
    healthy()
    scoring.score(TODAY, NOW)
    before = rows()
    scoring.score(TODAY, NOW)
    assert rows() == before


def test_three_recomputations_in_any_order_are_equal():
    ids = [healthy("a").pk, silent("b").pk, silent("c", last=33).pk, factories.organization("d").pk]
    scoring.score(TODAY, NOW)
    whole = rows()
    for seed in (1, 2):
        random.Random(seed).shuffle(ids)
        Reading.objects.all().delete()
        for org_id in ids:
            scoring.score(TODAY, NOW, [org_id])
        assert [row | {"id": 0} for row in rows()] == [row | {"id": 0} for row in whole]


def test_a_row_says_what_the_reading_said():
    org = dropping()
    scoring.score(TODAY, NOW)
    row = Reading.objects.get()
    model = publishing.model_of(row.model)
    fresh = health.score(evidence(TODAY, [org.pk])[0], model)
    assert (fresh.score, [(cap.key, cap.taken) for cap in fresh.caps]) == (69, [("drop", -11)])
    assert scoring.restored(row, model) == fresh


def test_one_row_a_day_and_only_those_asked_for():
    well, gone = healthy(), silent()
    scoring.score(TODAY - timedelta(days=1), NOW)
    assert scoring.score(TODAY, LATER, [gone.pk]) == 1
    days = Reading.objects.order_by("organization_id", "as_of").values_list("organization_id", "as_of", "scored_at")
    yesterday = TODAY - timedelta(days=1)
    assert list(days) == [(well.pk, yesterday, NOW), (gone.pk, yesterday, NOW), (gone.pk, TODAY, LATER)]


def test_the_first_versions_are_installed_once_and_what_was_published_stays():
    draft = drafting.start(HealthModel.objects.get(), actor=None, now=NOW)
    HealthModel.objects.filter(pk=draft.pk).update(definition={"healthy_from": "75"})
    drafting.publish(draft.pk, 1, "why", actor=None, now=NOW)
    RuleVersion.objects.create(rule="usage_drop", version=2, thresholds={"ratio_below": "0.5"}, created_at=NOW)
    publishing.install(NOW)
    assert HealthModel.objects.count() == 2
    in_force = publishing.in_force().of("")
    assert (in_force.number, in_force.model.healthy_from, in_force.model.label) == (2, 75, "v2")
    book = publishing.rule_book()
    assert book.thresholds["usage_drop"].ratio_below == Decimal("0.5")
    assert (book.versions["usage_drop"], book.versions["renewal_risk"], book.off) == (2, 1, frozenset())
