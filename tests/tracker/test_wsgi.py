"""The application as the web server calls it: no test client, whose handler is another one."""

import json
from io import BytesIO
from typing import Any

import psycopg
import pytest
from django.db import connection

from config import db
from config.wsgi import application
from tests.tracker.sending import Product, body
from tracker.models import Event


def call(path: str, raw: bytes = b"", **more: Any) -> tuple[str, dict[str, str], Any]:
    environ = {
        "REQUEST_METHOD": "POST" if raw else "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(raw),
        **more,
    }
    told: list = []
    answer = application(environ, lambda status, headers: told.extend([status, dict(headers)]))
    return told[0], told[1], answer


def send(product: Product) -> tuple[str, dict[str, str], Any]:
    raw = json.dumps(body()).encode()
    signed = {"HTTP_X_APP_UUID": str(product.application.uuid), "HTTP_X_SIGNATURE": product.sign(raw)}
    return call("/v1/events", raw, **signed)


@pytest.mark.django_db
def test_a_whole_answer_is_handed_over_as_a_list():
    status, headers, answer = call("/admin/login/")
    assert status == "200 OK"
    assert type(answer) is list
    assert headers["Content-Length"] == str(len(answer[0]))
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_a_file_goes_out_in_pieces():
    status, headers, answer = call("/static/backoffice/app.css")
    assert status == "200 OK"
    assert type(answer) is not list
    assert sum(map(len, answer)) == int(headers["Content-Length"])
    answer.close()


@pytest.mark.django_db
def test_a_wrong_host_is_refused_however_many_right_ones_came():
    for _ in range(2):
        assert call("/v1/events", b"{}")[0] == "404 Not Found"
        assert call("/v1/events", b"{}", HTTP_HOST="elsewhere.example")[0] == "400 Bad Request"


@pytest.mark.django_db
def test_an_unknown_address_of_machines_is_not_sniffed():
    status, headers, _ = call("/e/nope", b"{}")
    assert (status, headers["X-Content-Type-Options"]) == ("404 Not Found", "nosniff")


@pytest.mark.usefixtures("events_table")
def test_a_body_shorter_than_announced_is_not_taken_for_whole(caplog):
    product, raw = Product(), json.dumps(body()).encode()
    signed = {"HTTP_X_APP_UUID": str(product.application.uuid), "HTTP_X_SIGNATURE": product.sign(raw)}
    for path, headers in (("/v1/events", signed), ("/v1/events/batch", signed), ("/v1/batch", {})):
        status, _, answer = call(path, raw, CONTENT_LENGTH=str(len(raw) + 50), **headers)
        assert (status, json.loads(answer[0])["code"]) == ("400 Bad Request", "incomplete_body")
    assert not Event.objects.exists()
    assert not caplog.records
    assert call("/v1/events", raw, **signed)[0] == "201 Created"


class Silence(BytesIO):
    """A sender who never gets to the body."""

    def read(self, *args: int) -> bytes:
        raise AssertionError("somebody waited for a body that its headers had refused")


@pytest.mark.usefixtures("events_table")
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"HTTP_X_APP_UUID": "00000000-0000-4000-8000-00000000dead"}, "404 Not Found"),
        ({"HTTP_X_SIGNATURE": "no"}, "401 Unauthorized"),
        ({"CONTENT_LENGTH": "40000"}, "413 Request Entity Too Large"),
    ],
)
def test_nobody_waits_for_a_body_that_the_headers_refuse(change, status):
    signed = {"HTTP_X_APP_UUID": str(Product().application.uuid), "HTTP_X_SIGNATURE": "0" * 64}
    environ = {**signed, "CONTENT_LENGTH": "133", "REQUEST_METHOD": "POST", "wsgi.input": Silence(), **change}
    assert call("/v1/events", **environ)[0] == status


@pytest.mark.usefixtures("events_table")
def test_an_event_after_the_database_cut_this_thread_off():
    product = Product()
    status, headers, answer = send(product)
    assert (status, headers["X-Content-Type-Options"]) == ("201 Created", "nosniff")
    assert json.loads(answer[0]) == {"status": "accepted", "id": Event.objects.get().id}
    [[backend]] = db.rows("SELECT pg_backend_pid()")
    parameters = {key: value for key, value in connection.get_connection_params().items() if key in PLACE}
    with psycopg.connect(**parameters, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert [send(product)[0] for _ in range(3)] == ["201 Created"] * 3
    assert Event.objects.count() == 4


PLACE = ("host", "port", "user", "password", "dbname")


@pytest.mark.usefixtures("events_table")
def test_what_runs_for_every_event_is_prepared():
    """The library prepares nothing on a connection of Django's unless it is told to, whatever a call asks for."""
    product = Product()
    for _ in range(2):
        send(product)
    prepared = db.rows("SELECT statement LIKE '%%tracker_event_id_seq%%' FROM pg_prepared_statements", {})
    assert (True,) in prepared
