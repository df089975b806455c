"""Pages and sessions against slow plain Python on random paths; rules that fold."""

import random
import re
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from uuid import UUID

import pytest
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.db import connection

from config.backoffice.models import AuditEntry
from orgs.cohorts.choosing import members
from orgs.models import Cohort, Organization, OrganizationKey
from tests.factories import application, cohort, staff
from tests.tracker.test_rollups import DAILY, NOW, event, put
from tracker import paths, rollups, sessions
from tracker.models import Event, PageDay, PathMonth, PathRule, SessionDay
from tracker.paths import PageUse, Scope

pytestmark = pytest.mark.django_db
SCOPE = Scope(date(2026, 3, 1), date(2026, 3, 11))
FOLDED = [
    ("/tasks/123/edit", "/tasks/:id/edit"),
    ("/tasks/123/456", "/tasks/:id/:id"),
    ("/123", "/:id"),
    ("/123/", "/:id/"),
    ("/", "/"),
    ("/v2/tasks", "/v2/tasks"),
    ("/2024-report", "/2024-report"),
    ("/p/3f2504e0-4f89-41d3-9a0c-0305e82c3301/x", "/p/:id/x"),
    ("/p/3F2504E0-4F89-41D3-9A0C-0305E82C3301", "/p/:id"),
    ("/c/0123456789abcdef", "/c/:id"),
    ("/c/0123456789abcde", "/c/0123456789abcde"),
    ("/c/feedface", "/c/feedface"),
    ("/c/٣٤", "/c/٣٤"),
    ("/a/<script>1</script>/7", "/a/<script>1</script>/:id"),
]


@pytest.mark.parametrize(("path", "page"), FOLDED)
def test_ids_are_folded_in_the_database_as_here(path, page):
    assert paths.fold(path) == page
    put(application(), [event(NOW, path=path)])
    rollups.roll_up(NOW)
    assert paths.pages(SCOPE) == [PageUse(page, 1, 1, 1)]


@pytest.fixture
def story():
    """Two applications with rules of their own, paths of every kind, an alias, staging, days outside."""
    dice = random.Random(3)
    shop, other = application(), application("Other")
    for app, pattern in (
        (shop, "/blog/:slug"),
        (shop, "/docs/*"),
        (shop, "/:anything/:id"),
        (other, "/blog/:slug/comments"),
    ):
        paths.add_rule(app, pattern, actor=None, now=NOW)
    kinds = ["/blog/{w}", "/blog/{w}/comments", "/docs/{w}/{n}", "/docs", "/tasks/{n}", "/tasks/{n}/edit?x={n}"]
    kinds.append("/a.b/{n}")
    for app in (shop, other):
        put(
            app,
            [
                event(
                    NOW - timedelta(days=dice.choice([-1, 0, 1, 5, 9, 10]), seconds=dice.randrange(40_000)),
                    path=kind and kind.format(w=dice.choice("xyz"), n=dice.randint(1, 9)),
                    external_id=dice.choice(["a", "A", "b", "c", None]),
                    user_hash=dice.choice([None, *(bytes([n]) * 32 for n in range(5))]),
                    session_id=dice.choice([None, *(UUID(int=n) for n in range(1, 30))]),
                    environment=dice.choice(["production"] * 4 + ["staging"]),
                )
                for kind in dice.choices([*kinds, None], k=200)
            ],
        )
    rollups.roll_up(NOW)
    OrganizationKey.objects.filter(external_id="A").update(organization=Organization.objects.get(external_id="a"))
    return shop, other


def some() -> Cohort:
    """Of two organizations, one of them with an alias."""
    return cohort("Some", *Organization.objects.filter(external_id__in=["a", "b"]))


def page_by_hand(each: Event) -> str:
    page = re.sub(r"/[0-9]+(?=/|$)", "/:id", each.path.split("?")[0])
    rules = {
        "Shop": [(r"/blog/[^/]+", "/blog/:slug"), (r"/docs/.*", "/docs/*"), (r"/[^/]+/[^/]+", "/:anything/:id")],
        "Other": [(r"/blog/[^/]+/comments", "/blog/:slug/comments")],
    }[each.application.name]
    return next((name for pattern, name in rules if re.fullmatch(pattern, page)), page)


