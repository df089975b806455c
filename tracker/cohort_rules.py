"""Rules of cohorts that ask what organizations did: events of a name, figures of their properties, the plan.

Only production counts. Days are calendar days of the reporting zone up to today, which is one of them.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from config import db
from config.backoffice import formatting, settings
from orgs.cohorts import comparing
from orgs.cohorts.own_rules import operators
from orgs.cohorts.rules import Input, Rule, RuleKind, Terms, register_rule
from tracker import adoption, usage
from tracker.models import Feature
from tracker.sql import cohort_rules as sql

ALWAYS = date(1970, 1, 1)
SUGGESTED_DAYS = 30
MOST_SUGGESTED = 200
DAYS = Input("days", "Last days, or ever", "days")


def event_names() -> list[str]:
    since = settings.today(timezone.now()) - timedelta(days=SUGGESTED_DAYS)
    return [name for name, _ in db.rows(sql.NAMES_OF_LATE, {"since": since, "most": MOST_SUGGESTED})]


def plans() -> list[str]:
    return sorted({plan for plan in usage.current_plans().values() if plan})[:MOST_SUGGESTED]


def first_day(rule: Rule, terms: Terms) -> date:
    return terms.today - timedelta(days=int(rule["days"]) - 1) if rule["days"] else ALWAYS


def in_days(rule: Rule) -> str:
    return f" in the last {formatting.plural(int(rule['days']), 'day')}" if rule["days"] else ""


COUNTS = {
    "gte": "at least",
    "gt": "more than",
    "exact": "exactly",
    "lte": "at most",
    "lt": "fewer than",
}


@register_rule
class EventCountRule(RuleKind):
    """How often an event came; whoever never sent it did it 0 times."""

    name = "event_count"
    title = "Did an event so many times"
    is_costly = True
    inputs = (
        Input("event", "Event", suggestions=event_names),
        Input("operator", "Comparison", choices=lambda: list(COUNTS.items()), initial="gte"),
        Input("times", "Times", "whole", initial="1"),
        DAYS,
    )

    def words(self, rule: Rule) -> str:
        times = formatting.plural(int(rule["times"]), "time")
        return f"people did “{rule['event']}” {COUNTS[rule['operator']]} {times}{in_days(rule)}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        times, operator = int(rule["times"]), rule["operator"]
        if operator == "exact":
            return at_least(times, rule, terms) - at_least(times + 1, rule, terms)
        if operator in ("gte", "gt"):
            return at_least(times + (operator == "gt"), rule, terms)
        return terms.everybody - at_least(times + (operator == "lte"), rule, terms)


def at_least(times: int, rule: Rule, terms: Terms) -> frozenset[int]:
    if times <= 0:
        return terms.everybody
    params = {
        "name": rule["event"],
        "since": first_day(rule, terms),
        "until": terms.today + timedelta(days=1),
        "least": times,
    }
    return frozenset(each for [each] in db.rows(sql.ORGANIZATIONS_WITH_EVENTS, params))


MEASURES = {"max": "largest", "min": "smallest", "sum": "sum", "avg": "average", "latest": "latest"}


@register_rule
class EventPropertyRule(RuleKind):
    """A figure of a numeric property over an organization's events; whoever has no value fulfils no comparison."""

    name = "event_property"
    title = "Value of an event's property"
    is_costly = True
    inputs = (
        Input("measure", "Measure", choices=lambda: list(MEASURES.items()), initial="max"),
        Input("property", "Property"),
        Input("event", "Event", suggestions=event_names),
        Input("operator", "Comparison", choices=lambda: operators(*comparing.NUMERIC), initial="gt"),
        Input("value", "Number", "number"),
        DAYS,
    )

    def words(self, rule: Rule) -> str:
        value, operator = rule["value"], comparing.OPERATORS[rule["operator"]]
        figure = f"{MEASURES[rule['measure']]} “{rule['property']}” of “{rule['event']}”"
        return f"{figure} {operator} {value}{in_days(rule)}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        params = {
            "name": rule["event"],
            "property": rule["property"],
            "measure": rule["measure"],
            "operator": rule["operator"],
            "number": Decimal(rule["value"]),
            "number_pattern": comparing.NUMBER,
            "since": start_of(first_day(rule, terms)),
            "until": start_of(terms.today + timedelta(days=1)),
        }
        return {each for [each] in db.rows(sql.ORGANIZATIONS_WITH_PROPERTY_OF_EVENTS, params)}


def start_of(day: date) -> datetime:
    return settings.day_start(day, settings.zone())


@register_rule
class PlanRule(RuleKind):
    """The current plan: the organization's property, else what its latest event named."""

    name = "plan"
    title = "Plan"
    inputs = (
        Input("operator", "Comparison", choices=lambda: operators("exact", "is_not", "is_not_set"), initial="exact"),
        Input("value", "Plan", suggestions=plans),
    )

    def asked(self, given) -> tuple[Input, ...]:
        return self.inputs[:1] if given.get("operator") == "is_not_set" else self.inputs

    def words(self, rule: Rule) -> str:
        value = f" {comparing.quoted(rule['value'])}" if "value" in rule else ""
        return f"plan {comparing.OPERATORS[rule['operator']]}{value}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        found = usage.current_plans()
        if rule["operator"] == "is_not_set":
            return terms.everybody - {each for each, plan in found.items() if plan}
        wanted = set(comparing.values(rule["value"]))
        named = {each for each, plan in found.items() if plan in wanted}
        return terms.everybody - named if rule["operator"] == "is_not" else named


def features() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Feature.objects.active().values_list("pk", "name")]


USES = {"adopted": "is adopted", "used": "is used", "not_used": "is not used"}


@register_rule
class FeatureRule(RuleKind):
    """Whether a feature is used in its own window of whole days before today, or adopted as it asks for."""

    name = "feature"
    title = "Feature used or not"
    is_costly = True
    inputs = (
        Input("feature", "Feature", choices=features),
        Input("operator", "Use", choices=lambda: list(USES.items()), initial="used"),
    )

    def words(self, rule: Rule) -> str:
        name = Feature.objects.filter(pk=rule["feature"]).values_list("name", flat=True).first()
        return f"feature “{name or 'deleted'}” {USES[rule['operator']]}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        own = [each for each in adoption.uses(terms.today) if each.feature_id == int(rule["feature"]) and each.events]
        if rule["operator"] == "adopted":
            return {each.organization_id for each in own if each.is_adopted}
        used = {each.organization_id for each in own}
        return terms.everybody - used if rule["operator"] == "not_used" else used
