"""Every change to who may do what stands in the audit trail."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from config.backoffice import staff
from config.backoffice.models import AuditEntry
from config.backoffice.roles import CUSTOMER_SUCCESS
from tests import factories

pytestmark = pytest.mark.django_db
NEW = {"usable_password": "true", "password1": "jf83hfks9Ad", "password2": "jf83hfks9Ad"}


@pytest.fixture
def ada(client):
    user = factories.staff("ada")
    client.force_login(user)
    return user


@pytest.fixture
def bob():
    return factories.staff("bob", is_superuser=False)


def trail() -> list[tuple]:
    return [
        (entry.actor.username, entry.action, entry.subject_label, entry.detail)
        for entry in AuditEntry.objects.select_related("actor").order_by("id")
    ]


def form_of(user: User, **values) -> dict[str, str]:
    stands = {
        "username": user.username,
        "email": user.email,
        "is_active": "on",
        "is_staff": "on",
        "date_joined_0": str(user.date_joined.date()),
        "date_joined_1": user.date_joined.strftime("%H:%M:%S"),
    }
    return {**stands, **values}


def save(client, user: User, **values) -> None:
    answer = client.post(f"/admin/auth/user/{user.pk}/change/", form_of(user, **values))
    assert answer.status_code == 302, answer.context["adminform"].form.errors


def test_a_new_login(client, ada):
    answer = client.post("/admin/auth/user/add/", {"username": "eve", **NEW})
    assert answer.status_code == 302
    assert trail() == [("ada", "user.created", "eve", {"username": "eve", "is_active": True})]


def test_somebody_becomes_superuser_and_joins_a_group(client, ada, bob):
    group = Group.objects.get(name=CUSTOMER_SUCCESS)
    save(client, bob, is_superuser="on", groups=[group.pk])
    changed = {"is_superuser": [False, True], "groups": {"added": [CUSTOMER_SUCCESS], "removed": []}}
    assert trail() == [("ada", "user.changed", "bob", changed)]


def test_saving_what_stands_leaves_no_line_and_neither_does_a_refused_form(client, ada, bob):
    save(client, bob)
    client.post(f"/admin/auth/user/{bob.pk}/change/", form_of(bob, username="ada", is_superuser="on"))
    assert trail() == []
    bob.refresh_from_db()
    assert not bob.is_superuser


def test_a_permission_given_and_taken(client, ada, bob):
    given, taken = Permission.objects.filter(content_type__app_label="orgs").order_by("codename")[:2]
    bob.user_permissions.add(taken)
    save(client, bob, user_permissions=[given.pk])
    told = {"added": [f"orgs.{given.codename}"], "removed": [f"orgs.{taken.codename}"]}
    assert trail() == [("ada", "user.changed", "bob", {"permissions": told})]


def test_a_password_set_for_somebody_is_told_and_not_kept(client, ada, bob):
    client.post(f"/admin/auth/user/{bob.pk}/password/", {**NEW, "set-password": "1"})
    assert trail() == [("ada", "user.password_set", "bob", {})]
    bob.refresh_from_db()
    assert bob.check_password(NEW["password1"])


def test_ones_own_password_too(client, ada):
    own = {"old_password": "pw", "new_password1": NEW["password1"], "new_password2": NEW["password1"]}
    assert client.post("/admin/password_change/", own).status_code == 302
    assert trail() == [("ada", "user.password_set", "ada", {})]


def test_a_deleted_login_says_what_it_might(client, ada, bob):
    client.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"})
    told = {"username": "bob", "email": "bob@example.com", "is_active": True, "is_staff": True}
    assert trail() == [("ada", "user.deleted", "bob", told)]
    assert not User.objects.filter(username="bob").exists()


def test_many_deleted_at_once_have_a_line_each(client, ada, bob):
    eve = factories.staff("eve")
    ticked = {"action": "delete_selected", "_selected_action": [bob.pk, eve.pk], "post": "yes"}
    client.post("/admin/auth/user/", ticked)
    assert [line[1:3] for line in trail()] == [("user.deleted", "bob"), ("user.deleted", "eve")]


def test_a_group_made_changed_and_deleted(client, ada):
    client.post("/admin/auth/group/add/", {"name": "Night"})
    group = Group.objects.get(name="Night")
    permission = Permission.objects.get(codename="view_signal")
    client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Day", "permissions": [permission.pk]})
    client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    changed = {"name": ["Night", "Day"], "permissions": {"added": ["signals.view_signal"], "removed": []}}
    assert trail() == [
        ("ada", "group.created", "Night", {"name": "Night"}),
        ("ada", "group.changed", "Day", changed),
        ("ada", "group.deleted", "Day", {"name": "Day", "permissions": ["signals.view_signal"]}),
    ]


def test_a_line_and_its_change_are_one(ada, bob):
    with pytest.raises(ZeroDivisionError), transaction.atomic(), staff.watched(bob, actor=ada, now=factories.NOW):
        User.objects.filter(pk=bob.pk).update(is_superuser=True)
        raise ZeroDivisionError
    assert trail() == []
    bob.refresh_from_db()
    assert not bob.is_superuser
