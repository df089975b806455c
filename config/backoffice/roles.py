"""Two roles that fit most teams; whoever needs more edits the groups.

An upgrade gives them what the product has newly learned, each permission once: what somebody took away stays away.
"""

from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from config.backoffice import audit
from config.backoffice.models import Role
from config.db import lock

CUSTOMER_SUCCESS = "Customer success"
DATA = "Data and setup"

WORK = {
    "orgs": [
        "view_organization",
        "change_organization",
        "view_organizationkey",
        "view_importbatch",
        "view_team",
        "view_cohort",
        "add_cohort",
        "change_cohort",
        "delete_cohort",
    ],
    "tracker": ["view_event", "view_application", "view_feature", "add_savedinsight", "add_dashboard"],
    "revenue": ["view_subscription", "view_exchangerate"],
    "signals": ["view_signal", "change_signal", "view_reading", "view_healthmodel", "view_ruleversion"],
    "backoffice": ["view_job", "view_jobrun", "view_auditentry"],
}
SETUP = {
    **WORK,
    "signals": [*WORK["signals"], "change_healthmodel", "add_ruleversion"],
    "orgs": [
        *WORK["orgs"],
        "add_importbatch",
        "delete_importbatch",
        "run_import",
        "add_organization",
        "add_team",
        "change_team",
        "delete_team",
    ],
    "tracker": [
        *WORK["tracker"],
        "add_application",
        "change_application",
        "view_reject",
        "add_feature",
        "change_feature",
        "add_price",
        "change_price",
        "delete_price",
    ],
    "backoffice": [
        *WORK["backoffice"],
        "change_job",
        "view_installsettings",
        "change_installsettings",
        "view_apitoken",
        "add_apitoken",
        "view_webhookendpoint",
        "add_webhookendpoint",
        "change_webhookendpoint",
        "delete_webhookendpoint",
        "view_webhookdelivery",
        "change_webhookdelivery",
        "view_mail",
    ],
}


ROLES = {CUSTOMER_SUCCESS: WORK, DATA: SETUP}


def install(now: datetime) -> None:
    """Make the groups when they were never made, and give them permissions that they were never given."""
    with transaction.atomic():
        lock("roles")
        for name, wanted in ROLES.items():
            extend(known(name), wanted, now)


def known(name: str) -> Role:
    """The role with its group, both made when there was none; a group that somebody deleted does not come back.

    A group of that name that already may something is somebody's work: it counts as having been offered everything.
    """
    role = Role.objects.select_related("group").filter(name=name).first()
    if role is None:
        group, _ = Group.objects.get_or_create(name=name)
        offered = sorted(permissions(ROLES[name])) if group.permissions.exists() else []
        role = Role.objects.create(name=name, group=group, offered=offered)
    return role


def extend(role: Role, wanted: dict[str, list[str]], now: datetime) -> None:
    """Give what is new. Recorded when people have worked with the group before."""
    new = {key: each for key, each in permissions(wanted).items() if key not in role.offered}
    if role.group is None or not new:
        return
    role.group.permissions.add(*new.values())
    if role.offered:
        audit.record(None, "role.extended", role.group, detail={"permissions": sorted(new)}, now=now)
    role.offered = sorted({*role.offered, *new})
    role.save(update_fields=["offered"])


def permissions(wanted: dict[str, list[str]]) -> dict[str, Permission]:
    """The permissions of these names that exist, by "app.codename"."""
    choice = Q()
    for app_label, codenames in wanted.items():
        choice |= Q(content_type__app_label=app_label, codename__in=codenames)
    found = Permission.objects.filter(choice).select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}": each for each in found}
