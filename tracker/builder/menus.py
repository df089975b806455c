"""What the builder offers to choose from: the words of its menus, and what was really sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from config import db
from config.backoffice import settings
from orgs.models import Cohort
from tracker.builder import choices, form
from tracker.insights.description import OF_PROPERTY
from tracker.models import Application, Feature
from tracker.sql import builder as sql

NAMES_SINCE = timedelta(days=90)
MOST_OFFERED = 300
SAMPLE = 2_000
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Menus:
    kinds: Pairs
    maths: list[tuple[str, Pairs]]
    maths_of_a_property: str
    operators: Pairs
    owners: Pairs
    breakdowns: Pairs
    intervals: Pairs
    ranges: Pairs
    displays: Pairs
    applications: Pairs
    names: list[str]
    features: Pairs
    properties: list[str]
    cohorts: Pairs


def menus(now: datetime) -> Menus:
    return Menus(
        kinds=pairs(choices.KINDS),
        maths=[(title, pairs(words)) for title, words in choices.MATHS],
        maths_of_a_property=",".join(sorted(OF_PROPERTY)),
        operators=pairs(choices.OPERATORS),
        owners=pairs(choices.OWNERS),
        breakdowns=pairs(choices.BREAKDOWNS),
        intervals=pairs(choices.INTERVALS),
        ranges=pairs(form.RANGES),
        displays=pairs(choices.DISPLAYS),
        applications=[(str(uuid), name) for uuid, name in Application.objects.values_list("uuid", "name")],
        names=names_sent(now),
        features=[(str(id), name) for id, name in Feature.objects.values_list("id", "name")],
        properties=properties_sent(),
        cohorts=[(str(id), name) for id, name in Cohort.objects.values_list("id", "name")],
    )


def pairs(words: dict) -> Pairs:
    return [(str(value), said) for value, said in words.items()]


def names_sent(now: datetime) -> list[str]:
    """Event names of the last 90 days, most used first."""
    params = {"since": settings.today(now - NAMES_SINCE), "most": MOST_OFFERED}
    return [name for [name] in db.rows(sql.NAMES, params)]


def properties_sent() -> list[str]:
    """Names of properties in the newest events, and what is known of organizations and events besides."""
    sent = [name for [name] in db.rows(sql.PROPERTIES, {"sample": SAMPLE, "most": MOST_OFFERED})]
    return list(dict.fromkeys([*sent, *choices.FIELDS, *choices.CURRENT]))
