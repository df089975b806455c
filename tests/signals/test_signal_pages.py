"""Today, the work queue and what people do there: numbers that open the list they were counted from."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.backoffice import settings
from orgs.models import Band, Organization
from revenue import facts
from revenue.models import ExchangeRate
from signals import followups, queue
from signals.models import Signal, SignalTransition
from signals.today import Work, today
from tests import factories
from tests.factories import organization, snapshot, staff

pytestmark = pytest.mark.django_db


def found(org: Organization, kind: str, stake: str = "100", **values) -> Signal:
    now = timezone.now()
    defaults = {"sentence": f"{kind} sentence", "opened_at": now, "changed_at": now, "last_scan_at": now}
    return Signal.objects.create(organization=org, type=kind, money_at_stake=Decimal(stake), **{**defaults, **values})


@pytest.fixture
def ada(client):
    user = staff("ada")
    client.force_login(user)
    return user


@pytest.fixture
def customers(ada):
    """Three at risk (one of them twice), one growing, one fine; Globex is Ada's."""
    now = timezone.now()
    old = now - timedelta(days=5)
    rows = {}
    for external_id, mrr, band, owner in (
        ("globex", "9800", Band.AT_RISK, ada),
        ("umbrella", "4200", Band.NO_ACTIVITY, None),
        ("initech", "580", Band.HEALTHY, None),
        ("hooli", "2100", Band.HEALTHY, ada),
        ("wonka", "5200", Band.HEALTHY, None),
    ):
        rows[external_id] = organization(external_id, owner=owner, imported_at=now)
        renewal = (now + timedelta(days=40)).date() if external_id in ("globex", "wonka") else None
        snapshot(rows[external_id], mrr=Decimal(mrr), band=band, renewal_on=renewal, last_seen_at=now, now=now)
    found(rows["globex"], "revenue_at_risk", "9000", opened_at=old)
    found(rows["globex"], "usage_drop", "6000")
    found(rows["umbrella"], "inactive_paying", "4200", opened_at=old)
    found(rows["initech"], "usage_drop", "200", opened_at=old)
    found(rows["hooli"], "expansion_candidate", "1200")
    found(rows["wonka"], "usage_drop", "10", state="dismissed", closed_at=now)
    return rows


class TestToday:
    def test_its_numbers(self, customers, ada):
        page = today(user=ada, scope="all", now=timezone.now())
        opened, money = page.open, page.money
        assert opened.risks == queue.QueueTotals(3, Decimal("14580"), Decimal("19400"))
        assert opened.growth == queue.QueueTotals(1, Decimal("2100"), Decimal("1200"))
        assert (opened.organizations, opened.new) == (4, 2)
        assert money.mrr == Decimal("21880")
        renewals = money.renewals
        assert (renewals.organizations, renewals.mrr, money.renewals_not_healthy) == (2, Decimal("15000"), 1)
        assert [row.organization.external_id for row in page.risks] == ["globex", "umbrella", "initech"]
        assert [row.organization.external_id for row in page.growth] == ["hooli"]
        assert page.risks[0].money_at_stake == Decimal("15000")

    def test_mine_counts_my_customers_only(self, customers, ada):
        page = today(user=ada, scope="mine", now=timezone.now())
        assert (page.open.risks.organizations, page.open.organizations, page.money.mrr) == (1, 2, Decimal("11900"))

    @pytest.mark.parametrize("scope", ["", "?scope=mine"])
    def test_every_card_opens_a_list_with_its_count(self, customers, client, ada, scope):
        page = client.get(f"/admin/{scope}").context["today"]
        content = client.get(f"/admin/{scope}").content.decode()
        cards = {
            "family=risk": page.open.risks.organizations,
            "new=1": page.open.new,
            "renewal=90": page.money.renewals.organizations,
            "paying=yes": 2 if scope else 5,
        }
        for part, count in cards.items():
            [address] = {a for a in hrefs(content) if part in a and "presence" not in a and "growth" not in a}
            answer = client.get(address)
            listed = answer.context["totals"].organizations if "totals" in answer.context else None
            assert (listed if listed is not None else answer.context["cl"].result_count) == count, address

    def test_follow_ups_due_open_their_list(self, customers, client, ada):
        day = timezone.now().date()
        for days, who in ((-3, ada), (0, ada), (1, ada), (0, None)):
            followups.create(
                customers["globex"].pk,
                title="x",
                due_on=day + timedelta(days=days),
                assignee=who,
                actor=ada,
                now=timezone.now(),
            )
        assert client.get("/admin/?scope=all").context["today"].work == Work(3, 1)
        assert client.get("/admin/?scope=mine").context["today"].work == Work(2, 1)
        assert client.get("/admin/followups/?scope=mine&show=due").context["page"].paginator.count == 2

    def test_the_change_of_my_money_is_that_of_my_customers(self, customers, ada):
        now = timezone.now()
        first = now.date().replace(day=1)
        for name, mrr in (("globex", "7000"), ("hooli", "3000"), ("wonka", "1")):
            factories.subscription(customers[name], mrr, start_on=first - timedelta(days=60))
        factories.subscription(customers["globex"], "1900", product_code="more", start_on=first)
        factories.subscription(customers["wonka"], "1", product_code="more", start_on=first)

        def change() -> Decimal | None:
            return today(user=ada, scope="mine", now=now).money.change

        assert change() == Decimal("0.19")
        facts.refresh(now.date(), now)
        assert change() == Decimal("0.19")
        ExchangeRate.objects.create(date=first - timedelta(days=90), currency="USD", per_eur=Decimal(2))
        settings.change({"reporting_currency": "USD"}, actor=ada, now=now)
        assert change() == Decimal("0.19")
        facts.refresh(now.date(), now)
        assert change() == Decimal("0.19")

    def test_the_sentence(self, customers, client):
        content = client.get("/admin/").content.decode()
        assert "3\u00a0customers need someone today; 14\u202f580\u00a0EUR a month hangs on them." in content

    def test_an_empty_install_says_what_to_do(self, client, ada):
        content = client.get("/admin/").content.decode()
        assert "No event has arrived yet" in content
        assert "/admin/applications/" in content


