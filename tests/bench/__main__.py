"""`python -m tests.bench [full] [kept] [ingest] [imports] [insights]`: how fast it is here; on a database of its own.

Without names everything runs; `full` adds the long part, ten million stored events. CPU per event is the steadier
figure; wall time is printed too. With `kept` the database stays for the next run with `kept`, which need not fill it.
"""

import os
import sys

import django
from django.test.utils import get_runner

from config import embedded

embedded.provide()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from tests.bench import imports, ingest, insights  # noqa: E402

asked = set(sys.argv[1:])
kept = "kept" in asked
asked -= {"kept"}
if kept:
    # Another name than the tests' database, which the next run of the tests removes.
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = "bench_kept"
runner = get_runner(settings)(verbosity=0, interactive=False, keepdb=kept)
runner.setup_test_environment()
# Nothing of what is stored is written down to be put back later.
databases = runner.setup_databases(serialized_aliases=set())
try:
    if asked <= {"full"} or "ingest" in asked:
        ingest.main(full="full" in asked)
    if asked <= {"full"} or "imports" in asked:
        imports.main()
    if asked <= {"full"} or "insights" in asked:
        insights.main(full="full" in asked)
finally:
    runner.teardown_databases(databases)
    runner.teardown_test_environment()
