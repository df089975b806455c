"""What people and machines see when there is no answer; this module's own addresses fail on purpose."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import path
from rest_framework.views import APIView

from config.urls import handler400, handler403, handler404, handler500  # noqa: F401  Django reads them here
from tests import factories

pytestmark = pytest.mark.django_db


def broken(request: HttpRequest):
    raise ZeroDivisionError("the inside of it")


def closed(request: HttpRequest):
    raise PermissionDenied("the inside of it")


class Broken(APIView):
    authentication_classes = permission_classes = ()

    def get(self, request):
        raise ZeroDivisionError("the inside of it")


urlpatterns = [
    path("api/v1/broken", Broken.as_view()),
    path("v1/broken", broken),
    path("admin/broken", broken),
    path("v1/closed", closed),
    path("admin/closed", closed),
]


@pytest.fixture(autouse=True)
def visitor(client):
    client.raise_request_exception = False
    return client


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/v1/broken", 500, "error"),
        ("/v1/broken", 500, "error"),
        ("/v1/closed", 403, "permission_denied"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/batch", 404, "not_found"),
    ],
)
def test_machines_get_the_one_shape_of_an_error(client, address, status, code):
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    body = answer.json()
    assert set(body) == {"code", "message", "detail", "field"}
    assert (body["code"], body["message"]) == (code, body["detail"])
    assert "inside" not in answer.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/admin/broken", 500, "Something went wrong here"),
        ("/admin/closed", 403, "You may not see this page"),
        ("/nothing", 404, "There is nothing at this address"),
    ],
)
def test_people_get_a_page_with_a_way_back(client, django_assert_num_queries, address, status, words):
    with django_assert_num_queries(0):
        answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert 'href="/admin/"' in page
    assert "inside" not in page


def test_staff_without_the_permission_are_told_in_words(client):
    client.force_login(factories.staff(is_superuser=False))
    answer = client.get("/admin/backoffice/job/")
    assert (answer.status_code, "You may not see this page" in answer.content.decode()) == (403, True)


def test_a_login_that_was_to_lead_elsewhere_leads_to_the_admin(client):
    factories.staff("ada")
    answer = client.post("/admin/login/?next=//evil.example", {"username": "ada", "password": "pw"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_what_browsers_are_told_about_a_page(client):
    answer = client.get("/admin/login/")
    told = ("X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy")
    assert [answer.headers[name] for name in told] == ["DENY", "nosniff", "same-origin"]
    assert [answer.cookies["csrftoken"][name] for name in ("samesite", "path")] == ["Lax", "/"]


def test_a_form_without_its_token_says_that_nothing_was_saved(client):
    client.handler.enforce_csrf_checks = True
    answer = client.post("/admin/login/", {"username": "ada"})
    assert (answer.status_code, "Nothing was saved" in answer.content.decode()) == (403, True)
