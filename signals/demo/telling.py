"""Telling the story: files through the import, events through the ingest, then the jobs' own acts, day by day."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from config.backoffice import roles, settings
from orgs.importing import batches, options
from orgs.models import ImportBatch
from signals import detection, handling, lifecycle, scoring, snapshots
from signals.demo import cast, work
from signals.demo.cast import Customer, day_before
from signals.demo.events import events_of_day
from signals.models import Signal
from tracker import credentials, features, ingest, partitions, rollups
from tracker.applications import create_application
from tracker.decoders import signed
from tracker.features import Rule
from tracker.models import Application, Feature, Price

STAFF = {"maya": ("Maya", "Lindqvist"), "jonas": ("Jonas", "Okafor")}
APPLICATION = "Demo product"
BATCH = 2_000
FEATURES_DEFINED = {
    "AI assistant": Rule(event="ai_call_completed", property_name="feature", property_value="assistant"),
    "Automations": Rule(path_prefix="/automations/"),
    "Comments": Rule(event="comment_added"),
    "Dashboards": Rule(event="dashboard_viewed"),
    "Files": Rule(event="file_uploaded"),
    "Invitations": Rule(event="invite_sent"),
    "Reports": Rule(event="report_exported"),
    "Search": Rule(event="search_run"),
    "Tasks": Rule(path_prefix="/tasks"),
}
# Readings far enough back for "what changed", scans close enough together for signals of different age.
SCORED_DAYS_AGO = (90, 60, 45, 30, *range(14, 0, -1))
SCANNED_DAYS_AGO = range(10, 0, -1)


@dataclass(frozen=True)
class Told:
    """What came in."""

    organizations: int
    subscriptions: int
    events: int
    readings: int
    open_signals: int


def tell(count: int, days: int, most_events: int | None, now: datetime, say: Callable[[str], None]) -> Told:
    """Tell the whole story as of now. Told again on the same day it changes nothing."""
    day = settings.today(now)
    customers = list(cast.customers(count, day))
    hire_staff()
    say(f"Importing {count} organizations and their subscriptions")
    organizations = import_file(ImportBatch.Kind.ORGANIZATIONS, "customers.csv", organization_rows(customers, day), now)
    lines = import_file(ImportBatch.Kind.SUBSCRIPTIONS, "subscriptions.csv", subscription_rows(customers, day), now)
    say(f"Sending the events of {days} days")
    partitions.ensure(now)
    accepted = send_events(customers, day, days, most_events, now)
    say("Rolling up, scoring and scanning")
    define_features(now)
    enter_prices(day)
    rollups.roll_up(now)
    readings = judge(day, days, now)
    return Told(organizations, lines, accepted, readings, Signal.objects.open().count())


def hire_staff() -> None:
    for username, (first, last) in STAFF.items():
        user, created = get_user_model().objects.get_or_create(
            username=username,
            defaults={
                "email": f"{username}@example.com",
                "first_name": first,
                "last_name": last,
                "is_staff": True,
            },
        )
        if created:
            user.set_unusable_password()
            user.save()
            user.groups.set(Group.objects.filter(name=roles.CUSTOMER_SUCCESS))


# --- Files ---------------------------------------------------------------------------------------------------
def import_file(kind: str, name: str, rows: Iterable[list[str]], now: datetime) -> int:
    """Upload, preview and confirm like a person would; the number of rows that the file holds."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    content = text.getvalue().encode()
    batch = batches.receive(kind, file_name=name, content=content, options=options.choose(now), user=None, now=now)
    if batches.preview(batch) is None:
        raise RuntimeError(f"{name} was refused: {batch.report['file_error']}")
    outcome = batches.confirm(batch.pk, user=None, fingerprint=batch.fingerprint, now=now)
    if outcome.end is not batches.End.DONE:
        raise RuntimeError(f"{name} was not imported: {outcome.message} {batch.report}")
    return sum(outcome.batch.counts[key] for key in ("new", "changed", "unchanged"))


def organization_rows(customers: list[Customer], day: date) -> Iterator[list[str]]:
    yield ["external_org_id", "display_name", "segment", "owner_email", "renewal_on"]
    for each in customers:
        if each.is_imported:
            owner = f"{each.owner}@example.com" if each.owner else ""
            renewal = "" if each.renewal_in is None else (day + timedelta(days=each.renewal_in)).isoformat()
            yield [each.external_id, each.name, each.segment, owner, renewal]


