"""ID reconciliation: pairs with what is at stake; joining moves usage beside revenue, removing moves it back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from orgs import aliases
from orgs.models import MatchRejection, Organization, OrganizationKey, OrganizationSnapshot
from signals import rounds, snapshots
from signals.reconciliation import reconcile
from tests import factories
from tests.factories import NOW, organization, snapshot, staff
from tests.signals.world import paying, span, used

pytestmark = pytest.mark.django_db
PAGE, ACT = "admin:reconciliation", "admin:reconciliation_act"


def world() -> tuple[Organization, Organization]:
    """Usage under org_456, revenue under org-456, and a customer that has both under one id."""
    seen = organization("org_456")
    used(seen, span(40, 1))
    known = paying("org-456", "99", imported_at=NOW, display_name="Acme")
    both = paying("globex", "500", imported_at=NOW)
    used(both, span(40, 1), events=2)
    snapshots.refresh(NOW)
    return seen, known


def figures() -> dict[str, tuple]:
    rows = OrganizationSnapshot.objects.select_related("organization")
    return {
        row.organization.external_id: (row.events_30d, row.mrr, row.users_28d, row.last_seen_at, row.health)
        for row in rows
    }


def test_the_pair_comes_first_with_what_is_at_stake() -> None:
    world()
    found = reconcile()
    [pair] = found.certain
    assert (pair.seen.external_id, pair.known.external_id) == ("org_456", "org-456")
    assert pair.words == "separators (- _ space dot)"
    assert (pair.seen.events, pair.known.mrr) == (300, Decimal(99))
    assert (found.seen_ids, found.mrr, found.ambiguous, found.unmatched) == (1, Decimal(99), [], [])


def test_joining_brings_totals_together_and_removing_brings_them_back() -> None:
    world()
    before = figures()
    assert before["org_456"][:2] == (300, 0) and before["org-456"][:2] == (0, 99)
    aliases.accept("org_456", "org-456", actor=None, now=NOW)
    assert reconcile().certain == []
    snapshots.refresh_touched(NOW + timedelta(seconds=15))
    rounds.scan_round(NOW + timedelta(minutes=1), NOW + timedelta(minutes=1))
    joined = figures()
    assert joined["org-456"][:2] == (300, 99) and joined["org_456"][:2] == (0, 0)
    assert joined["globex"] == before["globex"]
    assert sum(row[0] for row in joined.values()) == sum(row[0] for row in before.values())
    aliases.remove("org_456", actor=None, now=NOW + timedelta(minutes=2))
    snapshots.refresh_touched(NOW + timedelta(minutes=3))
    assert figures() == before
    assert [pair.seen.external_id for pair in reconcile().certain] == ["org_456"]


def test_ambiguous_rejected_and_unmatched() -> None:
    for external_id in ("org_456", "stranger"):
        snapshot(organization(external_id), last_seen_at=NOW, events_30d=7)
    for external_id in ("org-456", "ORG-456"):
        snapshot(organization(external_id, imported_at=NOW), mrr=10)
    found = reconcile()
    assert found.certain == [] and [each.external_id for each in found.unmatched] == ["stranger"]
    assert [(each.via, each.is_ambiguous) for each in found.ambiguous] == [("ORG-456", True), ("org-456", True)]
    aliases.reject("org_456", "ORG-456", actor=None, now=NOW)
    found = reconcile()
    assert [each.via for each in found.certain] == ["org-456"] and found.ambiguous == []


def test_two_ids_of_one_customer_are_one_proposal() -> None:
    known = organization("org-456", imported_at=NOW)
    snapshot(known, mrr=10)
    OrganizationKey.objects.create(external_id="Org-456", organization=known, created_at=NOW)
    snapshot(organization("ORG-456"), last_seen_at=NOW)
    [pair] = reconcile().certain
    assert pair.known.organization_id == known.pk


def test_the_page_joins_in_bulk_rejects_and_removes(client) -> None:
    client.force_login(staff())
    for number in range(3):
        snapshot(organization(f"org_{number}"), last_seen_at=NOW, events_30d=1000 + number)
        snapshot(organization(f"org-{number}", imported_at=NOW), mrr=10)
    page = client.get(reverse(PAGE)).content.decode()
    assert "3\u00a0pairs can be joined, 30\u00a0EUR of MRR" in page
    client.post(reverse(ACT), {"action": "accept", "pair": ["org_0\r\norg-0", "org_1\r\norg-1"]})
    client.post(reverse(ACT), {"action": "reject", "seen": "org_2", "known": "org-2"})
    assert list(OrganizationKey.objects.aliases().values_list("external_id", flat=True)) == ["org_0", "org_1"]
    assert MatchRejection.objects.get().seen_id == "org_2"
    for show in ("proposed", "ambiguous", "unmatched", "joined", "rejected"):
        assert client.get(reverse(PAGE), {"show": show}).status_code == 200
    client.post(reverse(ACT), {"action": "remove", "alias": "org_0"})
    client.post(reverse(ACT), {"action": "reconsider", "seen": "org_2", "known": "org-2"})
    assert list(OrganizationKey.objects.aliases().values_list("external_id", flat=True)) == ["org_1"]
    assert not MatchRejection.objects.exists()


def test_an_id_without_a_proposal_is_joined_by_hand_and_a_wrong_one_is_told(client) -> None:
    client.force_login(staff())
    snapshot(organization("tenant-9"), last_seen_at=NOW)
    snapshot(organization("globex", imported_at=NOW), mrr=10)
    answer = client.post(reverse(ACT), {"action": "accept", "seen": "tenant-9", "known": "globix"}, follow=True)
    assert "The id “globix” is not known here" in answer.content.decode()
    assert not OrganizationKey.objects.aliases().exists()
    client.post(reverse(ACT), {"action": "accept", "seen": "tenant-9", "known": "globex"})
    assert OrganizationKey.objects.aliases().get().organization.external_id == "globex"


def test_looking_is_not_joining(client) -> None:
    maya = staff("maya", is_superuser=False)
    maya.user_permissions.add(Permission.objects.get(codename="view_organizationkey"))
    client.force_login(maya)
    world()
    page = client.get(reverse(PAGE)).content.decode()
    assert "org_456" in page and "Join the ticked pairs" not in page
    assert client.post(reverse(ACT), {"action": "accept", "seen": "org_456", "known": "org-456"}).status_code == 403
    assert not OrganizationKey.objects.aliases().exists()


def test_the_organization_page_shows_and_removes_aliases(client) -> None:
    client.force_login(staff())
    seen, known = world()
    aliases.accept("org_456", "org-456", actor=None, now=NOW)
    page = client.get(reverse("admin:orgs_organization_change", args=[known.pk])).content.decode()
    assert "(+1\u00a0alias)" in page and "Remove the alias org_456" in page
    emptied = client.get(reverse("admin:orgs_organization_change", args=[seen.pk]))
    assert emptied.url == reverse("admin:orgs_organization_change", args=[known.pk])
    listed = client.get(reverse("admin:orgs_organization_changelist"), {"show": "all"}).context["cl"].result_list
    assert {each.external_id for each in listed} == {"org-456", "globex"}
    client.post(reverse("admin:orgs_organization_unalias", args=[known.pk]), {"alias": "org_456"})
    assert factories.key_of(seen).organization_id == seen.pk


def test_two_thousand_beside_two_thousand_in_four_queries(django_assert_max_num_queries) -> None:
    names = [f"customer-{number:05}-{chr(97 + number % 26)}" for number in range(2_000)]
    rows = [
        Organization(
            external_id=text, created_at=NOW, changed_at=NOW, imported_at=NOW if is_known else None, display_name=""
        )
        for is_known in (True, False)
        for text in (name if is_known else name.upper().replace("-", "_") for name in names)
    ]
    made = Organization.objects.bulk_create(rows, batch_size=5000)
    keys = [OrganizationKey(external_id=each.external_id, organization=each, created_at=NOW) for each in made]
    OrganizationKey.objects.bulk_create(keys, batch_size=5000)
    OrganizationSnapshot.objects.bulk_create(
        [
            OrganizationSnapshot(
                organization=each,
                mrr=10 if each.imported_at else 0,
                last_seen_at=None if each.imported_at else NOW,
                computed_at=NOW,
            )
            for each in made
        ],
        batch_size=5000,
    )
    with django_assert_max_num_queries(4):
        found = reconcile()
    assert len(found.certain) == 2_000 and not found.ambiguous and not found.unmatched
