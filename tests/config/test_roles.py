"""Groups that came with the product: new permissions reach them once, and what somebody took away stays away."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from config.backoffice import audit, roles
from config.backoffice.models import AuditEntry, Role

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def may(group: Group) -> set[str]:
    pairs = group.permissions.values_list("content_type__app_label", "codename")
    return {f"{app_label}.{codename}" for app_label, codename in pairs}


def permission(name: str) -> Permission:
    app_label, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app_label, codename=codename)


def everything(name: str) -> set[str]:
    return {f"{app_label}.{each}" for app_label, names in roles.ROLES[name].items() for each in names}


@pytest.fixture
def group() -> Group:
    return Group.objects.get(name=roles.CUSTOMER_SUCCESS)


@pytest.mark.parametrize("name", list(roles.ROLES))
def test_a_new_install_has_both_with_everything_and_no_line_about_it(name):
    assert may(Group.objects.get(name=name)) == everything(name) == set(Role.objects.get(name=name).offered)
    assert not AuditEntry.objects.exists()


def test_what_is_newly_introduced_is_given_once(group):
    """An install from before cohorts: the ledger does not know them, and the group has none."""
    cohorts = sorted(each for each in may(group) if each.endswith("_cohort"))
    group.permissions.remove(*map(permission, cohorts))
    role = Role.objects.get(name=group.name)
    Role.objects.filter(name=group.name).update(offered=[each for each in role.offered if each not in cohorts])
    group.permissions.remove(permission("signals.change_signal"))
    group.permissions.add(permission("auth.view_user"))

    roles.install(NOW)
    assert may(group) == everything(group.name) - {"signals.change_signal"} | {"auth.view_user"}
    assert audit.of(group).get().detail == {"permissions": cohorts}

    group.permissions.remove(permission("orgs.delete_cohort"))
    call_command("migrate", verbosity=0)
    assert "orgs.delete_cohort" not in may(group)
    assert audit.of(group).count() == 1


def test_a_group_of_that_name_that_people_made_is_left_as_it_is(group):
    Role.objects.all().delete()
    group.permissions.remove(permission("orgs.delete_cohort"))
    roles.install(NOW)
    assert may(group) == everything(group.name) - {"orgs.delete_cohort"}


def test_a_group_that_was_renamed_goes_on_and_one_that_was_deleted_stays_away(group):
    Group.objects.filter(pk=group.pk).update(name="Account managers")
    Group.objects.get(name=roles.DATA).delete()
    Role.objects.update(offered=["orgs.view_organization"])
    group.permissions.set([permission("orgs.view_organization")])
    roles.install(NOW)
    assert may(group) == everything(roles.CUSTOMER_SUCCESS)
    assert set(Group.objects.values_list("name", flat=True)) == {"Account managers"}


def test_every_permission_that_a_role_names_exists():
    for name, wanted in roles.ROLES.items():
        assert set(roles.permissions(wanted)) == everything(name)
