import django.contrib.postgres.indexes
from django.db import migrations, models

# A key becomes what `tracker.store.digest` makes of application and key. Every row changes, so the table is written
# anew: ten million rows take about a minute and a half, in which events that come in wait.
DIGESTS = r"""
LOCK TABLE tracker_eventkey IN ACCESS EXCLUSIVE MODE;
CREATE TABLE tracker_eventkey_digests AS
SELECT event_id, received_at,
       encode(
           CASE WHEN event_key ~ '^[0-9a-f]{8}-[0-9a-f]{4}-'
               THEN decode(substr(event_key, 1, 8) || substr(event_key, 10, 4), 'hex')
               ELSE substr(convert_to(event_key, 'UTF8') || '\x000000000000'::bytea, 1, 6)
           END || substr(sha256(
               convert_to(application_id::text, 'UTF8') || '\x00'::bytea || convert_to(event_key, 'UTF8')
           ), 1, 10), 'hex'
       )::uuid AS digest,
       encode(fingerprint, 'hex')::uuid AS fingerprint
FROM tracker_eventkey;
DROP TABLE tracker_eventkey;
ALTER TABLE tracker_eventkey_digests RENAME TO tracker_eventkey;
ALTER TABLE tracker_eventkey
    ALTER event_id SET NOT NULL, ALTER received_at SET NOT NULL, ALTER digest SET NOT NULL,
    ALTER fingerprint SET NOT NULL, ADD CONSTRAINT tracker_eventkey_pkey PRIMARY KEY (digest);
CREATE INDEX event_key_by_receipt ON tracker_eventkey USING brin (received_at);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tracker', '0012_days_of_paths_and_sessions'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DIGESTS)],
            state_operations=[
                migrations.DeleteModel(name='EventKey'),
                migrations.CreateModel(
                    name='EventKey',
                    fields=[
                        ('event_id', models.BigIntegerField()),
                        ('received_at', models.DateTimeField()),
                        ('digest', models.UUIDField(primary_key=True, serialize=False)),
                        ('fingerprint', models.UUIDField(help_text='Of event, user and organization: reuse is told apart.')),
                    ],
                    options={
                        'default_permissions': (),
                        'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['received_at'], name='event_key_by_receipt')],
                    },
                ),
            ],
        ),
    ]
