from django.db import migrations

# Rules of cohorts name the figure.
RENAME_IN_COHORTS = """
UPDATE orgs_cohort SET definition = replace(definition::text, '"{old}"', '"{new}"')::jsonb
WHERE definition::text LIKE '%%"{old}"%%'
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0007_wide_money")]

    operations = [
        migrations.RenameField("organizationsnapshot", "users_30d", "users_28d"),
        migrations.RunSQL(
            [(RENAME_IN_COHORTS.format(old="users_30d", new="users_28d"), {})],
            [(RENAME_IN_COHORTS.format(old="users_28d", new="users_30d"), {})],
        ),
    ]
