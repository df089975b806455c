"""The verdict: readings, signals, and what people do about them."""

from signals.models.detection import DataIncident, ScanCursor, Signal, SignalTransition
from signals.models.health import HealthModel, Reading, RuleVersion, Study
from signals.models.work import Churn, Digest, DigestChoice, FollowUp

__all__ = [
    "Churn",
    "DataIncident",
    "Digest",
    "DigestChoice",
    "FollowUp",
    "HealthModel",
    "Reading",
    "RuleVersion",
    "ScanCursor",
    "Signal",
    "SignalTransition",
    "Study",
]
