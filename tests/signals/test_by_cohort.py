"""Revenue × Health, the weekly review, follow-ups and the churn log of a cohort: its members by everybody's lines."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.backoffice.formatting import HARD
from orgs.models import CohortMember, Organization
from signals import followups, snapshots
from signals.models import Churn, HealthModel, Reading, Signal
from tests.factories import cohort, organization, snapshot, staff, subscription

pytestmark = pytest.mark.django_db
PAGES = ("matrix", "weekly", "followups", "churn")
HOSTILE = "</script><b>“Large” & loud</b>"


@pytest.fixture
def ada(client):
    user = staff("ada")
    client.force_login(user)
    return user


@pytest.fixture
def customers(ada):
    """Eight that pay 100 to 800, good health and low in turns, each with a signal, work due yesterday, a churn line, a
    line of today's money, and a reading of a week ago at health 90."""
    now = timezone.now()
    made = [make(number, ada, now) for number in range(1, 9)]
    snapshots.place_in_quadrants()
    return made


def make(number: int, ada, now) -> Organization:
    today = now.date()
    org = organization(f"org-{number}", owner=ada if number > 4 else None)
    score = Decimal("80.00") if number % 2 else Decimal("30.00")
    band = "healthy" if number % 2 else "at_risk"
    renewal_on = today + timedelta(days=number)
    snapshot(org, mrr=Decimal(number * 100), health=score, band=band, last_seen_at=now, renewal_on=renewal_on)
    for day, of_day in ((today - timedelta(days=7), ("healthy", 90)), (today, (band, score))):
        Reading.objects.create(
            organization=org,
            as_of=day,
            band=of_day[0],
            score=of_day[1],
            coverage=1,
            model=HealthModel.objects.get(),
            mrr=Decimal(number * 100),
            scored_at=now,
        )
    opened_at = now - timedelta(days=2)
    Signal.objects.create(organization=org, type="usage_drop", sentence="x", opened_at=opened_at, changed_at=now)
    yesterday = today - timedelta(days=1)
    followups.create(org.pk, title=f"call {number}", due_on=yesterday, assignee=ada, actor=ada, now=now)
    Churn.objects.create(organization=org, churned_on=yesterday, mrr=number, found_at=now)
    subscription(org, f"{number}00", start_on=yesterday)
    return org


def look(client, page: str, chosen: object = "", **query: object):
    return client.get(f"/admin/{page}/", {"cohort": chosen, **query})


def file_of(client, page: str, chosen: object) -> list[str]:
    """The customers' ids of the exported rows, in order."""
    content = b"".join(look(client, page, chosen, export="csv")).decode("utf-8-sig")
    header, *rows = [line.split(",") for line in content.splitlines()]
    return [row[header.index("external_org_id")] for row in rows]


def cells_of(context) -> dict:
    return {each.name: each for each in [cell for row in context["rows"] for cell in row] + [context["strip"]]}


class TestMatrix:
    def test_the_cells_are_the_members_by_everybodys_lines(self, client, customers):
        context = look(client, "matrix", cohort("Large", *customers[4:]).pk).context
        assert context["matrix"].high_from == Decimal(450)
        found = {name: (each.cell.organizations, each.cell.mrr) for name, each in cells_of(context).items()}
        assert found == {
            "champions": (2, 1200),
            "revenue_at_risk": (2, 1400),
            "expansion": (0, 0),
            "low_value": (0, 0),
            "outside": (0, 0),
        }
        assert cells_of(context)["champions"].cell.share == Decimal("0.4615")
        assert context["paying"] == 4

    @pytest.mark.parametrize("scope", ["all", "mine"])
    @pytest.mark.parametrize("lines", ["", "&good_from=20", "&good_from=85&high_from=300"])
    def test_every_cell_opens_a_list_with_its_sums(self, client, customers, scope, lines):
        Organization.objects.filter(pk=customers[6].pk).update(owner=None)
        snapshot(silent := organization("silent"), mrr=Decimal(50), band="not_scored")
        snapshots.place_in_quadrants()
        made = cohort("Some", *customers[2:7], silent)
        context = client.get(f"/admin/matrix/?scope={scope}&cohort={made.pk}{lines}").context
        seen = set()
        for shown in cells_of(context).values():
            assert f"cohort={made.pk}" in shown.address
            listed = client.get(shown.address).context
            assert (listed["total"].organizations, listed["total"].mrr) == (shown.cell.organizations, shown.cell.mrr)
            assert set(listed["cl"].queryset.values_list("pk", flat=True)) == set(shown.cell.organization_ids)
            seen |= set(shown.cell.organization_ids)
        assert seen == {each.pk for each in ([*customers[2:7], silent] if scope == "all" else customers[4:6])}

    def test_who_moved_is_of_the_members(self, client, customers):
        """A week ago everybody had good health; who has low health now left its cell."""
        assert look(client, "matrix").context["moved"].count == 4
        moved = look(client, "matrix", cohort("Some", *customers[:3], customers[7]).pk).context["moved"]
        assert [one.organization.external_id for one in moved.items] == ["org-8", "org-2"]

    def test_trying_lines_keeps_the_cohort_and_the_cohort_keeps_the_lines(self, client, customers):
        made = cohort("Large", *customers[4:])
        content = look(client, "matrix", made.pk, good_from="60").content.decode()
        assert f'<input type="hidden" name="cohort" value="{made.pk}">' in content
        assert '<input type="hidden" name="good_from" value="60">' in content
        assert f'href="?cohort={made.pk}">Back to 70' in content
        assert "scope=mine" in content
        assert "“Large”: 2 large customers with low health carry" in content.replace(HARD, " ")
        assert "of its MRR" in content


