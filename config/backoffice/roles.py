"""Two roles that fit most teams; whoever needs more edits the groups."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

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


def install() -> None:
    """Make the groups with their permissions when they are missing; edited groups stay as they are."""
    for name, wanted in ((CUSTOMER_SUCCESS, WORK), (DATA, SETUP)):
        group, created = Group.objects.get_or_create(name=name)
        if created or not group.permissions.exists():
            group.permissions.set(permissions(wanted))


def permissions(wanted: dict[str, list[str]]) -> list[Permission]:
    choice = Q()
    for app_label, codenames in wanted.items():
        choice |= Q(content_type__app_label=app_label, codename__in=codenames)
    return list(Permission.objects.filter(choice))