def in_scope(scope: Scope) -> list[Event]:
    found = Event.objects.filter(environment=scope.environment, key__isnull=False).select_related("application", "key")
    return [
        each
        for each in found
        if scope.since <= each.occurred_at.date() < scope.until
        and scope.application in (None, each.application_id)
        and (scope.cohort is None or each.key.organization_id in members(scope.cohort))
    ]


@pytest.mark.parametrize("environment", ["production", "staging"])
@pytest.mark.parametrize("only", [None, 0, 1])
@pytest.mark.parametrize("cohort", [None, "some"])
def test_pages_are_those_by_hand(story, environment, only, cohort):
    application = None if only is None else story[only].pk
    scope = Scope(SCOPE.since, SCOPE.until, environment, application, cohort and some().pk)
    counted = defaultdict(lambda: [0, set(), set(), set()])
    with_path = [each for each in in_scope(scope) if each.path]
    for each in with_path:
        row = counted[page_by_hand(each)]
        row[0] += 1
        row[1].add(each.key.organization_id)
        row[2].add(each.path.split("?")[0])
        if each.user_hash:
            row[3].add((each.application_id, bytes(each.user_hash)))
    found = {each.page: (each.events, each.organizations, each.paths) for each in paths.pages(scope)}
    assert found == {page: (row[0], len(row[1]), len(row[2])) for page, row in counted.items()}
    assert paths.users(scope) == {page: len(row[3]) for page, row in counted.items() if row[3]}
    for page in counted:
        used = defaultdict(int)
        for each in with_path:
            used[each.key.organization_id] += page_by_hand(each) == page
        expected = {org: count for org, count in used.items() if count}
        assert {org: count for org, count, _ in paths.organizations_of(page, scope)} == expected


def test_organizations_are_told_apart_across_blocks_of_keys():
    ids = {511: "a", 512: "b", 1023: "b", 1024: "c", 2**40: "d"}
    organizations = {
        name: Organization.objects.create(external_id=name, created_at=NOW, changed_at=NOW)
        for name in sorted(set(ids.values()))
    }
    for id_, name in ids.items():
        OrganizationKey.objects.create(
            id=id_, external_id=f"key {id_}", organization=organizations[name], created_at=NOW
        )
    app = application()
    put(app, [event(NOW - timedelta(days=n), external_id=f"key {id_}") for n, id_ in enumerate(ids)])
    rollups.roll_up(NOW)
    assert paths.pages(SCOPE) == [PageUse("/a", 5, 4, 1)]
    assert paths.pages(Scope(date(2026, 3, 8), date(2026, 3, 10))) == [PageUse("/a", 2, 1, 1)]
    OrganizationKey.objects.filter(id=2**40).update(organization=organizations["a"])
    caches["answers"].clear()
    assert paths.pages(SCOPE) == [PageUse("/a", 5, 3, 1)]


def test_what_was_counted_before_pages_were_is_filled_from_paths(story):
    counted = {model: sorted(model.objects.values_list(*DAILY[model])) for model in (PageDay, PathMonth)}
    assert all(counted.values())
    for model in counted:
        model.objects.all().delete()
    migration = import_module("tracker.migrations.0014_pages_by_day")
    with connection.cursor() as cursor:
        cursor.execute(migration.FILL)
    assert {model: sorted(model.objects.values_list(*DAILY[model])) for model in counted} == counted


def test_a_search_is_text_not_a_pattern(story):
    assert {each.page for each in paths.pages(SCOPE, "a.B")} == {"/a.b/:id"}
    assert paths.pages(SCOPE, "a%b") == []


