"""`python -m tests.bench`: events on the way in and imports, beside what COPY alone reaches; on a database of its own.

Runs the whole WSGI application without a web server. CPU per event is the steadier figure; wall time is printed too.
"""

import os

import django
from django.test.utils import get_runner

from config import embedded

embedded.provide()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from tests.bench import imports, ingest  # noqa: E402

runner = get_runner(settings)(verbosity=0, interactive=False)
runner.setup_test_environment()
databases = runner.setup_databases()
try:
    ingest.main()
    imports.main()
finally:
    runner.teardown_databases(databases)
    runner.teardown_test_environment()
