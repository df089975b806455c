"""Pages: paths with the ids in them folded, so that /tasks/123/edit and /tasks/124/edit are /tasks/:id/edit.

Paths are stored as they came and folded when they are read: a new rule holds for the whole past and everywhere at
once. Segments that are numbers, UUIDs or long hexadecimal become `:id`; rules of an application come after that and
name what the default cannot know, like `/blog/:slug`.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from config import db
from config.backoffice import audit, settings
from tracker import masks
from tracker.fields import PRODUCTION
from tracker.incoming import STATEMENTS
from tracker.insights import keeping
from tracker.models import Application, PathRule
from tracker.sql import paths as sql

UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
IDS = rf"/([0-9]+|{UUID}|[0-9a-fA-F]{{16,}})(?=/|$)"
NAMED = re.compile(r":[A-Za-z][A-Za-z0-9_]*")
LONGEST_RULE, MOST_RULES, MOST_PAGES = 500, 200, 5_000
USERS_SECONDS = 8


@dataclass(frozen=True)
class Scope:
    """What a page of usage looks at: whole days [since, until) of one environment, all applications or one, all
    organizations or those of a cohort."""

    since: date
    until: date
    environment: str = PRODUCTION
    application: int | None = None
    cohort: int | None = None

    def params(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "until": self.until,
            "environment": self.environment,
            "application": self.application,
            "cohort": self.cohort,
        }

    def bits(self) -> dict[str, list]:
        """The months of these days and, beside each, its days as bits."""
        found = masks.by_month(self.since, self.until)
        return {"months": list(found), "masks": list(found.values())}

    def cohorts(self) -> list[int]:
        """What an answer that is kept depends on."""
        return [] if self.cohort is None else [self.cohort]


@dataclass(frozen=True)
class PageUse:
    """One page: events on it, organizations that had one, how many paths were folded into it."""

    page: str
    events: int
    organizations: int
    paths: int


def fold(path: str) -> str:
    """A path without rules, as the database folds it."""
    return re.sub(IDS, "/:id", path, flags=re.ASCII)


def pages(scope: Scope, search: str = "") -> list[PageUse]:
    """Most used first, at most 5 000; from the daily rows, kept until something new."""
    statement = sql.PAGES if scope.cohort is None else sql.PAGES_OF_COHORT
    params = {**scope.params(), **scope.bits(), **folding(), "search": search, "most": MOST_PAGES}
    return keeping.kept(
        ["pages", params], lambda: [PageUse(*row) for row in db.rows(statement, params)], cohorts=scope.cohorts()
    )


def users(scope: Scope) -> dict[str, int] | None:
    """Distinct users by page, from the raw events, kept; None when that took longer than eight seconds."""
    zone = settings.zone()
    days = {"starts": settings.day_start(scope.since, zone), "ends": settings.day_start(scope.until, zone)}
    params = {**scope.params(), **folding(), **days, "statements": list(STATEMENTS)}
    try:
        with db.in_time(USERS_SECONDS):
            return keeping.kept(
                ["users of pages", params], lambda: dict(db.rows(sql.PAGE_USERS, params)), cohorts=scope.cohorts()
            )
    except db.TooSlow:
        return None


def organizations_of(page: str, scope: Scope) -> list[tuple[int, int, date]]:
    """(organization id, events, last day) of whoever used a page, most events first."""
    return db.rows(sql.ORGANIZATIONS_OF_PAGE, {**scope.params(), **scope.bits(), **folding(), "page": page})


def folding() -> dict[str, Any]:
    """The parameters that fold paths: the ids' pattern, and the rules as parallel lists."""
    rules = list(PathRule.objects.values_list("application_id", "pattern"))
    return {
        "ids": IDS,
        "applications": [application for application, _ in rules],
        "patterns": [expression(pattern) for _, pattern in rules],
        "pages": [pattern for _, pattern in rules],
    }


def expression(pattern: str) -> str:
    """The regular expression of a rule; every character that is not a wildcard stands for itself."""
    segments = pattern.split("/")
    rest = segments[-1] == "*"
    parts = ["[^/]+" if NAMED.fullmatch(each) else quoted(each) for each in (segments[:-1] if rest else segments)]
    return f"^{'/'.join(parts)}{'/.*' if rest else ''}$"


def quoted(text: str) -> str:
    """Each character that is no letter or digit as a class of its own or escaped: nothing is special in it."""
    return "".join(char if char.isalnum() else f"\\{char}" if char in "^]\\" else f"[{char}]" for char in text)


# --- Rules -------------------------------------------------------------------------------------------------
def clean_pattern(text: str) -> str:
    """A rule as it is stored. Raises ValidationError."""
    pattern = text.strip()
    segments = pattern.split("/")[1:]
    if not pattern.startswith("/") or len(pattern) > LONGEST_RULE or any(char.isspace() for char in pattern):
        raise ValidationError(f"“{pattern[:80]}” is no path. Write it like /blog/:slug, without spaces.")
    if "*" in pattern and (pattern.count("*") > 1 or segments[-1] != "*"):
        raise ValidationError("A * stands at the end alone, as in /docs/*.")
    if not any(NAMED.fullmatch(each) or each == "*" for each in segments):
        raise ValidationError(f"“{pattern[:80]}” folds nothing. Write :name where any segment may stand.")
    for each in segments:
        if fold(f"/{each}") != f"/{each}":
            raise ValidationError(f"“{each[:80]}” is an id already and is folded to :id. Write :id in its place.")
    return pattern


def add_rule(application: Application, text: str, *, actor: Any, now: datetime) -> PathRule:
    """Add a rule behind the others of the application. Raises ValidationError."""
    with transaction.atomic():
        Application.objects.select_for_update(no_key=True).get(pk=application.pk)
        own = PathRule.objects.filter(application=application)
        if own.count() >= MOST_RULES:
            raise ValidationError(f"An application has at most {MOST_RULES} rules. Remove one first.")
        last = own.order_by("-position").values_list("position", flat=True).first()
        rule = PathRule(application=application, pattern=clean_pattern(text), position=(last or 0) + 1)
        rule.full_clean()
        rule.save()
        audit.record(actor, "path_rule.created", application, now=now, detail={"pattern": rule.pattern})
    return rule


def remove_rule(rule_id: int, *, actor: Any, now: datetime) -> PathRule | None:
    """Take a rule away; None when somebody did so before."""
    with transaction.atomic():
        rule = PathRule.objects.select_for_update(of=("self",)).select_related("application").filter(pk=rule_id).first()
        if rule is not None:
            audit.record(actor, "path_rule.deleted", rule.application, now=now, detail={"pattern": rule.pattern})
            PathRule.objects.filter(pk=rule_id).delete()
    return rule