@pytest.mark.parametrize("cohort", [None, "some"])
def test_sessions_are_those_by_hand(story, cohort):
    scope = replace(SCOPE, cohort=cohort and some().pk)
    by_org, by_day, who = defaultdict(set), defaultdict(set), defaultdict(set)
    for each in in_scope(scope):
        if each.session_id:
            session = (each.application_id, each.session_id)
            by_org[each.key.organization_id].add(session)
            by_day[each.occurred_at.date()].add(session)
            who[each.occurred_at.date()].add(each.key.organization_id)
    found = sessions.by_organization(scope)
    assert {each.organization_id: each.sessions for each in found} == {org: len(had) for org, had in by_org.items()}
    days = sessions.by_day(scope)
    assert [each.day for each in days] == [SCOPE.since + timedelta(days=count) for count in range(10)]
    assert {each.day: each.sessions for each in days if each.sessions} == {day: len(had) for day, had in by_day.items()}
    assert {each.day: each.organizations for each in days if each.sessions} == {
        day: len(had) for day, had in who.items()
    }


def test_pages_and_sessions_are_kept_until_something_new():
    app = application()

    def counted() -> tuple[int, int, int]:
        [page], found = paths.pages(SCOPE), sessions.counted(SCOPE)
        return page.events, found.days[-1].sessions, found.organizations[0].sessions

    put(app, [event(NOW)])
    rollups.roll_up(NOW)
    assert (counted(), paths.users(SCOPE)) == ((1, 1, 1), {"/a": 1})
    PageDay.objects.update(events=5)
    SessionDay.objects.all()._raw_delete("default")
    assert counted() == (1, 1, 1)  # nothing was asked of the tables
    put(app, [event(NOW, session_id=UUID(int=2), user_hash=b"v" * 32)])
    rollups.roll_up(NOW)
    assert (counted(), paths.users(SCOPE)) == ((6, 1, 1), {"/a": 2})


def test_the_latest_sessions_with_length_and_pages():
    app = application()
    first = event(NOW - timedelta(minutes=31), path="/a?x=1", session_id=UUID(int=7))
    put(app, [first, event(NOW, path="/a?x=2", session_id=UUID(int=7)), event(NOW, session_id=None)])
    [found] = sessions.latest(SCOPE)
    assert (found.minutes, found.events, found.pages, found.session_id) == (31, 2, 1, UUID(int=7))
    assert found.organization_id == Organization.objects.get().pk
    assert sessions.latest(replace(SCOPE, cohort=cohort("Nobody").pk)) == []
    assert sessions.latest(replace(SCOPE, cohort=cohort("It", found.organization_id).pk)) == [found]


REFUSED = [
    ("blog/:slug", "is no path"),
    ("/blog /:slug", "is no path"),
    ("/blog/post", "folds nothing"),
    ("/a/*/b", "stands at the end alone"),
    ("/*/*", "stands at the end alone"),
    ("/errors/404/:x", "“404” is an id already"),
    ("/" + "a" * 600 + "/:x", "is no path"),
]


@pytest.mark.parametrize(("pattern", "message"), REFUSED)
def test_a_rule_that_cannot_work_is_refused(pattern, message):
    with pytest.raises(ValidationError, match=message):
        paths.add_rule(application(), pattern, actor=None, now=NOW)
    assert not PathRule.objects.exists()


@pytest.mark.parametrize("odd", ["/a.b(c)[d]{e}|f^g$h+i\\j/:x", "/%(ids)s/:x", "/';DROP;--/:x"])
def test_every_character_of_a_rule_stands_for_itself(odd):
    app = application()
    paths.add_rule(app, odd, actor=None, now=NOW)
    put(app, [event(NOW, path=odd.replace(":x", "y")), event(NOW, path="/aXb/y")])
    rollups.roll_up(NOW)
    assert {each.page for each in paths.pages(SCOPE)} == {odd, "/aXb/y"}


def test_rules_leave_audit_lines_and_are_gone_once():
    ada, app = staff(), application()
    rule = paths.add_rule(app, "/blog/:slug", actor=ada, now=NOW)
    with pytest.raises(ValidationError, match="has this rule already"):
        paths.add_rule(app, "/blog/:slug", actor=ada, now=NOW)
    assert paths.remove_rule(rule.pk, actor=ada, now=NOW) is not None
    assert paths.remove_rule(rule.pk, actor=ada, now=NOW) is None
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "path_rule.created",
        "path_rule.deleted",
    ]
