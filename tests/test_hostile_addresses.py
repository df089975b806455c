"""Addresses that nobody clicks: answered with a 4xx or another page, never with a 500."""

import base64

import pytest
from django.test import Client
from django.utils import timezone

from config.backoffice import pages, tokens
from tests.factories import application, organization, staff

pytestmark = pytest.mark.django_db

LISTS = (
    "/admin/orgs/organization/",
    "/admin/orgs/organization/export.csv",
    "/admin/orgs/importbatch/",
    "/admin/revenue/subscription/",
    "/admin/backoffice/jobrun/",
    "/admin/backoffice/auditentry/",
)
NUL = ("currency=%00", "product_code=%00", "state=%00", "job=%00", "action=%00", "q=a%00b")


@pytest.fixture
def browser() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(staff())
    return client


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", NUL)
def test_a_nul_in_the_address_is_a_bad_request(browser, path, query):
    assert browser.get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize("path", ["/admin/backoffice/job/%00/change/", "/admin/orgs/importbatch/%00/change/"])
def test_a_nul_in_the_path_is_a_bad_request(browser, path):
    assert browser.get(path).status_code == 400


@pytest.mark.parametrize("number", ["abc", "99999999999999999999", "-1"])
def test_an_import_that_does_not_exist(browser, number):
    assert browser.get(f"/admin/orgs/importbatch/{number}/change/").status_code == 404


@pytest.mark.parametrize("query", ["page=abc", "id__in=abc", "foo=bar"])
def test_an_export_of_what_makes_no_sense_leads_back_to_the_list(browser, query):
    organization()
    answer = browser.get(f"/admin/orgs/organization/export.csv?{query}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/orgs/organization/?e=1")


@pytest.mark.parametrize("credential", ["abc", "", "9" * 30, "\0"])
def test_a_credential_that_does_not_exist(browser, credential):
    page = f"/admin/applications/{application().id}/"
    assert browser.post(page, {"act": "revoke", "credential": credential}).status_code == 404


@pytest.mark.parametrize(
    "query", ["page=abc", "month=0001-01", "month=9999-12&part=end", "days=9" * 30, "q=%FF", "o=x"]
)
@pytest.mark.parametrize("page", [page for page in pages.all_pages() if page.group], ids=lambda page: page.name)
def test_every_place_takes_any_query(browser, page, query):
    assert browser.get(f"{page.url}?{query}", follow=True).status_code == 200


@pytest.fixture
def ask():
    """GET with a token of everything; status and code."""
    _, text = tokens.create(staff(), "BI", now=timezone.now())
    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {text}"})

    def get(path: str) -> tuple[int, str]:
        answer = client.get(f"/api/v1/{path}")
        return answer.status_code, answer.json().get("code", "")

    return get


@pytest.mark.parametrize("position", ["abc", "%00", "9" * 40, "-1", "9" * 5000])
@pytest.mark.parametrize("path", ["organizations/", "signals/", "subscriptions/"])
def test_a_cursor_that_nobody_was_given(ask, path, position):
    cursor = base64.b64encode(f"p={position}".encode()).decode()
    assert ask(f"{path}?cursor={cursor}") == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "summary/?as_of=0001-01-01",
        "summary/?as_of=9999-12-31",
        "months/?since=0001-01&as_of=0001-02-01",
        "movements/?as_of=9999-12-31",
        "movements/?month=9999-12&as_of=9999-12-31",
        "movements/?month=0001-01",
        "months/?known_on=0001-01-01",
    ],
)
def test_days_at_the_end_of_time(ask, query):
    assert ask(f"revenue/{query}") == (400, "invalid")
