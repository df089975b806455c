"""Imports as the read API tells them."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from config.backoffice import tokens
from orgs.importing import batches, options
from orgs.models import ImportBatch
from tests.factories import staff

pytestmark = pytest.mark.django_db


def received(user, name: str) -> ImportBatch:
    now = timezone.now()
    content = f"external_org_id,display_name\n{name},Acme\n".encode()
    batch = batches.receive(
        "organizations", file_name=f"{name}.csv", content=content, options=options.choose(now), user=user, now=now
    )
    batches.preview(batch)
    return batch


def ask(client, user, path: str = "imports/", scopes=("imports",)):
    _, text = tokens.create(user, "t", now=timezone.now(), scopes=scopes)
    answer = client.get(f"/api/v1/{path}", headers={"authorization": f"Bearer {text}"})
    return answer.status_code, answer.json()


def test_finished_ones_and_ones_own_previews(client) -> None:
    kim, pat = staff("kim"), staff("pat", is_superuser=False)
    pat.user_permissions.set(Permission.objects.filter(codename="view_importbatch"))
    done, hidden, own = received(kim, "a"), received(kim, "b"), received(pat, "c")
    batches.confirm(done.pk, user=kim, fingerprint=done.fingerprint, now=timezone.now())
    status, body = ask(client, pat)
    assert status == 200 and [each["id"] for each in body["results"]] == [own.pk, done.pk]
    told = body["results"][1]
    assert (told["kind"], told["state"], told["file_name"], told["created_by"]) == (
        "organizations",
        "confirmed",
        "a.csv",
        "kim",
    )
    assert told["counts"] == {"new": 1, "changed": 0, "unchanged": 0, "refused": 0}
    assert told["sha256"] == done.sha256 and told["confirmed_at"] and told["duration_ms"] >= 0
    assert [each["id"] for each in ask(client, kim)[1]["results"]] == [own.pk, hidden.pk, done.pk]
    assert [each["id"] for each in ask(client, kim, "imports/?state=confirmed")[1]["results"]] == [done.pk]
    first = ask(client, kim, "imports/?page_size=1")[1]
    assert len(first["results"]) == 1 and "cursor=" in first["next"]
    assert ask(client, kim, "imports/?kind=x")[0] == 400


def test_the_scope_and_the_right_are_asked_for(client) -> None:
    assert ask(client, staff("kim"), scopes=("signals",))[0] == 403
    assert ask(client, staff("pat", is_superuser=False))[0] == 403
