"""This app's places in the navigation."""

from config.backoffice.pages import register_list

register_list(
    "organizations",
    title="Organizations",
    group="Customers",
    order=30,
    icon="apartment",
    permission="orgs.view_organization",
    url_name="admin:orgs_organization_changelist",
)
register_list(
    "teams",
    title="Teams",
    group="Operations",
    order=45,
    icon="groups",
    permission="orgs.view_team",
    url_name="admin:orgs_team_changelist",
)
register_list(
    "imports",
    title="Imports",
    group="Data",
    order=10,
    icon="upload_file",
    permission="orgs.view_importbatch",
    url_name="admin:orgs_importbatch_changelist",
)
