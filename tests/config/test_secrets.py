"""Secrets at rest: keys that are none are told early, and old ones can be retired."""

import json
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import models

from config.backoffice import secrets
from config.backoffice.models import AuditEntry, WebhookEndpoint
from config.backoffice.outbox import webhooks
from config.backoffice.secrets import Resealed
from tests import factories
from tests.factories import NOW
from tracker.applications import equip
from tracker.models import ApplicationCredential

pytestmark = pytest.mark.django_db
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["bad"], ["number 1 is no Fernet key"]),
        ([NEW, "bad", NEW[:-1]], ["number 2 is", "number 3 is"]),
        ([], ["is empty"]),
        ([NEW, OLD], []),
    ],
)
def test_keys_that_are_none_are_found_by_the_checks(settings, keys, told):
    settings.FIELD_ENCRYPTION_KEYS = keys
    found = secrets.check_keys(None)
    assert len(found) == len(told)
    assert all(words in each.msg for words, each in zip(told, found, strict=True))
    assert not any("bad" in each.msg for each in found)


def test_migrate_refuses_them(settings):
    settings.FIELD_ENCRYPTION_KEYS = ["bad"]
    with pytest.raises(SystemCheckError, match="openssl rand"):
        call_command("migrate", verbosity=0, skip_checks=False)


def test_every_sealed_column_is_looked_after():
    binary = [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.BinaryField)
    ]
    sealed = {(model, name) for model, name in binary if "hash" not in name and name not in ("digest", "content")}
    assert sealed == set(secrets.sealed_columns) == {(WebhookEndpoint, "secret"), (ApplicationCredential, "sealed")}


def given_secrets() -> dict[bytes, bytes]:
    """Two of an application and one of a webhook: by their plain text, what is stored."""
    equip(factories.application(), now=NOW)
    endpoint = WebhookEndpoint(name="Hook", url="https://example.com/", created_at=NOW)
    webhooks.new_secret(endpoint)
    endpoint.save()
    return stored()


def stored() -> dict[bytes, bytes]:
    rows = [*ApplicationCredential.objects.values_list("sealed"), *WebhookEndpoint.objects.values_list("secret")]
    return {secrets.unseal(sealed): bytes(sealed) for (sealed,) in rows}


def test_after_resealing_the_newest_key_alone_opens_everything(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    before = given_secrets()
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert secrets.reseal(NOW) == Resealed(anew=3)
    entry = AuditEntry.objects.get(action="secrets.resealed")
    assert entry.detail == {"anew": 3, "before": 0, "unreadable": 0}

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    after = stored()
    assert after.keys() == before.keys()
    assert secrets.reseal(NOW) == Resealed(before=3)
    assert stored() == after
    assert AuditEntry.objects.filter(action="secrets.resealed").count() == 1


def test_what_no_key_opens_stays_and_the_command_fails(settings):
    settings.FIELD_ENCRYPTION_KEYS = [LOST]
    lost = given_secrets()
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    equip(factories.application("Second"), now=NOW)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out = StringIO()
    with pytest.raises(CommandError, match=r"3 secrets are opened by none of FIELD_ENCRYPTION_KEYS"):
        call_command("reseal", json=True, stdout=out)
    assert json.loads(out.getvalue()) == {"anew": 2, "before": 0, "unreadable": 3}
    settings.FIELD_ENCRYPTION_KEYS = [NEW, LOST]
    assert lost.items() <= stored().items()
    assert len(stored()) == 5