def hrefs(content: str) -> list[str]:
    return [part.split('"')[0].replace("&amp;", "&") for part in content.split('href="')[1:]]


class TestQueue:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["globex", "umbrella", "hooli", "initech"]),
            ("?family=risk", ["globex", "umbrella", "initech"]),
            ("?family=growth", ["hooli"]),
            ("?type=usage_drop", ["globex", "initech"]),
            ("?band=healthy", ["hooli", "initech"]),
            ("?owner=me", ["globex", "hooli"]),
            ("?owner=nobody", ["umbrella", "initech"]),
            ("?new=1", ["globex", "hooli"]),
            ("?state=dismissed", ["wonka"]),
            ("?state=closed", ["wonka"]),
            ("?q=GLOB", ["globex"]),
            ("?type=<script>&band=x&owner=7&state=gone&page=99", ["globex", "umbrella", "hooli", "initech"]),
        ],
    )
    def test_filters(self, customers, client, query, expected):
        context = client.get(f"/admin/signals/{query}").context
        assert [row.organization.external_id for row in context["rows"]] == expected
        assert context["totals"].organizations == len(expected)

    def test_the_total_counts_each_organization_once(self, customers, client):
        totals = client.get("/admin/signals/?family=risk").context["totals"]
        assert (totals.mrr, totals.money_at_stake) == (Decimal("14580"), Decimal("19400"))

    def test_a_filter_can_be_taken_off(self, customers, client):
        chips = client.get("/admin/signals/?type=usage_drop&owner=me").context["chips"]
        assert [(chip["word"], chip["without"]) for chip in chips] == [
            ("Usage drop", "?owner=me"),
            ("My customers", "?type=usage_drop"),
        ]

    def test_names_and_ids_are_data(self, client, ada):
        org = organization("<script>alert(1)</script>", display_name="{{ 7|add:7 }}<img src=x onerror=alert(2)>")
        snapshot(org, mrr=Decimal(10), now=timezone.now())
        found(org, "usage_drop", sentence="<b>bold</b>")
        for path in ("/admin/", "/admin/signals/", f"/admin/orgs/organization/{org.pk}/change/"):
            content = client.get(path).content.decode()
            assert "<script>alert(1)" not in content
            assert "<img src=x" not in content
            assert "<b>bold</b>" not in content
            assert "{{ 7|add:7 }}" in content

    def test_the_forms_beside_a_signal_are_its_own(self, customers, client, ada):
        odd = staff("{type}<b>")
        Signal.objects.filter(type="inactive_paying").update(assignee=odd)
        text = client.get("/admin/signals/?q=").content.decode()
        assert "{type}<b>" not in text
        for signal in Signal.objects.open():
            assert text.count(f'action="/admin/signals/{signal.pk}/act/"') == 4
            assert f"Dismiss {signal.get_type_display()}</button>" in text
            about = f'name="organization" value="{signal.organization_id}"><input type="hidden" name="signal" value="'
            assert f'{about}{signal.pk}"' in text
        assert '<summary class="bo-button bo-button--quiet">{type}&lt;b&gt;</summary>' in text
        assert '<summary class="bo-button bo-button--quiet">Assign</summary>' in text

    def test_queries_do_not_grow_with_rows(self, client, ada, django_assert_max_num_queries):
        for number in range(60):
            org = organization(f"org-{number}", owner=ada)
            snapshot(org, mrr=Decimal(number), now=timezone.now())
            found(org, "usage_drop", assignee=ada)
            found(org, "inactive_paying")
        with django_assert_max_num_queries(12):
            assert len(client.get("/admin/signals/").context["rows"]) == 50


