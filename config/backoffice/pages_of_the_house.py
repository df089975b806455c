"""The furniture's own places in the navigation."""

from config.backoffice.pages import register_list

register_list(
    "jobs",
    title="Jobs",
    group="Operations",
    order=10,
    icon="schedule",
    permission="backoffice.view_job",
    url_name="admin:backoffice_job_changelist",
)
register_list(
    "settings",
    title="Settings",
    group="Operations",
    order=20,
    icon="tune",
    permission="backoffice.view_installsettings",
    url_name="admin:backoffice_installsettings_changelist",
)
register_list(
    "tokens",
    title="API tokens",
    group="Operations",
    order=30,
    icon="key",
    permission="backoffice.view_apitoken",
    url_name="admin:backoffice_apitoken_changelist",
)
register_list(
    "webhooks",
    title="Webhooks",
    group="Operations",
    order=35,
    icon="webhook",
    permission="backoffice.view_webhookendpoint",
    url_name="admin:backoffice_webhookendpoint_changelist",
)
register_list(
    "mails",
    title="E-mails",
    group="Operations",
    order=36,
    icon="outgoing_mail",
    permission="backoffice.view_mail",
    url_name="admin:backoffice_mail_changelist",
)
register_list(
    "users",
    title="Staff",
    group="Operations",
    order=40,
    icon="group",
    permission="auth.view_user",
    url_name="admin:auth_user_changelist",
)
register_list(
    "audit",
    title="Audit trail",
    group="Operations",
    order=50,
    icon="history",
    permission="backoffice.view_auditentry",
    url_name="admin:backoffice_auditentry_changelist",
)
