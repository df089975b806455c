"""The morning's e-mail: what changed for a person's customers since the last one; nothing when nothing changed.

One row a person and day is written together with its e-mail, so a worker that dies leaves both or neither, and whoever
comes second finds the row. The next digest begins where the last one ended, so no change falls between two.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.conf import settings as process
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode

from config.backoffice import formatting, settings
from config.backoffice.models import AuditEntry
from config.backoffice.outbox import mail
from orgs import scopes
from orgs.models import Organization
from signals import digest_memory, incidents, queue, weekly
from signals.digest_memory import Memory
from signals.models import Churn, DataIncident, Digest, DigestChoice, FollowUp, Reading, Signal, SignalTransition
from tracker.models import Application

FROM, UNTIL = time(7), time(12)
SATURDAY = 5
BROKEN, RECOVERED, AGAIN = "Data incidents", "Data incidents that are over", "Open again"
CLOSED = "Closed signals"
MAY = "signals.view_signal"
LISTED = 10
RENEWAL_DAYS = 30
NEWS_OF_CHURN = timedelta(days=31)
# Whoever switches the digest on again after months wants to know of the last days.
LONGEST = timedelta(days=14)


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
    # Of the rows that it tells, for what a later digest must not tell again.
    ids: tuple[int, ...] = ()
    opens: str = ""

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True)
class News:
    """What changed for somebody in [since, until), and the bands that their customers have now."""

    since: datetime
    until: datetime
    scope: str
    sections: tuple[Section, ...]
    bands: dict[int, str]

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
        news = news_of(user, scope, since_of(user, now), now, day=today)
        digest = Digest(user=user, day=today, since=news.since, until=now, changes=news.changes)
        digest_memory.keep(digest, {each.title: each.ids for each in news.sections}, news.bands)
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
    """Where the last digest ended, but not weeks ago; at first the same hour of the weekday before."""
    last = Digest.objects.filter(user=user).order_by("-until").values_list("until", flat=True).first()
    if last is not None:
        return max(last, now - LONGEST)
    weekday = now.astimezone(settings.zone()).weekday()
    return now - timedelta(days={0: 3, 6: 2}.get(weekday, 1))


@dataclass(frozen=True)
class Doors:
    """Where the sections of a digest lead: to just what it tells, once it is kept under its day."""

    scope: str
    day: date | None

    def told(self, title: str, page: str, opens: str, **asked: str | None) -> dict[str, str]:
        """To the rows of a section; of a digest that is not kept (`day` None) to their page, which `opens` names."""
        if self.day is None:
            return {"address": link(page, **asked), "opens": opens}
        return {"address": link(page, told=digest_memory.named(self.day, title), **asked), "opens": ""}

    def signals(self, title: str, **asked: str) -> dict[str, str]:
        return self.told(title, "admin:signals", "Signals", owner=scopes.OWNER[self.scope], **asked)


def news_of(user: Any, scope: str, since: datetime, now: datetime, day: date | None = None) -> News:
    """Everything that changed, section by section; sections without changes are left out.

    With the `day` under which it will be kept its addresses list what it tells.
    """
    mine = Organization.objects.in_scope(scope, user)
    then, today = settings.today(since), settings.today(now)
    memory = digest_memory.recall(user, since)
    bands = Bands.of(mine, memory.bands or bands_on(then, mine), incidents.held_back_now(today))
    doors = Doors(scope, day)
    found = [
        *incident_sections(memory, now),
        *signal_sections(mine, user, doors, memory, now),
        *band_sections(mine, doors, bands),
        follow_up_section(user, doors, memory, then, today),
        renewal_section(mine, scope, then, today),
        churn_section(mine, doors, memory, now),
        owner_section(mine, scope, memory, now),
    ]
    return News(since, now, scope, tuple(section for section in found if section.count), bands.to_remember())


def incident_sections(memory: Memory, now: datetime) -> Iterator[Section]:
    """Broken data is everybody's news: it says why signals about usage are missing."""
    known = DataIncident.objects.select_related("application").order_by("id")
    begun = memory.untold(known, BROKEN, "opened_at", now)
    yield incident_section(BROKEN, begun, lambda one: one.sentence)
    over = memory.untold(known, RECOVERED, "resolved_at", now)
    yield incident_section(RECOVERED, over, lambda one: f"{'False alarm: ' * one.is_false_alarm}{one.reason}")


