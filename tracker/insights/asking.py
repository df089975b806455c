"""A description made concrete: its days, its buckets, the ids its scope names, and how far events are counted."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from config import db
from config.backoffice import settings
from config.backoffice.models import InstallSettings
from orgs.models import Cohort, OrganizationKey
from tracker.insights import folding, ranges, sql, wording
from tracker.insights.description import COHORTS, Description, Kind, Of, Scope
from tracker.insights.folding import Folding
from tracker.insights.ranges import Buckets, Calendar, Days
from tracker.insights.reading import BadDescription
from tracker.models import Application, Feature, RollupCursor


@dataclass(frozen=True)
class Where:
    """What the scope names, as ids; None: all."""

    environment: str | None
    application_id: int | None
    organization_id: int | None


@dataclass(frozen=True)
class Asked:
    """A description on one day. Events up to `counted` are looked at, so that every number ends at the same event.

    `daily_zone` is the zone whose days the daily rows are; `raw_since` the moment before which raw events are gone.
    """

    description: Description
    calendar: Calendar
    today: date
    now: datetime
    days: Days
    buckets: Buckets | None
    where: Where
    counted: int
    daily_zone: str
    raw_since: datetime | None
    cohorts: dict[int, str]
    features: dict[str, Feature]
    folding: Folding | None

    @property
    def since(self) -> datetime:
        return self.days.instants(self.calendar.zone)[0]

    @property
    def until(self) -> datetime:
        return self.days.instants(self.calendar.zone)[1]


def ask(description: Description, now: datetime) -> Asked:
    """Make a description concrete. Raises BadDescription where it names what is not there or spans too much."""
    install = settings.read()
    cursor = RollupCursor.objects.filter(id=1).first() or RollupCursor(time_zone=install.time_zone)
    where = calendar_of(install)
    today = now.astimezone(where.zone).date()
    days = days_of(description, today, where)
    return Asked(
        description=description,
        calendar=where,
        today=today,
        now=now,
        days=days,
        buckets=buckets_of(description, days, where),
        where=places(description.scope),
        counted=cursor.last_event_id,
        daily_zone=cursor.time_zone,
        raw_since=cursor.raw_since,
        cohorts=cohorts_of(description),
        features=features_of(description),
        folding=folding.folding(description, days.since),
    )


def before(asked: Asked) -> Asked:
    """The same question about the period before."""
    days = ranges.previous(asked.days)
    return replace(
        asked,
        days=days,
        buckets=buckets_of(asked.description, days, asked.calendar),
        folding=folding.folding(asked.description, days.since),
    )


def calendar_of(install: InstallSettings) -> Calendar:
    sunday = install.week_start == InstallSettings.WeekStart.SUNDAY
    return Calendar(ZoneInfo(install.time_zone), 6 if sunday else ranges.MONDAY)


def days_of(description: Description, today: date, where: Calendar) -> Days:
    first = first_day() if description.range.since == ranges.ALL else None
    try:
        return ranges.resolve(description.range, today, where.week_start, first)
    except ranges.BadRange as error:
        raise BadDescription("range", str(error)) from error


def buckets_of(description: Description, days: Days, where: Calendar) -> Buckets | None:
    if description.interval is None:
        return None
    try:
        return ranges.buckets(days, description.interval, where)
    except ranges.BadRange as error:
        raise BadDescription("interval", str(error)) from error


def first_day() -> date | None:
    """The first day with an event, None before any was counted."""
    [[day]] = db.rows(sql.FIRST_DAY)
    return day


def places(scope: Scope) -> Where:
    application_id = organization_id = None
    if scope.application:
        application_id = Application.objects.filter(uuid=scope.application).values_list("id", flat=True).first()
        if application_id is None:
            raise BadDescription("application", "No application has this UUID.")
    if scope.organization:
        keys = OrganizationKey.objects.filter(external_id=scope.organization)
        organization_id = keys.values_list("organization_id", flat=True).first()
        if organization_id is None:
            raise BadDescription("organization", "No organization has this id; capitals make a difference.")
    return Where(scope.environment or None, application_id, organization_id)


def cohorts_of(description: Description) -> dict[int, str]:
    """The names of the cohorts that it filters or breaks down by. Raises BadDescription for one that is gone."""
    breakdown = description.breakdown
    named = {int(breakdown.name): "breakdown.property"} if breakdown and breakdown.of == Of.COHORT else {}
    for path, each in description.placed_filters():
        if each.operator in COHORTS:
            named |= {int(cohort_id): f"{path}.value" for cohort_id in each.values}
    found = dict(Cohort.objects.filter(id__in=named).values_list("id", "name")) if named else {}
    for cohort_id, path in named.items():
        if cohort_id not in found:
            raise BadDescription(path, f"There is no cohort {cohort_id} (any more). Choose another.")
    return found


def features_of(description: Description) -> dict[str, Feature]:
    """The features that its series count, by id as text. Raises BadDescription for one that is gone."""
    named = {each.name: place for place, each in enumerate(description.series) if each.kind == Kind.FEATURE}
    found = {str(each.pk): each for each in Feature.objects.filter(pk__in=named)} if named else {}
    for name, place in named.items():
        if name not in found:
            raise BadDescription(f"series[{place}].feature", f"There is no feature {name} (any more). Choose another.")
    return found


def sentence(description: Description) -> str:
    """The definition in plain English, with the names of the cohorts and features that still exist."""
    feature_ids = {int(each.name) for each in description.series if each.kind == Kind.FEATURE}
    features = Feature.objects.filter(id__in=feature_ids).values_list("id", "name") if feature_ids else ()
    return wording.sentence(description, cohort_names(description), dict(features))


def cohort_names(description: Description) -> dict[int, str]:
    """Those that still exist, by id."""
    cohort_ids = description.cohort_ids()
    return dict(Cohort.objects.filter(id__in=cohort_ids).values_list("id", "name")) if cohort_ids else {}
