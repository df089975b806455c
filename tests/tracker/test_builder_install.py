"""The dashboard that every install begins with."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from tests import factories
from tracker.builder import install
from tracker.insights.eight_questions import QUESTIONS
from tracker.models import Dashboard, SavedInsight

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def test_it_is_there_after_migrating():
    dashboard = Dashboard.objects.get(built_in=install.NAME)
    assert [tile.insight.name for tile in dashboard.tiles.all()] == [each.title for each in QUESTIONS]


def test_again_changes_nothing_and_brings_back_nothing():
    dashboard = Dashboard.objects.get(built_in=install.NAME)
    dashboard.tiles.first().delete()
    SavedInsight.objects.filter(built_in="users").update(name="How many people?")
    install.install(NOW)
    assert dashboard.tiles.count() == len(QUESTIONS) - 1
    assert SavedInsight.objects.get(built_in="users").name == "How many people?"
    assert SavedInsight.objects.exclude(built_in=None).count() == len(QUESTIONS)


def test_every_question_answers_on_an_empty_install(client):
    client.force_login(factories.staff(is_superuser=True))
    page = client.get(reverse("admin:dashboard", args=[Dashboard.objects.get(built_in=install.NAME).id]))
    assert page.content.decode().count("bare=1") == 2 * len(QUESTIONS)
    for insight in SavedInsight.objects.exclude(built_in=None):
        answer = client.get(f"{reverse('admin:insight_result')}?insight={insight.id}&bare=1")
        assert "Nothing matched" in answer.content.decode(), insight.name
