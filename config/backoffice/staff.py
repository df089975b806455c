"""Who may do what: every change to a login or a group leaves a line in the audit trail, in the change's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import QuerySet

from config.backoffice import audit

Facts = dict[str, Any]
SHOWN = ("username", "email", "is_active", "is_staff", "is_superuser")


def facts(subject: User | Group) -> Facts:
    """What of a login or a group decides who may do what; the password as its hash, which is never written down."""
    if isinstance(subject, Group):
        return {"name": subject.name, "permissions": codes(subject.permissions)}
    return {
        **{name: getattr(subject, name) for name in SHOWN},
        "password": subject.password,
        "groups": sorted(subject.groups.values_list("name", flat=True)),
        "permissions": codes(subject.user_permissions),
    }


def codes(permissions: QuerySet[Permission]) -> list[str]:
    pairs = permissions.order_by().values_list("content_type__app_label", "codename")
    return sorted(f"{app_label}.{codename}" for app_label, codename in pairs)


def told(subject: User | Group) -> Facts:
    return {name: value for name, value in facts(subject).items() if value and name != "password"}


@contextmanager
def watched(subject: User | Group, *, actor: User, now: datetime) -> Iterator[None]:
    """One transaction; what is changed inside of it about the login or the group is recorded, if anything is."""
    rows = subject._meta.model.objects.filter(pk=subject.pk)
    with transaction.atomic():
        before = facts(rows.select_for_update().get())
        yield
        record_changed(rows.get(), before, actor=actor, now=now)


def record_created(subject: User | Group, *, actor: User, now: datetime) -> None:
    """In the transaction that made it, after its groups and permissions."""
    audit.record(actor, f"{subject._meta.model_name}.created", subject, now=now, detail=told(subject))


def record_changed(subject: User | Group, before: Facts, *, actor: User, now: datetime) -> None:
    """A new password is a line of its own, which does not hold it."""
    after = facts(subject)
    changed = {name: difference(before[name], after[name]) for name in after if before[name] != after[name]}
    if changed.pop("password", None):
        audit.record(actor, "user.password_set", subject, now=now)
    if changed:
        audit.record(actor, f"{subject._meta.model_name}.changed", subject, now=now, detail=changed)


def difference(before: Any, after: Any) -> Any:
    """Of lists what came and what went, of anything else [before, after]."""
    if isinstance(before, list):
        return {"added": sorted({*after} - {*before}), "removed": sorted({*before} - {*after})}
    return [before, after]


def delete(subjects: QuerySet, *, actor: User, now: datetime) -> None:
    """Each with a line that says what it might."""
    with transaction.atomic():
        for subject in subjects.select_for_update(of=("self",)):
            action = f"{subject._meta.model_name}.deleted"
            audit.record(actor, action, subject, now=now, detail=told(subject))
        subjects.delete()
