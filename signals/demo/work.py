"""What the staff of the story did lately: a team, follow-ups, notes, sentiments, reasons of who left, a cohort."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from config.backoffice import saved_views, settings
from orgs import notes, sentiments, teams
from orgs.cohorts import editing
from orgs.models import Cohort, Note, Organization, Sentiment, Team
from signals import churn, followups
from signals.models import Churn, FollowUp, Signal
from tracker.builder import beside, saving
from tracker.insights.reading import read
from tracker.models import SavedInsight

TEAM = "Customer success"
VIEWS = (
    ("organizations", "Renewals at risk", "renewal=90&band=at_risk"),
    ("organizations", "We feel otherwise", "disagreement=any"),
    ("signals", "New risks of the team", "family=risk&new=1&owner=team"),
)
# Who, for which customer, in how many days, what; a fifth word names the signal it came from.
FOLLOW_UPS = (
    ("maya", "org-457", -2, "Call Globex about the new admin", Signal.Type.USAGE_DROP),
    ("maya", "org-201", 0, "Ask Umbrella why nobody logs in", Signal.Type.INACTIVE_PAYING),
    ("maya", "org-322", 3, "Offer Vandelay the enterprise plan", ""),
    ("jonas", "org-330", 1, "Prepare the renewal of Wonka", ""),
    ("jonas", "org-305", 0, "Show Hooli the new exports", ""),
    ("jonas", "org-318", -5, "Send Initech the training dates", ""),
)
NOTES = (
    ("maya", "org-457", "Their admin left in October; the new one, Ms. Okoye, starts on Monday.", True),
    ("maya", "org-457", "Call: they compare us with another tool. Budget is decided before the renewal.", False),
    ("jonas", "org-305", "Two more departments want to join in January.", False),
    ("maya", "org-201", "Mail bounced twice. Try the office number.", False),
)
SENTIMENTS = (
    ("maya", "org-457", 12, 4, "They like the team, they lack the time"),
    ("jonas", "org-305", 5, 5, "Wants to be a reference"),
    ("jonas", "org-330", 20, 2, "Unhappy about the last price change"),
    ("maya", "org-344", 120, 4, ""),
)
LEFT = (
    ("org-401", (Churn.Reason.NO_VALUE, Churn.Reason.CHAMPION_LEFT), "Nobody used it in the last month."),
    ("org-402", (Churn.Reason.COMPETITOR, Churn.Reason.PRICE), "A bundle of another vendor."),
)

COHORT = "More than 30 projects"
MANY_PROJECTS = {"kind": "property", "name": "project_total", "operator": "gt", "value": "30"}
COMPARED = "Usage and revenue of those with more than 30 projects"


def tell(now: datetime) -> None:
    """Through the acts that staff use; told again it changes nothing."""
    staff = {user.username: user for user in get_user_model().objects.filter(username__in=("maya", "jonas"))}
    if not Team.objects.filter(name=TEAM).exists():
        teams.change(Team(name=TEAM), staff.values(), actor=None, now=now)
    known = {org.external_id: org for org in Organization.objects.filter(external_id__in=named())}
    churn.keep_up(now)
    if not FollowUp.objects.exists():
        follow_up(staff, known, now)
    if not Note.objects.exists():
        write(staff, known, now)
    explain(staff["maya"], now)
    save_views(staff["maya"], now)
    compare(staff["maya"], now)


def named() -> set[str]:
    return {row[1] for row in (*FOLLOW_UPS, *NOTES, *SENTIMENTS)}


def follow_up(staff: dict[str, Any], known: dict[str, Organization], now: datetime) -> None:
    today = settings.today(now)
    for who, whom, days, title, kind in FOLLOW_UPS:
        if whom in known:
            signal = Signal.objects.open().filter(organization=known[whom], type=kind).first()
            followups.create(
                known[whom].pk,
                title=title,
                due_on=today + timedelta(days=days),
                assignee=staff[who],
                actor=staff[who],
                now=now - timedelta(days=6),
                signal_id=signal and signal.pk,
            )
    if "org-344" in known:
        about = {"assignee": staff["maya"], "actor": staff["maya"], "due_on": today - timedelta(days=1)}
        done = followups.create(known["org-344"].pk, title="Quarterly review with Stark", now=now, **about)
        followups.complete(done.pk, actor=staff["maya"], now=now)


def write(staff: dict[str, Any], known: dict[str, Organization], now: datetime) -> None:
    for number, (who, whom, text, is_pinned) in enumerate(NOTES):
        if whom in known:
            at = now - timedelta(days=2 * number + 1)
            notes.write(known[whom].pk, text, actor=staff[who], now=at, is_pinned=is_pinned)
    for who, whom, days, value, why in SENTIMENTS:
        if whom in known and not Sentiment.objects.filter(organization=known[whom]).exists():
            sentiments.rate(known[whom].pk, value, actor=staff[who], now=now - timedelta(days=days), why=why)


def explain(actor: Any, now: datetime) -> None:
    for whom, reasons, comment in LEFT:
        for row in Churn.objects.unexplained().filter(organization__external_id=whom):
            churn.explain(row.pk, reasons, comment=comment, actor=actor, now=now)


def save_views(actor: Any, now: datetime) -> None:
    for page, name, query in VIEWS:
        saved_views.save(page, name, query, actor=actor, now=now, is_shared=True)


def compare(actor: Any, now: datetime) -> None:
    """A cohort, and an insight that shows what it uses and pays beside everybody else."""
    if Cohort.objects.filter(name=COHORT).exists():
        return
    definition = {"match": "all", "groups": [{"match": "all", "rules": [MANY_PROJECTS]}]}
    cohort = editing.create(COHORT, definition, actor=actor, now=now)
    kept = saving.Wording(COMPARED, SavedInsight.Display.TABLE, is_shared=True, on_organizations=False)
    document = read(beside.document(cohort.pk), settings.today(now)).as_document()
    saving.save_new(SavedInsight.Kind.TRENDS, document, kept, actor=actor, now=now)
