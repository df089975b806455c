"""Why this score, and what is open: the answer behind the organization page, the command and the API."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orgs.models import Organization
from signals import health
from signals.evidence import evidence
from signals.models import Reading, Signal
from signals.scoring import restored
from signals.versions import publishing


@dataclass(frozen=True)
class Explanation:
    """The health of one organization on one day with its lines, and its live signals, most money first.

    `priority` is the sum of the open ones, per month in the reporting currency.
    """

    organization: Organization
    reading: health.Reading
    signals: tuple[Signal, ...]

    @property
    def priority(self) -> Decimal:
        return sum((signal.money_at_stake for signal in self.signals if signal.state == "open"), Decimal("0.00"))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: decimals as text; the lines and caps add up to the score."""
        return {
            "organization": self.organization.external_id,
            "display_name": self.organization.display_name,
            "as_of": self.reading.evidence.as_of.isoformat(),
            **health_json(self.reading),
            "signals": [signal_json(signal) for signal in self.signals],
            "priority": str(self.priority.quantize(Decimal("0.01"))),
        }


def explain(organization: Organization, as_of: date) -> Explanation:
    """Explain the stored reading of that day; without one, what it would be by the model in force."""
    live = Signal.objects.live().filter(organization=organization).select_related("assignee")
    ordered = live.order_by("-money_at_stake", "type")
    return Explanation(organization, reading_on(organization, as_of), tuple(ordered))


def reading_on(organization: Organization, as_of: date) -> health.Reading:
    row = Reading.objects.filter(organization=organization, as_of=as_of).select_related("model").first()
    if row is not None:
        return restored(row, publishing.model_of(row.model))
    [facts] = evidence(as_of, [organization.pk])
    return health.score(facts, publishing.in_force().of(facts.segment).model)


def latest_row(organization: Organization, as_of: date) -> Reading | None:
    """The last stored reading up to a day; later ones are there when the reporting zone moved back."""
    rows = Reading.objects.filter(organization=organization, as_of__lte=as_of).select_related("model")
    return rows.order_by("-as_of").first()


def latest_reading(organization: Organization, as_of: date) -> health.Reading | None:
    """It with its lines; None before the first scoring."""
    row = latest_row(organization, as_of)
    return None if row is None else restored(row, publishing.model_of(row.model))


def health_json(reading: health.Reading) -> dict[str, Any]:
    """A reading as plain JSON with the words of every line."""
    data = reading.to_json()
    for line, component in zip(data["components"], reading.components, strict=True):
        line["words"] = component.words
    return data


def signal_json(signal: Signal) -> dict[str, Any]:
    """A signal as plain JSON."""
    return {
        "type": signal.type,
        "state": signal.state,
        "sentence": signal.sentence,
        "evidence": signal.evidence,
        "mrr": str(signal.mrr),
        "severity": str(signal.severity),
        "urgency": str(signal.urgency),
        "growth": None if signal.growth is None else str(signal.growth),
        "money_at_stake": str(signal.money_at_stake),
        "calculation": signal.calculation,
        "opened_at": signal.opened_at.isoformat(),
        "snoozed_until": signal.snoozed_until and signal.snoozed_until.isoformat(),
        "assignee": None if signal.assignee is None else str(signal.assignee),
        "reason": signal.reason,
    }
