"""From a request to a question: the form's fields, a saved insight, or the first question of an empty page."""

import copy
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpRequest, QueryDict

from tracker.builder import form
from tracker.builder.lines import Lines, lines_of
from tracker.insights.description import Description
from tracker.insights.reading import BadDescription, read
from tracker.models import SavedInsight


@dataclass(frozen=True)
class Question:
    """What a request asks. `description` is None where `error` says what is wrong with the document."""

    document: dict[str, Any]
    description: Description | None
    error: BadDescription | None
    saved: SavedInsight | None

    @property
    def lines(self) -> Lines:
        return lines_of(self.document, self.error.path if self.error else "")


def question_of(request: HttpRequest, today: date) -> Question:
    saved = saved_of(request)
    if form.is_filled(request.GET):
        document = form.document_of(request.GET)
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


def saved_of(request: HttpRequest) -> SavedInsight | None:
    number = request.GET.get("insight", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return SavedInsight.objects.visible_to(request.user).filter(id=int(number), kind=SavedInsight.Kind.TRENDS).first()


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
