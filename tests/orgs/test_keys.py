import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orgs.keys import BadId, clean_external_id, ensure_keys
from orgs.models import Organization, OrganizationKey, OrganizationTouch


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [("org_456", "org_456"), (" Org 1\t", "Org 1"), (456, "456"), (-1, "-1"), ("007", "007"), ("1E+05", "1E+05")],
)
def test_an_id_is_trimmed_and_kept_as_text(value, cleaned):
    assert clean_external_id(value) == cleaned


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("   ", "is empty"),
        (None, "not null"),
        (True, "not true or false"),
        (1.5, "not a decimal number"),
        (["a"], "not a list"),
        ("o" * 256, "256 characters"),
        pytest.param(10**5000, "more than 255 digits", id="5001 digits"),
        ("a\x00b", "control character"),
        ("a\nb", "control character"),
        ("\ud800", "a broken one"),
    ],
)
def test_an_unusable_id_is_refused_with_the_reason(value, reason):
    with pytest.raises(BadId, match=reason):
        clean_external_id(value)


@pytest.mark.django_db
def test_new_ids_get_a_key_an_organization_and_a_touch_once():
    now = timezone.now()
    first = ensure_keys(["b", "a", "b"], now)
    again = ensure_keys(["a", "c", "b"], now)
    assert {each: again[each] for each in "ab"} == first
    assert list(Organization.objects.values_list("external_id", flat=True)) == ["a", "b", "c"]
    assert {key.external_id: key.id for key in OrganizationKey.objects.all()} == again
    assert all(key.organization.external_id == key.external_id for key in OrganizationKey.objects.all())
    assert OrganizationTouch.objects.count() == 3
    Organization.objects.create(external_id="d", created_at=now, changed_at=now)  # ids go on from the sequence


@pytest.mark.django_db
def test_an_organization_without_a_key_is_adopted_and_an_alias_is_followed():
    now = timezone.now()
    bare = Organization.objects.create(external_id="bare", created_at=now, changed_at=now)
    OrganizationKey.objects.create(external_id="alias", organization=bare, created_at=now)
    ids = ensure_keys(["bare", "alias"], now)
    assert Organization.objects.count() == 1
    assert set(OrganizationKey.objects.filter(id__in=ids.values()).values_list("organization_id")) == {(bare.id,)}


@pytest.mark.django_db(transaction=True)
def test_writers_with_overlapping_ids_neither_deadlock_nor_leave_orphans():
    now, answers, start = timezone.now(), [], threading.Barrier(4)

    def work(ids):
        try:
            start.wait()
            with transaction.atomic():
                answers.append(ensure_keys(ids, now))
        finally:
            connection.close()

    names = [f"org-{n}" for n in range(200)]
    orders = [names, names[::-1], names[50:] + names[:50], names[::2] + names[1::2]]
    threads = [threading.Thread(target=work, args=[order]) for order in orders]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(answers) == 4
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert Organization.objects.count() == OrganizationKey.objects.count() == 200
    assert not Organization.objects.filter(keys=None).exists()
