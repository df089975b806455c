"""Values of an event as SQL: which columns they come from, as text and as numbers. Names and values are parameters."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from psycopg import sql

from tracker.insights.description import Current, Field, Of, Property
from tracker.insights.folding import PAGES, Folding
from tracker.insights.ranges import Calendar

# What counts as a number when it is written as text. Short enough that no cast overflows.
NUMBER_TEXT = r"^ *[-+]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][-+]?[0-9]{1,2})? *$"
LONGEST_PART = 255

FIELDS = {
    Field.PLAN: "{facts}.plan",
    Field.PATH: "page.page",
    Field.ADDRESS: "split_part({facts}.path, '?', 1)",
    Field.ENVIRONMENT: "{facts}.environment",
    Field.APPLICATION: "application.name",
    Field.SESSION: "{facts}.session_id::text",
    Field.EVENT: "{facts}.name",
}
CURRENT = {
    Current.BAND: sql.SQL("snapshot.band"),
    Current.QUADRANT: sql.SQL("NULLIF(snapshot.quadrant, '')"),
    Current.MRR: sql.SQL("snapshot.mrr"),
    Current.HEALTH: sql.SQL("snapshot.health"),
    Current.SEGMENT: sql.SQL("NULLIF(organization.segment, '')"),
    Current.OWNER: sql.SQL("owner.username"),
    Current.EXTERNAL_ID: sql.SQL("organization.external_id"),
    Current.RENEWAL_ON: sql.SQL("snapshot.renewal_on"),
}
NUMBERS = {Current.MRR, Current.HEALTH}
# The table of each alias beside the event itself, in the order in which they can be joined.
JOINS = {
    "application": sql.SQL("JOIN tracker_application AS application ON application.id = {facts}.application_id"),
    "organization": sql.SQL("JOIN orgs_organization AS organization ON organization.id = key.organization_id"),
    "snapshot": sql.SQL(
        "LEFT JOIN orgs_organizationsnapshot AS snapshot ON snapshot.organization_id = key.organization_id"
    ),
    "owner": sql.SQL("LEFT JOIN auth_user AS owner ON owner.id = organization.owner_id"),
    "latest": sql.SQL(
        "LEFT JOIN (SELECT DISTINCT ON (seen_key.organization_id) seen_key.organization_id, said.plan "
        "FROM tracker_planseen AS said JOIN orgs_organizationkey AS seen_key ON seen_key.id = said.key_id "
        "ORDER BY seen_key.organization_id, said.seen_at DESC, said.event_id DESC) AS latest "
        "ON latest.organization_id = key.organization_id"
    ),
}
NEEDS = {
    Current.PLAN: ("organization", "latest"),
    Current.OWNER: ("organization", "owner"),
    Current.SEGMENT: ("organization",),
    Current.EXTERNAL_ID: ("organization",),
}


@dataclass
class Writer:
    """Collects the parameters and the joins of one statement while its parts are written.

    `facts` is the alias of the rows that are read, `event` for raw events; conditions may name other aliases only
    through `join`.
    """

    calendar: Calendar
    today: date
    folding: Folding | None = None
    facts: str = "event"
    params: dict[str, Any] = field(default_factory=dict)
    joins: set[str] = field(default_factory=set)

    def of(self, facts: str) -> "Writer":
        """A writer for the rows of another alias in the same statement."""
        return replace(self, facts=facts, joins=set())

    def bind(self, value: Any, kind: str = "text") -> sql.Composable:
        """A named parameter with its type."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return sql.SQL("{}::" + kind).format(sql.Placeholder(name))

    def join(self, *aliases: str) -> None:
        self.joins.update(aliases)

    def joined(self) -> sql.Composable:
        """The join clauses that the parts written so far need."""
        clauses = [text.format(facts=sql.Identifier(self.facts)) for name, text in JOINS.items() if name in self.joins]
        if "page" in self.joins and self.folding:
            clauses.append(self._pages(self.folding))
        return sql.SQL(" ").join(clauses)

    def _pages(self, folding: Folding) -> sql.Composable:
        return sql.SQL(PAGES).format(
            facts=sql.Identifier(self.facts),
            month=self.bind(folding.month, "date"),
            applications=self.bind(list(folding.applications), "bigint[]"),
            patterns=self.bind(list(folding.patterns), "text[]"),
            pages=self.bind(list(folding.pages), "text[]"),
        )

    def text(self, asked: Property) -> sql.Composable:
        """The value as text; null where it is missing."""
        if asked.of == Of.FIELD:
            return self._field(asked.name)
        if asked.of == Of.ORGANIZATION and asked.name in set(Current):
            return sql.SQL("({})::text").format(self._current(Current(asked.name)))
        return sql.SQL("({} ->> {})").format(self._json(asked), self.bind(asked.name))

    def number(self, asked: Property) -> sql.Composable:
        """The value as a number; null where it is missing or no number. Text that is a number counts as one."""
        if asked.of == Of.ORGANIZATION and asked.name in NUMBERS:
            return self._current(Current(asked.name))
        if asked.of == Of.EVENT or (asked.of == Of.ORGANIZATION and asked.name not in set(Current)):
            value = sql.SQL("({} -> {})").format(self._json(asked), self.bind(asked.name))
            return sql.SQL(
                "(CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric "
                "WHEN 'string' THEN CASE WHEN {value} #>> '{{}}' ~ {pattern} "
                "THEN ({value} #>> '{{}}')::numeric END END)"
            ).format(value=value, pattern=sql.Literal(NUMBER_TEXT))
        text = self.text(asked)
        return sql.SQL("(CASE WHEN {text} ~ {pattern} THEN ({text})::numeric END)").format(
            text=text, pattern=sql.Literal(NUMBER_TEXT)
        )

    def stored_number(self, asked: Property) -> sql.Composable | None:
        """The value where it is a number and no text that says one; None for what is never a number."""
        if asked.of == Of.ORGANIZATION and asked.name in set(Current):
            return self._current(Current(asked.name)) if asked.name in NUMBERS else None
        if asked.of not in (Of.EVENT, Of.ORGANIZATION):
            return None
        value = sql.SQL("({} -> {})").format(self._json(asked), self.bind(asked.name))
        return sql.SQL("(CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric END)").format(value=value)

    def part(self, asked: Property) -> sql.Composable:
        """The value that a breakdown groups by; what is longer than a label can be is cut."""
        if asked.of == Of.COHORT:
            return sql.SQL("({})::text").format(self.member(int(asked.name)))
        return sql.SQL("left({}, {})").format(self.text(asked), sql.Literal(LONGEST_PART))

    def _json(self, asked: Property) -> sql.Composable:
        if asked.of == Of.EVENT:
            return sql.SQL("event.properties")
        self.join("organization")
        return sql.SQL("organization.properties")

    def _field(self, name: str) -> sql.Composable:
        if name == Field.APPLICATION:
            self.join("application")
        if name == Field.PATH:
            self.join("page")
        return sql.SQL(FIELDS[name]).format(facts=sql.Identifier(self.facts))

    def member(self, cohort_id: int) -> sql.Composable:
        """Whether the organization is in a cohort now."""
        return sql.SQL(
            "EXISTS (SELECT 1 FROM orgs_cohortmember AS member WHERE member.cohort_id = {} "
            "AND member.organization_id = key.organization_id)"
        ).format(self.bind(cohort_id, "bigint"))

    def _current(self, name: Current) -> sql.Composable:
        self.join(*NEEDS.get(name, ("snapshot",)))
        if name == Current.PLAN:
            return sql.SQL(
                "COALESCE(CASE WHEN jsonb_typeof(organization.properties -> 'plan') = 'string' "
                "THEN NULLIF(organization.properties ->> 'plan', '') END, latest.plan)"
            )
        if name in (Current.FIRST_SEEN, Current.LAST_SEEN):
            zone = self.bind(self.calendar.zone.key)
            return sql.SQL("(snapshot.{} AT TIME ZONE {})::date").format(sql.Identifier(f"{name}_at"), zone)
        return CURRENT[name]
