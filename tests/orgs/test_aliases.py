"""Joining ids: one key is re-pointed and nothing else; it can be taken back; what does not fit changes nothing."""

import threading

import pytest
from django.db import connection

from config.backoffice.models import AuditEntry
from orgs import aliases
from orgs.models import MatchRejection, Organization, OrganizationKey, OrganizationTouch
from tests.factories import NOW, organization, staff

pytestmark = pytest.mark.django_db


def places() -> dict[str, str]:
    return dict(OrganizationKey.objects.values_list("external_id", "organization__external_id"))


def test_accept_and_remove() -> None:
    ada = staff()
    seen, known = organization("org_456"), organization("org-456", imported_at=NOW)
    assert aliases.accept("org_456", "org-456", actor=ada, now=NOW) == known
    assert places() == {"org_456": "org-456", "org-456": "org-456"}
    assert set(OrganizationTouch.objects.values_list("organization_id", "reason")) == {
        (seen.pk, "alias"),
        (known.pk, "alias"),
    }
    assert aliases.joined_to(seen) == known and aliases.joined_to(known) is None
    assert list(Organization.objects.with_ids()) == [known]
    assert aliases.remove("org_456", actor=ada, now=NOW) == seen
    assert places() == {"org_456": "org_456", "org-456": "org-456"}
    told = AuditEntry.objects.order_by("id").values_list("actor_label", "action", "detail")
    assert list(told) == [
        ("ada", "alias.accepted", {"id": "org_456", "to": "org-456", "from": "org_456"}),
        ("ada", "alias.removed", {"id": "org_456", "from": "org-456"}),
    ]


@pytest.mark.parametrize(
    ("seen", "known", "words"),
    [
        ("nobody", "org-456", "is not known here"),
        ("org_456", "nobody", "is not known here"),
        ("org-456", "org-456", "one organization already"),
        ("org-789", "org-456", "is an imported customer itself"),
        ("alias", "org-789", "is an alias of “org-456” already"),
        ("alias", "org-456", "one organization already"),
    ],
)
def test_what_cannot_be_joined(seen: str, known: str, words: str) -> None:
    organization("org_456")
    for external_id in ("org-456", "org-789"):
        organization(external_id, imported_at=NOW)
    organization("alias")
    aliases.accept("alias", "org-456", actor=None, now=NOW)
    before, entries = places(), AuditEntry.objects.count()
    with pytest.raises(aliases.CannotJoin, match=words):
        aliases.accept(seen, known, actor=None, now=NOW)
    assert places() == before and AuditEntry.objects.count() == entries


def test_only_an_alias_can_be_removed() -> None:
    organization("org-456")
    with pytest.raises(aliases.CannotJoin, match="is no alias"):
        aliases.remove("org-456", actor=None, now=NOW)
    assert not AuditEntry.objects.exists()


def test_a_rejection_is_remembered_once_and_forgotten_when_asked() -> None:
    ada = staff()
    for _ in range(2):
        aliases.reject("org_456", "org-456", actor=ada, now=NOW)
    assert list(MatchRejection.objects.values_list("seen_id", "known_id", "rejected_by")) == [
        ("org_456", "org-456", ada.pk)
    ]
    aliases.reconsider("org_456", "org-456", actor=ada, now=NOW)
    assert not MatchRejection.objects.exists()
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "match.rejected",
        "match.reconsidered",
    ]


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_join_it_once() -> None:
    organization("org_456")
    for external_id in ("org-456", "Org-456"):
        organization(external_id, imported_at=NOW)
    ended: list[str] = []
    start = threading.Barrier(2)

    def join(known: str) -> None:
        start.wait()
        try:
            aliases.accept("org_456", known, actor=None, now=NOW)
            ended.append("joined")
        except aliases.CannotJoin:
            ended.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=join, args=[known]) for known in ("org-456", "Org-456")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["joined", "refused"]
    assert AuditEntry.objects.filter(action="alias.accepted").count() == 1
