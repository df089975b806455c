"""Rows of everything that some page lists: as many of each as there are numbers, each with people of its own.

What a list looks up row by row shows only where the rows differ, so every row has another owner, author or application.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
from django.contrib.auth.models import Group
from django.utils import timezone

from config.backoffice import audit, settings, tokens
from config.backoffice.models import JobRun, Mail, WebhookDelivery, WebhookEndpoint
from config.backoffice.outbox import webhooks
from orgs.cohorts import editing
from orgs.models import ImportBatch, ImportProfile, MatchRejection, Organization, OrganizationKey, Team
from revenue import facts
from revenue.models import ExchangeRate
from signals.models import Churn, Digest, FollowUp, HealthModel, Reading, ScanCursor, Signal, Study
from tests import factories
from tests.tracker.test_rollups import event
from tracker import applications, features, paths, rollups, store
from tracker.features import Rule
from tracker.models import Dashboard, DashboardTile, Feature, Price, Reject, SavedInsight

SOME = {
    "match": "all",
    "groups": [{"match": "all", "rules": [{"kind": "band", "operator": "exact", "value": "watch"}]}],
}


def fill(numbers: range, ada: Any) -> None:
    """Every second customer is Ada's; the work of today is hers too."""
    now = timezone.now()
    for number in numbers:
        colleague = factories.staff(f"colleague-{number}")
        org = customer(number, ada if number % 2 else colleague, now)
        stranger(number, colleague, now)
        verdict(org, colleague, now)
        work(number, org, ada, now)
        sends(number, org, now)
        kept(number, colleague, now)
        moves(number, colleague, now)
        going_out(number, now)
    ScanCursor.objects.update_or_create(
        id=1, defaults={"scored_at": now, "scored_all_on": settings.today(now), "scanned_at": now}
    )
    rollups.roll_up(now)
    features.count_waiting(now)
    facts.refresh(settings.today(now), now)


def customer(number: int, owner: Any, now: datetime) -> Organization:
    """Imported, paying, under two ids."""
    day = settings.today(now)
    renewal_on = day + timedelta(days=9)
    named = {"owner": owner, "segment": f"segment {number}", "renewal_on": renewal_on}
    org = factories.organization(f"org-{number}", imported_at=now, **named)
    OrganizationKey.objects.create(external_id=f"old-{number}", organization=org, created_at=now)
    factories.snapshot(
        org,
        now=now,
        mrr=Decimal(100 + number),
        health=Decimal(20),
        band="at_risk",
        previous_band="healthy",
        band_changed_on=day,
        quadrant="revenue_at_risk",
        last_seen_at=now,
        renewal_on=renewal_on,
        open_signals=["usage_drop"],
        open_signal_count=2,
        products=["pro"],
    )
    factories.subscription(org, mrr="10", product_code=f"product-{number}")
    factories.subscription(org, mrr="5", start_on=day - timedelta(days=3), known_from=day)
    return org


def stranger(number: int, colleague: Any, now: datetime) -> None:
    """Ids that nobody imported: one is written almost like a customer's, and one such pair was refused."""
    for name in (f"Org_{number}", f"nobody knows {number * 7919}"):
        factories.snapshot(factories.organization(name), now=now, last_seen_at=now, events_30d=1)
    MatchRejection.objects.create(
        seen_id=f"seen-{number}", known_id=f"known-{number}", rejected_by=colleague, rejected_at=now
    )


def verdict(org: Organization, colleague: Any, now: datetime) -> None:
    """It was healthy a week ago; two signals are open, one is closed."""
    day, model = settings.today(now), HealthModel.objects.earliest("version")
    for days, band, score in ((7, "healthy", 80), (0, "at_risk", 20)):
        Reading.objects.create(
            organization=org,
            as_of=day - timedelta(days=days),
            band=band,
            score=Decimal(score),
            coverage=1,
            model=model,
            mrr=Decimal(100),
            scored_at=now,
        )
    yesterday = now - timedelta(hours=25)
    said = {"organization": org, "sentence": "x", "assignee": colleague, "changed_at": now}
    Signal.objects.create(type="usage_drop", opened_at=now - timedelta(hours=1), **said)
    Signal.objects.create(type="inactive_paying", opened_at=yesterday, **said)
    Signal.objects.create(type="renewal_risk", opened_at=yesterday, closed_at=yesterday, state="resolved", **said)


