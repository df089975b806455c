"""The morning's e-mail: what changed for a person's customers since the last one; nothing when nothing changed.

One row a person and day is written together with its e-mail, so a worker that dies leaves both or neither, and whoever
comes second finds the row. The next digest begins where the last one ended, so no change falls between two.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings as process
from django.contrib.auth import get_user_model
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode

from config.backoffice import formatting, settings
from config.backoffice.models import AuditEntry
from config.backoffice.outbox import mail
from config.backoffice.spans import Span
from orgs import scopes
from orgs.models import Organization
from signals import queue, weekly
from signals.models import Churn, Digest, DigestChoice, FollowUp, Signal

FROM, UNTIL = time(7), time(12)
SATURDAY = 5
MAY = "signals.view_signal"
LISTED = 10
RENEWAL_DAYS = 30
NEWS_OF_CHURN = timedelta(days=31)


@dataclass(frozen=True)
class Line:
    """One change: the customer, what happened, and the figure at its end ("" for none)."""

    name: str
    address: str
    words: str
    figure: str = ""


@dataclass(frozen=True)
class Section:
    """Changes of one kind: the first `LISTED`, and how many there are.

    The address lists just these; where no list can, `opens` says what it shows instead.
    """

    title: str
    address: str
    count: int
    lines: tuple[Line, ...]
    opens: str = ""

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True)
class News:
    """What changed for somebody in [since, until)."""

    since: datetime
    until: datetime
    scope: str
    sections: tuple[Section, ...]

    @property
    def changes(self) -> int:
        return sum(section.count for section in self.sections)


def is_time(now: datetime) -> bool:
    """A weekday's morning in the reporting zone."""
    local = now.astimezone(settings.zone())
    return local.weekday() < SATURDAY and FROM <= local.time() < UNTIL


def send_all(now: datetime) -> tuple[int, int]:
    """Write the digests of everybody who has none today; how many e-mails, and how many had no news."""
    if not is_time(now):
        return 0, 0
    today = settings.today(now)
    had = Digest.objects.filter(day=today).values("user")
    written, quiet = 0, 0
    for user in readers().exclude(pk__in=had):
        digest = prepare(user, now)
        if digest is not None:
            written, quiet = (written + 1, quiet) if digest.changes else (written, quiet + 1)
    return written, quiet


def readers() -> Any:
    """Active staff with an address who did not turn it off."""
    off = DigestChoice.objects.filter(scope=DigestChoice.Scope.OFF).values("user")
    return scopes.staff().exclude(email="").exclude(pk__in=off)


def prepare(user: Any, now: datetime) -> Digest | None:
    """Write one person's digest of the day with its e-mail; None when it was written before, or is not for them."""
    scope = choice_of(user)
    if scope == DigestChoice.Scope.OFF or not (user.email and user.has_perm(MAY)):
        return None
    today = settings.today(now)
    with transaction.atomic():
        # Whoever comes second waits here for the first one's row, and then finds it.
        get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
        if Digest.objects.filter(user=user, day=today).exists():
            return None
        news = news_of(user, scope, since_of(user, now), now)
        digest = Digest.objects.create(user=user, day=today, since=news.since, until=now, changes=news.changes)
        if news.changes:
            key = f"digest:{user.pk}:{today.isoformat()}"
            mail.write(key, to=user.email, subject=subject(news), **bodies(news, user, today), now=now)
    return digest


def choice_of(user: Any) -> str:
    chosen = DigestChoice.objects.filter(user=user).values_list("scope", flat=True).first()
    return chosen or DigestChoice.Scope.MINE


def choose(user: Any, scope: str) -> None:
    """Whose news somebody wants; unknown words mean the own customers."""
    known = scope if scope in DigestChoice.Scope.values else DigestChoice.Scope.MINE
    DigestChoice.objects.update_or_create(user=user, defaults={"scope": known})


def since_of(user: Any, now: datetime) -> datetime:
    """Where the last digest ended; at first the same hour of the weekday before."""
    last = Digest.objects.filter(user=user).order_by("-until").values_list("until", flat=True).first()
    if last is not None:
        return last
    weekday = now.astimezone(settings.zone()).weekday()
    return now - timedelta(days={0: 3, 6: 2}.get(weekday, 1))


def news_of(user: Any, scope: str, since: datetime, now: datetime) -> News:
    """Everything that changed, section by section; sections without changes are left out."""
    mine = Organization.objects.in_scope(scope, user)
    then, today = settings.today(since), settings.today(now)
    within = Span(since, now)
    found = [
        *signal_sections(mine, scope, within),
        *band_sections(mine, scope, then, today),
        follow_up_section(user, scope, within, then, today),
        renewal_section(mine, scope, then, today),
        churn_section(mine, scope, since, now),
        owner_section(mine, scope, since, now),
    ]
    return News(since, now, scope, tuple(section for section in found if section.count))


def signal_sections(mine: Any, scope: str, within: Span) -> Iterator[Section]:
    signals = Signal.objects.filter(organization__in=mine).select_related("organization")
    asked = {"owner": scopes.OWNER[scope], "within": within.text}
    opened = signals.open().opened_in(within).order_by("-money_at_stake", "id")
    for title, family, found in (("New risks", "risk", opened.risks()), ("Growing", "growth", opened.growth())):
        address = link("admin:signals", family=family, **asked)
        yield section(title, address, found, lambda one: (words(one, one.sentence), money(one.money_at_stake)))
    ended = signals.closed().closed_in(within).order_by("-closed_at", "id")
    listed = link("admin:signals", state=queue.CLOSED, **asked)
    yield section("Closed signals", listed, ended, lambda one: (words(one, one.get_state_display().lower()), ""))