def subscription_rows(customers: list[Customer], day: date) -> Iterator[list[str]]:
    yield ["external_org_id", "product_code", "mrr", "currency", "start_at", "end_at"]
    for each in customers:
        for line in each.lines:
            ended = "" if line.ended is None else cast.day_before(day, line.ended).isoformat()
            started = cast.day_before(day, line.started).isoformat()
            yield [each.external_id, line.product, line.mrr, line.currency, started, ended]


# --- Events --------------------------------------------------------------------------------------------------
def send_events(customers: list[Customer], day: date, days: int, most: int | None, now: datetime) -> int:
    """Everything up to now, oldest day first; the number of accepted events."""
    application = (
        Application.objects.order_by("id").first() or create_application(APPLICATION, actor=None, now=now).application
    )
    sender = credentials.find(str(application.uuid))
    if sender is None:
        raise RuntimeError(f"The application {application} takes no events; activate it first.")
    decode = signed.Reader(application_id=application.pk, denied=sender.denied, received_at=now)
    accepted = 0
    for batch in batched(story_events(customers, day, days, most, now), BATCH):
        accepted += ingest.receive(sender, batch, decode, now).accepted
    ingest.receive(sender, [mistake(day, now)], decode, now)
    return accepted


def enter_prices(day: date) -> None:
    """What staff would enter from their contract with the provider whose calls bring no cost."""
    told = {
        "input_per_million": Decimal(12),
        "output_per_million": Decimal(48),
        "valid_from": day_before(day, 120),
    }
    Price.objects.get_or_create(provider="fabrikam", model="fk-chat", request_type="", defaults=told)


def define_features(now: datetime) -> None:
    """What the demo's product can do; once."""
    if not Feature.objects.exists():
        for name, rule in FEATURES_DEFINED.items():
            features.save(Feature(name=name), [rule], actor=None, now=now)
    features.count_waiting(now)


def story_events(
    customers: list[Customer], day: date, days: int, most: int | None, now: datetime
) -> Iterator[dict[str, Any]]:
    share = crowd_share(customers, day, days, most)
    for days_ago in range(days - 1, -1, -1):
        made = [
            event
            for customer in customers
            for event in events_of_day(customer, days_ago, day, 1.0 if customer in cast.NAMED else share)
        ]
        made.sort(key=lambda event: event["ts_epoch"])
        yield from (event for event in made if event["ts_epoch"] <= now.timestamp())


def crowd_share(customers: list[Customer], day: date, days: int, most: int | None) -> float:
    """How much the crowd does, so that all events together come near `most`; the named ones keep their story."""
    if most is None:
        return 1.0
    per_day = {True: 0.0, False: 0.0}
    for customer in customers:
        if customer.usage:
            per_day[customer in cast.NAMED] += customer.usage.events * 5 / 7
    return max((most / days - per_day[True]) / max(per_day[False], 1.0), 0.0)


def mistake(day: date, now: datetime) -> dict[str, Any]:
    """A product that sends milliseconds: refused, and shown under rejected events with its remedy."""
    return {
        "event": "report_exported",
        "user_hash": "0" * 64,
        "customer_org_id": "org-330",
        "ts_epoch": int(now.timestamp() * 1000),
    }


def batched(events: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(events, size)):
        yield batch


# --- The verdict ---------------------------------------------------------------------------------------------
def judge(day: date, days: int, now: datetime) -> int:
    """Score and scan as the jobs would have on the days before, then today; the number of readings."""
    readings = 0
    for days_ago in SCORED_DAYS_AGO:
        if days_ago < days - 28:
            on = cast.day_before(day, days_ago)
            morning = datetime.combine(on, time(9), UTC)
            readings += scoring.score(on, now)
            if days_ago in SCANNED_DAYS_AGO:
                detection.scan(on, morning, morning)
    readings += scoring.score(day, now)
    detection.scan(day, now, now)
    dismiss_one(now)
    snapshots.refresh(now)
    work.tell(now)
    return readings


def dismiss_one(now: datetime) -> None:
    """Somebody has judged a signal before: the list of earlier signals is not empty."""
    maya = get_user_model().objects.get(username="maya")
    found = Signal.objects.open().filter(organization__owner=maya, type=Signal.Type.EXPANSION_CANDIDATE)
    for signal in found.exclude(organization__external_id="org-322").order_by("organization_id")[:1]:
        handling.act(
            signal.pk,
            lifecycle.Action.DISMISS,
            actor=maya,
            now=now,
            reason="They migrate data this month; the extra events end with it.",
        )
