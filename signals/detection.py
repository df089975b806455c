"""The scan: rules over the readings of a day, and what becomes of every signal.

Decides from what is stored (the reading that the organization page explains), applies set-wise. What a person moved
while the scan was thinking is left to the next one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q, QuerySet

from config.backoffice import audit
from config.db import rows
from orgs.models import Band, Organization
from signals import announcing, health, incidents, lifecycle, sql
from signals.configuration import Configuration
from signals.lifecycle import Episode, Observation, State, Transition
from signals.models import HealthModel, Reading, ScanCursor, Signal, SignalTransition
from signals.prioritization import Part, part
from signals.rules import Finding, Rule, Verdict, check_all
from signals.scoring import restored, take_turn
from signals.snapshots import refresh_signal_columns
from signals.versions import publishing

MOST_MONEY = Decimal("1e14")
NO_LONGER_TRUE = "No longer true in two scans in a row."
SNOOZE_IS_OVER = "The snooze is over and it is still true."
Key = tuple[int, str]


@dataclass(frozen=True)
class Scan:
    """What a scan did: organizations looked at, and signals that it moved."""

    organizations: int
    opened: int
    woken: int
    resolved: int


@dataclass(frozen=True)
class Round:
    """One scan: the day it judges, the time it was planned for, the clock, and the numbers in force; `held` are those
    whose usage nobody can tell."""

    as_of: date
    scanned_at: datetime
    now: datetime
    book: publishing.RuleBook
    held: incidents.HeldBack = field(default_factory=incidents.HeldBack)


@dataclass
class Plan:
    """Rows to write, collected while deciding."""

    organizations: int = 0
    begun: list[dict[str, Any]] = field(default_factory=list)
    continued: list[dict[str, Any]] = field(default_factory=list)


def scan(as_of: date, scanned_at: datetime, now: datetime) -> Scan:
    """Open, refresh, wake and resolve signals by the readings of `as_of`; score first.

    `scanned_at` is the time the scan was planned for: run again after a crash it counts once.
    """
    with transaction.atomic():
        take_turn()
        book = publishing.rule_book()
        broken = {incident.application_id for incident in incidents.watch(as_of, now, book)}
        held = incidents.held_back(as_of, broken)
        plan = decide_all(Round(as_of, scanned_at, now, book, held))
        begun = rows(sql.OPEN_SIGNALS, {"signals": dumped(plan.begun), "scanned_at": scanned_at, "now": now})
        continued = rows(sql.CONTINUE_SIGNALS, {"signals": dumped(plan.continued), "scanned_at": scanned_at})
        moved = [row for row in continued if row[2] != row[3]]
        announcing.announce(
            SignalTransition.objects.bulk_create([*openings(begun, now), *moves(moved, book, now)]), now
        )
        audit.record_many(trail(begun, moved, book), now=now)
        refresh_signal_columns({row[1] for row in (*begun, *continued)}, now)
        ScanCursor.objects.update_or_create(id=1, defaults={"scanned_at": now})
    after = [row[3] for row in moved]
    return Scan(plan.organizations, len(begun), after.count(State.OPEN), after.count(State.RESOLVED))


def decide_all(this: Round) -> Plan:
    """Go through everybody who may have a signal, without writing anything."""
    latest = latest_episodes()
    models = models_by_id()
    plan = Plan()
    for row in in_scope(this.as_of, latest).iterator(chunk_size=1000):
        reading = restored(row, models[row.model_id])
        plan.organizations += 1
        for verdict in verdicts(reading, this):
            consider(plan, reading, verdict, latest.get((row.organization_id, verdict.rule.key)), this)
    return plan


def models_by_id() -> dict[int, health.Model]:
    """Every version that a reading may have been made by."""
    return {row.pk: publishing.model_of(row) for row in HealthModel.objects.all()}


def verdicts_of(
    row: Reading, model: health.Model, rule: Rule, several: Iterable[Configuration | None]
) -> list[Finding | None]:
    """What one rule finds in a stored reading under several thresholds; None stands for a rule that is off."""
    reading = restored(row, model)
    return [None if one is None else rule.check(reading.evidence, reading, one) for one in several]


def latest_episodes() -> dict[Key, Signal]:
    """The latest signal of every organization and type."""
    found = Signal.objects.order_by("organization_id", "type", "-opened_at", "-id")
    return {(signal.organization_id, signal.type): signal for signal in found.distinct("organization_id", "type")}


def in_scope(as_of: date, latest: Mapping[Key, Signal]) -> QuerySet[Reading]:
    """Readings of whoever pays, was active lately, or has a signal that waits to be seen not true."""
    waiting = {signal.organization_id for signal in latest.values() if not signal.was_false_since}
    someone = Q(mrr__gt=0) | ~Q(band=Band.NO_ACTIVITY) | Q(organization_id__in=waiting)
    return Reading.objects.filter(someone, as_of=as_of).order_by("organization_id")


def verdicts(reading: health.Reading, this: Round) -> Iterator[Verdict]:
    """One verdict a rule; of a rule that is switched off nobody can tell."""
    is_held = reading.evidence.organization_id in this.held
    for verdict in check_all(reading.evidence, reading, this.book.thresholds, incident=is_held):
        yield Verdict(verdict.rule, None, None) if verdict.rule.key in this.book.off else verdict


def consider(plan: Plan, reading: health.Reading, verdict: Verdict, known: Signal | None, this: Round) -> None:
    """Decide on one organization and rule, and note the row to write, if any."""
    found = None
    if verdict.finding is not None:
        found = columns(verdict.finding, part(verdict.finding, reading.evidence), reading.evidence.currency)
        found["rule_version"] = this.book.versions.get(verdict.rule.key, 1)
    seen = Observation(
        scanned_at=this.scanned_at,
        today=this.as_of,
        condition=verdict.condition,
        rule_is_off=verdict.rule.key in this.book.off,
        money_at_stake=found["money_at_stake"] if found else Decimal(0),
        currency=reading.evidence.currency,
    )
    before = None if known is None else episode_of(known)
    decision = lifecycle.decide(before, seen)
    if decision.transition is Transition.OPEN:
        organization_id = reading.evidence.organization_id
        plan.begun.append({"organization_id": organization_id, "type": verdict.rule.key, **(found or {})})
    elif known is not None and before is not None and is_news(before, decision.episode):
        plan.continued.append(changed(known, decision.episode, found, this.now))


def columns(finding: Finding, share: Part, currency: str) -> dict[str, Any]:
    """What a finding says, as columns of its signal."""
    return {
        "sentence": finding.sentence[:500],
        "evidence": dict(finding.numbers),
        "mrr": share.mrr,
        "currency": currency,
        "severity": finding.severity,
        "growth": None if finding.growth is None else min(finding.growth, MOST_MONEY),
        "urgency": share.urgency,
        "money_at_stake": min(share.money_at_stake, MOST_MONEY),
        "calculation": share.words[:200],
    }


def episode_of(signal: Signal) -> Episode:
    """What the life cycle needs to remember of a signal."""
    return Episode(
        state=State(signal.state),
        last_scan_at=signal.last_scan_at,
        scans_not_true=signal.scans_not_true,
        was_false_since=signal.was_false_since,
        snoozed_until=signal.snoozed_until,
        closed_at=signal.closed_at,
        money_at_stake=signal.money_at_stake,
        currency=signal.currency,
    )


def is_news(before: Episode, after: Episode | None) -> bool:
    """Whether the row has to be written: a live one at each scan, a closed one when it was seen not true."""
    if after is None or after == before:
        return False
    return before.state in lifecycle.LIVE or after.was_false_since != before.was_false_since


# Of an episode, written with the finding or by the statement itself.
REST = ("last_scan_at", "money_at_stake", "currency")
FINDING = ("sentence", "evidence", "mrr", "currency", "severity", "growth", "urgency", "money_at_stake", "calculation")


def changed(signal: Signal, after: Episode, found: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """The row of a signal after the scan; figures stay those of the last scan in which it was true and live."""
    is_moved = after.state != signal.state
    is_refreshed = found is not None and after.state in lifecycle.LIVE
    kept = {name: getattr(signal, name) for name in (*FINDING, "rule_version")}
    state = {name: value for name, value in asdict(after).items() if name not in REST}
    return {
        "id": signal.pk,
        "read_state": signal.state,
        "read_changed_at": signal.changed_at,
        "changed_at": now if is_moved else signal.changed_at,
        "reason": "" if is_moved else signal.reason,
        **(found if is_refreshed else kept),
        **state,
    }


def openings(begun: Iterable[tuple], now: datetime) -> list[SignalTransition]:
    return [
        SignalTransition(signal_id=signal_id, to_state=State.OPEN, reason=sentence, at=now)
        for signal_id, _, sentence, _ in begun
    ]


def moves(moved: Iterable[tuple], book: publishing.RuleBook, now: datetime) -> list[SignalTransition]:
    return [
        SignalTransition(signal_id=signal_id, from_state=before, to_state=after, reason=why(after, kind, book), at=now)
        for signal_id, _, before, after, kind in moved
    ]


def why(after: str, kind: str, book: publishing.RuleBook) -> str:
    """Why the scan moved a signal of a rule."""
    if after == State.OPEN:
        return SNOOZE_IS_OVER
    return f"The rule was switched off (v{book.versions[kind]})." if kind in book.off else NO_LONGER_TRUE


def trail(
    begun: Collection[tuple], moved: Collection[tuple], book: publishing.RuleBook
) -> Iterator[tuple[str, Signal, dict[str, Any]]]:
    """The scan's own lines of the audit trail: what it did to which signal, and why."""
    whose = Organization.objects.only("display_name", "external_id").in_bulk({row[1] for row in (*begun, *moved)})
    for signal_id, org_id, sentence, kind in begun:
        yield "signal.opened", Signal(pk=signal_id, type=kind, organization=whose[org_id]), {"reason": sentence}
    for signal_id, org_id, before, after, kind in moved:
        action, told = "signal.woken" if after == State.OPEN else "signal.resolved", why(after, kind, book)
        yield action, Signal(pk=signal_id, type=kind, organization=whose[org_id]), {"from": before, "reason": told}


def dumped(signals: list[dict[str, Any]]) -> str:
    """Rows as JSON for the database; decimals as text, so that nothing is lost on the way through a float."""
    return orjson.dumps(signals, default=str).decode()
