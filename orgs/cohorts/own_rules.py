"""Rules about what this app knows: properties, columns, figures of the snapshot, membership in other cohorts."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from django.contrib.auth import get_user_model
from django.db import DataError, connection, transaction
from django.db.models import QuerySet

from config import db
from config.backoffice import formatting, settings
from orgs import sql
from orgs.cohorts import comparing
from orgs.cohorts.rules import BadRule, Input, Rule, RuleKind, Terms, register_rule
from orgs.models import Band, Cohort, Organization, OrganizationSnapshot, Quadrant

MOST_SUGGESTED = 200


def ids(found: QuerySet) -> set[int]:
    return set(found.order_by().values_list("pk", flat=True))


def operators(*names: str) -> list[tuple[str, str]]:
    return [(name, comparing.OPERATORS[name]) for name in names]


def property_names() -> list[str]:
    return [name for name, _ in db.rows(sql.PROPERTY_NAMES, {"most": MOST_SUGGESTED})]


@register_rule
class PropertyRule(RuleKind):
    """A property of the organization, as imports and `identify` set it."""

    name = "property"
    title = "Property of the organization"
    inputs = (
        Input("name", "Property", suggestions=property_names),
        Input("operator", "Comparison", choices=lambda: list(comparing.OPERATORS.items()), initial="exact"),
        Input("value", "Value"),
    )

    def asked(self, given: Mapping[str, str]) -> tuple[Input, ...]:
        name, operator, _ = self.inputs
        chosen = given.get("operator", "")
        if chosen in comparing.WITHOUT_VALUE:
            return name, operator
        if chosen in comparing.ORDER:
            return name, operator, Input("value", "Value", "number")
        return (name, operator, Input("value", "Value", "date")) if chosen in comparing.WITH_DATE else self.inputs

    def clean(self, given: Mapping[str, str]) -> Rule:
        rule = super().clean(given)
        if rule["operator"] in ("regex", "not_regex"):
            check_pattern(rule["value"])
        if rule["operator"] in ("exact", "is_not") and not comparing.values(rule["value"]):
            raise BadRule("Value holds only commas; write one value, or several with commas between them.")
        return rule

    def words(self, rule: Rule) -> str:
        operator = rule["operator"]
        head = f"property “{rule['name']}” {comparing.OPERATORS[operator]}"
        if operator in comparing.WITHOUT_VALUE:
            return head
        plain = operator in comparing.ORDER or operator in comparing.WITH_DATE
        return f"{head} {rule['value'] if plain else comparing.quoted(rule['value'])}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        operator, value = rule["operator"], rule.get("value", "")
        positive = comparing.NEGATIONS.get(operator, operator)
        found = {each for [each] in db.rows(sql.ORGANIZATIONS_WITH_PROPERTY, parameters(rule["name"], positive, value))}
        return terms.everybody - found if operator in comparing.NEGATIONS else found


def parameters(name: str, operator: str, value: str) -> dict:
    texts = comparing.values(value)
    return {
        "name": name,
        "operator": operator,
        "number_pattern": comparing.NUMBER,
        "day_pattern": comparing.DAY,
        "moment_pattern": comparing.MOMENT,
        "zone": settings.zone().key,
        "texts": texts,
        "numbers": [found for text in texts if (found := comparing.number(text)) is not None],
        "text": value,
        "number": comparing.number(value) if operator in comparing.ORDER else None,
    }


def check_pattern(pattern: str) -> None:
    """Refuse what the database does not take for a regular expression."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT '' ~ %s", [pattern])
    except DataError as error:
        raise BadRule(f"“{pattern[:60]}” is not a pattern that can be read: {str(error).splitlines()[0]}.") from error


class MembershipRule(RuleKind):
    """Belongs there or does not; whoever has no value does not."""

    negations: ClassVar = {"is_not", "not_in"}

    @abstractmethod
    def belonging(self, rule: Rule) -> set[int]:
        """Ids of the organizations that belong there."""

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        found = self.belonging(rule)
        return terms.everybody - found if rule["operator"] in self.negations else found


IS_OR_IS_NOT = Input("operator", "Comparison", choices=lambda: operators("exact", "is_not"), initial="exact")


def segments() -> list[str]:
    found = Organization.objects.exclude(segment="").order_by("segment").values_list("segment", flat=True)
    return list(found.distinct()[:MOST_SUGGESTED])


@register_rule
class SegmentRule(MembershipRule):
    name = "segment"
    title = "Segment"
    inputs = (
        IS_OR_IS_NOT,
        Input("value", "Segment", suggestions=segments),
    )

    def words(self, rule: Rule) -> str:
        return f"segment {comparing.OPERATORS[rule['operator']]} {comparing.quoted(rule['value'])}"

    def belonging(self, rule: Rule) -> set[int]:
        return ids(Organization.objects.filter(segment__in=comparing.values(rule["value"])))


def owners() -> list[tuple[str, str]]:
    staff = get_user_model().objects.filter(is_staff=True).order_by("username")
    return [("", "nobody"), *((name, name) for name in staff.values_list("username", flat=True))]


@register_rule
class OwnerRule(MembershipRule):
    name = "owner"
    title = "Owner"
    inputs = (
        IS_OR_IS_NOT,
        Input("value", "Owner", choices=owners),
    )

    def words(self, rule: Rule) -> str:
        return f"owner {comparing.OPERATORS[rule['operator']]} {rule['value'] or 'nobody'}"

    def belonging(self, rule: Rule) -> set[int]:
        asked = {"owner__username": rule["value"]} if rule["value"] else {"owner": None}
        return ids(Organization.objects.filter(**asked))


