"""Lists are drawn as the theme draws them, cell by cell; only labels begin with a capital, as headers do."""

import re

import pytest
from django.utils import timezone
from unfold.templatetags.unfold_list import items_for_result, result_headers

from config.backoffice import audit
from config.backoffice.templatetags.backoffice_lists import cells, columns, comes_back
from orgs.models import ImportBatch
from revenue.models import ExchangeRate
from tests import factories

pytestmark = pytest.mark.django_db

LISTS = [
    "/admin/orgs/organization/?show=all&o=-2",
    "/admin/orgs/organization/",
    "/admin/revenue/subscription/",
    "/admin/revenue/exchangerate/",
    "/admin/backoffice/auditentry/",
    "/admin/orgs/importbatch/?kind__exact=organizations",
    "/admin/auth/user/?q=a",
]


@pytest.fixture
def some_rows(client):
    ada, now = factories.staff(), timezone.now()
    client.force_login(ada)
    named = factories.organization("org-1", display_name="<b>Globex</b> & {sons}", owner=ada, imported_at=now)
    factories.snapshot(named, now=now, mrr="9800.5", health="31.25", band="at_risk", last_seen_at=now)
    factories.subscription(named)
    factories.organization("org-2", imported_at=now)
    ExchangeRate.objects.create(date=now.date(), currency="USD", per_eur="1.0825")
    audit.record(ada, "test.done", named, now=now)
    ImportBatch.objects.create(kind="organizations", file_name="a.csv", sha256="0" * 64, size=1, created_at=now)


@pytest.mark.parametrize("address", LISTS)
def test_every_cell_is_the_themes(client, some_rows, address):
    cl = client.get(address).context_data["cl"]
    framed, back = list(columns(cl, list(result_headers(cl)))), comes_back(cl)
    drawn = [list(cells(cl, framed, back, row)) for row in cl.result_list]
    assert drawn == [[labelled(cell) for cell in items_for_result(cl, row, None)] for row in cl.result_list]
    assert len(drawn) >= 1


def labelled(cell: str) -> str:
    return re.sub(r'(data-label=")(.)', lambda found: found[1] + found[2].upper(), cell)


@pytest.mark.parametrize(
    ("address", "title", "found"),
    [
        ("/admin/orgs/organization/", "Organizations | Back office", ""),
        ("/admin/orgs/organization/?show=all", "Organizations | Back office", "2 found"),
        ("/admin/orgs/organization/?q=globex", "Organizations | Back office", "1 found"),
        ("/admin/orgs/importbatch/", "Imports | Back office", ""),
    ],
)
def test_the_head_of_a_list_names_it_and_counts_only_what_was_narrowed(client, some_rows, address, title, found):
    page = client.get(address).content.decode()
    head = re.search(r"<h1.*?</h1>", page, re.DOTALL)[0]
    assert title in re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
    assert re.findall(r"\d+ found", head) == ([found] if found else [])
    assert page.count('aria-label="Show the menu"') == page.count('aria-label="Show or hide the menu"') == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/admin/backoffice/webhookendpoint/", "A webhook tells another program"),
        ("/admin/orgs/team/", "The customers of a team"),
        ("/admin/backoffice/apitoken/", "With a token a program"),
        ("/admin/tracker/price/", "Where a sender does not say"),
        ("/admin/revenue/exchangerate/", "Subscriptions in other currencies"),
    ],
)
def test_an_empty_list_says_what_would_stand_in_it(client, address, words):
    client.force_login(factories.staff())
    assert words in client.get(address).content.decode()
