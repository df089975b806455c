"""From a request to a question: the form's fields, a saved insight, or the first question of an empty page."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpRequest, QueryDict

from config.backoffice.ids import read_id
from orgs.models import Cohort
from tracker.builder import beside, form
from tracker.builder.around import saved_of
from tracker.builder.lines import Lines, lines_of, place_words
from tracker.builder.patterns import LONGEST, PATTERNS, by_interval
from tracker.insights import wording
from tracker.insights.description import Description
from tracker.insights.reading import BadDescription, read
from tracker.models import Feature, SavedInsight


@dataclass(frozen=True)
class Question:
    """What a request asks. `description` is None where `error` says what is wrong with the document."""

    document: dict[str, Any]
    description: Description | None
    error: BadDescription | None
    saved: SavedInsight | None

    @property
    def refusal(self) -> str:
        """What is wrong and where, in the words of the form; empty when nothing is."""
        return in_form(self.error) if self.error else ""

    @property
    def lines(self) -> Lines:
        return lines_of(self.document, self.error.path if self.error else "")


def in_form(error: Exception) -> str:
    """Why there is no answer, with the place in the words of the form."""
    return f"{place_words(error.path)}{error.message}" if isinstance(error, BadDescription) else str(error)


def question_of(request: HttpRequest, today: date) -> Question:
    saved = saved_of(request, SavedInsight.Kind.TRENDS)
    if form.is_filled(request.GET):
        document = form.document_of(request.GET)
    elif cohort_id := read_id(request.GET.get("beside")):
        document = beside.document(cohort_id)
    else:
        document = copy.deepcopy(saved.definition if saved else form.FIRST)
    if organization := request.GET.get("organization"):
        document["organization"] = organization
    shown = edited(document, request.GET)
    return replace(judged(without_blanks(shown), saved, today), document=shown)


def judged(document: Any, saved: SavedInsight | None, today: date) -> Question:
    """Whatever the document is: a question, or an error that says where."""
    try:
        return Question(document, read(document, today), None, saved)
    except BadDescription as error:
        return Question(document, None, error, saved)


def in_words(today: date) -> Callable[[SavedInsight], str]:
    """Says definitions; the names of cohorts and features are read once for all of them."""
    cohorts, features = dict(Cohort.objects.values_list("id", "name")), dict(Feature.objects.values_list("id", "name"))

    def say(insight: SavedInsight) -> str:
        if pattern := PATTERNS.get(insight.kind):
            return pattern.sentence(pattern.filled(insight.definition), cohorts)
        question = judged(insight.definition, insight, today)
        if question.description is None:  # a later version no longer reads it; that does not break the list
            return str(question.error)
        return wording.sentence(question.description, cohorts, features)

    return say


def edited(document: dict[str, Any], fields: QueryDict) -> dict[str, Any]:
    """The document after the button that was pressed: a line more, or a line less."""
    if "add" in fields:
        return form.with_line(document, fields["add"])
    if "remove" in fields:
        return form.without_line(document, fields["remove"])
    return document


def without_blanks(document: dict[str, Any]) -> dict[str, Any]:
    """The document without lines that nobody filled in yet."""
    asked = copy.deepcopy(document)
    whole = asked.get("filters") or {}
    for lines in (whole.get("filters", []), *(each.get("filters", []) for each in asked["series"])):
        lines[:] = [each for each in lines if each != form.BLANK_FILTER]
    return asked


def kept_part(document: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a question that was asked: no empty lines, and not the one organization it was narrowed to."""
    return {key: value for key, value in without_blanks(document).items() if key != "organization"}


def kept_definition(kind: str, document: Any, today: date) -> dict[str, Any]:
    """What is kept: a description as it is written, or a pattern's fields. Raises BadDescription."""
    if kind not in PATTERNS:
        return read(document, today).as_document()
    if not isinstance(document, dict) or not all(isinstance(each, str) for each in document.values()):
        raise BadDescription("definition", "The fields of the form are expected here.")
    fields = PATTERNS[kind].filled(document)
    if any(len(each) > LONGEST for each in fields.values()):
        raise BadDescription("definition", f"A field has more than {LONGEST} characters.")
    steps = PATTERNS[kind].document(fields).get("steps") or [{"event": None}]
    read({**by_interval(fields), "series": steps}, today)
    return fields