def incident_section(title: str, found: Any, words: Callable[[DataIncident], str]) -> Section:
    items = list(found)
    lines = (Line(str(one.application)[:80], page_of(one.application), words(one)) for one in items[:LISTED])
    return Section(title, link("admin:index"), len(items), tuple(lines), tuple(one.pk for one in items), opens="Today")


def page_of(application: Application) -> str:
    return process.PUBLIC_URL + reverse("admin:application", args=[application.pk])


def signal_sections(mine: Any, user: Any, doors: Doors, memory: Memory, now: datetime) -> Iterator[Section]:
    signals = Signal.objects.filter(organization__in=mine).select_related("organization")
    waiting = signals.open().order_by("-money_at_stake", "id")
    for title, family, opened in (("New risks", "risk", waiting.risks()), ("Growing", "growth", waiting.growth())):
        found = memory.untold(opened, title, "opened_at", now)
        yield section(title, found, at_stake, **doors.signals(title, family=family))
    yield section(AGAIN, opened_again(waiting, user, memory, now), at_stake, **doors.signals(AGAIN))
    # The moment of the end as it is written: `closed_at` of a scan is the one that it was planned for.
    ended = memory.untold(signals.closed(), CLOSED, "changed_at", now).order_by("-changed_at", "id")
    yield section(CLOSED, ended, how_it_ended, **doors.signals(CLOSED, state=queue.CLOSED))


def at_stake(signal: Signal) -> tuple[str, str]:
    return words(signal, signal.sentence), money(signal.money_at_stake)


def how_it_ended(signal: Signal) -> tuple[str, str]:
    return words(signal, signal.get_state_display().lower()), ""


def opened_again(waiting: Any, user: Any, memory: Memory, now: datetime) -> Any:
    """Signals whose snooze is over, or which somebody else reopened."""
    moves = SignalTransition.objects.filter(to_state=Signal.State.OPEN, at__gte=memory.start, at__lt=now)
    back = moves.exclude(from_state__in=["", Signal.State.OPEN]).exclude(actor=user).values("signal")
    return waiting.filter(pk__in=back, opened_at__lt=memory.start).exclude(pk__in=memory.told_as(AGAIN))


def words(signal: Signal, more: str) -> str:
    """Its type and more; whose it is stands above the line."""
    return f"{signal.get_type_display()}: {more}"


@dataclass(frozen=True)
class Bands:
    """The bands of somebody's customers as the last digest knew them, and as they are."""

    before: Mapping[int, str]
    now: Mapping[int, str]

    @classmethod
    def of(cls, mine: Any, before: Mapping[int, str], held: Container[int] = ()) -> Self:
        """Whose usage nobody can tell keeps the band it had: not the customer has changed but the data."""
        shown = mine.exclude(snapshot=None).order_by("-snapshot__mrr", "id").values_list("id", "snapshot__band")
        return cls(before, {who: before.get(who, band) if who in held else band for who, band in shown})

    def steps(self, organization_id: int) -> int:
        """Above 0 for better, 0 when it is the same or one of both cannot be judged."""
        return weekly.steps(self.before.get(organization_id, ""), self.now[organization_id])

    def to_remember(self) -> dict[int, str]:
        """What cannot be judged now is compared later with what it was before."""
        return {who: band if band in weekly.GRADES else self.before.get(who, band) for who, band in self.now.items()}


def bands_on(day: date, mine: Any) -> dict[int, str]:
    """The bands of a day for whoever had no digest before."""
    return dict(Reading.objects.filter(as_of=day, organization__in=mine).values_list("organization_id", "band"))