class TestActing:
    def post(self, client, signal: Signal, **values):
        return client.post(f"/admin/signals/{signal.pk}/act/", {"next": "/admin/signals/", **values}, follow=True)

    def said(self, answer) -> str:
        return " ".join(str(message) for message in answer.context["messages"])

    def test_dismiss_with_a_reason_and_undo(self, customers, client, ada):
        signal = Signal.objects.get(type="inactive_paying")
        answer = self.post(client, signal, action="dismiss", reason="Office closed", false_alarm="1")
        assert self.said(answer) == "umbrella: Inactive paying is dismissed."
        signal.refresh_from_db()
        assert (signal.state, signal.reason, signal.is_false_alarm) == ("dismissed", "Office closed", True)
        transition = SignalTransition.objects.get()
        assert (transition.actor, transition.from_state, transition.to_state) == (ada, "open", "dismissed")
        undo = answer.context["undo"]
        assert undo["said"] == "Inactive paying of umbrella: dismissed."
        customers["umbrella"].snapshot.refresh_from_db()
        assert customers["umbrella"].snapshot.open_signal_count == 0

        client.post(undo["address"], dict(undo["fields"]))
        signal.refresh_from_db()
        assert (signal.state, signal.is_false_alarm) == ("open", False)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"action": "dismiss", "reason": " "}, "reason"),
            ({"action": "snooze", "reason": "later", "until": "2020-01-01"}, "day in the future"),
            ({"action": "snooze", "reason": "later", "until": "2026-13-45"}, "day in the future"),
            ({"action": "explode"}, "Choose what to do"),
            ({}, "Choose what to do"),
            ({"action": "reopen"}, "can't be changed by reopen"),
        ],
    )
    def test_what_does_not_fit_is_said_and_changes_nothing(self, customers, client, values, words):
        signal = Signal.objects.get(type="inactive_paying")
        answer = self.post(client, signal, **values)
        assert answer.status_code == 200
        assert words in self.said(answer)
        signal.refresh_from_db()
        assert signal.state == "open"
        assert not SignalTransition.objects.exists()

    def test_snooze_until_a_day(self, customers, client):
        signal = Signal.objects.get(type="inactive_paying")
        until = (timezone.now() + timedelta(days=7)).date()
        self.post(client, signal, action="snooze", reason="New budget", until=until.isoformat())
        signal.refresh_from_db()
        assert (signal.state, signal.snoozed_until) == ("snoozed", until)

    def test_assign_to_staff_and_to_nobody(self, customers, client, ada):
        signal = Signal.objects.get(type="inactive_paying")
        assert "assigned to ada" in self.said(self.post(client, signal, action="assign", assignee=str(ada.pk)))
        assert Signal.objects.get(pk=signal.pk).assignee == ada
        assert "assigned to nobody" in self.said(self.post(client, signal, action="assign", assignee="x²"))
        assert Signal.objects.get(pk=signal.pk).assignee is None

    def test_it_leads_back_here_and_nowhere_else(self, customers, client):
        signal = Signal.objects.get(type="inactive_paying")
        path = f"/admin/signals/{signal.pk}/act/"
        for target, landed in (
            ("/admin/?scope=mine", "/admin/?scope=mine"),
            ("https://evil.example/", "/admin/signals/"),
        ):
            answer = client.post(path, {"action": "assign", "next": target})
            assert answer.headers["Location"] == landed
        assert client.get(path).headers["Location"] == "/admin/signals/"
        assert client.post("/admin/signals/999999/act/", {"action": "dismiss"}).status_code == 404

    def test_whoever_may_only_look_cannot_act(self, customers, client):
        client.force_login(staff("guest", is_superuser=False))
        signal = Signal.objects.get(type="inactive_paying")
        answer = client.post(f"/admin/signals/{signal.pk}/act/", {"action": "dismiss", "reason": "x"})
        assert answer.status_code == 403
        assert Signal.objects.get(pk=signal.pk).state == "open"


