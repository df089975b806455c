"""The application as a web server runs it."""

import os
from collections.abc import Callable, Iterable

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from django.db import connection  # noqa: E402

from config.backoffice.middleware import is_for_machines  # noqa: E402

NOT_SNIFFED = ("X-Content-Type-Options", "nosniff")


class Application(WSGIHandler):
    """Hands over an answer that is whole as a list: granian sends a list in one piece, and asks anything else for its
    pieces, which takes a change of threads each."""

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        if is_for_machines(environ["PATH_INFO"]):
            return self.answer_machine(environ, start_response)
        response = super().__call__(environ, start_response)
        if not isinstance(response, HttpResponse):
            return response
        body = [response.content]
        response.close()
        return body

    def answer_machine(self, environ: dict, start_response: Callable) -> list[bytes]:
        """Without Django's signals around a request, a tenth of what an event takes. The one thing that listens to
        them looks after the thread's database connections; here that is asked for by name."""
        connection.close_if_unusable_or_obsolete()
        response = self.get_response(self.request_class(environ))
        headers = [*response.items(), NOT_SNIFFED]  # here, as errors are made outside of every middleware
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return [response.content]


application = Application()
