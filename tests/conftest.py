"""Every test runs on a real PostgreSQL; without DATABASE_URL the settings start the embedded one."""

import os

# A statement that runs away fails its test instead of holding up all others.
os.environ.setdefault("PGOPTIONS", "-c statement_timeout=120s")