FIGURES = {
    "mrr": "MRR",
    "health": "health score",
    "events_30d": "events in 30 days",
    "users_28d": "users in 28 days",
    "open_signal_count": "open signals",
}


@register_rule
class FigureRule(RuleKind):
    """A number of the organization's line on lists; whoever has none (not scored) fulfils no comparison."""

    name = "figure"
    title = "MRR, health score, usage"
    inputs = (
        Input("figure", "Figure", choices=lambda: list(FIGURES.items()), initial="mrr"),
        Input("operator", "Comparison", choices=lambda: operators(*comparing.NUMERIC), initial="gte"),
        Input("value", "Number", "number"),
    )

    def words(self, rule: Rule) -> str:
        value, figure = Decimal(rule["value"]), rule["figure"]
        places = max(-value.as_tuple().exponent, 0)
        shown = formatting.number(value, places)
        if figure == "mrr":
            shown = f"{shown}{formatting.HARD}{settings.read().reporting_currency}"
        return f"{FIGURES[figure]} {comparing.OPERATORS[rule['operator']]} {shown}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        asked = {"figure": rule["figure"], "operator": rule["operator"], "number": Decimal(rule["value"])}
        return {each for [each] in db.rows(sql.ORGANIZATIONS_WITH_FIGURE, asked)}


class StandingRule(MembershipRule):
    """One of the choices on the snapshot."""

    column: str
    labels: dict[str, str]

    def words(self, rule: Rule) -> str:
        return f"{self.title} {comparing.OPERATORS[rule['operator']]} {self.labels[rule['value']]}"

    def belonging(self, rule: Rule) -> set[int]:
        return ids(OrganizationSnapshot.objects.filter(**{self.column: rule["value"]}))


@register_rule
class BandRule(StandingRule):
    name = "band"
    title = "Health"
    column = "band"
    labels = dict(Band.choices)
    inputs = (
        IS_OR_IS_NOT,
        Input("value", "Health", choices=lambda: Band.choices),
    )


@register_rule
class QuadrantRule(StandingRule):
    name = "quadrant"
    title = "Revenue × Health"
    column = "quadrant"
    labels = dict(Quadrant.choices)
    inputs = (
        IS_OR_IS_NOT,
        Input("value", "Quadrant", choices=lambda: Quadrant.choices),
    )


SEEN = {"first_seen_at": "first seen", "last_seen_at": "last seen"}
WHEN = {"within": "in the last days", "before": "more days ago than", "never": "never"}


@register_rule
class SeenRule(RuleKind):
    """When the first or the latest event came; days are whole spans of 24 hours up to now."""

    name = "seen"
    title = "First or last seen"
    inputs = (
        Input("moment", "Moment", choices=lambda: list(SEEN.items()), initial="last_seen_at"),
        Input("operator", "When", choices=lambda: list(WHEN.items()), initial="within"),
        Input("days", "Days", "whole", initial="30"),
    )

    def asked(self, given: Mapping[str, str]) -> tuple[Input, ...]:
        return self.inputs[:2] if given.get("operator") == "never" else self.inputs

    def clean(self, given: Mapping[str, str]) -> Rule:
        rule = super().clean(given)
        if int(rule.get("days", 1)) > 36_500:
            raise BadRule("Days lies over a hundred years back; write a smaller number.")
        return rule

    def words(self, rule: Rule) -> str:
        if rule["operator"] == "never":
            return "events were never seen"
        days = formatting.plural(int(rule["days"]), "day")
        when = f"in the last {days}" if rule["operator"] == "within" else f"more than {days} ago"
        return f"{'first' if rule['moment'] == 'first_seen_at' else 'last'} event came {when}"

    def matching(self, rule: Rule, terms: Terms) -> Collection[int]:
        shown = OrganizationSnapshot.objects.all()
        if rule["operator"] == "never":
            return terms.everybody - ids(shown.filter(last_seen_at__isnull=False))
        lookup = f"{rule['moment']}__{'gte' if rule['operator'] == 'within' else 'lt'}"
        return ids(shown.filter(**{lookup: terms.now - timedelta(days=int(rule["days"]))}))


def cohorts() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Cohort.objects.values_list("pk", "name")]


MEMBERSHIPS = {"in": "is in", "not_in": "is not in"}


@register_rule
class CohortRule(MembershipRule):
    """Membership in another cohort, as it was last computed."""

    name = "cohort"
    title = "Another cohort"
    inputs = (
        Input("operator", "Membership", choices=lambda: list(MEMBERSHIPS.items()), initial="in"),
        Input("cohort", "Cohort", choices=cohorts),
    )

    def references(self, rule: Rule) -> Collection[int]:
        return (int(rule["cohort"]),)

    def words(self, rule: Rule) -> str:
        name = Cohort.objects.filter(pk=rule["cohort"]).values_list("name", flat=True).first()
        return f"cohort {'is' if rule['operator'] == 'in' else 'is not'} “{name or 'deleted'}”"

    def belonging(self, rule: Rule) -> set[int]:
        return ids(Organization.objects.filter(cohort_memberships__cohort=int(rule["cohort"])))
