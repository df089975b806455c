"""Pages: how often each was visited, by how many users of how many organizations."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from tracker.insights import running, spans
from tracker.insights import sql as constants
from tracker.insights.spans import Span

MOST = 100


@dataclass(frozen=True)
class Page:
    """One path, without its query string."""

    path: str
    views: int
    organizations: int
    users: int | None


def answer(span: Span, now: datetime, *, most: int = MOST, with_users: bool = True) -> list[Page]:
    """The most visited pages. Views and organizations come from the daily rows; `with_users` reads raw events.

    Raises BadDescription, running.TooSlow.
    """
    asked = spans.ask(span, now)
    given = {**spans.params(asked), "most": most}
    with running.running(uuid4().hex, 2 if with_users else 1) as run:
        found = run.rows(constants.PAGES, given)
        paths = [path for path, *_ in found]
        users = dict(run.rows(constants.USERS_OF_PAGES, {**given, "paths": paths})) if with_users and paths else {}
    return [
        Page(path, views, organizations, users.get(path, 0) if with_users else None)
        for path, views, organizations in found
    ]