class TestWeekly:
    def test_every_part_is_of_the_members(self, client, customers):
        week = look(client, "weekly", cohort("Large", *customers[4:]).pk).context["week"]
        assert (week.paying.organizations, week.paying.mrr) == (4, 2600)
        assert week.movements.by_kind["new"] == 2600
        assert [each.organization_id for each in week.movements.items] == [each.pk for each in customers[:3:-1]]
        names = {
            part: sorted(each.organization.external_id for each in getattr(week, part).items)
            for part in ("worse", "better", "opened", "closed", "overdue", "done", "churned")
        }
        large = ["org-5", "org-6", "org-7", "org-8"]
        assert names == {
            "worse": ["org-6", "org-8"],
            "better": [],
            "opened": large,
            "closed": [],
            "overdue": large,
            "done": [],
            "churned": large,
        }
        assert [each.external_id for each in week.renewals.items] == large

    def test_two_halves_make_the_whole(self, client, customers):
        halves = [
            cohort("One", *customers[::3]),
            cohort("Other", *[each for each in customers if each not in customers[::3]]),
        ]
        whole, *parts = (look(client, "weekly", each and each.pk).context["week"] for each in ("", *halves))
        assert sum(part.movements.net for part in parts) == whole.movements.net == 3600
        for name in ("movements", "worse", "better", "opened", "closed", "done", "overdue", "renewals", "churned"):
            assert sum(getattr(part, name).count for part in parts) == getattr(whole, name).count

    def test_the_paper_names_it_and_the_weeks_keep_it(self, client, customers):
        made = cohort("Large", *customers[4:])
        content = look(client, "weekly", made.pk).content.decode()
        assert "All · “Large”" in content
        assert f"cohort={made.pk}&amp;until=" in content
        assert "org-4" not in content


class TestFollowUps:
    def test_the_list_its_counts_and_its_file(self, client, customers):
        made = cohort("Large", *customers[6:])
        context = look(client, "followups", made.pk).context
        assert [each.title for each in context["page"].object_list] == ["call 7", "call 8"]
        assert (context["open_count"], context["due_count"], context["overdue_count"]) == (2, 2, 2)
        assert file_of(client, "followups", made.pk) == ["org-7", "org-8"]

    def test_tabs_scope_and_files_keep_it(self, client, customers):
        made = cohort("Large", *customers[6:])
        content = look(client, "followups", made.pk, show="due").content.decode()
        for address in ("show=overdue", "scope=mine", "export=csv", "export=xlsx"):
            assert any(
                f"cohort={made.pk}" in link and address in link for link in content.split('"') if link.startswith("?")
            ), address


class TestChurn:
    def test_the_list_its_sum_and_its_file(self, client, customers):
        Churn.objects.filter(organization=customers[7]).update(reasons=["price"])
        made = cohort("Large", *customers[6:])
        context = look(client, "churn", made.pk).context
        assert sorted(each.organization.external_id for each in context["page"].object_list) == ["org-7", "org-8"]
        assert (context["lost"], context["unexplained"]) == (15, 1)
        assert sorted(file_of(client, "churn", made.pk)) == ["org-7", "org-8"]
        assert file_of(client, "churn", f"{made.pk}&show=unexplained") == file_of(client, "churn", "")
        only = look(client, "churn", made.pk, show="unexplained").context
        assert [each.organization.external_id for each in only["page"].object_list] == ["org-7"]


def counted(context, page: str) -> int:
    """How many customers a page shows."""
    if page == "matrix":
        return context["paying"]
    return context["week"].paying.organizations if page == "weekly" else context["page"].paginator.count


@pytest.mark.parametrize("page", PAGES)
def test_empty_gone_and_senseless(client, customers, page):
    """An empty cohort and one that is gone have nobody and say so; what is no id is everybody, as without a choice."""
    empty, gone = cohort("Nobody yet"), cohort("Gone", *customers)
    key = gone.pk
    gone.delete()
    assert not CohortMember.objects.exists()
    for chosen, word in ((empty.pk, "Nobody yet"), (key, "An unknown cohort")):
        answer = look(client, page, chosen)
        assert counted(answer.context, page) == 0
        assert f"{word} ×" in answer.content.decode()
    for text in ("", "x", "-1", "²", "9" * 40, "1 or 1=1", "<script>"):
        answer = look(client, page, text)
        assert counted(answer.context, page) == 8
        assert '<script>"' not in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_a_hostile_name_is_text(client, customers, page):
    content = look(client, page, cohort(HOSTILE, customers[0]).pk).content.decode()
    assert "<b>“Large”" not in content
    assert "&lt;b&gt;“Large”" in content


@pytest.mark.parametrize("page", PAGES)
def test_queries_do_not_grow_with_members(client, customers, ada, page):
    made = cohort("All", *customers[:2])
    look(client, page, made.pk)
    with CaptureQueriesContext(connection) as few:
        look(client, page, made.pk)
    now = timezone.now()
    CohortMember.objects.bulk_create(
        CohortMember(cohort=made, organization=each, since=now)
        for each in [*customers[2:], *(make(number, ada, now) for number in range(9, 20))]
    )
    snapshots.place_in_quadrants()
    with CaptureQueriesContext(connection) as many:
        answer = look(client, page, made.pk)
    assert counted(answer.context, page) == 19
    assert len(many) == len(few)
