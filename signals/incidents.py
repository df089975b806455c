"""Data incidents: an application's events broke down for everybody, so nothing can be said about its customers' usage.

Watched at the beginning of each scan. While one lasts, rules that need usage say nothing about whoever used the
application lately, or none at all: their signals neither open nor resolve. A person may know better and end one: the
same fall then opens no other, until events were as many as usual once.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from config.backoffice import audit, settings
from config.backoffice.refused import Refused, checked
from signals import announcing
from signals.models import DataIncident
from signals.rules import Finding, data_incident
from signals.rules.data_incident import DayPair, Thresholds
from signals.versions.publishing import RuleBook
from tracker import usage
from tracker.models import Application

USED_LATELY = timedelta(days=60)
EVENTS_ARE_BACK = "Events are back."
APPLICATION_IS_OFF = "The application was switched off."
LONGEST_REASON = 500
NEEDS_REASON = "Say why it is over: whoever asks about these days needs the reason."


@dataclass(frozen=True)
class HeldBack:
    """Organizations whose usage nobody can tell: `users` of broken applications, and everybody outside `active`."""

    users: Collection[int] = frozenset()
    active: Collection[int] | None = None

    def __contains__(self, organization_id: int) -> bool:
        return self.active is not None and (organization_id in self.users or organization_id not in self.active)


@dataclass(frozen=True)
class Judged:
    """An application on a day: its open incident, what is found now, whether an incident goes on because of it, and
    whether its events are as many as usual."""

    application: Application
    incident: DataIncident | None
    found: Finding | None
    goes_on: bool
    is_sound: bool = False


def judge(as_of: date, thresholds: Thresholds | None) -> Iterator[Judged]:
    """Every active application on the last complete day, under some thresholds; None stands for a rule that is off."""
    day, known = as_of - timedelta(days=1), {row.application_id: row for row in DataIncident.objects.open()}
    usual = usage.day_pairs(day, data_incident.compared_with(day, None))
    for application in Application.objects.filter(is_active=True).order_by("pk"):
        row = known.get(application.pk)
        pairs = [DayPair(*pair) for pair in (pairs_since(row, day) if row else usual.get(application.pk, []))]
        if thresholds is None:
            yield Judged(application, row, None, goes_on=False)
            continue
        found = data_incident.check(pairs, thresholds)
        can_tell = data_incident.can_tell(pairs, thresholds)
        goes_on = found is not None or (row is not None and not can_tell)
        yield Judged(application, row, found, goes_on=goes_on, is_sound=found is None and can_tell)


def in_force(book: RuleBook) -> Thresholds | None:
    """The thresholds in force; None when the rule is off."""
    if data_incident.KEY in book.off:
        return None
    chosen = book.thresholds.get(data_incident.KEY)
    return chosen if isinstance(chosen, Thresholds) else Thresholds()


def watch(as_of: date, now: datetime, book: RuleBook) -> list[DataIncident]:
    """Open and resolve incidents by the last complete day; those that are going on. Part of a scan."""
    for each in judge(as_of, in_force(book)):
        if each.is_sound:
            DataIncident.objects.waved_off().filter(application=each.application).update(is_waved_off=False)
        if each.incident is None and each.found is not None:
            open_one(each.application, as_of - timedelta(days=1), each.found, book, now)
        elif each.incident is not None and each.found is not None:
            seen = {"seen_at": now, "sentence": each.found.sentence[:500]}
            DataIncident.objects.open().filter(pk=each.incident.pk).update(**seen)
        elif each.incident is not None and not each.goes_on:
            resolve(each.incident, EVENTS_ARE_BACK if each.is_sound else rule_is_off(book), now)
    for incident in DataIncident.objects.open().filter(application__is_active=False):
        resolve(incident, APPLICATION_IS_OFF, now)
    return list(DataIncident.objects.open())


def rule_is_off(book: RuleBook) -> str:
    return f"The rule was switched off (v{book.versions[data_incident.KEY]})."


def pairs_since(incident: DataIncident, day: date) -> list[tuple[int, int, int]]:
    """A day against the last sound week: last week may be broken as well."""
    before = data_incident.compared_with(day, incident.first_day)
    return usage.day_pairs(day, before, incident.application_id).get(incident.application_id, [])


def open_one(application: Application, day: date, found: Finding, book: RuleBook, now: datetime) -> None:
    """Unless somebody ended one about the same fall."""
    if DataIncident.objects.waved_off().filter(application=application).exists():
        return
    incident = DataIncident.objects.create(
        application=application,
        first_day=day,
        sentence=found.sentence[:500],
        evidence=dict(found.numbers),
        rule_version=book.versions.get(data_incident.KEY, 1),
        opened_at=now,
        seen_at=now,
    )
    audit.record(None, "incident.opened", incident, detail={"reason": found.sentence}, now=now)
    announcing.announce_incident(incident, "incident.opened", now)


def resolve(incident: DataIncident, reason: str, now: datetime) -> None:
    """The scan ends one that is open still."""
    if DataIncident.objects.open().filter(pk=incident.pk).update(resolved_at=now, reason=reason):
        told(incident.pk, "incident.resolved", {"reason": reason}, None, now)


def end(incident_id: int, *, reason: str, is_false_alarm: bool, actor: Any, now: datetime) -> DataIncident:
    """A person says that it is over, or never was one. Refused without a reason, and when it is over already."""
    text = checked(reason, LONGEST_REASON, what="The reason", missing=NEEDS_REASON)
    ended = {"resolved_at": now, "resolved_by": actor, "reason": text, "is_false_alarm": is_false_alarm}
    with transaction.atomic():
        if not DataIncident.objects.open().filter(pk=incident_id).update(**ended, is_waved_off=True):
            raise Refused("This data incident is over already; reload the page.")
        detail = {"reason": text, "false_alarm": is_false_alarm}
        return told(incident_id, "incident.resolved", detail, actor, now)


def told(incident_id: int, event: str, detail: dict[str, Any], actor: Any, now: datetime) -> DataIncident:
    """Write down for the trail and for whoever listens what became of one."""
    incident = DataIncident.objects.select_related("application", "resolved_by").get(pk=incident_id)
    audit.record(actor, event, incident, detail=detail, now=now)
    announcing.announce_incident(incident, event, now)
    return incident


def held_back(as_of: date, applications: Collection[int], organization_id: int | None = None) -> HeldBack:
    """Whom rules that need usage say nothing about while incidents of these applications go on; one or everybody."""
    if not applications:
        return HeldBack()
    by_application = usage.users_of_applications(as_of - USED_LATELY, as_of, organization_id)
    broken = set().union(*(by_application.get(each, set()) for each in applications))
    return HeldBack(broken, set().union(*by_application.values()))


def held_back_now(as_of: date) -> HeldBack:
    """Of everybody, while the incidents that are open now go on."""
    return held_back(as_of, list(DataIncident.objects.open().values_list("application_id", flat=True)))


def held_back_then(as_of: date, book: RuleBook) -> HeldBack:
    """Whom incidents held back on a past day, by those that were recorded and no false alarm; nobody when the rule is
    off. On the day on which one ended it held nobody back any more."""
    if in_force(book) is None:
        return HeldBack()
    tomorrow = settings.day_start(as_of + timedelta(days=1), settings.zone())
    going_on = DataIncident.objects.filter(first_day__lt=as_of, is_false_alarm=False).exclude(resolved_at__lt=tomorrow)
    return held_back(as_of, set(going_on.values_list("application", flat=True)))
