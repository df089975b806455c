"""Organizations and lists of them as django-import-export resources."""

from import_export import fields

from orgs.importing.setwise import SetWiseResource
from orgs.models import CohortMember, ImportBatch, Organization


class OrganizationResource(SetWiseResource):
    import_kind = ImportBatch.Kind.ORGANIZATIONS

    external_org_id = fields.Field("external_id", "external_org_id")
    display_name = fields.Field("display_name", "display_name")
    owner_email = fields.Field("owner__email", "owner_email")
    segment = fields.Field("segment", "segment")
    parent_external_org_id = fields.Field("parent__external_id", "parent_external_org_id")
    renewal_on = fields.Field("renewal_on", "renewal_on")

    class Meta:
        model = Organization
        fields = (
            "external_org_id",
            "display_name",
            "owner_email",
            "segment",
            "parent_external_org_id",
            "renewal_on",
        )
        import_id_fields = ("external_org_id",)


class CohortResource(SetWiseResource):
    import_kind = ImportBatch.Kind.COHORTS

    external_org_id = fields.Field("organization__external_id", "external_org_id")

    class Meta:
        model = CohortMember
        fields = ("external_org_id",)
        import_id_fields = ("external_org_id",)
