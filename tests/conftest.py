"""Every test runs on a real PostgreSQL; without DATABASE_URL the embedded one is started."""

from config import embedded

embedded.provide()
