"""Bearer tokens: shown once, stored as a digest, refused when revoked or when their owner is gone."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command

from config.backoffice import tokens
from config.backoffice.models import ApiToken, AuditEntry
from tests.factories import NOW, staff

pytestmark = pytest.mark.django_db


def test_a_token_opens_and_its_text_is_stored_nowhere():
    token, text = tokens.create(staff(), "BI", now=NOW)
    assert tokens.find(text, now=NOW) == token
    stored = ApiToken.objects.values().get()
    assert text not in str(stored)
    assert stored["prefix"] == text[:8]
    assert AuditEntry.objects.get().action == "token.created"


def test_a_revoked_token_is_refused_and_revoking_twice_says_so():
    ada = staff()
    token, text = tokens.create(ada, "BI", now=NOW)
    assert tokens.revoke(token, actor=ada, now=NOW) is True
    assert tokens.revoke(token, actor=ada, now=NOW) is False
    assert tokens.find(text, now=NOW) is None


@pytest.mark.parametrize("gone", ["is_active", "is_staff"])
def test_a_token_of_somebody_who_left_is_refused(gone):
    ada = staff()
    _, text = tokens.create(ada, "BI", now=NOW)
    setattr(ada, gone, False)
    ada.save()
    assert tokens.find(text, now=NOW) is None


def test_a_token_opens_no_more_than_the_admin_does(client):
    ada = staff(is_superuser=False)
    _, text = tokens.create(ada, "BI", now=NOW)
    headers = {"authorization": f"Bearer {text}"}
    answer = client.get("/api/v1/organizations/", headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "ada may not see what the scope “organizations” opens.",
    )
    ada.user_permissions.add(Permission.objects.get(codename="view_organization"))
    assert client.get("/api/v1/organizations/", headers=headers).json()["results"] == []
    assert client.get("/api/v1/signals/", headers=headers).status_code == 403


def test_use_is_noted_once_a_minute():
    _, text = tokens.create(staff(), "BI", now=NOW)
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        tokens.find(text, now=NOW + timedelta(seconds=seconds))
        assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=noted)


def test_the_command_makes_one_for_staff_only():
    staff("ada")
    staff("guest", is_staff=False)
    out = StringIO()
    call_command("create_api_token", "ADA@example.com", "--json", stdout=out)
    assert tokens.find(json.loads(out.getvalue())["token"], now=NOW).user.username == "ada"
    with pytest.raises(CommandError, match=r"No active member of staff has the e-mail address guest@example.com"):
        call_command("create_api_token", "guest@example.com")
