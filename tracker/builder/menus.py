"""What the builder offers to choose from: the words of its menus, and what was really sent."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from config import db
from config.backoffice import settings
from orgs.cohorts.own_rules import property_names
from orgs.models import Cohort
from tracker import paths
from tracker.builder import choices, form
from tracker.insights.description import COHORTS, OF_PROPERTY, Of
from tracker.models import Application, Feature
from tracker.sql import builder as sql

NAMES_SINCE = timedelta(days=28)
PAGES_SINCE = timedelta(days=7)
MOST_OFFERED = 300
SAMPLE = 2_000
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Menus:
    kinds: Pairs
    maths: list[tuple[str, Pairs]]
    maths_of_a_property: str
    operators_of_cohorts: str
    operators: Pairs
    owners: Pairs
    breakdowns: Pairs
    intervals: Pairs
    ranges: Pairs
    displays: Pairs
    applications: Pairs
    features: Pairs
    cohorts: Pairs


def menus() -> Menus:
    return Menus(
        kinds=pairs(choices.KINDS),
        maths=[(title, pairs(words)) for title, words in choices.MATHS],
        maths_of_a_property=",".join(sorted(OF_PROPERTY)),
        operators_of_cohorts=",".join(sorted(COHORTS)),
        operators=pairs(choices.OPERATORS),
        owners=pairs(choices.OWNERS),
        breakdowns=pairs(choices.BREAKDOWNS),
        intervals=pairs(choices.INTERVALS),
        ranges=pairs(form.RANGES),
        displays=pairs(choices.DISPLAYS),
        applications=[(str(uuid), name) for uuid, name in Application.objects.values_list("uuid", "name")],
        features=[(str(id), name) for id, name in Feature.objects.values_list("id", "name")],
        cohorts=[(str(id), name) for id, name in Cohort.objects.values_list("id", "name")],
    )


def pairs(words: dict) -> Pairs:
    return [(str(value), said) for value, said in words.items()]


@dataclass(frozen=True)
class Suggestions:
    """Names that were really sent, most frequent first; `properties` by whose they are."""

    events: list[str]
    pages: list[str]
    properties: dict[str, list[str]]


def suggestions(now: datetime) -> Suggestions:
    """Event names of four weeks, pages of one, properties of the newest events; those of organizations besides."""
    return Suggestions(
        events=sent(sql.NAMES, since=settings.today(now - NAMES_SINCE)),
        pages=pages(settings.today(now)),
        properties={
            Of.EVENT: sent(sql.PROPERTIES, sample=SAMPLE),
            Of.ORGANIZATION: list(dict.fromkeys([*choices.CURRENT, *property_names()])),
            Of.FIELD: choices.FIELDS,
        },
    )


def pages(today: date) -> list[str]:
    week = paths.Scope(today - PAGES_SINCE, today + timedelta(days=1))
    return [each.page for each in paths.pages(week)[:MOST_OFFERED]]


def sent(statement: str, **params: Any) -> list[str]:
    return [name for [name] in db.rows(statement, {**params, "most": MOST_OFFERED})]
