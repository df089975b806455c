"""Plain functions that make what a test needs and nothing else; what is not said is plausible."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from orgs.models import Cohort, CohortMember, Organization, OrganizationKey, OrganizationSnapshot
from revenue.models import Subscription
from tracker.models import Application

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def staff(username: str = "ada", **values: Any):
    """A member of staff who may do everything."""
    defaults = {"email": f"{username}@example.com", "is_staff": True, "is_superuser": True}
    return get_user_model().objects.create_user(username=username, password="pw", **{**defaults, **values})


def organization(external_id: str = "org-456", now: datetime = NOW, **values: Any) -> Organization:
    """An imported organization with its key."""
    defaults = {"display_name": "", "created_at": now, "changed_at": now}
    org = Organization.objects.create(external_id=external_id, **{**defaults, **values})
    OrganizationKey.objects.create(external_id=external_id, organization=org, created_at=now)
    return org


def key_of(org: Organization) -> OrganizationKey:
    return OrganizationKey.objects.get(external_id=org.external_id)


def snapshot(org: Organization, now: datetime = NOW, **values: Any) -> OrganizationSnapshot:
    """The row that lists read, with chosen values."""
    return OrganizationSnapshot.objects.create(organization=org, computed_at=now, **values)


def cohort(name: str, *organizations: Organization | int, now: datetime = NOW) -> Cohort:
    """A list of organizations, or of their ids."""
    made = Cohort.objects.create(name=name, kind=Cohort.Kind.STATIC, created_at=now, changed_at=now, computed_at=now)
    ids = [getattr(each, "pk", each) for each in organizations]
    CohortMember.objects.bulk_create(CohortMember(cohort=made, organization_id=each, since=now) for each in ids)
    return made


def subscription(org: Organization, mrr: str = "99.00", **values: Any) -> Subscription:
    """An open-ended line in euro."""
    defaults = {
        "product_code": "pro",
        "currency": "EUR",
        "start_on": date(2024, 1, 15),
        "known_from": date(2024, 1, 15),
    }
    return Subscription.objects.create(key=key_of(org), mrr=Decimal(mrr), **{**defaults, **values})


def application(name: str = "Shop", now: datetime = NOW, **values: Any) -> Application:
    """A product that may send events; it has no credentials yet."""
    return Application.objects.create(name=name, created_at=now, **values)