def words(signal: Signal, more: str) -> str:
    """Its type and more; whose it is stands above the line."""
    return f"{signal.get_type_display()}: {more}"


def band_sections(mine: Any, scope: str, then: date, today: date) -> Iterator[Section]:
    moved = weekly.band_changes(then, today, mine) if then < today else []
    for title, items in (
        ("Health got worse", [one for one in moved if one.steps < 0]),
        ("Health got better", [one for one in moved if one.steps > 0]),
    ):
        lines = [
            line(one.organization, f"{formatting_of(one.before)} → {formatting_of(one.now)}", money(one.mrr))
            for one in items[:LISTED]
        ]
        yield Section(title, link("admin:weekly", scope=scope), len(items), tuple(lines), opens="the weekly review")


def follow_up_section(user: Any, scope: str, within: Span, then: date, today: date) -> Section:
    """What became due since the last digest, and what others gave to somebody meanwhile."""
    work = FollowUp.objects.in_scope(scope, user).came_up_in(within, among=(then, today), for_whom=user)
    found = work.select_related("organization", "assignee").order_by("due_on", "id")
    address = link("admin:followups", scope=scope, within=within.text)
    return section("Follow-ups", address, found, lambda one: (f"{one.title} ({one.assignee})", f"{one.due_on:%-d %b}"))


def renewal_section(mine: Any, scope: str, then: date, today: date) -> Section:
    """Renewals that came within 30 days since the last digest."""
    since, until = (day + timedelta(days=RENEWAL_DAYS) for day in (then, today))
    found = mine.renewing(since, until).select_related("snapshot").order_by("snapshot__renewal_on", "id")
    days = f"{since.isoformat()}/{until.isoformat()}"
    address = link("admin:orgs_organization_changelist", renewal=days, owner=scopes.OWNER[scope])
    lines = tuple(renewal_line(one) for one in found[:LISTED])
    return Section("Renewals in 30 days", address, found.count() if lines else 0, lines)


def renewal_line(organization: Any) -> Line:
    snapshot = organization.snapshot
    return line(organization, f"renews on {snapshot.renewal_on:%-d %b}", money(snapshot.mrr))


def churn_section(mine: Any, scope: str, since: datetime, now: datetime) -> Section:
    """Found since the last digest; what a first look at old books finds is no news."""
    recent = settings.today(since) - NEWS_OF_CHURN
    found = Churn.objects.in_books().filter(organization__in=mine, found_at__gte=since, found_at__lt=now)
    found = found.filter(churned_on__gte=recent)
    lost = found.select_related("organization").order_by("-mrr", "id")
    found_since = section(
        "Stopped paying",
        link("admin:churn", scope=scope),
        lost,
        lambda one: (f"since {one.churned_on:%-d %b}", money(one.mrr)),
    )
    return replace(found_since, opens="the churn log")


def owner_section(mine: Any, scope: str, since: datetime, now: datetime) -> Section:
    """Customers that changed hands, and belong here now."""
    lines = AuditEntry.objects.filter(
        action="organization.changed",
        subject_type=Organization._meta.label,
        at__gte=since,
        at__lt=now,
        detail__has_key="owner",
    )
    ids = {int(text) for text in lines.values_list("subject_id", flat=True)}
    found = list(mine.filter(pk__in=ids).select_related("owner").order_by("display_name", "id"))
    told = tuple(line(one, f"belongs to {one.owner}") for one in found[:LISTED])
    address = link("admin:orgs_organization_changelist", owner=scopes.OWNER[scope], show="all")
    return Section("New owners", address, len(found), told, opens="the list of customers")


def section(title: str, address: str, found: Any, words: Any) -> Section:
    """The first of a set of things that have an organization; `words` gives (what, figure) of one."""
    items = list(found[: LISTED + 1])
    count = len(items) if len(items) <= LISTED else found.count()
    return Section(title, address, count, tuple(line(one.organization, *words(one)) for one in items[:LISTED]))


def line(organization: Organization, words: str, figure: str = "") -> Line:
    address = process.PUBLIC_URL + reverse("admin:orgs_organization_change", args=[organization.pk])
    return Line(str(organization)[:80], address, words, figure)


def link(name: str, **asked: str | None) -> str:
    """The full address of a page, with what it is asked for."""
    query = urlencode({word: value for word, value in asked.items() if value})
    return f"{process.PUBLIC_URL}{reverse(name)}{'?' + query if query else ''}"


def money(value: Any) -> str:
    return formatting.money(value, settings.read().reporting_currency)


def formatting_of(band: str) -> str:
    return dict(weekly.Band.choices).get(band, band)


def subject(news: News) -> str:
    """The gravest news first: "3 new risks, 1 follow-up"."""
    told = [f"{section.title.lower()} {section.count}" for section in news.sections[:3]]
    return f"Today: {', '.join(told)}"


def bodies(news: News, user: Any, today: date) -> dict[str, str]:
    """The same content as text and as HTML."""
    context = {
        "news": news,
        "name": user.first_name or str(user),
        "today": today,
        "home": link("admin:index"),
        "choices": link("admin:digest"),
    }
    return {
        "text": render_to_string("mail/digest.txt", context),
        "html": render_to_string("mail/digest.html", context),
    }
