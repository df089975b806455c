"""Would we have known? Every organization that left within a year, scored on the days before as they were known then.

Whoever left counts as caught when its score was At risk 30 days before or earlier, within 90 days: early enough to act.
How much of an alarm is true is asked of everybody at a checkpoint every 28 days that lies 60 days back or more.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Any

from orgs.models import Organization
from revenue import books
from revenue.answers.replay import Left, left
from signals import health, incidents, rules
from signals.facts import Evidence
from signals.health import Band
from signals.incidents import HeldBack
from signals.numbers import rounded
from signals.past import Past
from signals.versions.publishing import InForce, RuleBook
from signals.versions.what_if import Progress
from tracker import histories

YEAR, HORIZON, TIME_TO_ACT = 365, 90, 30
FOLLOWED_WITHIN = 60
CHECK_EVERY = 28
LOOKED_AT = (30, 60, 90)
LEAST_USAGE = 28
CHUNK = 500


@dataclass(frozen=True)
class Numbers:
    """The models and the rules that are tried on the past."""

    models: InForce
    book: RuleBook

    def read(self, facts: Evidence) -> health.Reading:
        return health.score(facts, self.models.of(facts.segment).model)


@dataclass(frozen=True)
class Departure:
    """An organization that stopped paying: its score 30, 60, 90 days before, and the first day it was At risk."""

    left: Left
    scores: dict[int, Decimal | None]
    first_alarm_on: date | None
    is_scored: bool

    @property
    def lead_days(self) -> int | None:
        return None if self.first_alarm_on is None else (self.left.on - self.first_alarm_on).days

    @property
    def is_caught(self) -> bool:
        return self.lead_days is not None and self.lead_days >= TIME_TO_ACT


@dataclass
class Record:
    """How often something fired at the checkpoints, and how often the organization left within 60 days after."""

    fired: int = 0
    before_churn: int = 0

    def count(self, is_true: bool) -> None:
        self.fired += 1
        self.before_churn += is_true

    @property
    def precision(self) -> Decimal | None:
        return rounded(Fraction(self.before_churn, self.fired), 4) if self.fired else None


@dataclass
class Backtest:
    """What the past says of [since, until]; `at_risk` counts checkpoints of paying organizations that were At risk.

    `held` are those whose usage nobody could tell at a checkpoint, for a data incident.
    """

    since: date
    until: date
    checkpoints: tuple[date, ...]
    held: dict[date, HeldBack] = field(default_factory=dict)
    departures: list[Departure] = field(default_factory=list)
    at_risk: Record = field(default_factory=Record)
    rules: dict[str, Record] = field(default_factory=dict)

    @property
    def scored(self) -> list[Departure]:
        """Those that could be judged: recall is asked of them."""
        return [each for each in self.departures if each.is_scored]

    @property
    def caught(self) -> list[Departure]:
        return [each for each in self.scored if each.is_caught]

    @property
    def recall(self) -> Decimal | None:
        return rounded(Fraction(len(self.caught), len(self.scored)), 4) if self.scored else None

    @property
    def lead_time(self) -> Decimal | None:
        """Days, the median of those that were caught."""
        days = [each.lead_days for each in self.caught if each.lead_days is not None]
        return rounded(Fraction(median(days)), 1) if days else None


def backtest(as_of: date, numbers: Numbers, progress: Progress) -> Backtest:
    """Look back over the year before `as_of`; writes nothing."""
    terms, since = books.read_terms(), as_of - timedelta(days=YEAR)
    gone = by_organization(left(since, as_of, terms))
    found = Backtest(since, as_of, checkpoints(as_of), rules={rule.key: Record() for rule in rules.RULES})
    found.held = {day: incidents.held_back_then(day, numbers.book) for day in found.checkpoints}
    ids = list(Organization.objects.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), CHUNK):
        progress(start, len(ids))
        chunk = ids[start : start + CHUNK]
        past = Past(chunk, since - timedelta(days=HORIZON), as_of, terms)
        for org_id in chunk:
            check(found, past, org_id, gone.get(org_id, ()), numbers)
            found.departures += [departure(past, each, numbers) for each in gone.get(org_id, ())]
    found.departures.sort(key=lambda each: (-each.left.mrr, each.left.on, each.left.organization_id))
    return found


def by_organization(found: Sequence[Left]) -> dict[int, list[Left]]:
    grouped: dict[int, list[Left]] = {}
    for each in found:
        grouped.setdefault(each.organization_id, []).append(each)
    return grouped


def checkpoints(as_of: date) -> tuple[date, ...]:
    """Every 28 days back from the last day whose future is known, as far as usage is known; oldest first."""
    first = histories.first_day()
    if first is None:
        return ()
    earliest = max(as_of - timedelta(days=YEAR), first + timedelta(days=LEAST_USAGE))
    last = as_of - timedelta(days=FOLLOWED_WITHIN)
    count = (last - earliest).days // CHECK_EVERY + 1 if last >= earliest else 0
    return tuple(last - timedelta(days=CHECK_EVERY * n) for n in range(count - 1, -1, -1))


def check(found: Backtest, past: Past, org_id: int, gone: Sequence[Left], numbers: Numbers) -> None:
    """Count what fired at the checkpoints: a rule counts when it begins to be true, a score each time it is At risk."""
    were_true: set[str] = set()
    for day in found.checkpoints:
        facts = past.evidence(org_id, day)
        if not facts.paying and facts.silent_for(CHECK_EVERY):
            were_true = set()
            continue
        reading = numbers.read(facts)
        leaves = leaves_within(gone, day)
        if facts.paying and reading.band is Band.AT_RISK:
            found.at_risk.count(leaves)
        # What an incident holds back stays as it was, as in a scan.
        true = {
            verdict.rule.key
            for verdict in rules.check_all(facts, reading, numbers.book.thresholds, incident=org_id in found.held[day])
            if verdict.rule.key not in numbers.book.off
            and (verdict.rule.key in were_true if verdict.condition is None else verdict.condition)
        }
        for key in true - were_true:
            found.rules[key].count(leaves)
        were_true = true


def leaves_within(gone: Sequence[Left], day: date) -> bool:
    """Whether the organization leaves in the 60 days after a day."""
    place = bisect_right([each.on for each in gone], day)
    return place < len(gone) and gone[place].on <= day + timedelta(days=FOLLOWED_WITHIN)


def departure(past: Past, gone: Left, numbers: Numbers) -> Departure:
    """The 90 days before an organization left, day by day."""
    scores: dict[int, Decimal | None] = {}
    first_alarm_on = None
    for back, reading in looked_back(past, gone, numbers):
        scores[back] = reading.score
        if first_alarm_on is None and reading.band is Band.AT_RISK:
            first_alarm_on = reading.evidence.as_of
    is_scored = any(score is not None for score in scores.values())
    return Departure(gone, {back: scores[back] for back in LOOKED_AT}, first_alarm_on, is_scored)


def looked_back(past: Past, gone: Left, numbers: Numbers) -> Iterator[tuple[int, health.Reading]]:
    """Days before, from 90 down to 1, with the reading of that day."""
    for back in range(HORIZON, 0, -1):
        yield back, numbers.read(past.evidence(gone.organization_id, gone.on - timedelta(days=back)))


def told(found: Backtest) -> dict[str, Any]:
    """As plain JSON, for the page."""
    ids = [each.left.organization_id for each in found.departures]
    names = {org.pk: str(org) for org in Organization.objects.filter(pk__in=ids)}
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "checkpoints": [day.isoformat() for day in found.checkpoints],
        "departures": len(found.departures),
        "mrr": total(found.departures),
        "scored": len(found.scored),
        "caught": len(found.caught),
        "caught_mrr": total(found.caught),
        "recall": text(found.recall),
        "lead_time": text(found.lead_time),
        "at_risk": {**vars(found.at_risk), "precision": text(found.at_risk.precision)},
        "rules": [
            {"rule": key, "title": rules.TITLES[key], **vars(record), "precision": text(record.precision)}
            for key, record in found.rules.items()
        ],
        "rows": [row(each, names) for each in found.departures],
    }


def row(each: Departure, names: dict[int, str]) -> dict[str, Any]:
    return {
        "organization": each.left.organization_id,
        "name": names.get(each.left.organization_id, ""),
        "on": each.left.on.isoformat(),
        "mrr": str(each.left.mrr),
        "scores": [text(each.scores[back]) for back in LOOKED_AT],
        "lead_days": each.lead_days,
        "is_caught": each.is_caught,
        "is_scored": each.is_scored,
    }


def total(departures: Sequence[Departure]) -> str:
    return str(sum((each.left.mrr for each in departures), Decimal(0)))


def text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