def test_the_parts_of_a_row(customers, ada):
    chosen = queue.QueueFilter(family="risk")
    now = timezone.now()
    [first, *_] = queue.rows(queue.organizations(chosen, user=ada, now=now), chosen, now)
    assert [signal.type for signal in first.signals] == ["revenue_at_risk", "usage_drop"]
    assert now - first.oldest_at > timedelta(days=4)


class TestBulk:
    def post(self, client, kinds, **values):
        ids = list(Signal.objects.filter(type__in=kinds, state="open").values_list("pk", flat=True))
        return client.post("/admin/signals/act/", {"signal": ids, **values}, follow=True)

    def said(self, answer) -> list[str]:
        return [str(message) for message in answer.context["messages"]]

    def test_dismissed_as_false_alarms_and_undone(self, customers, client):
        answer = self.post(client, ["usage_drop"], action="false_alarm", reason="Outage")
        assert self.said(answer) == ["2\u00a0signals dismissed."]
        moved = Signal.objects.filter(reason="Outage")
        assert {(each.state, each.is_false_alarm) for each in moved} == {("dismissed", True)}
        undo = answer.context["undo"]
        fields: dict[str, list[str]] = {}
        for name, value in undo["fields"]:
            fields.setdefault(name, []).append(value)
        client.post(undo["address"], fields)
        assert Signal.objects.filter(type="usage_drop", state="open", is_false_alarm=False).count() == 2

    def test_assigned_together(self, customers, client, ada):
        assert self.said(self.post(client, ["usage_drop"], action="assign", assignee=ada.pk)) == [
            "2\u00a0signals assigned to ada."
        ]
        assert Signal.objects.filter(assignee=ada).count() == 2

    def test_what_does_not_fit_one_does_not_hold_up_the_others(self, customers, client):
        ids = list(Signal.objects.filter(type="usage_drop").values_list("pk", flat=True))
        answer = client.post("/admin/signals/act/", {"signal": [*ids, "x", 999999], "action": "resolve"}, follow=True)
        first, second = self.said(answer)
        assert first == "2\u00a0signals resolved."
        assert second.startswith("1\u00a0signal not changed: A signal that is dismissed can't be")
        assert Signal.objects.filter(type="usage_drop", state="resolved").count() == 2

    @pytest.mark.parametrize("values", [{"action": "dismiss"}, {"action": "snooze", "reason": "x"}, {"action": "boom"}])
    def test_refusals_are_said_once(self, customers, client, values):
        [sentence] = self.said(self.post(client, ["usage_drop"], **values))
        assert sentence.startswith("2\u00a0signals not changed: ")
        assert Signal.objects.filter(type="usage_drop", state="open").count() == 2
        assert not SignalTransition.objects.exists()

    def test_nothing_ticked(self, customers, client):
        assert self.said(client.post("/admin/signals/act/", {"action": "resolve"}, follow=True)) == [
            "Tick at least one signal first."
        ]

    def test_whoever_may_only_look_cannot(self, customers, client):
        client.force_login(staff("guest", is_superuser=False))
        assert client.post("/admin/signals/act/", {"action": "resolve", "signal": [1]}).status_code == 403


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("mrr", ["globex", "umbrella", "hooli", "initech"]),
        ("renewal", ["globex", "umbrella", "initech", "hooli"]),
        ("oldest", ["globex", "umbrella", "initech", "hooli"]),
        ("gone", ["globex", "umbrella", "hooli", "initech"]),
    ],
)
def test_orders_of_the_queue(customers, client, sort, expected):
    rows = client.get(f"/admin/signals/?sort={sort}").context["rows"]
    assert [row.organization.external_id for row in rows] == expected
