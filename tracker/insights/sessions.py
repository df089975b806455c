"""Sessions of a range: how many, how long, and how many an organization."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from tracker.insights import running, spans
from tracker.insights import sql as constants
from tracker.insights.spans import Span


@dataclass(frozen=True)
class Sessions:
    """`*_seconds` run from the first event of a session to its last; None without any session."""

    count: int
    organizations: int
    events: int
    average_seconds: float | None
    median_seconds: float | None

    @property
    def per_organization(self) -> float | None:
        return self.count / self.organizations if self.organizations else None


def answer(span: Span, now: datetime) -> Sessions:
    """Raises BadDescription, running.TooSlow."""
    asked = spans.ask(span, now)
    with running.running(uuid4().hex) as run:
        [found] = run.rows(constants.SESSIONS, spans.params(asked))
    return Sessions(*found)