def work(number: int, org: Organization, ada: Any, now: datetime) -> None:
    day, yesterday = settings.today(now), now - timedelta(hours=25)
    said = {"organization": org, "assignee": ada, "created_by": org.owner, "created_at": now, "changed_at": now}
    FollowUp.objects.create(title="today", due_on=day, signal=org.signals.first(), **said)
    FollowUp.objects.create(title="overdue", due_on=day - timedelta(days=9), **said)
    FollowUp.objects.create(title="done", due_on=day, done_at=yesterday, done_by=org.owner, **said)
    Churn.objects.create(
        organization=org,
        churned_on=day - timedelta(days=1),
        mrr=1,
        reasons=["price"],
        explained_by=org.owner,
        explained_at=now,
        found_at=now,
    )
    Digest.objects.create(
        user=ada, day=day - timedelta(days=2 + number), since=yesterday, until=yesterday, changes=number
    )


def sends(number: int, org: Organization, now: datetime) -> None:
    """An application of its own, whose events name this organization, use its own feature and ask its own model."""
    shop = factories.application(f"Shop {number}")
    applications.equip(shop, now=now)
    paths.add_rule(shop, "/docs/:name", actor=None, now=now)
    features.save(Feature(name=f"Feature {number}"), [Rule(event=f"opened {number}")], actor=None, now=now)
    asked = {"provider": "p", "model": f"m-{number}", "feature": f"f-{number}", "estimated_cost_eur": 2}
    about = {"external_id": org.external_id, "user_hash": str(number).encode().ljust(32), "session_id": uuid4()}
    yesterday = now - timedelta(hours=25)
    sent = (
        event(yesterday, name=f"opened {number}", path=f"/page-{number}", **about),
        event(yesterday, name="ai_call_completed", properties=orjson.dumps(asked).decode(), **about),
    )
    store.append([store.row(each, shop.pk, factories.key_of(org).pk, now) for each in sent])
    hour = now.replace(minute=0, second=0, microsecond=0)
    for code, is_stored in (("required", False), ("replaced_text", True)):
        Reject.objects.create(
            application=shop, hour=hour, code=code, message="x", is_stored=is_stored, count=1, last_at=now
        )
    Price.objects.create(
        provider="p", model=f"m-{number}", input_per_million=1, output_per_million=1, valid_from=yesterday.date()
    )


def kept(number: int, colleague: Any, now: datetime) -> None:
    """What staff make and keep."""
    Team.objects.create(name=f"Team {number}").members.add(colleague)
    colleague.groups.add(Group.objects.create(name=f"Group {number}"))
    tokens.create(colleague, f"Token {number}", now=now)
    editing.create(f"Cohort {number}", SOME, actor=colleague, now=now)
    insight = SavedInsight.objects.create(
        name=f"Insight {number}",
        definition={"series": [{"event": f"opened {number}"}]},
        owner=colleague,
        created_at=now,
        changed_at=now,
    )
    dashboard = Dashboard.objects.create(name=f"Dashboard {number}", owner=colleague, created_at=now)
    DashboardTile.objects.create(dashboard=dashboard, insight=insight, position=1)
    published = HealthModel.objects.earliest("version")
    HealthModel.objects.create(
        version=100 + number,
        state="retired",
        why="x",
        definition=published.definition,
        created_by=colleague,
        published_by=colleague,
        created_at=now,
        published_at=now,
    )
    Study.objects.create(kind="backtest", asked_by=colleague, asked_at=now)
    audit.record(colleague, "test.done", colleague, now=now)


def moves(number: int, colleague: Any, now: datetime) -> None:
    """What came in by file, and runs of jobs."""
    ImportBatch.objects.create(
        kind="organizations", file_name="a.csv", sha256="0" * 64, size=1, created_at=now, created_by=colleague
    )
    ImportProfile.objects.create(
        kind="organizations", name=f"Profile {number}", mapping={}, saved_by=colleague, saved_at=now
    )
    ExchangeRate.objects.create(
        date=settings.today(now) - timedelta(days=number), currency="USD", per_eur=Decimal("1.1")
    )
    for state in ("succeeded", "failed"):
        JobRun.objects.create(
            job="scan",
            slot=f"{state} {number}",
            state=state,
            due_at=now,
            queued_at=now,
            started_at=now,
            finished_at=now,
            requested_by=colleague,
        )


def going_out(number: int, now: datetime) -> None:
    endpoint = WebhookEndpoint(name=f"Hook {number}", url="https://example.com/hook", events=["signal.opened"])
    webhooks.save(endpoint, actor=None, now=now)
    WebhookDelivery.objects.create(
        endpoint=endpoint,
        message_id=uuid4(),
        event="signal.opened",
        body="{}",
        next_try_at=now,
        created_at=now,
    )
    Mail.objects.create(
        key=f"mail {number}", to="a@example.com", subject="x", text="x", next_try_at=now, created_at=now
    )
