"""A definition while somebody builds it: the fields of a form, valid or not, and back to a definition."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from orgs.cohorts import rules
from orgs.cohorts.definition import MATCHES, MOST_GROUPS, MOST_RULES, Definition
from orgs.cohorts.rules import BadRule, Input, Rule, RuleKind

FIELD = re.compile(r"g([0-9]{1,2})-r([0-9]{1,2})-kind", re.ASCII)
FIRST_KIND = "property"
TO_FILL_IN = "Fill in the condition; how many organizations it means is counted here."


@dataclass
class Condition:
    """One condition as it stands in the form; `error` says what is wrong with it."""

    kind: RuleKind
    given: dict[str, str]
    error: str = ""
    is_new: bool = False

    @classmethod
    def blank(cls) -> Self:
        kind = rules.of(FIRST_KIND)
        return cls(kind, initial(kind, {}), is_new=True)

    @classmethod
    def read(cls, posted: Mapping[str, str], prefix: str) -> Self:
        """From the fields of a form. After another kind was chosen, its choices begin anew."""
        kind = known(posted.get(f"{prefix}-kind", ""))
        names = {each.name for each in kind.inputs}
        given = {name: posted[f"{prefix}-{name}"] for name in names if f"{prefix}-{name}" in posted}
        is_other = posted.get(f"{prefix}-was", kind.name) != kind.name
        return cls(kind, initial(kind, given) if is_other else given)

    def inputs(self) -> list[tuple[Input, str]]:
        """The fields to show, each with its value."""
        return [(each, self.given.get(each.name, each.initial)) for each in self.kind.asked(self.given)]

    @property
    def is_untouched(self) -> bool:
        """Nothing was typed or chosen in it yet."""
        return self.given == initial(self.kind, {})

    def rule(self) -> Rule | None:
        """The finished rule; None with the reason in `error`."""
        try:
            return self.kind.clean(self.given)
        except BadRule as error:
            self.error = str(error)
            return None


def known(name: str) -> RuleKind:
    try:
        return rules.of(name)
    except BadRule:
        return rules.of(FIRST_KIND)


def initial(kind: RuleKind, given: Mapping[str, str]) -> dict[str, str]:
    """What its fields begin with; text that was typed already stays."""
    found = {}
    for each in kind.inputs:
        if each.choices is None:
            found[each.name] = given.get(each.name, each.initial)
        else:
            offered = [choice for choice, _ in each.choices()]
            found[each.name] = each.initial if each.initial in offered else next(iter(offered), "")
    return found


@dataclass
class Group:
    match: str = "all"
    conditions: list[Condition] = field(default_factory=list)


@dataclass
class Draft:
    """A cohort in the builder. There is always a condition to fill in."""

    name: str = ""
    match: str = "all"
    groups: list[Group] = field(default_factory=list)

    @classmethod
    def begin(cls) -> Self:
        return cls(groups=[Group(conditions=[Condition.blank()])])

    @classmethod
    def of(cls, name: str, stored: Definition) -> Self:
        groups = [
            Group(group["match"], [Condition(known(rule["kind"]), dict(rule)) for rule in group["rules"]])
            for group in stored.get("groups", ())
        ]
        return cls(name, stored.get("match", "all"), groups) if groups else cls(name, groups=cls.begin().groups)

    @classmethod
    def read(cls, posted: Mapping[str, str]) -> Self:
        """From a form; what stands beyond the limits is left out."""
        places = sorted({(int(found[1]), int(found[2])) for key in posted if (found := FIELD.fullmatch(key))})
        groups: dict[int, Group] = {}
        for group, place in places:
            made = groups.setdefault(group, Group(match(posted.get(f"g{group}-match"))))
            if len(made.conditions) < MOST_RULES:
                made.conditions.append(Condition.read(posted, f"g{group}-r{place}"))
        kept = list(groups.values())[:MOST_GROUPS]
        return cls(posted.get("name", ""), match(posted.get("match")), kept or cls.begin().groups)

    def edit(self, act: str) -> None:
        """A button of the form: `add:GROUP`, `remove:GROUP:CONDITION`, `group`. Anything else changes nothing."""
        word, *places = act.split(":")
        numbers = [int(place) for place in places if place.isascii() and place.isdigit() and len(place) < 3]
        if word == "group" and len(self.groups) < MOST_GROUPS:
            self.groups.append(Group(conditions=[Condition.blank()]))
        elif word == "add" and len(numbers) == 1 and numbers[0] < len(self.groups):
            if len(self.groups[numbers[0]].conditions) < MOST_RULES:
                self.groups[numbers[0]].conditions.append(Condition.blank())
        elif word == "remove" and len(numbers) == 2 and numbers[0] < len(self.groups):
            del self.groups[numbers[0]].conditions[numbers[1] : numbers[1] + 1]
        self.groups = [group for group in self.groups if group.conditions] or self.begin().groups

    def definition(self) -> Definition | None:
        """The finished definition; None when a condition is not finished, with the reason beside each."""
        groups: list[dict[str, Any]] = []
        for group in self.groups:
            found = [condition.rule() for condition in group.conditions]
            groups.append({"match": group.match, "rules": found})
        if any(rule is None for group in groups for rule in group["rules"]):
            return None
        return {"match": self.match, "groups": groups}

    @property
    def first_error(self) -> str:
        """What is missing, first where somebody began to fill something in."""
        unfinished = [each for group in self.groups for each in group.conditions if each.error]
        return next((each.error for each in unfinished if not each.is_untouched), TO_FILL_IN)


def match(text: str | None) -> str:
    return text if text in MATCHES else "all"