def band_sections(mine: Any, doors: Doors, bands: Bands) -> Iterator[Section]:
    steps = {who: bands.steps(who) for who in bands.now}
    for title, moved in (
        ("Health got worse", [who for who, by in steps.items() if by < 0]),
        ("Health got better", [who for who, by in steps.items() if by > 0]),
    ):
        named = mine.select_related("snapshot").in_bulk(moved[:LISTED])
        lines = [band_line(named[who], bands) for who in moved[:LISTED] if who in named]
        weekly_review = link("admin:weekly", scope=doors.scope)
        yield Section(title, weekly_review, len(moved), tuple(lines), opens="the weekly review")


def band_line(organization: Organization, bands: Bands) -> Line:
    before, now = formatting_of(bands.before[organization.pk]), formatting_of(bands.now[organization.pk])
    return line(organization, f"{before} → {now}", money(organization.snapshot.mrr))


def follow_up_section(user: Any, doors: Doors, memory: Memory, then: date, today: date) -> Section:
    """What became due since the last digest, and what others gave to somebody meanwhile."""
    became_due = Q(due_on__gt=then, due_on__lte=today)
    given = Q(created_at__gte=memory.start) & ~Q(created_by=user) & ~Q(pk__in=memory.told_as("Follow-ups"))
    work = FollowUp.objects.open().in_scope(doors.scope, user).filter(became_due | given)
    found = work.select_related("organization", "assignee").order_by("due_on", "id")
    door = doors.told("Follow-ups", "admin:followups", "Follow-ups", scope=doors.scope)
    return section("Follow-ups", found, lambda one: (f"{one.title} ({one.assignee})", f"{one.due_on:%-d %b}"), **door)


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


def churn_section(mine: Any, doors: Doors, memory: Memory, now: datetime) -> Section:
    """Found since the last digest; what a first look at old books finds is no news."""
    recent = settings.today(memory.since) - NEWS_OF_CHURN
    found = Churn.objects.in_books().filter(organization__in=mine, churned_on__gte=recent)
    lost = memory.untold(found, "Stopped paying", "found_at", now).select_related("organization")
    return section(
        "Stopped paying",
        lost.order_by("-mrr", "id"),
        lambda one: (f"since {one.churned_on:%-d %b}", money(one.mrr)),
        **doors.told("Stopped paying", "admin:churn", "the churn log", scope=doors.scope),
    )


def owner_section(mine: Any, scope: str, memory: Memory, now: datetime) -> Section:
    """Customers that changed hands, and belong here now."""
    changed = AuditEntry.objects.filter(
        action="organization.changed", subject_type=Organization._meta.label, detail__has_key="owner"
    )
    entries = dict(memory.untold(changed, "New owners", "at", now).values_list("id", "subject_id"))
    whom = {int(subject) for subject in entries.values()}
    found = list(mine.filter(pk__in=whom).select_related("owner").order_by("display_name", "id"))
    lines = tuple(line(one, f"belongs to {one.owner}") for one in found[:LISTED])
    shown = {one.pk for one in found}
    told = tuple(entry for entry, subject in entries.items() if int(subject) in shown)
    address = link("admin:orgs_organization_changelist", owner=scopes.OWNER[scope], show="all")
    return Section("New owners", address, len(found), lines, told, opens="the list of customers")


def section(title: str, found: Any, words: Any, *, address: str, opens: str) -> Section:
    """The first of a set of things that have an organization; `words` gives (what, figure) of one.

    Counted and noted by one and the same look: what another one would find besides would never be told.
    """
    ids = tuple(found.values_list("pk", flat=True))
    items = found.in_bulk(ids[:LISTED]) if ids else {}
    lines = (line(items[each].organization, *words(items[each])) for each in ids[:LISTED] if each in items)
    return Section(title, address, len(ids), tuple(lines), ids, opens)


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
    """The gravest news first: "Today: new risks 3, follow-ups 1"."""
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
