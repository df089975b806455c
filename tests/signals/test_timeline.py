"""The timeline of an organization: one list of several kinds, each for whoever may see that kind."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from orgs import notes
from orgs.importing import batches, options
from signals import followups, rounds
from signals.timeline import timeline
from tests import factories
from tests.signals.world import NOW, TODAY, silent

pytestmark = pytest.mark.django_db
BASIC = ("view_organization",)


@pytest.fixture
def gone(monkeypatch):
    """A customer with one entry of every kind."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    ada = factories.staff("ada")
    org = silent("gone")
    rounds.scan_round(NOW, NOW)
    at = NOW + timedelta(minutes=1)
    notes.write(org.pk, "They moved offices.", actor=ada, now=at)
    followups.create(org.pk, title="Call them", due_on=TODAY, assignee=ada, actor=ada, now=at)
    content = b"external_org_id,display_name,owner_email\ngone,Gone Ltd,ada@example.com\n"
    chosen = options.choose(at)
    batch = batches.receive("organizations", file_name="crm.csv", content=content, options=chosen, user=ada, now=at)
    batches.preview(batch)
    batches.confirm(batch.pk, user=ada, fingerprint=batch.fingerprint, now=at)
    return org


@pytest.mark.parametrize(
    ("permissions", "kinds"),
    [
        (BASIC, {"Note", "Owner"}),
        ((*BASIC, "view_signal"), {"Note", "Owner", "Signal", "Follow-up"}),
        ((*BASIC, "view_importbatch"), {"Note", "Owner", "Import"}),
    ],
)
def test_each_kind_is_for_whoever_may_see_it(gone, client, permissions, kinds):
    eve = factories.staff("eve", is_superuser=False)
    eve.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    assert {entry.kind for entry in timeline(gone, eve)} == kinds
    client.force_login(eve)
    page = client.get(f"/admin/orgs/organization/{gone.pk}/change/").content.decode()
    assert ("30-day events" in page, "Call them" in page, "crm.csv" in page) == (
        "Signal" in kinds,
        "Follow-up" in kinds,
        "Import" in kinds,
    )


def test_newest_first_and_no_more_than_asked(gone):
    found = timeline(gone, factories.staff("max"), limit=4)
    assert len(found) == 4
    assert [entry.at for entry in found] == sorted((entry.at for entry in found), reverse=True)
